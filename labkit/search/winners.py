"""Choosing among trials: how much too good a winner looks, halving, and players who guess."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from labkit.search.trials import EPOCHS


def optimism(valid: Tensor, test: Tensor) -> Tensor:
    """Score of the winner minus what it's worth, the mean over splits: valid, test (V, N).

    N trials, scored on V validation sets, and on what is a test set for each. The winner of a row
    is the first with the highest score in `valid`; what it's worth stands in `test`.
    """
    best, winner = valid.max(1, keepdim=True)
    return (best - test.gather(1, winner)).mean()


def optimism_by_trials(
    valid: Tensor,
    test: Tensor,
    counts: Sequence[int],
    *,
    rule: Callable[[Tensor, Tensor], Tensor] = optimism,
    draws: int = 200,
    seed: int = 0,
) -> list[float]:
    """`rule` of as many trials as `counts` say, drawn at random from all: means over `draws`."""
    generator = torch.Generator().manual_seed(seed)
    means = []
    for count in counts:
        picks = [torch.randperm(valid.shape[1], generator=generator)[:count] for _ in range(draws)]
        means.append(sum(float(rule(valid[:, some], test[:, some])) for some in picks) / draws)
    return means


def halving(count: int, score: Callable[[int, int], float]) -> int:
    """Which of `count` settings wins: the better half goes on, for twice as many epochs.

    score(i, epochs): the validation score of setting i, from 0 on, after so many epochs. Half of an
    odd number is rounded down. Successive halving (Jamieson, Talwalkar 2016).
    """
    alive, epochs = list(range(count)), 1
    while len(alive) > 1:
        scores = {i: score(i, epochs) for i in alive}
        alive = sorted(alive, key=scores.get, reverse=True)[: len(alive) // 2]
        epochs *= 2
    return alive[0]


class Race:
    """Settings that are trained only as far as they are asked for: `race(i, epochs)` is a score.

    scores (N, 5): after each of EPOCHS. `race.spent` are the epochs trained so far, a setting that
    is asked again goes on from where it was; `race.asked` are pairs (i, epochs).
    """

    def __init__(self, scores: Tensor):
        self.scores, self.asked = scores, []

    def __call__(self, i: int, epochs: int) -> float:
        if epochs not in EPOCHS:
            raise ValueError(f"epochs must be one of {EPOCHS}, not {epochs!r}")
        self.asked.append((int(i), int(epochs)))
        return float(self.scores[int(i), EPOCHS.index(epochs)])

    @property
    def spent(self) -> int:
        longest: dict[int, int] = {}
        for i, epochs in self.asked:
            longest[i] = max(epochs, longest.get(i, 0))
        return sum(longest.values())


def guesses(players: int, digits: int, *, seed: int) -> Tensor:
    """Which of `digits` each player gets right who guesses one of ten: (players, digits), bool."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(players, digits, generator=generator) < 0.1
