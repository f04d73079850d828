"""Looking ahead: a tree of moves that grows where a judge sees promise (PUCT), many games at once.

After D. Silver and others, *Mastering the game of Go without human knowledge*, 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from labkit.play.boards import Board
from labkit.play.nets import Judge, priors

CURIOSITY = 1.5


class Found(NamedTuple):
    """Of each move (G, width): visits, the sum of the values found behind it, the prior."""

    visits: np.ndarray
    total: np.ndarray
    prior: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """The share of visits that each move got: what the search thinks of it."""
        return self.visits / self.visits.sum(1, keepdims=True)


def puct(visits: np.ndarray, total: np.ndarray, prior: np.ndarray, c: float) -> np.ndarray:
    """How much each move deserves the next visit: how good it was, and how little it is known.

    All (G, width): how often each move was tried, the sum of the values found, the policy's
    probability. A move that was never tried has been worth 0 so far.
    """
    tried = np.maximum(visits, 1)
    everything = visits.sum(1, keepdims=True)
    return total / tried + c * prior * np.sqrt(1 + everything) / (1 + visits)


def backup(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """What each move on the way to a new position learns from it, (G, longest way).

    values (G,): what the new position is worth to who moves there; lengths (G,): by how many moves
    it was reached. Entry i, t is its worth to who made move t; 0 behind the end of a way.
    """
    steps = np.asarray(lengths)[:, None] - np.arange(np.max(lengths))
    signs = np.where(steps % 2 == 1, -1.0, 1.0)
    return np.where(steps > 0, np.asarray(values)[:, None] * signs, 0)


def search(
    board: Board,
    ask: Judge,
    own: np.ndarray,
    other: np.ndarray,
    *,
    simulations: int,
    c: float = CURIOSITY,
    noise: float = 0.0,
    rng: np.random.Generator | None = None,
    score: Callable = puct,
    credit: Callable = backup,
) -> Found:
    """Try moves `simulations` times from each of G positions (own, other), none of them over.

    ask: the judge; score and credit are functions like `puct` and `backup`. `noise` is the share of
    the prior that `rng` draws anew, so that a player that trains tries something else at times.
    """
    tree = _Tree(board, own, other, simulations + 1)
    tree.open(np.arange(len(own)), 0, ask)
    if noise:
        drawn = rng.gamma(1.0, size=tree.legal[:, 0].shape) * tree.legal[:, 0]
        drawn = drawn / drawn.sum(1, keepdims=True)
        tree.prior[:, 0] = (1 - noise) * tree.prior[:, 0] + noise * drawn
    for node in range(1, simulations + 1):
        path, leaves = tree.descend(node, c, score)
        tree.learn(path, tree.worth(leaves, ask), credit)
    return Found(tree.visits[:, 0], tree.total[:, 0], tree.prior[:, 0])


class _Tree:
    """G trees of up to `room` positions each, as arrays; position 0 is the root."""

    def __init__(self, board: Board, own: np.ndarray, other: np.ndarray, room: int):
        shape = len(own), room, board.width
        self.board, self.games = board, np.arange(len(own))
        self.visits, self.total, self.prior = (np.zeros(shape, np.float32) for _ in range(3))
        self.child, self.legal = np.full(shape, -1, np.int32), np.zeros(shape, bool)
        self.own, self.other = (np.zeros((len(own), room, board.cells), bool) for _ in range(2))
        self.own[:, 0], self.other[:, 0] = own, other
        self.over = np.full((len(own), room), np.nan, np.float32)  # the value, where it is over

    def open(self, games: np.ndarray, nodes, ask: Judge) -> np.ndarray:
        """Ask the judge about positions: their moves, priors, and what it thinks they are worth."""
        own, other = self.own[games, nodes], self.other[games, nodes]
        logits, values = ask(own, other)
        self.legal[games, nodes] = legal = self.board.legal(own, other)
        self.prior[games, nodes] = priors(logits, legal)
        return values

    def descend(self, new: int, c: float, score: Callable) -> tuple[list, np.ndarray]:
        """From each root follow the best scores to a position that is new, or over."""
        at, going, path = np.zeros(len(self.games), np.int32), self.games, []
        while len(going):
            here = going, at[going]
            scores = score(self.visits[here], self.total[here], self.prior[here], c)
            moves = np.where(self.legal[here], scores, -np.inf).argmax(1)
            path.append((going, at[going], moves))
            next_ = self.child[(*here, moves)]
            fresh = next_ < 0
            self._grow(*(part[fresh] for part in path[-1]), new)
            at[going] = np.where(fresh, new, next_)
            going = going[~fresh & np.isnan(self.over[going, at[going]])]
        return path, at

    def _grow(self, games: np.ndarray, parents: np.ndarray, moves: np.ndarray, new: int) -> None:
        played = self.board.play(self.own[games, parents], self.other[games, parents], moves)
        self.own[games, new], self.other[games, new], self.over[games, new] = played
        self.child[games, parents, moves] = new

    def worth(self, leaves: np.ndarray, ask: Judge) -> np.ndarray:
        """The value of each leaf for who is to move there: the rules say it, or the judge."""
        values = self.over[self.games, leaves]
        unknown = np.flatnonzero(np.isnan(values))
        if len(unknown):
            values[unknown] = self.open(unknown, leaves[unknown], ask)
        return values

    def learn(self, path: list, values: np.ndarray, credit: Callable) -> None:
        """Count the visit of each move on the way, and add what it has led to."""
        lengths = sum(np.bincount(games, minlength=len(values)) for games, _, _ in path)
        credits = np.asarray(credit(values, lengths))
        for step, (games, nodes, moves) in enumerate(path):
            self.visits[games, nodes, moves] += 1
            self.total[games, nodes, moves] += credits[games, step]
