"""Makes what ships with lab 12: `python -m labkit.play.pack` (about five minutes).

Three seeds on each of two boards are trained and measured. The first network of the wider board
ships.
"""

from __future__ import annotations

from pathlib import Path

import torch

from labkit import play
from labkit.nets.shipped import append_row, write_weights
from labkit.paths import data_dir
from labkit.play.measuring import measured, scored
from labkit.play.shipped import PLAYER, TABLE, UNITS, WIDE

SEEDS = (10, 11, 12)  # no setting was chosen with them
ROUNDS = 60  # as in the lab


def pack(folder: Path) -> None:
    """Train all, write the table and the weights, float16."""
    table = folder / TABLE
    table.unlink(missing_ok=True)
    small, wide = play.solve(play.Board(4, 4)), play.solve(play.Board(*WIDE))
    for seed in SEEDS:
        net = play.fit(small.board, rounds=ROUNDS, seed=seed)
        write(table, measured(small, net, board="4 x 4", seed=seed))
        without = play.alone(small.board, play.judge(play.reward_alone(small.board, seed=seed)))
        notes = {"board": "4 x 4", "seed": seed, "player": "reward alone", "simulations": 0}
        write(table, [notes | {k: round(v, 3) for k, v in scored(small, without).items()}])
    for seed in SEEDS:
        net = play.fit(wide.board, rounds=100, seed=seed, simulations=32, units=UNITS)
        if seed == SEEDS[0]:
            write_weights(folder / PLAYER, net, torch.float16, {}).chmod(0o644)
        write(table, measured(wide, net, board="5 x 4", seed=seed))


def write(table: Path, rows: list[dict]) -> None:
    """Add rows to the table, and show them."""
    for row in rows:
        append_row(table, row)
        print(*row.values(), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    pack(data_dir())
