"""Test pictures made for a question: gratings for edges, plain colours, photos with tiles mixed up.

The laboratory's stimuli of vision science: each picture differs from the others in one thing, so
that an answer to it means one thing. All images are float32 (B, 3, size, size) in [0, 1].
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import torch
from torch import Tensor


def gratings(
    *,
    orientations: int = 8,
    periods: Sequence[float] = (4, 8, 16),
    phases: int = 4,
    size: int = 32,
) -> Tensor:
    """Grey stripes (orientations * len(periods) * phases, 3, size, size), orientation slowest.

    Orientation k is k / orientations of half a turn, 0 standing for upright stripes; `periods`
    are in pixels from one bright stripe to the next.
    """
    rows, cols = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    images = []
    for k in range(orientations):
        angle = math.pi * k / orientations
        along = cols * math.cos(angle) + rows * math.sin(angle)
        for period in periods:
            for phase in range(phases):
                images.append(0.5 + 0.5 * torch.cos(2 * math.pi * (along / period + phase / phases)))
    return torch.stack(images)[:, None].expand(-1, 3, -1, -1).contiguous()


def colours(*, hues: int = 12, size: int = 32) -> Tensor:
    """Plain fully saturated colours around the colour circle: (hues, 3, size, size)."""
    rgb = torch.tensor([colorsys.hsv_to_rgb(k / hues, 1.0, 1.0) for k in range(hues)])
    return rgb.view(-1, 3, 1, 1).expand(-1, 3, size, size).contiguous()


def greys(*, levels: int = 5, size: int = 32) -> Tensor:
    """Plain greys from black to white: (levels, 3, size, size)."""
    return torch.linspace(0, 1, levels).view(-1, 1, 1, 1).expand(-1, 3, size, size).contiguous()


def shuffle_tiles(images: Tensor, *, parts: int = 4, seed: int = 0) -> Tensor:
    """Each image cut into parts x parts tiles and put together in a random order.

    All tiles remain, and so do colours, textures and small edges; what larger things were is
    gone. ValueError unless the sides are multiples of `parts`.
    """
    batch, channels, height, width = images.shape
    if height % parts or width % parts:
        raise ValueError(f"{height} x {width} pixels cannot be cut into {parts} x {parts} equal tiles")
    generator = torch.Generator().manual_seed(seed)
    high, wide = height // parts, width // parts
    tiles = images.unfold(2, high, high).unfold(3, wide, wide).reshape(batch, channels, -1, high, wide)
    mixed = torch.stack([t[:, torch.randperm(parts**2, generator=generator)] for t in tiles])
    grid = mixed.view(batch, channels, parts, parts, high, wide)
    return grid.permute(0, 1, 2, 4, 3, 5).reshape(images.shape)
