"""Checks of lab 15: what was forgotten, what matters, what moving it costs, a reservoir."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from labkit.checks import lab15_mistakes as mistakes
from labkit.checks import lab15_reservoir as drawing
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise
from labkit.checks.words import name_of
from labkit.lifelong import Asked

COPIES, TIMES = 40, 12


@exercise
def forgetting(answer: Callable[[Tensor], Tensor]) -> str:
    """forgetting(accuracy (T, T)) -> (T - 1,), best since it was learned minus what is left."""
    for seed, count in enumerate((4, 3, 5, 2)):
        accuracy = mistakes.matrix(seed, count)
        right, wrong = mistakes.forgetting(accuracy)
        got = call(answer, accuracy)
        compare(got, right, mistakes=wrong, what=f"What was lost of {count} tasks")
    return "forgetting is right: the best since it was learned, minus what is left."


@exercise
def fisher(answer: Callable[[nn.Module, Tensor, torch.Generator], Tensor]) -> str:
    """fisher(net, images, generator) -> (P,), the mean of each image's squared slopes."""
    for seed, (count, closed) in enumerate(((3, False), (1, False), (2, False), (2, True))):
        net, images = mistakes.toy(seed, count)
        asked = Asked(net, torch.tensor([True, False, True, True])) if closed else net
        got = call(answer, asked, images, torch.Generator().manual_seed(seed), seconds=20)
        _compare_fisher(got, asked, images)
    _check_labels(answer)
    return "fisher is right: each image's slope is squared by itself, for a label the net draws."


@exercise
def ewc_penalty(answer: Callable[[Tensor, Sequence, float], Tensor]) -> str:
    """ewc_penalty(weights (P,), anchors [(old (P,), importance (P,))], strength) -> a number."""
    for seed, (size, count) in enumerate(((6, 3), (4, 1), (9, 2))):
        weights, anchors, strength = mistakes.anchors(seed, size, count)
        right, wrong = mistakes.ewc_penalty(weights, anchors, strength)
        what = f"The penalty with {count} earlier task{'s' * (count > 1)}"
        compare(call(answer, weights, anchors, strength), right, mistakes=wrong, what=what)
    got = call(answer, weights, [], strength)
    compare(got, 0.0, what="The penalty before any task was learned")
    _check_slope(answer)
    return "ewc_penalty is right: leaving is dear where a weight mattered, and free elsewhere."


@exercise
def reservoir(answer: Callable[[Iterator, int, torch.Generator], list]) -> str:
    """reservoir(stream, size, generator) -> a list of `size` items, all equally likely."""
    drawing.check_short(answer)
    drawing.check_generator(answer)
    for count, size, times in ((9, 3, 300), (5, 4, 600), (2, 1, 700)):
        drawing.check_shares(answer, count, size, times)
    return "reservoir is right: first or last, each is as likely to be kept, however long it flows."


def _compare_fisher(got, net: nn.Module, images: Tensor) -> None:
    """CheckFailed unless some labels that the net may draw give this."""
    what = f"The importance of the weights, from {len(images)} image{'s' * (len(images) > 1)},"
    mistakes.refuse_parts(got)
    value = as_tensor(got, what=what)
    slopes, chances = mistakes.slopes_of(net, images)
    rows = mistakes.labellings(chances)
    fits = [mistakes.fisher(slopes, chances, row) for row in rows]
    expected = (chances[..., None] * slopes.square()).sum(1).mean(0)
    if any(_same(value, right) for right, _ in fits) or _same(value, expected):
        return
    if value.shape == expected.shape and not value.isfinite().all():
        raise CheckFailed(
            f"{what} holds nan: a logit of -inf stands for an answer that isn't allowed. Its "
            "probability is 0, so it is never drawn; leave it out."
        )
    for right, wrong in fits:
        for message, one in (wrong | mistakes.of_logits(net, images)).items():
            if _same(value, one) and not _same(one, right):
                raise CheckFailed(f"{what} is wrong: {message}")
    compare(value, fits[0][0], what=what)
    raise CheckFailed(f"{what} is none that labels drawn by the net can give.")


def _check_labels(answer: Callable) -> None:
    """How often each label was drawn shows where all images are the same."""
    net, image = mistakes.toy(7, 1)
    images = image.expand(COPIES, -1, -1, -1).contiguous()
    slopes, chances = mistakes.slopes_of(net, image)
    generator = torch.Generator().manual_seed(7)
    found = [call(answer, net, images, generator) for _ in range(TIMES)]
    again = [
        as_tensor(call(answer, net, images, torch.Generator().manual_seed(1)), what="It")
        for _ in range(2)
    ]
    shares = torch.stack([mistakes.shares(got, slopes[0]) for got in found])
    mistakes.refuse_other_labels(shares, chances[0], COPIES)
    if not torch.equal(again[0], again[1]):
        raise CheckFailed(
            "The same generator gives other labels each time: draw with "
            "torch.multinomial(..., generator=generator), so that it can be repeated."
        )


def _check_slope(answer: Callable) -> None:
    """The network learns by the penalty's slope."""
    weights, anchors, strength = mistakes.anchors(5, 7, 2)

    def slope(weights: Tensor, anchors: list, strength: float) -> Tensor:
        cost = answer(weights, anchors, strength)
        if not isinstance(cost, Tensor) or not cost.requires_grad:
            raise CheckFailed(
                "Nothing can learn from the penalty: it has no gradient. Leave out .item(), "
                "float(), .detach() and torch.no_grad()."
            )
        return torch.autograd.grad(cost, weights)[0]

    slope.__name__ = name_of(answer)
    got = call(slope, weights.clone().requires_grad_(), anchors, strength)
    pull = sum(importance * (weights - old) for old, importance in anchors)
    compare(got, strength * pull.double(), what="The slope of the penalty by the weights")


def _same(got: Tensor, want: Tensor) -> bool:
    return got.shape == want.shape and torch.allclose(got, want.double(), rtol=1e-3, atol=1e-6)
