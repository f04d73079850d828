"""Checks of lab 05: a new last layer, features computed once, a fair score for unequal classes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, call, compare, describe, exercise


@exercise
def new_last_layer(answer: Callable[[nn.Module, int], list]) -> str:
    """new_last_layer(net, classes): replaces net.logits, freezes the rest -> list of weights."""
    for inputs, classes, first in [(6, 2, "body"), (9, 5, "stem"), (1280, 2, "block1")]:
        net = _toy(inputs, first)
        before = {name: weight.clone() for name, weight in net.state_dict().items()}
        old = net.logits
        got = call(answer, net, classes, changing=True)
        _check_layer(net, old, inputs, classes)
        _check_body(net, before)
        _check_modes(net)
        _check_frozen(net)
        _check_returned(got, net)
    return "new_last_layer is right: one new layer learns, everything before it stays."


@exercise
def cached_features(answer: Callable[[nn.Module, Tensor], Tensor]) -> str:
    """cached_features(body, images) -> (N, D), in eval mode, without gradients, mode put back."""
    generator = torch.Generator().manual_seed(3)
    for count, side, training in [(7, 8, True), (33, 6, False), (1, 8, True)]:
        body = _body(seed=count).train(training)
        images = torch.rand(count, 3, side, side, generator=generator)
        want, wrong = _features(body, images), _feature_mistakes(body, images)
        body[0].register_forward_pre_hook(_at_most_16)
        got = call(answer, body, images)
        what = f"cached_features of {count} images"
        compare(got, want, what=what, mistakes=wrong)
        _check_no_graph(got)
    return "cached_features is right: the same numbers every time, without a graph."


@exercise
def balanced_accuracy(answer: Callable[[Tensor, Tensor], float]) -> str:
    """balanced_accuracy(said (N,), labels (N,)) -> mean share of right answers over classes."""
    generator = torch.Generator().manual_seed(5)
    cases = []
    for classes, count in [(2, 40), (3, 70), (4, 200)]:
        odds = torch.arange(1.0, classes + 1) ** 2
        some = torch.multinomial(odds, count, True, generator=generator)
        some[:classes] = torch.arange(classes)
        noise = torch.randint(0, classes, (count,), generator=generator)
        said = torch.where(torch.rand(count, generator=generator) < 0.5, some, noise)
        cases.append((said, some))
    cases.append((torch.tensor([0, 2, 2, 0]), torch.tensor([0, 0, 2, 2])))  # nobody is a 1
    cases.append((torch.tensor([3, 0, 1, 0]), torch.tensor([0, 0, 1, 1])))  # said, but no image
    labels = torch.tensor([0] * 4 + [1] * 16)
    cases += [(torch.full_like(labels, k), labels) for k in (0, 1)]  # always the same answer
    for said, labels in cases:
        got = call(answer, said, labels)
        what = f"balanced_accuracy of {len(labels)} images"
        compare(got, _balanced(said, labels), what=what, mistakes=_score_mistakes(said, labels))
    return "balanced_accuracy is right: always saying the commoner class earns 1/2, not 81 %."


def _toy(inputs: int, first: str) -> nn.Sequential:
    """A network with a part of this name and a last layer named logits."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(inputs)
        body = nn.Sequential(nn.Linear(5, inputs), nn.BatchNorm1d(inputs), nn.ReLU())
        return nn.Sequential(OrderedDict({first: body, "logits": nn.Linear(inputs, 10)}))


def _check_layer(net: nn.Module, old: nn.Module, inputs: int, classes: int) -> None:
    layer = getattr(net, "logits", None)
    if layer is old:
        raise CheckFailed(
            "net.logits is still the old layer with 10 classes. Put a new nn.Linear in its place: "
            "net.logits = nn.Linear(...). (The change is made in the network that came in.)"
        )
    if not isinstance(layer, nn.Linear):
        raise CheckFailed(f"net.logits should be an nn.Linear, but is {describe(layer)}.")
    if layer.out_features != classes:
        raise CheckFailed(
            f"The new layer has {layer.out_features} outputs for {classes} classes: one output a "
            "class."
        )
    if layer.in_features != inputs:
        raise CheckFailed(
            f"The new layer takes {layer.in_features} numbers, but {inputs} reach it. The old "
            "layer knows how many: net.logits.in_features."
        )
    if layer.bias is None:
        raise CheckFailed("The new layer has no bias; the old one had. Leave out bias=False.")
    if not all(weight.isfinite().all() for weight in layer.parameters()):
        raise CheckFailed("The new layer's weights are not finite numbers (nan or inf).")
    if layer.weight.dtype != old.weight.dtype:
        raise CheckFailed(
            f"The new layer counts in {layer.weight.dtype}, the rest of the network in "
            f"{old.weight.dtype}: nn.Linear needs no dtype here."
        )


def _check_body(net: nn.Module, before: dict[str, Tensor]) -> None:
    now = net.state_dict()
    old = {name for name in before if not name.startswith("logits.")}
    same = {name for name in now if not name.startswith("logits.")} == old
    if not same or not all(torch.equal(now[name], before[name]) for name in old):
        raise CheckFailed(
            "The weights before the last layer are not those that came in. They hold what was "
            "learned from ImageNet: leave them."
        )


