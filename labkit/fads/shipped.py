"""What ships with lab 18: tables of trainings, three seeds. `labkit.fads.pack` made them."""

from __future__ import annotations

from labkit.nets.shipped import read_table
from labkit.paths import data_dir

DEPTHS, SHRINKS = "depths.csv", "shrinks.csv"
Row = dict[str, float | str]


def load_depths() -> list[Row]:
    """A row of `measured_depth` for each kind, depth, rate, seed; FileNotFoundError without it."""
    return [_numbers(row) for row in read_table(data_dir() / DEPTHS)]


def load_shrinks() -> list[Row]:
    """A row of `measured_shrink` for each way and seed; FileNotFoundError without its file."""
    return [_numbers(row) for row in read_table(data_dir() / SHRINKS)]


def _numbers(row: dict[str, str]) -> Row:
    return {k: v if k in ("kind", "way") else float(v) for k, v in row.items()}
