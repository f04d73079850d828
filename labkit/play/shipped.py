"""What ships with lab 12: a player for the board 5 wide and 4 high, and a table of trainings.

`labkit.play.pack` made these files in `data/`; here they are only read.
"""

from __future__ import annotations

from labkit.nets.shipped import filled, read_table, read_weights
from labkit.paths import data_dir
from labkit.play.boards import Board
from labkit.play.nets import TwoHeads

PLAYER, TABLE = "connect_player.safetensors", "connect_games.csv"
WIDE, UNITS = (5, 4), 256


def load_player() -> tuple[Board, TwoHeads]:
    """A board 5 wide and 4 high, and a network that learned to play on it, in eval mode, frozen.

    FileNotFoundError or ValueError where its file is missing or damaged.
    """
    weights, _ = read_weights(data_dir() / PLAYER)
    board = Board(*WIDE)
    weights = {name: value.float() for name, value in weights.items()}
    return board, filled(TwoHeads(board, units=UNITS), weights, PLAYER)


def load_games() -> list[dict]:
    """How players fare: rows of board, seed, player, simulations, optimal, saved.

    Seeds 10, 11 and 12; "4 x 4" is trained as the lab does it, "5 x 4" for longer.
    """
    kinds = {"seed": int, "simulations": int, "optimal": float, "saved": float}
    rows = read_table(data_dir() / TABLE)
    return [{name: kinds.get(name, str)(value) for name, value in row.items()} for row in rows]
