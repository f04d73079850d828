"""Checks of lab 12: returns, scores of moves, credit along the way, the share of best moves."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from labkit.checks import lab12_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise

LINES = 300  # for 512 games: a loop over them runs more, any way without one fewer


@exercise
def returns(answer: Callable[[ndarray, float], ndarray]) -> str:
    """returns(rewards (T, N), discount) -> (T, N)."""
    rng = np.random.default_rng(1201)
    for shape, discount, kind in mistakes.RETURNS:
        rewards = mistakes.rewards(shape, kind, rng)
        got = call(answer, rewards, discount)
        what = f"The returns of rewards {shape} with discount {discount:g}"
        right, wrong = mistakes.returns(rewards, discount)
        compare(got, right, mistakes=wrong, what=what)
    return "returns is right: an action is credited with what comes after it, not before."


@exercise
def puct(answer: Callable[[ndarray, ndarray, ndarray, float], ndarray]) -> str:
    """puct(visits (G, W), total (G, W), prior (G, W), c) -> (G, W)."""
    rng = np.random.default_rng(1202)
    for shape, c in (((3, 4), 1.5), ((1, 5), 0.7), ((4, 3), 2.0)):
        visits, total, prior = mistakes.tried(shape, rng)
        got = call(answer, visits, total, prior, c)
        what = f"The scores of {shape[1]} moves in {shape[0]} position{'s' * (shape[0] > 1)}"
        if np.isnan(found := as_tensor(got, what=what).numpy()).any():
            raise CheckFailed(mistakes.not_a_number(found, visits, what))
        right, wrong = mistakes.puct(visits, total, prior, c)
        compare(got, right, mistakes=wrong, what=what)
    _refuse_loops(answer, mistakes.tried((512, 4), rng))
    return "puct is right: what was good, plus what looks good and is little known."


@exercise
def backup(answer: Callable[[ndarray, ndarray], ndarray]) -> str:
    """backup(values (G,), lengths (G,)) -> (G, longest)."""
    rng = np.random.default_rng(1203)
    for lengths in ([3, 1, 2, 5], [4], [2, 2, 1], [1, 1]):
        values = rng.uniform(-1, 1, len(lengths)).round(2)
        got = call(answer, values, np.array(lengths))
        what = f"The credit on ways of {', '.join(map(str, lengths))} moves"
        right, wrong = mistakes.backup(values, np.array(lengths))
        compare(got, right, mistakes=wrong, what=what)
    return "backup is right: what is good for me is bad for you, all the way up."


@exercise
def share_optimal(answer: Callable[[ndarray, ndarray], float]) -> str:
    """share_optimal(columns (N,), results (N, W)) -> a number from 0 to 1."""
    rng = np.random.default_rng(1204)
    for count, width in ((97, 4), (61, 5), (53, 3), (1, 4)):
        columns, results = mistakes.played(count, width, rng)
        got = call(answer, columns, results)
        what = f"The share of best moves in {count} position{'s' * (count > 1)}"
        right, wrong = mistakes.share_optimal(columns, results)
        compare(got, right, mistakes=wrong, what=what)
    return "share_optimal is right: any move that is as good as the best one counts."


def _refuse_loops(answer: Callable, given: tuple[ndarray, ...]) -> None:
    """The search calls it in its innermost loop; a loop over games would take minutes.

    Lines are counted, not seconds: a busy machine makes no answer wrong.
    """
    lines = _lines_run(answer, *given, 1.5)
    if lines > LINES:
        raise CheckFailed(
            f"All numbers are right, but it runs {lines:,} lines of Python for {len(given[0])} "
            "games, and the search asks some ten thousand times. Leave the loops out: NumPy works "
            "on whole arrays, total / np.maximum(visits, 1)."
        )


def _lines_run(function: Callable, *given: object) -> int:
    """How many lines of Python a call runs, those of all that it calls included."""
    count, before = 0, sys.gettrace()

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        function(*given)
    finally:
        sys.settrace(before)
    return count
