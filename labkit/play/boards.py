"""Connect Four on a board of any size, many games at once.

Stones are bool (G, cells), `own` those of who is to move, `other` the opponent's; cell 0 is the
lower left corner, and a row follows the one below it.
"""

from __future__ import annotations

import numpy as np

WAYS = [(1, 0), (0, 1), (1, 1), (1, -1)]


class Board:
    """A board `width` wide and `height` high, on which `row` in a row win.

    >>> board = Board(4, 4)
    >>> own, other, value = board.play(*board.empty(1), np.array([2]))
    >>> other.reshape(4, 4)[0].tolist(), value
    ([False, False, True, False], array([nan], dtype=float32))
    """

    def __init__(self, width: int, height: int, row: int = 4):
        if min(width, height, row) < 1 or row > max(width, height):
            raise ValueError(f"no {row} in a row fit on a board of {width} x {height}")
        self.width, self.height, self.row, self.cells = width, height, row, width * height
        self.lines = self._lines()
        self.in_line = np.zeros((self.cells, len(self.lines)), np.float32)
        for i, line in enumerate(self.lines):
            self.in_line[line, i] = 1

    def _lines(self) -> list[list[int]]:
        """The cells of each row, column and diagonal that wins."""
        found = []
        for x, y in np.ndindex(self.width, self.height):
            for dx, dy in WAYS:
                cells = [(x + i * dx, y + i * dy) for i in range(self.row)]
                if all(0 <= a < self.width and 0 <= b < self.height for a, b in cells):
                    found.append([b * self.width + a for a, b in cells])
        return found

    def empty(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """`count` games that begin: own and other stones."""
        return np.zeros((count, self.cells), bool), np.zeros((count, self.cells), bool)

    def legal(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Which columns have room: bool (G, width)."""
        return ~(own | other)[:, -self.width :]

    def play(
        self, own: np.ndarray, other: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Drop a stone into a column (G,) that has room, and pass the turn on.

        Gives own and other as the next player sees them, and the value for that player: -1 where
        the move has won, 0 where the board is full, nan where the game goes on.
        """
        games = np.arange(len(columns))
        filled = (own | other).reshape(-1, self.height, self.width)[games, :, columns].sum(1)
        moved = own.copy()
        moved[games, filled * self.width + columns] = True
        won = (moved.astype(np.float32) @ self.in_line >= self.row - 0.5).any(1)
        full = (moved | other).all(1)
        value = np.where(won, -1, np.where(full, 0, np.nan)).astype(np.float32)
        return other, moved, value

    def after(self, moves: str) -> tuple[np.ndarray, np.ndarray, float]:
        """One game after moves like "231", columns from 1 on; both (1, cells), and the value.

        ValueError where a move is none.
        """
        own, other = self.empty(1)
        value = np.nan
        for i, sign in enumerate(moves):
            if not np.isnan(value):
                raise ValueError(f"the game is over before move {i + 1} of {moves!r}")
            column = int(sign) - 1 if sign.isdecimal() else -1
            if not 0 <= column < self.width or not self.legal(own, other)[0, column]:
                raise ValueError(f"move {i + 1} of {moves!r}: column {sign} isn't open")
            own, other, (value,) = self.play(own, other, np.array([column]))
        return own, other, float(value)
