"""What ships with lab 14: a table of defences, three seeds. `labkit.adversarial.pack` made it."""

from __future__ import annotations

from labkit.nets.shipped import read_numbers
from labkit.paths import data_dir

DEFENCES = "defences.csv"


def load_defences() -> list[dict[str, float]]:
    """How networks fared that were trained as in the lab: a row of `measured` for each seed."""
    return read_numbers(data_dir() / DEFENCES)
