"""Checks of lab 05: a new last layer, features computed once, a fair score for unequal classes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.checks.lab05_mistakes import (
    background_mistakes,
    balanced,
    feature_mistakes,
    features,
    placed,
    score_mistakes,
)


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
    for count, side, training in [(16, 8, False), (260, 6, True), (1, 8, True)]:
        body = _body(seed=count).train(training)
        images = torch.rand(count, 3, side, side, generator=generator)
        want, wrong = features(body, images), feature_mistakes(body, images)
        body[0].register_forward_pre_hook(_at_most_16)
        got = call(answer, body, images)
        what = f"cached_features of {count} images"
        _check_joined(got)
        compare(got, want, what=what, mistakes=wrong)
        _check_no_graph(got)
    return "cached_features is right: the same numbers every time, without a graph."


@exercise
def on_background(answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> str:
    """on_background(images, masks, others, other_masks) -> (N, 3, H, W) on another ground."""
    generator = torch.Generator().manual_seed(9)
    for count, height, width in [(3, 6, 6), (4, 5, 7), (1, 6, 4)]:
        images, others = torch.rand(2, count, 3, height, width, generator=generator)
        masks, other_masks = torch.rand(2, count, height, width, generator=generator) < 0.4
        given = images, masks, others, other_masks
        got = call(answer, *given)
        what = f"on_background of {count} images" if count > 1 else "on_background of one image"
        compare(got, placed(*given), what=what, mistakes=partial(background_mistakes, *given))
    return "on_background is right: another background, the same car, and no second one."


@exercise
def balanced_accuracy(answer: Callable[[Tensor, Tensor], float]) -> str:
    """balanced_accuracy(said (N,), labels (N,)) -> mean share of right answers over classes."""
    generator = torch.Generator().manual_seed(6)
    cases = []
    for classes, count in [(3, 70), (2, 40), (4, 200)]:
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
        _check_counted(got, said, labels, what)
        compare(got, balanced(said, labels), what=what, mistakes=score_mistakes(said, labels))
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
        alone = " One layer is enough: cross-entropy takes the softmax itself."
        raise CheckFailed(
            f"net.logits should be an nn.Linear, but is a {type(layer).__name__}."
            f"{alone if isinstance(layer, nn.Sequential) else ''}"
        )
    if (layer.in_features, layer.out_features) == (classes, inputs):
        raise CheckFailed("The two numbers are swapped: nn.Linear(what comes in, what goes out).")
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
    if isinstance(got, nn.Module):
        raise CheckFailed(
            f"A {type(got).__name__} is returned. The optimiser gets the weights of the new "
            "layer: list(net.logits.parameters())."
        )
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
        if found and all(isinstance(item, str) for item in found):
            hint = " (these are their names; parameters gives weights)"
        raise CheckFailed(f"Return a list of weights, not of {describe(found[0])}{hint}.")
    if len(found) > len(wanted):
        raise CheckFailed(
            f"{len(found)} weight tensors are returned, of which {len(wanted)} can learn. The "
            "optimiser gets only those of the new layer: net.logits.parameters()."
        )
    if found and not any(item.requires_grad for item in found):
        raise CheckFailed(
            "The tensors that are returned can't learn. state_dict() and .data give values without "
            "gradients; return the weights themselves: list(net.logits.parameters())."
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


def _check_joined(got: Any) -> None:
    batches = isinstance(got, list | tuple) and got
    if batches and all(isinstance(item, Tensor) and item.dim() == 2 for item in got):
        raise CheckFailed(
            f"{len(got)} batches are returned, one by one. torch.cat(...) makes them one tensor."
        )


def _check_counted(got: Any, said: Tensor, labels: Tensor, what: str) -> None:
    absent = set(range(int(max(said.max(), labels.max())) + 1)) - set(labels.tolist())
    if absent and as_tensor(got, what=what).isnan().any():
        raise CheckFailed(
            f"{what} is nan: no image is of class {min(absent)}, and the share of nothing is "
            "0 / 0. Go through labels.unique(), the classes that occur."
        )


def _check_no_graph(got: Any) -> None:
    if not torch.is_grad_enabled():
        raise CheckFailed(
            "Gradients are still switched off when the function ends, so nothing after it can "
            "learn. `with torch.no_grad():` switches them on again by itself."
        )
    if isinstance(got, Tensor) and got.is_inference():
        raise CheckFailed(
            "The features come out of torch.inference_mode(): no layer can be trained on them. "
            "Compute them under torch.no_grad()."
        )
    if isinstance(got, Tensor) and got.requires_grad:
        raise CheckFailed(
            "The features still hang on the network's graph, which keeps all its activations in "
            "memory. Compute them under torch.no_grad()."
        )


def _at_most_16(_: nn.Module, given: tuple[Tensor]) -> None:
    """The body refuses more, so that this shows wherever the function runs."""
    if len(given[0]) > 16:
        raise MemoryError(
            f"{len(given[0])} images at once. A thousand would fill the memory of a laptop: "
            "images.split(16) makes batches of 16 (chunk(16) would make 16 batches)"
        )
