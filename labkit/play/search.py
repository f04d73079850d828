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
    tree.open(tree.roots, ask)
    if noise:
        drawn = rng.gamma(1.0, size=(len(own), board.width)) * tree.legal[tree.roots]
        drawn = drawn / drawn.sum(1, keepdims=True)
        tree.prior[tree.roots] = (1 - noise) * tree.prior[tree.roots] + noise * drawn
    for node in range(1, simulations + 1):
        path, leaves = tree.descend(node, c, score)
        tree.learn(path, tree.worth(leaves, ask), credit)
    return Found(*(table[tree.roots] for table in (tree.visits, tree.total, tree.prior)))


class _Tree:
    """G trees of up to `room` positions each, as arrays.

    Row k G + g is position k of tree g; the first G rows are the roots.
    """

    def __init__(self, board: Board, own: np.ndarray, other: np.ndarray, room: int):
        self.board, self.roots = board, np.arange(len(own))
        rows = len(own) * room
        shape = rows, board.width
        self.visits, self.total, self.prior = (np.zeros(shape, np.float32) for _ in range(3))
        self.child, self.legal = np.full(shape, -1), np.zeros(shape, bool)
        self.own, self.other = (np.zeros((rows, board.cells), bool) for _ in range(2))
        self.own[self.roots], self.other[self.roots] = own, other
        self.over = np.full(rows, np.nan, np.float32)  # the value, where it is over

    def open(self, rows: np.ndarray, ask: Judge) -> np.ndarray:
        """Ask the judge about positions: their moves, priors, and what it thinks they are worth."""
        own, other = self.own[rows], self.other[rows]
        logits, values = ask(own, other)
        self.legal[rows] = legal = self.board.legal(own, other)
        self.prior[rows] = priors(logits, legal)
        return values

    def descend(self, new: int, c: float, score: Callable) -> tuple[list, np.ndarray]:
        """From each root follow the best scores to a position that is new, or over."""
        here, leaves, path = self.roots, self.roots.copy(), []
        while len(here):
            scores = score(self.visits[here], self.total[here], self.prior[here], c)
            moves = np.where(self.legal[here], scores, -np.inf).argmax(1)
            path.append((here, moves))
            trees, next_ = here % len(leaves), self.child[here, moves]
            fresh = next_ < 0
            leaves[trees] = next_ = np.where(fresh, new * len(leaves) + trees, next_)
            here = next_[~fresh & np.isnan(self.over[next_])]
        self._grow(*map(np.concatenate, zip(*path, strict=True)), new)
        return path, leaves

    def _grow(self, rows: np.ndarray, moves: np.ndarray, new: int) -> None:
        """Play the moves that lead to no position yet: one in each tree at most."""
        fresh = self.child[rows, moves] < 0
        rows, moves = rows[fresh], moves[fresh]
        grown = new * len(self.roots) + rows % len(self.roots)
        played = self.board.play(self.own[rows], self.other[rows], moves)
        self.own[grown], self.other[grown], self.over[grown] = played
        self.child[rows, moves] = grown

    def worth(self, leaves: np.ndarray, ask: Judge) -> np.ndarray:
        """The value of each leaf for who is to move there: the rules say it, or the judge."""
        values = self.over[leaves]
        unknown = np.flatnonzero(np.isnan(values))
        if len(unknown):
            values[unknown] = self.open(leaves[unknown], ask)
        return values

    def learn(self, path: list, values: np.ndarray, credit: Callable) -> None:
        """Count the visit of each move on the way, and add what it has led to."""
        rows, moves = map(np.concatenate, zip(*path, strict=True))
        trees, step = rows % len(values), np.repeat(range(len(path)), [len(on) for on, _ in path])
        credits = np.asarray(credit(values, np.bincount(trees, minlength=len(values))))
        self.visits[rows, moves] += 1
        self.total[rows, moves] += credits[trees, step]
