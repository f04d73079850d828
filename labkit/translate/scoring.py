"""How far a translation is from the truth, on the ground and on the animal, and how sharp it is."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Errors(NamedTuple):
    """Mean absolute difference (0 to 1) of each picture, (N,): where no animal is, and on it."""

    ground: Tensor
    animal: Tensor


def errors(made: Tensor, truth: Tensor, covers: Tensor) -> Errors:
    """Compare pictures (N, 3, H, W) with their true counterparts.

    covers (N, 1, H, W) says how much of a pixel the animal covers; pixels at its edge, which mix
    animal and ground, count for neither.
    """
    apart = (made - truth).abs().mean(1, keepdim=True)
    return Errors(*(_mean_over(apart, where) for where in (covers == 0, covers == 1)))


def sharpness(images: Tensor, covers: Tensor) -> Tensor:
    """Mean absolute difference of neighbours on the ground of pictures (N, 3, H, W), (N,)."""
    free = (covers == 0).float()
    steps = images.diff(dim=3).abs().mean(1, keepdim=True)
    return _mean_over(steps, torch.minimum(free[..., 1:], free[..., :-1]))


def _mean_over(apart: Tensor, where: Tensor) -> Tensor:
    return (apart * where).sum((1, 2, 3)) / where.sum((1, 2, 3))
