"""Sphere tracing in tiles: which rays of a picture meet a furry body, and where.

The picture is cut into tiles; in each only the parts that can be seen there are evaluated, so
that a tile's numbers stay in the processor's cache (Hart 1996; tiles as in rasterisers).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from labkit.render.animal import Animal
from labkit.render.camera import Camera

TILE = 56  # samples on a side
MARGIN = 0.07  # fur and fillets around a part (m)
STEPS = 44
BLOCK = 4  # rays a side that are brought near together


def tiles(animal: Animal, camera: Camera, size: int) -> Iterator[tuple[Tensor, Animal, tuple]]:
    """Yield (sample numbers (h, w), the animal's parts there, (near, far)) of tiles that see it.

    `size`: samples a side of the whole picture.
    """
    centre, reach = animal.cones.centre, animal.cones.bound + MARGIN
    column, row, depth = camera.project(centre)
    scale = size / camera.size
    column, row = column * scale, row * scale
    radius = reach / (depth - reach).clamp_min(0.1) * camera.focal * size / 2
    for top in range(0, size, TILE):
        for left in range(0, size, TILE):
            bottom, right = min(top + TILE, size), min(left + TILE, size)
            dx = (column - column.clamp(left, right)) ** 2
            dy = (row - row.clamp(top, bottom)) ** 2
            seen = (dx + dy < radius**2).nonzero()[:, 0]
            if len(seen):
                samples = torch.arange(top, bottom)[:, None] * size + torch.arange(left, right)
                distance = (centre[seen] - camera.eye).norm(dim=1)
                span = (distance - reach[seen]).min(), (distance + reach[seen]).max()
                yield samples, animal.near(seen), span


def trace(animal: Animal, eye: Tensor, rays: Tensor, span, *, grain: float):
    """March a tile's unit rays (h, w, 3) from `eye`: numbers of those that hit fur, distances.

    `grain`: the width of a sample there, in metres; nothing finer is looked for.
    """
    t, far = _approach(animal, eye, rays, span, grain).flatten(), span[1]
    number = (t < far).nonzero()[:, 0]
    t, rays, hits = t[number], rays.reshape(-1, 3)[number], []
    least, close = max(0.0025, grain), max(0.0012, 0.4 * grain)
    for _ in range(STEPS):
        if not len(number):
            break
        fur, tips = animal.coated(eye + t[:, None] * rays)
        done = fur < close
        if done.any():
            hits.append((number[done], t[done]))
        t = t + torch.where(tips > 0.006, tips, (fur * 0.8).clamp(least, 0.014))
        left = (~done & (t < far)).nonzero()[:, 0]
        if len(left) < len(number):
            number, t, rays = number[left], t[left], rays[left]
    hits.append((number, t))  # still in the fur: rays that graze it
    numbers, distances = zip(*hits, strict=True)
    return torch.cat(numbers), torch.cat(distances)


def _approach(animal: Animal, eye: Tensor, rays: Tensor, span, grain: float) -> Tensor:
    """Distances (h, w) up to which rays are free, by cones of BLOCK x BLOCK rays; far: no hit."""
    near, far = span
    height, width = rays.shape[:2]
    rows = (torch.arange(0, height, BLOCK) + BLOCK // 2).clamp(max=height - 1)
    columns = (torch.arange(0, width, BLOCK) + BLOCK // 2).clamp(max=width - 1)
    middle = rays[rows][:, columns].reshape(-1, 3)
    wide = 0.85 * BLOCK * grain * float(far / near)
    t = near.expand(len(middle)).clone()
    active = torch.arange(len(middle))
    for _ in range(14):
        tips = animal.tips(eye + t[active, None] * middle[active])
        active, tips = active[tips > 1.3 * wide], tips[tips > 1.3 * wide]
        t[active] += tips - wide
        active = active[t[active] < far]
        if not len(active):
            break
    blocks = t.reshape(len(rows), len(columns))
    full = blocks.repeat_interleave(BLOCK, 0).repeat_interleave(BLOCK, 1)
    return full[:height, :width].contiguous()
