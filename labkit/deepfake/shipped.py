"""What ships with lab 11: a forger trained for minutes, and a table of forgers as the lab's.

`labkit.deepfake.pack` made these files in `data/`; here they are only read.
"""

from __future__ import annotations

import torch

from labkit.deepfake.nets import SIDE, Forger
from labkit.nets.shipped import filled, read_numbers, read_weights
from labkit.paths import data_dir

FORGER, SWAPS = "forger.safetensors", "swaps.csv"


def load_forger() -> Forger:
    """A forger trained for minutes on the drawn actors, in eval mode, frozen.

    FileNotFoundError or ValueError where its file is missing or damaged.
    """
    weights, _ = read_weights(data_dir() / FORGER)
    blank = torch.zeros(2, 8, 4, SIDE, SIDE)
    return filled(Forger(blank), {k: v.float() for k, v in weights.items()}, FORGER)


def load_swaps() -> list[dict[str, float]]:
    """How forgers fared that were trained as in the lab: a row of `measured` for each seed."""
    return read_numbers(data_dir() / SWAPS)
