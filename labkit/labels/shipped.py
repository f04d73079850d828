"""What ships with lab 17: a table of three seeds. `labkit.labels.pack` made it."""

from __future__ import annotations

from labkit.nets.shipped import read_numbers
from labkit.paths import data_dir

FEW = "few_labels.csv"


def load_few_labels() -> list[dict[str, float]]:
    """How often digits are named right after few labels: a row of `measured` for each seed."""
    return read_numbers(data_dir() / FEW)
