"""Checks of lab 17: kappa, the E-step of Dawid and Skene, SimCLR's loss, the least sure rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from labkit.checks import lab17_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise, one_number
from labkit.labels import selfsup

RATED = [(57, [0, 1, 2, 3, 4]), (25, [-1, 0, 1]), (9, [3, 8]), (12, [0, 1, 2])]  # labels, kinds
VOTED = [(6, 4, 3), (1, 5, 2), (5, 3, 4), (4, 400, 3)]  # things, raters, classes
VIEWS = [(4, 3, 0.5), (7, 6, 0.2), (3, 2, 1.5), (1, 5, 0.5)]  # pictures, numbers, temperature


@exercise
def kappa(answer: Callable[[Tensor, Tensor], float]) -> str:
    """kappa(first (N,), second (N,)) -> agreement beyond luck."""
    generator = torch.Generator().manual_seed(1701)
    for count, kinds in RATED:
        first, second = mistakes.two_raters(count, kinds, generator)
        right, wrong = mistakes.kappa(first, second)
        what = f"kappa of {count} labels of the kinds {kinds}"
        compare(
            one_number(call(answer, first, second), what=what), right, mistakes=wrong, what=what
        )
    same = torch.tensor([4, 4, 6, 4, 6])
    what = "kappa of two raters who agree on everything"
    compare(one_number(call(answer, same, same), what=what), 1.0, what=what)
    return "kappa is right: 1 for perfect agreement, 0 for what luck would do."


@exercise
def e_step(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """e_step(votes (N, W), prior (K,), confusion (W, K, K)) -> probabilities (N, K)."""
    generator = torch.Generator().manual_seed(1702)
    for things, raters, classes in VOTED:
        given = mistakes.a_crowd(things, raters, classes, generator)
        what = f"The probabilities of {classes} classes for {things} things and {raters} raters"
        got = call(answer, *given)
        if raters == VOTED[-1][1]:
            _refuse_underflow(got, what, raters)
        right, wrong = mistakes.e_step(*given)
        compare(got, right, mistakes=wrong, what=what, atol=1e-4)
    return "e_step is right: each vote counts as much as its rater is worth."


@exercise
def nt_xent(answer: Callable[[Tensor, Tensor, float], Tensor]) -> str:
    """nt_xent(first (B, D), second (B, D), temperature) -> one number."""
    generator = torch.Generator().manual_seed(1703)
    for count, width, temperature in VIEWS:
        pair = [2 * torch.randn(count, width, generator=generator) for _ in range(2)]
        right, wrong = mistakes.nt_xent(*(x.double() for x in pair), temperature)
        what = f"The loss of {count} pairs of {width} numbers, temperature {temperature}"
        got = call(answer, *pair, temperature)
        compare(got, right, mistakes=wrong, what=what)
    _check_slope(answer, generator)
    return "nt_xent is right: find your partner, and don't count yourself."


@exercise
def unsure(answer: Callable[[Tensor, int], Tensor]) -> str:
    """unsure(probabilities (N, K), count) -> the numbers of `count` rows."""
    generator = torch.Generator().manual_seed(1704)
    for rows, classes, count in ((60, 6, 15), (9, 4, 1), (30, 3, 11)):
        probabilities = (1.5 * torch.randn(rows, classes, generator=generator)).softmax(1)
        right, wrong = mistakes.unsure(probabilities, count)
        what = f"The {count} least sure of {rows} rows with {classes} classes"
        got = _rows(call(answer, probabilities, count), what, rows, count)
        compare(got, right, mistakes=wrong, what=f"{what}, in order")
    return "unsure is right: it asks where two classes are nearly as probable."


def _refuse_underflow(got, what: str, raters: int) -> None:
    """The product of so many probabilities is 0, and 0 / 0 is nan."""
    value = as_tensor(got, what=what)
    if value.numel() and not torch.isfinite(value).all() or not value.any():
        raise CheckFailed(
            f"{what}: the product of {raters} probabilities is 0 for a computer, and what comes "
            "after it nonsense. Add logarithms, and use softmax at the end."
        )


def _rows(got, what: str, rows: int, count: int) -> Tensor:
    """The numbers of rows, sorted; CheckFailed where they can't be that."""
    yes_or_no = isinstance(got, Tensor) and got.dtype == torch.bool
    if yes_or_no or isinstance(got, np.ndarray) and got.dtype == bool:
        raise CheckFailed(
            f"{what}: yes or no for each row came. Give the rows' numbers: .nonzero().flatten()."
        )
    value = as_tensor(got, what=what)
    if value.dim() == 2 and value.shape in ((count, 1), (1, count)):
        raise CheckFailed(f"{what}: the shape is {tuple(value.shape)}; flatten it to ({count},).")
    if value.dim() != 1 or not torch.isfinite(value).all():
        return value
    if len(value) and ((value != value.round()).any() or value.min() < 0 or value.max() >= rows):
        raise CheckFailed(
            f"{what} should be the numbers of rows, 0 to {rows - 1}, but {value[0]:.4g} is among "
            "what came. argsort and topk(...).indices give numbers of rows."
        )
    if len(value.unique()) < len(value):
        raise CheckFailed(f"{what}: a row is there twice.")
    return value.sort().values


def _check_slope(answer: Callable, generator: torch.Generator) -> None:
    """A network learns from this loss, so its derivatives by both views must be there."""
    pair = [torch.randn(3, 4, generator=generator).requires_grad_() for _ in range(2)]
    want = torch.autograd.grad(selfsup.nt_xent(*pair, 0.5), pair)

    def slopes(first: Tensor, second: Tensor) -> Tensor:
        loss = answer(first, second, 0.5)
        if not isinstance(loss, Tensor) or not loss.requires_grad:
            raise CheckFailed(
                "The numbers are right, but no network can learn from them: they have no gradient. "
                "Leave out .detach(), .item(), torch.no_grad() and NumPy on the way."
            )
        found = torch.autograd.grad(
            loss, (first, second), allow_unused=True, materialize_grads=True
        )
        return torch.stack(found)

    what = "The numbers are right. The slope of the loss by (first, second)"
    compare(call(slopes, *pair), torch.stack(want), what=what, atol=1e-4)
