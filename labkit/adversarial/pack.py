"""Makes what ships with lab 14: `python -m labkit.adversarial.pack` (a minute and a half)."""

from __future__ import annotations

from pathlib import Path

import torch

from labkit.adversarial.measuring import measured
from labkit.adversarial.shipped import DEFENCES
from labkit.nets.shipped import write_rows
from labkit.paths import data_dir


def pack_defences(folder: Path) -> Path:
    """Three seeds; no setting was chosen with them, and no bound of the lab."""
    return write_rows(folder / DEFENCES, (measured(seed=seed) for seed in (13, 14, 15)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(pack_defences(data_dir()))
