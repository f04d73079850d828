"""Six knobs of a small network, and random settings of them.

A knob that matters by its order of magnitude is drawn log-uniform: as often between 0.001 and
0.01 as between 0.01 and 0.1 (Bergstra, Bengio 2012).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

ACTIVATIONS = ("relu", "tanh", "sigmoid")


class Setting(NamedTuple):
    """What is set before a training begins."""

    lr: float
    width: int  # units in a hidden layer
    depth: int  # hidden layers
    decay: float  # of the weights, by AdamW
    activation: str
    dropout: float

    def __str__(self) -> str:
        return (
            f"lr {self.lr:.1e}, {self.depth} x {self.width} {self.activation}, "
            f"decay {self.decay:.0e}, dropout {self.dropout:.2f}"
        )


DEFAULT = Setting(1e-3, 100, 1, 1e-2, "relu", 0.0)  # what one takes without any search
RANGES = {"lr": (1e-4, 0.3), "width": (8, 256), "decay": (1e-6, 0.1)}


def log_uniform(shares: Tensor, low: float, high: float) -> Tensor:
    """Shares (N,) in [0, 1), evenly drawn, to numbers from `low` to `high`, even by magnitude.

    >>> log_uniform(torch.tensor([0.0, 0.5, 1.0]), 0.01, 100.0)
    tensor([1.0000e-02, 1.0000e+00, 1.0000e+02])
    """
    return low * (high / low) ** shares


def draw_settings(count: int, *, seed: int) -> list[Setting]:
    """Random settings: lr, width and decay log-uniform in RANGES, the others even."""
    shares = torch.rand(count, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
    lr, width, decay = (
        log_uniform(shares[:, i], *ends).tolist() for i, ends in enumerate(RANGES.values())
    )
    return [
        Setting(lr[i], int(width[i]), 1 + int(3 * a), decay[i], ACTIVATIONS[int(3 * b)], 0.6 * c)
        for i, (a, b, c) in enumerate(shares[:, 3:].tolist())
    ]
