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


def noise(points: Tensor, field: int | None = None) -> Tensor:
    """Value noise at (M, 3) points, one cell per unit, in [0, 1].

    (M, 4) independent fields, or one of them alone, (M,), which is faster.
    """
    wrapped = torch.remainder(points, PERIOD).mul_(2 / PERIOD).sub_(1)
    volume = _volume() if field is None else _volume()[:, field : field + 1]
    found = F.grid_sample(volume, wrapped[None, None, None], align_corners=True)[0, :, 0, 0]
    return found.T if field is None else found[0]


def fbm(points: Tensor, octaves: int = 3, field: int | None = None) -> Tensor:
    """Octaves of noise, each twice as fine and half as strong, in [0, 1]: fields as in `noise`."""
    total = sum(noise(points * 2**i + 11.3 * i, field) * 0.5**i for i in range(octaves))
    return total / (2 - 0.5 ** (octaves - 1))


def plane(x: Tensor, y: Tensor, offset: float = 0.0) -> Tensor:
    """Points (M, 3) for a field over two coordinates; `offset` picks the slice."""
    return torch.stack([x, y, torch.full_like(x, offset)], -1)


def per_cell(i: Tensor, j: Tensor, salt: int) -> Tensor:
    """Uniform random numbers in [0, 1) of integer grid cells: (..., 4), by an integer hash."""
    mixed = _hashed(i, j, salt)
    parts = [mixed >> shift & 0xFF for shift in (0, 8, 16, 24)]
    return torch.stack(parts).float().div_(256).movedim(0, -1)


def one_per_cell(i: Tensor, j: Tensor, salt: int, which: int) -> Tensor:
    """Only number `which` of the four (...)."""
    return (_hashed(i, j, salt) >> 8 * which & 0xFF).float() / 256


def _hashed(i: Tensor, j: Tensor, salt: int) -> Tensor:
    """32 bits in an int64 (...)."""
    mixed = (i.long() * 73856093).bitwise_xor_(j.long() * 19349663).bitwise_xor_(salt * 83492791)
    for shift, factor in ((13, 1274126177), (15, 2246822519), (13, 3266489917)):
        mixed = mixed.bitwise_xor_(mixed >> shift).mul_(factor).bitwise_and_(0xFFFFFFFF)
    return mixed


def smoothstep(low, high, x: Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, smooth between; falling if `low` > `high`."""
    t = ((x - low) / (high - low)).clamp_(0, 1)
    return (3 - 2 * t).mul_(t * t)


def mix(first, second, share: Tensor) -> Tensor:
    """Blend colours (..., 3) by `share` (...), 0 giving the first; one plane a colour in memory."""
    dims = max(first.ndim - 1, second.ndim - 1, share.ndim)
    first, second = _planes(first, dims), _planes(second, dims)
    return (first * (1 - share)).add_(second * share).movedim(0, -1)


def _planes(colours: Tensor, dims: int) -> Tensor:
    """Colours (..., 3) as (3, ...) with this many dimensions behind."""
    planes = colours.movedim(-1, 0)
    return planes[(slice(None),) + (None,) * (dims + 1 - planes.ndim)]


def colour(*rgb: float) -> Tensor:
    """A linear colour as a float32 tensor (3,)."""
    return torch.tensor(rgb, dtype=torch.float32)


def unit(vectors: Tensor) -> Tensor:
    """Vectors (..., 3) scaled to length 1."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-8)
