"""Connect Four on a small board, solved exactly: all positions, from the last stone backwards.

A position is one number: bit i says that who is to move has a stone in cell i, bit cells + i that
the opponent has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labkit.play.boards import Board

FULL = -9  # stands for the result of a move into a full column


@dataclass
class Solved:
    """Every position that can be reached, sorted, and what each move leads to.

    keys (P,): the positions as numbers; results (P, width), int8: 1 where a move wins for who makes
    it, 0 a draw, -1 it loses, if both play perfectly, `FULL` where the column is full; stones (P,):
    how many lie on the board.
    """

    board: Board
    keys: np.ndarray
    results: np.ndarray
    stones: np.ndarray

    def moves(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        """The results (G, width) of each move in games that go on."""
        return self.results[np.searchsorted(self.keys, self._key(own, other))]

    def position(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Own and other stones (N, cells) of the positions at these places."""
        keys, bits = self.keys[index][:, None], np.arange(self.board.cells)
        return (keys >> bits & 1).astype(bool), (keys >> bits + self.board.cells & 1).astype(bool)

    @property
    def value(self) -> int:
        """What the empty board is worth to who begins: 1, 0 or -1."""
        return int(self.results[np.searchsorted(self.keys, 0)].max())

    def _key(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        powers = 1 << np.arange(self.board.cells, dtype=np.int64)
        return own @ powers | other @ powers << self.board.cells


def solve(board: Board) -> Solved:
    """All positions of a board of at most 20 cells, with the result of every move.

    4 x 4 takes a tenth of a second, 5 wide and 4 high some seconds and 200 MB. ValueError for more.
    """
    if board.cells > 20:
        raise ValueError(f"{board.width} x {board.height} has too many positions to solve them all")
    levels = _levels(board)
    results: list[np.ndarray] = []
    below = None
    for number in reversed(range(len(levels))):
        later = None if number + 1 == len(levels) else levels[number + 1]
        results.insert(0, _results(board, levels[number], later, below))
        below = results[0].max(1)
    keys = np.concatenate(levels)
    stones = np.repeat(np.arange(len(levels), dtype=np.int8), [len(level) for level in levels])
    order = np.argsort(keys)
    return Solved(board, keys[order], np.concatenate(results)[order], stones[order])


def _levels(board: Board) -> list[np.ndarray]:
    """The positions in which the game goes on, by the number of stones, each level sorted."""
    levels = [np.zeros(1, np.int64)]
    while len(levels) < board.cells:
        found = []
        for _, cell, own, other in _drops(board, levels[-1]):
            moved = (own | cell)[cell != 0]
            goes_on = ~_won(board, moved)
            found.append(_turned(board, moved, other[cell != 0])[goes_on])
        positions = _distinct(np.concatenate(found))
        if not len(positions):
            break
        levels.append(positions)
    return levels


def _distinct(keys: np.ndarray) -> np.ndarray:
    """Sorted, each once: on millions of keys several times faster than np.unique."""
    keys = np.sort(keys)
    return keys[np.r_[True, keys[1:] != keys[:-1]]] if len(keys) else keys


def _results(board: Board, keys: np.ndarray, later, below) -> np.ndarray:
    """What each move leads to, given the next level's positions and values."""
    results = np.full((len(keys), board.width), FULL, np.int8)
    for column, cell, own, other in _drops(board, keys):
        moved = own | cell
        wins = (cell != 0) & _won(board, moved)
        results[wins, column] = 1
        open_ = np.flatnonzero((cell != 0) & ~wins)
        next_keys = _turned(board, moved[open_], other[open_])
        full = later is None
        results[open_, column] = 0 if full else -below[np.searchsorted(later, next_keys)]
    return results


def _drops(board: Board, keys: np.ndarray) -> Iterator[tuple[int, np.ndarray, ...]]:
    """For each column: the bit that a stone would take (0: none), own and other stones as bits."""
    own, other = keys & ((1 << board.cells) - 1), keys >> board.cells
    for column in range(board.width):
        inside = sum(1 << row * board.width + column for row in range(board.height))
        free = ~(own | other) & inside
        yield column, free & -free, own, other


def _turned(board: Board, moved: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The position as the next player sees it."""
    return other | moved << board.cells


def _won(board: Board, stones: np.ndarray) -> np.ndarray:
    won = np.zeros(stones.shape, bool)
    for line in board.lines:
        mask = sum(1 << cell for cell in line)
        won |= (stones & mask) == mask
    return won
