"""Whether what a student drew is random as it should be: its share, its order, its generator.

All limits are five standard deviations: a right answer fails once in a million tests.
"""

from __future__ import annotations

import torch
from torch import Tensor

MOST_LAG = 5


def near(share: float, want: float, count: int) -> bool:
    """Whether `share` of `count` draws may come from the probability `want`."""
    return abs(share - want) <= 5 * (want * (1 - want) / count) ** 0.5 + 1e-9


def other_group(drawn: Tensor, groups: Tensor, want: float) -> int | None:
    """The first value in `groups` (N,) whose share of True in `drawn` (N,) is not `want`."""
    for value in groups.unique().tolist():
        part = drawn[groups == value].double()
        if not near(part.mean().item(), want, len(part)):
            return int(value)
    return None


def ordered(drawn: Tensor, want: float) -> bool:
    """Whether draws (N,) depend on their place: on the part of the batch, or on one before."""
    parts = torch.arange(len(drawn)) * 8 // len(drawn)
    if other_group(drawn, parts, want) is not None:
        return True
    off, most = drawn.double() - want, 5 * want * (1 - want) / len(drawn) ** 0.5
    together = [(off * off.roll(lag)).mean().abs() for lag in range(1, MOST_LAG)]
    return max(together).item() > most + 1e-9


def linked(one: Tensor, other: Tensor, choices: int) -> bool:
    """Whether two even draws (N,) from `choices` numbers, 0 in the middle, follow one another."""
    for lag in range(-MOST_LAG, MOST_LAG + 1):
        if lag == 0 and one is other:
            continue
        moved = other.roll(lag)
        for same in (one == moved, one == -moved):
            if not near(same.double().mean().item(), 1 / choices, len(one)):
                return True
    return False
