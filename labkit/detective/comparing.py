"""Are two homeworks' hours the same? Permutation tests, and previews of half a survey."""

from __future__ import annotations

import numpy as np

from labkit.detective.survey import make_hours

ROUNDS = 500
ORDERS = {"at random": 0.0, "fast first": 1.0, "slow first": -1.0}  # who answers first


def random_signs(rounds: int, students: int, *, seed: int = 0) -> np.ndarray:
    """Signs (rounds, students), 1 or -1 with even chances, float64."""
    return np.random.default_rng(seed).choice([-1.0, 1.0], (rounds, students))


def paired_p(first: np.ndarray, second: np.ndarray, signs: np.ndarray) -> float:
    """p of "no difference", two-sided, where the same N people gave first and second (N,).

    If nothing had changed, each person's two numbers might as well be swapped: their difference
    would have the other sign (Fisher, 1935). signs: (R, N), which ones are swapped in R rounds.
    The data themselves count as one round more, so p is never 0.

    >>> paired_p(np.array([1.0, 2]), np.array([2.0, 3]), np.array([[1.0, 1], [1, -1], [-1, 1]]))
    0.5
    """
    difference = second - first
    means = signs @ difference / len(difference)
    as_far = abs(means) >= abs(difference.mean()) - 1e-12
    return float((1 + as_far.sum()) / (1 + len(signs)))


def unpaired_p(
    first: np.ndarray, second: np.ndarray, *, rounds: int = ROUNDS, seed: int = 0
) -> float:
    """The same for two groups of different people: who is in which group is shuffled."""
    rng, both = np.random.default_rng(seed), np.concatenate([first, second])
    shuffled = rng.permuted(np.tile(both, (rounds, 1)), axis=1)
    apart = shuffled[:, : len(first)].mean(1) - shuffled[:, len(first) :].mean(1)
    as_far = np.abs(apart) >= abs(first.mean() - second.mean()) - 1e-12
    return float((1 + as_far.sum()) / (1 + rounds))


def interval(values: np.ndarray, *, rounds: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean of values (N,): the bootstrap (Efron, 1979)."""
    rows = np.random.default_rng(seed).integers(len(values), size=(rounds, len(values)))
    low, high = np.quantile(values[rows].mean(1), [0.025, 0.975])
    return float(low), float(high)


def arrival(hours: np.ndarray, order: str, *, seed: int = 0) -> np.ndarray:
    """In which order answers come in, rows of hours (N,): "at random", "fast first", "slow first".

    Fast ones come early, but not strictly: luck is worth as much as speed (by standard deviations).
    """
    logs = np.log(hours)
    speed = (logs - logs.mean()) / max(logs.std(), 1e-9)
    luck = np.random.default_rng([seed, 2]).normal(size=len(hours))
    return np.argsort(ORDERS[order] * speed + luck)


def preview(
    order: str, ratio: float, *, students: int = 40, answers: int = 12, seed: int = 0
) -> tuple[float, float]:
    """What the first answers say of a homework that truly takes `ratio` times as long.

    Two ratios: the mean of those who answered by everybody's mean for the homework before, as the
    slide compares them; and the same people's mean by their own mean before.
    """
    before, now = make_hours(students, (1, ratio), seed=seed).T
    first = arrival(now, order, seed=seed)[:answers]
    return now[first].mean() / before.mean(), now[first].mean() / before[first].mean()
