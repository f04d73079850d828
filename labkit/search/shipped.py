"""What ships with lab 16: 200 settings and which digits each got right, and three searches."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from labkit.nets.shipped import read_numbers
from labkit.paths import data_dir
from labkit.search.knobs import Setting, draw_settings
from labkit.search.trials import VALID, Trial, learned_and_not

TRIALS, SEARCHES, COUNT, SEED = "trials.npz", "searches.csv", 200, 10


class Table(NamedTuple):
    """Trials of N settings: early (N, 4, 500) and last (N, 4500), True where a digit was right."""

    settings: list[Setting]
    early: Tensor
    last: Tensor

    @property
    def scores(self) -> Tensor:
        """Shares right of the 500 validation digits after 1, 2, 4, 8 and 16 epochs, (N, 5)."""
        rows = torch.cat([self.early, self.last[:, None, :VALID]], 1)
        return rows.float().mean(2)

    @property
    def test(self) -> Tensor:
        """Shares right of the 4,000 other digits at the end, (N,)."""
        return self.last[:, VALID:].float().mean(1)

    def splits(self, size: int) -> tuple[Tensor, Tensor]:
        """Each `size` digits once as a validation set, all others its test set: scores (V, N).

        ValueError unless 4,500 can be divided by `size`.
        """
        digits = self.last.shape[1]
        if digits % size or size == digits:
            raise ValueError(f"{digits} digits can't be cut into several sets of {size}")
        right = self.last.float().unflatten(1, (-1, size)).sum(2).T
        return right / size, (right.sum(0) - right) / (digits - size)


def tabled(trials: list[Trial], settings: list[Setting]) -> Table:
    """The trials of these settings as a table."""
    early, last = (torch.stack(part) for part in zip(*trials, strict=True))
    return Table(settings, early, last)


def write_trials(path: Path, table: Table) -> Path:
    """Write a table's bits; its settings are those of `draw_settings`."""
    parts = {"early": table.early, "last": table.last}
    np.savez_compressed(path, **{k: np.packbits(v.numpy(), axis=-1) for k, v in parts.items()})
    return path


def load_table() -> Table:
    """The table of 200 settings, drawn with seed 10; FileNotFoundError where it is missing."""
    path = data_dir() / TRIALS
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: install labkit again")
    digits = {"early": VALID, "last": len(learned_and_not()[1][1])}
    with np.load(path) as file:
        bits = {k: np.unpackbits(file[k], axis=-1, count=count) for k, count in digits.items()}
    early, last = (torch.from_numpy(part).bool() for part in bits.values())
    return Table(draw_settings(COUNT, seed=SEED), early, last)


def load_searches() -> list[dict[str, float]]:
    """Three searches of 200 settings, seeds 10 to 12: a row of `measured` for each."""
    return read_numbers(data_dir() / SEARCHES)
