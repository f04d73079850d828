"""A network with two heads, and other judges of a position that a search can ask.

A judge takes stones, own and other (G, cells), and gives logits (G, width), which moves look good,
and values (G,) from -1 to 1, how good the position is for who is to move.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from labkit.play.boards import Board

Judge = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class TwoHeads(nn.Module):
    """A body with a head that says which moves look good (the policy), and one for the value.

    It takes (B, 2 x cells), own and other stones, and gives logits (B, width) and values (B,). The
    policy begins with equal chances for all moves.
    """

    def __init__(self, board: Board, *, units: int = 128, seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body = nn.Sequential(
                nn.Linear(2 * board.cells, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU()
            )
            self.policy, self.value = nn.Linear(units, board.width), nn.Linear(units, 1)
        nn.init.zeros_(self.policy.weight)
        nn.init.zeros_(self.policy.bias)

    def forward(self, stones: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and values."""
        seen = self.body(stones)
        return self.policy(seen), self.value(seen).tanh().squeeze(1)


def judge(net: nn.Module) -> Judge:
    """A network as a judge."""

    @torch.no_grad()
    def ask(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, values = net(torch.from_numpy(np.concatenate([own, other], 1)).float())
        return logits.numpy(), values.numpy()

    return ask


def blind(ask: Judge) -> Judge:
    """The same judge without its value: every position that isn't over is worth 0."""

    def without(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, values = ask(own, other)
        return logits, np.zeros_like(values)

    return without


def undirected(ask: Judge) -> Judge:
    """The same judge without its policy: all moves look equally good."""

    def without(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, values = ask(own, other)
        return np.zeros_like(logits), values

    return without


def rollouts(board: Board, *, seed: int = 0, policy: Judge | None = None) -> Judge:
    """A judge that knows nothing: the value is how one game of random moves ends.

    All moves look equally good to it, or as good as `policy` says.
    """
    rng = np.random.default_rng(seed)

    def ask(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = len(own)
        logits = np.zeros((count, board.width), np.float32) if not policy else policy(own, other)[0]
        values, games, sign = np.zeros(count, np.float32), np.arange(count), 1
        while len(games):
            chances = rng.random((len(games), board.width)) * board.legal(own, other)
            own, other, value = board.play(own, other, chances.argmax(1))
            sign, over = -sign, ~np.isnan(value)
            values[games[over]] = sign * value[over]
            games, own, other = games[~over], own[~over], other[~over]
        return logits, values

    return ask


def priors(logits: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """The policy's probabilities (G, width) of the moves there are."""
    score = np.where(legal, logits, -np.inf)
    chances = np.exp(score - score.max(1, keepdims=True))
    return chances / chances.sum(1, keepdims=True)
