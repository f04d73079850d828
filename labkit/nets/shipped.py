"""Files that ship with the labs, in `data/`: weights and tables, how they are read and written.

The modules `pack` of the topics write them, their modules `shipped` read them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)


def write_weights(path: Path, model: nn.Module, dtype: torch.dtype, notes: dict[str, str]) -> Path:
    """Write a model's weights, floats in `dtype`, and notes; returns the path."""
    from safetensors.torch import save_file

    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    save_file(weights, path, metadata=notes)
    return path


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Weights and notes of a file; FileNotFoundError, ValueError where missing or damaged."""
    from safetensors import SafetensorError, safe_open

    _refuse_missing(path)
    try:
        with safe_open(path, framework="pt") as file:
            names, notes = file.keys(), file.metadata() or {}
            return {name: file.get_tensor(name) for name in names}, notes
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}): install labkit again") from None


def filled(model: Model, weights: dict[str, Tensor], name: str) -> Model:
    """The model with these weights, in eval mode, frozen; ValueError, with the file's `name`."""
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{name} does not fit this version of labkit: {error}") from None
    return model.eval().requires_grad_(False)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; FileNotFoundError where it is missing."""
    _refuse_missing(path)
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_numbers(path: Path) -> list[dict[str, float]]:
    """The rows of a CSV file that holds nothing but numbers; FileNotFoundError as above."""
    return [{name: float(value) for name, value in row.items()} for row in read_table(path)]


def write_rows(path: Path, rows: Iterable[dict]) -> Path:
    """A table written anew, a row as it comes, and each shown; returns the path."""
    path.unlink(missing_ok=True)
    for row in rows:
        append_row(path, row)
        print(*row.values(), flush=True)
    return path


def append_row(path: Path, row: dict) -> None:
    """Add a row to a CSV file, whose head are the names of the first."""
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            table.writeheader()
        table.writerow(row)


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: install labkit again")
