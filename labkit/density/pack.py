"""Makes what ships with lab 08: `python -m labkit.density.pack row_rnn | race [FOLDER]`.

`row_rnn` trains the row-RNN that a lab explores (about a quarter of an hour), `race` lets a GAN, a
VAE and a row-RNN learn for the same processor time and writes a table (about as long).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit import data, density
from labkit.density.races import race
from labkit.density.shipped import RACE, ROW_RNN
from labkit.nets.shipped import append_row, read_table, write_weights
from labkit.paths import data_dir

MADE = {"memory": 256, "width": 24, "drop": 0.1, "seed": 0}


def pack_row_rnn(folder: Path, *, steps: int = 8000, seed: int = 0) -> Path:
    """Train a larger row-RNN on the 4,000 digits, bent anew at each step; write it, float16."""
    train, test = data.load_digits()
    held_out = density.binary(test.images), test.labels
    model = density.RowRNN(**MADE)

    def loss(images: Tensor, labels: Tensor, _: float) -> Tensor:
        images = density.binary(bent(images))
        return density.nats(model(images, labels), images)

    def report(step: int) -> None:
        if step % 500 == 0:
            print(step, float(density.mean_nats(model, held_out).mean()), flush=True)

    density.fit(model, loss, train, steps=steps, lr=4e-3, fade=0.5, seed=seed, watch=report)
    notes = {"row_rnn": json.dumps(MADE)}
    return write_weights(folder / ROW_RNN, model, torch.float16, notes)


def bent(images: Tensor) -> Tensor:
    """Each image (B, 1, 28, 28) turned, slanted, scaled and moved a little, at random."""
    count = len(images)
    turn, slant, wide, high, x, y = 2 * torch.rand(6, count) - 1
    turn, slant = 0.12 * turn, 0.15 * slant
    grid = torch.zeros(count, 2, 3)
    grid[:, 0, 0], grid[:, 0, 1] = (1 + 0.08 * wide) * turn.cos(), slant - turn.sin()
    grid[:, 1, 0], grid[:, 1, 1] = turn.sin(), (1 + 0.08 * high) * turn.cos()
    grid[:, 0, 2], grid[:, 1, 2] = x / 14, y / 14  # a pixel at most
    flow = F.affine_grid(grid, list(images.shape), align_corners=False)
    return F.grid_sample(images, flow, align_corners=False)


def pack_race(folder: Path) -> Path:
    """All races, one after the other; the table grows row by row, rows already there stay."""
    path = folder / RACE
    rows = read_table(path) if path.exists() else []
    done = [tuple(row.values())[:3] for row in rows]
    for seed in (10, 11, 12):  # no setting was chosen with these
        for seconds in (30, 60):
            for name in ("GAN", "VAE", "row-RNN"):
                if (name, str(seconds), str(seed)) not in done:
                    append_row(path, row := race(name, seconds=seconds, seed=seed))
                    print(row, flush=True)
    return path


if __name__ == "__main__":
    make = {"row_rnn": pack_row_rnn, "race": pack_race}[sys.argv[1]]
    print(make(Path(sys.argv[2]) if len(sys.argv) > 2 else data_dir()))
