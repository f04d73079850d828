"""Checks of lab 19: hours from texts, a paired permutation test, nearest distances, the ECE."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from labkit.checks import lab19_mistakes as mistakes
from labkit.checks.core import CheckFailed, NotDone, as_tensor, call, compare, exercise, one_number

PAIRS = [(10, 80, 0.25), (7, 60, -1.0), (9, 25, 0.0), (11, 30, 9.0), (1, 12, 1.0)]  # N, R, shift
PICTURES = [(7, 5, (1, 4, 4)), (4, 6, (1, 3, 5)), (1, 4, (2, 3, 3)), (5, 3, (3, 2, 4))]
SURE = [(200, 4, 10), (60, 3, 5), (300, 10, 8), (4, 3, 10)]  # rows, classes, bins


@exercise
def read_hours(answer: Callable[[str], float]) -> str:
    """read_hours(text) -> hours, nan if the text has no number."""
    rng = np.random.default_rng(1901)
    for _ in range(2):
        for text, right, wrong in mistakes.texts(rng):
            value = _hours(answer, text)
            for message, number in wrong.items():
                if _same(value, number) and not _same(number, right):
                    raise CheckFailed(f"{text!r} gave {value:g}: {message}")
            if not _same(value, right):
                raise CheckFailed(f"{text!r} should give {right:g}, but gave {value:g}.")
    return "read_hours is right: ranges, minutes, days, commas, remarks and silence."


@exercise
def paired_p(answer: Callable) -> str:
    """paired_p(first (N,), second (N,), signs (R, N)) -> p, two-sided."""
    rng = np.random.default_rng(1902)
    for students, rounds, shift in PAIRS:
        given = mistakes.pairs(students, rounds, shift, rng)
        right, wrong = mistakes.paired_p(*given)
        what = f"p for {students} students and {rounds} rounds"
        got = _one_number(call(answer, *given), what)
        compare(got, right, mistakes=wrong, what=what, rtol=1e-6)
    same = np.array([3.0, 8.0, 5.0, 4.0])
    what = "p where nobody's hours changed"
    compare(_one_number(call(answer, same, same, given[2][:, :1].repeat(4, 1)), what), 1, what=what)
    return "paired_p is right: two-sided, and never 0."


@exercise
def nearest_distance(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """nearest_distance(test (M, C, H, W), train (n, C, H, W)) -> distances (M,)."""
    generator = torch.Generator().manual_seed(1903)
    for asked, known, shape in PICTURES:
        test, train = mistakes.pictures(asked, known, shape, generator)
        right, wrong = mistakes.nearest_distance(test, train)
        what = f"The distances of {asked} test pictures {shape} to {known} training pictures"
        got = as_tensor(call(answer, test, train), what=what)
        if torch.isnan(got).any():
            raise CheckFailed(
                f"{what}: nan came. A square that rounding made negative has no root: clamp(min=0)."
            )
        compare(got, right, mistakes=wrong, what=what, rtol=5e-3, atol=5e-3)
    return "nearest_distance is right: a copy has the distance 0."


@exercise
def ece(answer: Callable[[Tensor, Tensor, int], float]) -> str:
    """ece(probabilities (N, K), labels (N,), bins) -> one number."""
    generator = torch.Generator().manual_seed(1904)
    for rows, classes, bins in SURE:
        given = mistakes.forecasts(rows, classes, bins, generator)
        right, wrong = mistakes.ece(*given, bins)
        what = f"The ECE of {rows} rows with {classes} classes and {bins} bins"
        got = _one_number(call(answer, *given, bins), what)
        if torch.isnan(got):
            raise CheckFailed(
                f"{what}: nan came. The mean of an empty bin is 0 / 0: leave empty bins out."
            )
        compare(got, right, mistakes=wrong, what=what)
    return "ece is right: each bin counts by how many are in it."


def _hours(answer: Callable[[str], float], text: str) -> float:
    """What the answer gives for a text; CheckFailed, with the text, if it's no number."""
    try:
        given = call(answer, text)
        if given is None:
            raise CheckFailed("None came. Every text gives a number: float('nan') if it has none.")
        return float(_one_number(given, f"The hours of {text!r}"))
    except NotDone:
        raise
    except CheckFailed as failed:
        raise CheckFailed(f"For the text {text!r}: {failed}") from None


def _one_number(got, what: str) -> Tensor:
    if isinstance(got, list | tuple):
        raise CheckFailed(f"{what} should be one number, but a {type(got).__name__} came.")
    return one_number(got, what=what)


def _same(value: float, other: float) -> bool:
    both_nan = math.isnan(value) and math.isnan(other)
    return both_nan or math.isclose(value, other, rel_tol=1e-3, abs_tol=1e-6)
