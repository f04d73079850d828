"""What lies on the ground: fallen leaves and pebbles, one to a cell of a grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from labkit.render.noise import mix, noise, per_cell, plane, smoothstep

LEAVES = ((0.26, 0.13, 0.045), (0.19, 0.105, 0.05), (0.33, 0.19, 0.065), (0.115, 0.075, 0.045),
          (0.12, 0.13, 0.045))  # fmt: skip


def scatter(patch, albedo: Tensor, site) -> Tensor:
    """Lay leaves (forest) or pebbles (sand) on ground colours (M, 3)."""
    if site.kind == "forest":
        for i in range(5):
            albedo = _pieces(patch, albedo, site.offset, 1 / (0.085 - 0.008 * i), 0.75, i, LEAVES)
    if site.kind == "sand" and site.age > 0.6:
        stones = ((0.30, 0.26, 0.22), (0.20, 0.18, 0.16), (0.42, 0.38, 0.33))
        albedo = _pieces(patch, albedo, site.offset, 7.0, 0.10, 9, stones)
    return albedo


def _pieces(patch, albedo, offset, scale: float, share: float, salt: int, colours) -> Tensor:
    """One ellipse in a share of the cells of a grid, turned and coloured at random."""
    place = patch.place * scale + 0.37 * salt
    cell = torch.floor(place)
    some = per_cell(cell[:, 0], cell[:, 1], salt + 50 + int(offset * 1000))
    other = per_cell(cell[:, 1], cell[:, 0], salt + 90)
    inside = place - cell - 0.5 - 0.3 * (some[:, :2] - 0.5)
    turn = some[:, 2] * 2 * math.pi
    long = inside[:, 0] * turn.cos() + inside[:, 1] * turn.sin()
    wide = inside[:, 1] * turn.cos() - inside[:, 0] * turn.sin()
    half = 0.24 + 0.14 * other[:, 0]
    form = (long / half) ** 2 + (wide / (half * (0.4 + 0.3 * other[:, 1]))) ** 2
    visible = smoothstep(0.9, 0.3, patch.width * scale) * (some[:, 3] < share)
    cover = smoothstep(1.15, 0.8, form) * visible
    table = torch.tensor(colours)
    paint = table[(other[:, 2] * len(table)).long()] * (0.65 + 0.7 * other[:, 3:])
    paint = paint * (1 + 0.5 * wide / half - 0.3 * smoothstep(0.03, 0.0, wide.abs()))[:, None]
    shadow = smoothstep(1.7, 1.0, form) * visible * 0.45
    rough = 0.85 + 0.3 * noise(plane(place[:, 0] * 5, place[:, 1] * 5), 0)[:, None]
    return mix(albedo * (1 - shadow)[:, None], paint * rough, cover)
