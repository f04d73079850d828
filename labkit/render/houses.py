"""Houses along a street, seen from the front: walls, windows, doors, roofs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from labkit.render.camera import Camera
from labkit.render.light import Light
from labkit.render.noise import colour, fbm, mix, per_cell, plane, smoothstep

WALLS = ((0.42, 0.38, 0.32), (0.30, 0.14, 0.10), (0.50, 0.49, 0.46), (0.34, 0.36, 0.38),
         (0.45, 0.36, 0.22), (0.16, 0.15, 0.15))  # fmt: skip


def draw_houses(picture: Tensor, camera: Camera, light: Light, rng: np.random.Generator) -> Tensor:
    """Stand a row of houses before the scenery of a linear picture (H, W, 3)."""
    size = camera.size
    line = (torch.arange(size) + 0.5) / size
    v, u = torch.meshgrid(camera.horizon / size - line, line, indexing="ij")
    edge = rng.uniform(-0.3, 0.0)
    for _ in range(6):
        wide = rng.uniform(0.16, 0.50)
        if rng.random() < 0.8:
            picture = _house(picture, u - edge, v, wide, light, rng)
        edge += wide * rng.uniform(1.0, 1.4)
        if edge > 1:
            break
    return picture


def _house(picture: Tensor, u: Tensor, v: Tensor, wide: float, light: Light, rng) -> Tensor:
    tall = rng.uniform(0.18, 0.62)
    cell = rng.uniform(0.045, 0.085)
    wall = torch.tensor(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.6, 1.2)
    roof = rng.uniform(0.0, 0.12)
    inside = ((u > 0) & (u < wide) & (v < tall) & (v > -0.04)).float()
    ridge = (tall + roof * (1 - ((2 * u / wide - 1).abs())) - v).clamp_min(0)
    gable = ((u > 0) & (u < wide) & (v >= tall) & (ridge > 0)).float()
    grain = fbm(plane(u.flatten() * 60, v.flatten() * 60, wide), 2, 0).reshape(u.shape)
    paint = wall * (0.8 + 0.4 * grain)[..., None]
    paint = _windows(paint, u / cell, v / cell, wide / cell, tall / cell, rng)
    lit = rng.uniform(0.15, 0.7)
    shaded = paint * (light.sun * 0.45 * lit + light.sky * 0.8)
    tiles = colour(0.14, 0.07, 0.05) * rng.uniform(0.5, 1.8) * (light.sun * 0.4 + light.sky * 0.7)
    haze = 0.06 + 0.25 * light.mist
    picture = mix(picture, tiles * (1 - haze) + light.horizon * 0.9 * haze, gable)
    return mix(picture, shaded * (1 - haze) + light.horizon * 0.9 * haze, inside)


def _windows(paint: Tensor, x: Tensor, y: Tensor, columns: float, rows: float, rng) -> Tensor:
    """A grid of panes, some bright, with pale frames."""
    salt = int(rng.integers(1000))
    fx, fy = x % 1 - 0.5, y % 1 - 0.5
    kind = per_cell(torch.floor(x), torch.floor(y), salt)
    fits = (torch.floor(x) + 1 < columns) & (torch.floor(y) + 1 < rows) & (y > 0)
    outer = smoothstep(0.34, 0.30, fx.abs()) * smoothstep(0.40, 0.36, fy.abs()) * fits
    inner = smoothstep(0.28, 0.25, fx.abs()) * smoothstep(0.34, 0.31, fy.abs()) * fits
    pane = colour(0.03, 0.035, 0.04) + 0.5 * (kind[..., :1] > 0.85) * colour(0.9, 0.8, 0.6)
    paint = mix(paint, colour(0.5, 0.5, 0.5), outer)
    return paint * (1 - inner[..., None]) + pane * inner[..., None]