def _check_modes(net: nn.Module) -> None:
    if not all(module.training for module in net.modules()):
        raise CheckFailed(
            "The network came in train mode, and a part of it is in eval mode now. eval() freezes "
            "no weight: leave the mode as it is."
        )


def _check_frozen(net: nn.Module) -> None:
    layer = [weight.requires_grad for weight in net.logits.parameters()]
    body = [weight.requires_grad for weight in net.parameters()][: -len(layer)]
    if any(body) and all(layer):
        raise CheckFailed(
            "The old weights can still learn: nothing is frozen. "
            "net.requires_grad_(False), or weight.requires_grad = False for each."
        )
    if not all(layer):
        raise CheckFailed(
            "The new layer is frozen too, so nothing at all can learn. Freeze first, then put in "
            "the new layer: new weights require gradients by themselves."
        )
    if any(body):
        raise CheckFailed("Some weights before the new layer can still learn: freeze all of them.")


def _check_returned(got: Any, net: nn.Module) -> None:
    try:
        found = list(got)
    except TypeError:
        raise CheckFailed(
            f"new_last_layer should return the list of weights that learn, not {describe(got)}."
        ) from None
    wanted = list(net.logits.parameters())
    if not all(isinstance(item, Tensor) for item in found):
        named = found and all(isinstance(item, tuple) for item in found)
        hint = " (named_parameters gives pairs; parameters gives weights)" if named else ""
        raise CheckFailed(f"Return a list of weights, not of {describe(found[0])}{hint}.")
    if len(found) > len(wanted):
        raise CheckFailed(
            f"{len(found)} weight tensors are returned, of which {len(wanted)} can learn. The "
            "optimiser gets only those of the new layer: net.logits.parameters()."
        )
    if {id(item) for item in found} != {id(item) for item in wanted}:
        raise CheckFailed(
            f"{len(found)} weight tensors are returned; those of the new layer are its weight and "
            "its bias: list(net.logits.parameters())."
        )


def _body(*, seed: int) -> nn.Sequential:
    """A body whose train mode gives other numbers: batch normalisation and dropout."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5),
        )  # fmt: skip
        with torch.no_grad():
            body[1].running_mean.uniform_(-0.2, 0.2)
            body[1].running_var.uniform_(0.3, 2)
    return body


def _features(body: nn.Module, images: Tensor) -> Tensor:
    training = body.training
    with torch.no_grad():
        found = body.eval()(images)
    body.train(training)
    return found.clone()


def _feature_mistakes(body: nn.Module, images: Tensor) -> dict[str, Tensor]:
    right = _features(body, images)
    parts = right.split(16)
    mistakes = {
        "these are the mean over all images; each keeps its own row.": right.mean(0),
        "only the first image was done.": right[:1],
        "these are the images.": images,
    }
    if len(parts) > 1:
        mistakes["only the last batch is left: collect the batches, then torch.cat."] = parts[-1]
        mistakes["only the first batch was done."] = parts[0]
    if len(images) == 1:
        return {"the row of the one image is missing: (1, D).": right[0]}
    return mistakes


def _check_no_graph(got: Any) -> None:
    if isinstance(got, Tensor) and got.requires_grad:
        raise CheckFailed(
            "The features still hang on the network's graph, which keeps all its activations in "
            "memory. Compute them under torch.no_grad()."
        )


def _at_most_16(_: nn.Module, given: tuple[Tensor]) -> None:
    """The body refuses more, so that this shows wherever the function runs."""
    if len(given[0]) > 16:
        raise MemoryError(
            f"{len(given[0])} images at once. A thousand would fill the memory of a laptop: go in "
            "batches of 16, images.split(16)"
        )


def _balanced(said: Tensor, labels: Tensor) -> float:
    shares = [(said[labels == k] == k).double().mean() for k in labels.unique()]
    return float(torch.stack(shares).mean())


def _score_mistakes(said: Tensor, labels: Tensor) -> dict[str, float | Tensor]:
    plain = (said == labels).double().mean()
    recall = torch.stack([(said[labels == k] == k).double().mean() for k in labels.unique()])
    classes = range(int(max(said.max(), labels.max())) + 1)
    every = [(said[labels == k] == k).double().sum() / max(int((labels == k).sum()), 1)
             for k in classes]  # fmt: skip
    answers = said.unique()
    precision = torch.stack([(labels[said == k] == k).double().mean() for k in answers])
    candidates = {
        "this is the plain accuracy, which a class with many images rules. Take the share of each "
        "class first, then their mean.": plain,
        "these are the shares of the classes; the mean over them is asked.": recall,
        "this divides by how often a class is said. Divide by how often it is true: the share of "
        "each class's own images.": precision.mean(),
        "this is the share that is wrong.": 1 - recall.mean(),
        "it is in percent; give a share from 0 to 1.": 100 * recall.mean(),
        "the shares of the classes are added; take their mean.": recall.sum(),
        "a class of which there is no image counts as 0 here; leave it out.": (
            torch.stack(every).mean()
        ),
        "this is the smallest share; the mean is asked.": recall.min(),
    }
    want = torch.tensor(_balanced(said, labels), dtype=torch.float64)
    return {text: wrong for text, wrong in candidates.items() if not _same(wrong, want)}


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one - other).abs() < 1e-4)
