"""Smooth random fields: value noise, sums of octaves, random numbers per grid cell.

The values come from one fixed table, so that a field is a function of position alone; scenes
differ by where they look. Also the two blends that all shading uses. No global random state.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

PERIOD = 32  # cells after which the noise repeats


@lru_cache(maxsize=1)
def _volume() -> Tensor:
    """Four channels of uniform random numbers on a periodic grid, (1, 4, 33, 33, 33)."""
    values = np.random.default_rng(20160813).random((1, 4, PERIOD, PERIOD, PERIOD), np.float32)
    return F.pad(torch.from_numpy(values), (0, 1, 0, 1, 0, 1), mode="circular")


def noise(points: Tensor) -> Tensor:
    """Value noise at (M, 3) points, one cell per unit: (M, 4) independent fields in [0, 1]."""
    wrapped = torch.remainder(points, PERIOD) * (2 / PERIOD) - 1
    grid = wrapped[None, None, None]
    return F.grid_sample(_volume(), grid, align_corners=True)[0, :, 0, 0].T


def fbm(points: Tensor, octaves: int = 3) -> Tensor:
    """Octaves of noise, each twice as fine and half as strong: (M, 4) in [0, 1]."""
    total = sum(noise(points * 2**i + 11.3 * i) * 0.5**i for i in range(octaves))
    return total / (2 - 0.5 ** (octaves - 1))


def plane(x: Tensor, y: Tensor, offset: float = 0.0) -> Tensor:
    """Points (M, 3) for a field over two coordinates; `offset` picks the slice."""
    return torch.stack([x, y, torch.full_like(x, offset)], -1)


def per_cell(i: Tensor, j: Tensor, salt: int) -> Tensor:
    """Uniform random numbers in [0, 1) of integer grid cells: (..., 4), by an integer hash."""
    mixed = i.long() * 73856093 ^ j.long() * 19349663 ^ salt * 83492791
    mixed = (mixed ^ mixed >> 13) * 1274126177 & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 2246822519 & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 13) * 3266489917 & 0xFFFFFFFF
    parts = [mixed >> shift & 0xFF for shift in (0, 8, 16, 24)]
    return torch.stack(parts, -1).float() / 256


def smoothstep(low, high, x: Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, smooth between; falling if `low` > `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def mix(first, second, share: Tensor) -> Tensor:
    """Blend colours (..., 3) by `share` (...), 0 giving the first."""
    share = share[..., None]
    return first * (1 - share) + second * share


def colour(*rgb: float) -> Tensor:
    """A linear colour as a float32 tensor (3,)."""
    return torch.tensor(rgb, dtype=torch.float32)


def unit(vectors: Tensor) -> Tensor:
    """Vectors (..., 3) scaled to length 1."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-8)
