"""How networks of several widths fare, with clean and noisy labels: one training, and the table.

`labkit.overfit.pack` made the table in `data/`; here it is only read.
"""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.nets.shipped import read_numbers
from labkit.overfit.labels import noisy_labels
from labkit.overfit.training import learn, mlp
from labkit.paths import data_dir

WIDTHS = "widths.csv"
Data = tuple[Tensor, Tensor]


def some(data: Data, seed: int, *, n: int = 1000) -> tuple[Data, Data]:
    """n digits to learn from and n others for validation, drawn by `seed`.

    ValueError if there are fewer than 2 n.
    """
    images, labels = data
    if not 0 < 2 * n <= len(labels):
        raise ValueError(f"there are {len(labels)} digits, too few for twice {n}")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    parts = order[:n], order[n : 2 * n]
    return tuple((images[part], labels[part]) for part in parts)


def measured(
    train: Data, test: Data, *, width: int, noise: float, seed: int, epochs: int = 150
) -> dict[str, float]:
    """One training as in the table: training and test error at its end, and the lowest by epoch.

    `stopped` is the test error at the epoch with the lowest validation error. 1,000 digits, of
    whose labels a share `noise` is wrong; rounded to three decimals.
    """
    known, valid = some(train, seed)
    known = known[0], noisy_labels(known[1], noise, seed=seed)
    others = {"validation": valid, "test": test}
    curves = learn(mlp(width, seed=seed), known, others, epochs=epochs, lr=3e-3, seed=seed)
    error = curves.error
    best = error["validation"].index(min(error["validation"]))
    row = {"training": error["training"][-1], "test": error["test"][-1]}
    row["stopped"] = error["test"][best]
    row = {name: round(value, 3) for name, value in row.items()}
    return {"width": width, "noise": noise, "seed": seed} | row


def load_widths() -> list[dict[str, float]]:
    """The table: a row of `measured` for each width, noise and seed.

    FileNotFoundError or ValueError where its file is missing or damaged.
    """
    return read_numbers(data_dir() / WIDTHS)
