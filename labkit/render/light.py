"""Weather: sun, sky and mist; shadows from a depth map seen by the sun; the film curve.

Light on the subject is the same whatever it stands on: what the ground throws back up is taken
from one grey ground, so that changing the ground changes no pixel of the subject.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.render.noise import colour, smoothstep, unit

BOUNCE = (0.16, 0.15, 0.135)  # light from a grey ground, whatever the real one is
WEATHER = {  # sun colour, sky light, zenith, horizon, elevation of the sun (radians), mist
    "sun": ((2.7, 2.5, 2.2), (0.46, 0.54, 0.68), (0.20, 0.38, 0.74), (0.66, 0.78, 0.92),
            (0.5, 1.1), (0.0, 0.3)),
    "haze": ((1.7, 1.6, 1.45), (0.62, 0.66, 0.72), (0.50, 0.60, 0.74), (0.80, 0.84, 0.88),
             (0.45, 1.0), (0.3, 0.9)),
    "overcast": ((0.45, 0.45, 0.45), (0.92, 0.96, 1.02), (0.60, 0.64, 0.70), (0.80, 0.82, 0.85),
                 (1.0, 1.2), (0.2, 1.0)),
    "golden": ((3.0, 2.0, 1.15), (0.42, 0.44, 0.56), (0.34, 0.42, 0.62), (0.98, 0.74, 0.50),
               (0.28, 0.45), (0.1, 0.7)),
    "dusk": ((0.50, 0.42, 0.42), (0.42, 0.48, 0.66), (0.22, 0.28, 0.46), (0.62, 0.56, 0.62),
             (0.3, 0.6), (0.2, 1.0)),
}  # fmt: skip
ODDS = (0.3, 0.2, 0.25, 0.15, 0.1)


@dataclass
class Light:
    """sun, sky, zenith, horizon: linear colours (3,); direction: (3,) to the sun; mist in [0, 1];
    exposure: factor before the film curve."""

    weather: str
    sun: Tensor
    sky: Tensor
    zenith: Tensor
    horizon: Tensor
    direction: Tensor
    mist: float
    exposure: float

    def fog(self, distance: Tensor) -> Tensor:
        """Share of mist in front of things at this distance, in [0, 1]."""
        return 1 - torch.exp(-(distance - 5).clamp_min(0) * (0.004 + 0.035 * self.mist**2))

    def ambient(self, up: Tensor, bounce: Tensor | None = None) -> Tensor:
        """Sky and bounced light (..., 3) on surfaces whose normals have the y component `up`."""
        below = colour(*BOUNCE) * (self.sun * 0.5 + self.sky) if bounce is None else bounce
        share = (0.5 + 0.5 * up)[..., None]
        return self.sky * share + below * (1 - share)


def draw_light(rng: np.random.Generator, azimuth: float) -> Light:
    """Weather, and a sun that mostly lights the side turned to a camera at this azimuth."""
    weather = str(rng.choice(list(WEATHER), p=ODDS))
    sun, sky, zenith, horizon, elevation, mist = WEATHER[weather]
    up = rng.uniform(*elevation)
    around = azimuth + rng.uniform(0.4, 1.9) * rng.choice([-1, 1])
    level = math.cos(up)
    direction = torch.tensor([level * math.cos(around), math.sin(up), level * math.sin(around)])
    tint = torch.from_numpy(rng.uniform(0.95, 1.05, 3).astype(np.float32))
    strength = rng.uniform(0.85, 1.15)
    return Light(
        weather, colour(*sun) * strength, colour(*sky) * tint, colour(*zenith) * tint,
        colour(*horizon) * tint, direction.float(), rng.uniform(*mist), rng.uniform(0.85, 1.25),
    )  # fmt: skip


class ShadowMap:
    """How deep in shade a point is, from the depths that the sun sees (Williams 1978).

    `distance`: function (M, 3) -> signed distance (M,); `centre` (3,), `radius`: a ball around
    the subject. The edge softens with the distance to what casts the shadow.
    """

    def __init__(self, distance, centre: Tensor, radius: float, direction: Tensor, *, size=112):
        self.direction, self.centre, self.radius = direction, centre, radius
        side = torch.linalg.cross(direction, torch.tensor([0.31, 0.17, 0.93]))
        self.right = unit(side)
        self.up = torch.linalg.cross(self.right, direction)
        self.depth = self._march(distance, size)

    def _march(self, distance, size: int) -> Tensor:
        """Depth below the top of the ball, (size, size); far where the sun meets nothing."""
        line = (torch.arange(size) + 0.5) / size * 2 - 1
        y, x = torch.meshgrid(line, line, indexing="ij")
        level = x.reshape(-1, 1) * self.right + y.reshape(-1, 1) * self.up + self.direction
        start = self.centre + level * self.radius
        depth = torch.zeros(size * size)
        alive = torch.arange(size * size)[(x**2 + y**2).flatten() < 1]
        hit = torch.zeros(size * size, dtype=torch.bool)
        for _ in range(28):
            d = distance(start[alive] - depth[alive, None] * self.direction)
            depth[alive] += d.clamp_min(0.004)
            hit[alive[d < 0.006]] = True
            alive = alive[(d >= 0.006) & (depth[alive] < 2 * self.radius)]
            if not len(alive):
                break
        return torch.where(hit, depth, torch.tensor(9.0)).reshape(size, size)

    def lit(self, points: Tensor, *, bias: float, spread: float = 0.03) -> Tensor:
        """Share of the sun that reaches (M, 3) points, in [0, 1]."""
        offset = points - self.centre
        x, y = offset @ self.right / self.radius, offset @ self.up / self.radius
        depth = self.radius - offset @ self.direction - bias
        total = torch.zeros(len(points))
        rings = [(0.0, 0.0)] + [
            (math.cos(k * 2.4) * r, math.sin(k * 2.4) * r)
            for k, r in enumerate((0.4, 0.55, 0.7, 0.85, 0.95, 1.0, 1.0, 0.75))
        ]
        for dx, dy in rings:
            grid = torch.stack([x + dx * spread, y + dy * spread], 1)[None, None]
            seen = F.grid_sample(
                self.depth[None, None], grid, padding_mode="border", align_corners=False,
                mode="nearest",
            )[0, 0, 0]  # fmt: skip
            total += smoothstep(0.02, -0.02, depth - seen)
        return total / len(rings)


def film(linear: Tensor, exposure: float) -> Tensor:
    """Linear light to a picture in [0, 1]: a filmic curve (Narkowicz 2015) and gamma 2.2."""
    x = linear.clamp_min(0) * (0.52 * exposure)
    curve = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return curve.clamp(0, 1) ** (1 / 2.2)


def shadow_on(level: Tensor, shadow: ShadowMap, *, bias: float, spread: float) -> Tensor:
    """Sunlight (M,) that reaches points (M, 3) of level ground past what casts the shadow."""
    away = level - shadow.centre
    miss = (away - (away @ shadow.direction)[:, None] * shadow.direction).norm(dim=1)
    near = (miss < shadow.radius).nonzero()[:, 0]
    lit = torch.ones(len(level))
    lit[near] = shadow.lit(level[near], bias=bias, spread=spread)
    return lit


def open_sky(
    level: Tensor,
    distance: Callable[[Tensor], Tensor],
    weights: dict[float, float],
    *,
    reach: float,
    side: int,
    most: float,
) -> Tensor:
    """Share (M,) of the sky that a body at `distance` leaves open above level ground.

    From a coarse grid, `side` points across, up to `reach` metres around the origin; `weights`
    say how much a body within a height (metres) takes away, `most` is the most it can take.
    """
    line = torch.linspace(-reach, reach, side)
    z, x = torch.meshgrid(line, line, indexing="ij")
    grid = torch.stack([x.flatten(), torch.zeros(side**2), z.flatten()], 1)
    closed = torch.zeros(side**2)
    for height, weight in weights.items():
        gap = distance(grid + torch.tensor([0, height, 0]))
        closed += weight * (1 - (gap / height).clamp(0, 1))
    where = (level[:, [0, 2]] / reach)[None, None]
    found = F.grid_sample(closed.reshape(1, 1, side, side), where, align_corners=True)
    return 1 - found[0, 0, 0].clamp(0, most)
