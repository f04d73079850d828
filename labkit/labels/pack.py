"""Makes what ships with lab 17: `python -m labkit.labels.pack` (five minutes)."""

from __future__ import annotations

from pathlib import Path

import torch

from labkit.labels.measuring import measured
from labkit.labels.shipped import FEW
from labkit.nets.shipped import write_rows
from labkit.paths import data_dir


def pack_few_labels(folder: Path) -> Path:
    """Three seeds; no setting was chosen with them."""
    return write_rows(folder / FEW, (measured(seed=seed) for seed in (10, 11, 12)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(pack_few_labels(data_dir()))
