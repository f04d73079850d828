"""Makes what ships with lab 18: `python -m labkit.fads.pack` (about ten minutes in one thread)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from labkit.data import load_digits
from labkit.fads.measuring import KINDS, WAYS, measured_depth, measured_shrink
from labkit.fads.shipped import DEPTHS, SHRINKS
from labkit.nets.shipped import write_rows
from labkit.paths import data_dir

SIZES = (2, 8, 20, 40)
RATE, OTHER_RATES = 1e-3, (3e-4, 3e-3)  # the others at the greatest depth only
SEEDS = (10, 11, 12)  # no setting was chosen with these


def depths() -> Iterator[dict]:
    """Rows of the table of depths, as they come."""
    digits = load_digits()
    races = [(depth, RATE) for depth in SIZES] + [(SIZES[-1], lr) for lr in OTHER_RATES]
    for depth, lr in races:
        for kind in KINDS:
            for seed in SEEDS:
                yield measured_depth(*digits, kind, depth, seed=seed, lr=lr)


def shrinks() -> Iterator[dict]:
    """Rows of the table of shrinking, as they come."""
    digits = load_digits()
    for way in WAYS:
        for seed in SEEDS:
            yield measured_shrink(*digits, way, seed=seed)


def main(folder: Path) -> None:
    """Both tables, written anew."""
    write_rows(folder / SHRINKS, shrinks())
    write_rows(folder / DEPTHS, depths())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(data_dir())
