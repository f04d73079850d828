"""Checks of lab 16: a step that lets derivatives pass, a winner's optimism, halving, magnitudes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks import lab16_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.checks.lab11_art import one_array

COUNTS = (8, 5, 2, 13, 7, 16, 11, 1, 6, 9, 32)  # of settings to be halved
LEARNS = "Leave out .item(), .detach() of everything, torch.no_grad() and NumPy on the way."


@exercise
def straight_through(answer: Callable[[Tensor], Tensor]) -> str:
    """straight_through(shares (...) in [0, 1]) -> the shares rounded, of the same shape."""
    generator = torch.Generator().manual_seed(1601)
    for shape in ((4, 5), (3,), (2, 3, 2)):
        shares = mistakes.clear_shares(shape, generator).requires_grad_()
        weights = torch.randn(shape, generator=generator)
        right, wrong = mistakes.rounded(shares.detach())
        got = call(answer, shares)
        what = f"Shares {shape} after rounding"
        compare(one_array(got, what), right, mistakes=wrong, what=what)
        got = call(lambda given, by=weights: _slope(answer, given, by), shares)
        right, wrong = mistakes.slopes(shares.detach(), weights)
        what = f"The slope of a weighted sum of the result, shares {shape}"
        compare(got, right, mistakes=wrong, what=what)
    return "straight_through is right: rounded on the way forward, untouched on the way back."


@exercise
def optimism(answer: Callable[[Tensor, Tensor], float]) -> str:
    """optimism(valid (V, N), test (V, N)) -> a number."""
    generator = torch.Generator().manual_seed(1606)
    for rows, trials in ((4, 5), (5, 3), (1, 6), (7, 4), (5, 1)):
        valid, test = mistakes.trials(rows, trials, generator)
        right, wrong = mistakes.optimism(valid.double(), test.double())
        got = call(answer, valid, test)
        what = f"The optimism of {trials} trial{'s' * (trials > 1)} in {rows} splits"
        compare(_one_number(got), right, mistakes=wrong, what=what)
    return "optimism is right: what the winner promised minus what it keeps."


@exercise
def halving(answer: Callable[[int, Callable[[int, int], float]], int]) -> str:
    """halving(count, score) -> the winner's number; score(i, epochs) -> a number."""
    found, right, wrong, waste = [], [], [], []
    for seed, count in enumerate(COUNTS):
        score = mistakes.Curves(count, seed=1610 + seed)
        found.append(_whose_number(call(answer, count, score), f"The winner of {count} settings"))
        waste.append(mistakes.waste(count, score, seed=1610 + seed))
        winner, others = mistakes.halving(count, score)
        right.append(float(winner))
        wrong.append(others)
    named = {message: torch.tensor([w[message] for w in wrong]) for message in wrong[0]}
    what = f"The winners of {', '.join(map(str, COUNTS))} settings"
    compare(found, torch.tensor(right), mistakes=named, what=what)
    if any(waste):
        raise CheckFailed(f"The winners are right, but {next(filter(None, waste))}")
    return "halving is right: the better half goes on, for twice as many epochs."


@exercise
def log_uniform(answer: Callable[[Tensor, float, float], Tensor]) -> str:
    """log_uniform(shares (...) in [0, 1), low, high) -> numbers of the same shape."""
    generator = torch.Generator().manual_seed(1604)
    for shape, low, high in (((6,), 0.5, 20.0), ((2, 3), 1e-4, 0.3), ((4,), 3.0, 4000.0)):
        shares = torch.rand(shape, generator=generator)
        shares.view(-1)[:2] = torch.tensor([0.0, 0.5])
        right, wrong = mistakes.log_uniform(shares.double(), low, high)
        got = call(answer, shares, low, high)
        what = f"Shares {shape} between {low:g} and {high:g}"
        compare(got, right, mistakes=wrong, what=what, atol=1e-9)
    return "log_uniform is right: each order of magnitude gets its equal part."


def _slope(answer: Callable, shares: Tensor, weights: Tensor) -> Tensor:
    """The derivative of the result's weighted sum by the shares."""
    result = answer(shares)
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise CheckFailed(
            f"No derivative passes: what comes before this step would never learn. {LEARNS}"
        )
    options = {"allow_unused": True, "materialize_grads": True}
    return torch.autograd.grad((result * weights).sum(), shares, **options)[0]


def _whose_number(got: object, what: str) -> float:
    value = as_tensor(got, what=what)
    if isinstance(got, list | tuple) and value.numel() == 1:
        raise CheckFailed(f"{what} comes in a list. Give its number alone, alive[0].")
    if value.numel() != 1:
        raise CheckFailed(f"{what} should be one number, but is {describe(got)}.")
    if not float(value).is_integer():
        raise CheckFailed(f"{what} is {float(value):g}. Is it the winner's score? Give its number.")
    return float(value)


def _one_number(got: object) -> object:
    """A tensor of one element as a number, else what came."""
    return got.reshape(()) if isinstance(got, Tensor) and got.numel() == 1 else got
