"""Sphere tracing in tiles: which rays of a picture meet a furry body, and where.

The picture is cut into tiles; in each only the parts that can be seen there count, so that a
tile's numbers stay in the processor's cache (Hart 1996; tiles as in rasterisers). Where few rays
of a tile are under way, those of several tiles are marched together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.render.animal import Animal
from labkit.render.camera import Camera

TILE = 56  # samples on a side
MARGIN = 0.07  # fur and fillets around a part (m)
STEPS, ALONE = 44, 8  # steps of a ray; the first so many of each tile alone
BLOCK = 4  # rays a side that are brought near together


@dataclass
class Tile:
    """samples: numbers (h, w) in the picture; parts: those seen, (K,); animal: made of them;
    near, far: between which distances they lie; grain: the width of a sample at `near`, in
    metres; nothing finer is looked for."""

    samples: Tensor
    parts: Tensor
    animal: Animal
    near: Tensor
    far: Tensor
    grain: float

    @property
    def limits(self) -> Tensor:
        """(3, 1): where rays end, the shortest step in fur, how close to it is a hit."""
        least, close = max(0.0025, self.grain), max(0.0012, 0.4 * self.grain)
        return torch.stack([self.far, torch.tensor(least), torch.tensor(close)])[:, None]


def tiles(animal: Animal, camera: Camera, size: int) -> Iterator[Tile]:
    """The tiles that see the animal, of a picture of `size` samples a side."""
    centre, reach = animal.cones.centre, animal.cones.bound + MARGIN
    column, row, depth = camera.project(centre)
    scale = size / camera.size
    column, row = column * scale, row * scale
    radius = reach / (depth - reach).clamp_min(0.1) * camera.focal * size / 2
    sample = camera.pixel / scale
    for top in range(0, size, TILE):
        for left in range(0, size, TILE):
            bottom, right = min(top + TILE, size), min(left + TILE, size)
            dx = (column - column.clamp(left, right)) ** 2
            dy = (row - row.clamp(top, bottom)) ** 2
            seen = (dx + dy < radius**2).nonzero()[:, 0]
            if len(seen):
                samples = torch.arange(top, bottom)[:, None] * size + torch.arange(left, right)
                distance = (centre[seen] - camera.eye).norm(dim=1)
                near, far = (distance - reach[seen]).min(), (distance + reach[seen]).max()
                yield Tile(samples, seen, animal.near(seen), near, far, sample * float(near))


def trace(animal: Animal, eye: Tensor, rays: Tensor, group: list[Tile]):
    """March the unit rays (M, 3) of some tiles from `eye`: for each tile which samples hit fur,
    and at which distance."""
    whole = animal.seen_by([tile.parts for tile in group], [tile.animal for tile in group])
    starts = _approach(whole, eye, rays, group)
    found, late = [], []
    for tile, start in zip(group, starts, strict=True):
        under_way = (start < tile.far).nonzero()[:, 0]
        samples = tile.samples.flatten()[under_way]
        limits = tile.limits.expand(3, len(samples))
        hits, left = _steps(tile.animal, eye, rays, (samples, start[under_way], limits), ALONE)
        found.append([hits])
        late.append(left)
    for i, hits in enumerate(_together(whole, eye, rays, late)):
        found[i].append(hits)
    return [tuple(torch.cat(column) for column in zip(*hits, strict=True)) for hits in found]


def _together(animal: Animal, eye: Tensor, rays: Tensor, late: list):
    """Hits of the rays that are left of each tile, marched to the end all at once."""
    counts = torch.tensor([len(samples) for samples, _, _ in late])
    tile = torch.arange(len(late)).repeat_interleave(counts)
    samples, t, limits = (torch.cat(column, -1) for column in zip(*late, strict=True))
    state = torch.stack([samples, tile]), t, limits
    (hits, t), left = _steps(animal, eye, rays, state, STEPS - ALONE)
    hits, t = torch.cat([hits, left[0]], 1), torch.cat([t, left[1]])  # left: they graze the fur
    return [(hits[0, hits[1] == i], t[hits[1] == i]) for i in range(len(late))]


def _steps(animal: Animal, eye: Tensor, rays: Tensor, state, steps: int):
    """March on: samples and distances of hits, and the state (samples, distances, limits) of
    the rays that go on. Samples are (M,), or (2, M) with the tile's number."""
    samples, t, limits = state
    hits = [(samples[..., :0], t[:0])]
    for _ in range(steps):
        if not len(t):
            break
        sample, view = (samples, None) if samples.ndim == 1 else samples
        far, least, close = limits
        fur, tips = animal.coated(eye + t[:, None] * rays[sample], view)
        done = fur < close
        if done.any():
            hits.append((samples[..., done], t[done]))
        inside = torch.maximum(fur * 0.8, least).clamp_(max=0.014)
        t = t + torch.where(tips > 0.006, tips, inside)
        left = (~done & (t < far)).nonzero()[:, 0]
        if len(left) < len(t):
            samples, t, limits = samples[..., left], t[left], limits[:, left]
    numbers, distances = zip(*hits, strict=True)
    return (torch.cat(numbers, -1), torch.cat(distances)), (samples, t, limits)


def _approach(animal: Animal, eye: Tensor, rays: Tensor, group: list[Tile]):
    """Distances (h * w,) up to which each tile's rays are free, by cones of BLOCK x BLOCK rays."""
    middles = [_middles(tile) for tile in group]
    counts = torch.tensor([len(middle) for middle in middles])
    number = torch.arange(len(group)).repeat_interleave(counts)
    middle = rays[torch.cat(middles)]
    near, far = (torch.stack([getattr(t, end) for t in group])[number] for end in ("near", "far"))
    grain = torch.tensor([tile.grain for tile in group])[number]
    wide, t = 0.85 * BLOCK * grain * (far / near), near.clone()
    active = torch.arange(len(middle))
    for _ in range(14):
        tips = animal.tips(eye + t[active, None] * middle[active], number[active])
        free = tips > 1.3 * wide[active]
        active, tips = active[free], tips[free]
        t[active] += tips - wide[active]
        active = active[t[active] < far[active]]
        if not len(active):
            break
    return [_spread(part, tile) for part, tile in zip(t.split(counts.tolist()), group, strict=True)]


def _middles(tile: Tile) -> Tensor:
    """Numbers of the samples in the middle of each block."""
    rows, columns = (
        (torch.arange(0, side, BLOCK) + BLOCK // 2).clamp(max=side - 1)
        for side in tile.samples.shape
    )
    return tile.samples[rows][:, columns].flatten()


def _spread(blocks: Tensor, tile: Tile) -> Tensor:
    """One number a block to all its samples."""
    height, width = tile.samples.shape
    blocks = blocks.reshape(-(-height // BLOCK), -1)
    full = blocks.repeat_interleave(BLOCK, 0).repeat_interleave(BLOCK, 1)
    return full[:height, :width].flatten()
