"""Strings of bits, and what a loop over them shall compute: after each bit, a yes or no."""

from __future__ import annotations

import torch
from torch import Tensor


def random_bits(count: int, length: int, *, seed: int | torch.Generator) -> Tensor:
    """Strings (count, length) of fair bits, int64, by a seed or from a generator."""
    if not isinstance(seed, torch.Generator):
        seed = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, (count, length), generator=seed)


def parity(bits: Tensor) -> Tensor:
    """After each bit of (..., L): 1 if the number of 1s so far is odd, else 0.

    >>> parity(torch.tensor([1, 0, 1, 1]))
    tensor([1, 1, 0, 1])
    """
    return bits.cumsum(-1) % 2


def majority(bits: Tensor) -> Tensor:
    """After each bit of (..., L): 1 if there were more 1s than 0s so far, else 0.

    >>> majority(torch.tensor([1, 0, 1, 1]))
    tensor([1, 0, 1, 1])
    """
    return ((2 * bits - 1).cumsum(-1) > 0).long()


TASKS = {"parity": parity, "majority": majority}
