"""A school bus as a distance field, turned in any direction above level ground.

Metres; in the bus's own frame x forward, y up from the road, z to its right, 0 between the ends.
Colours are in `bus_paint`, the scene in `buses`.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.render.car_body import round_corner

HEAD, TAIL, WALL = 4.95, -5.15, 3.35  # x of the nose, of the rear and of the windscreen's foot
FLOOR, ROOF, HALF = 0.52, 3.12, 1.22
BONNET, NARROW = 1.72, 0.98  # height and half width of the bonnet
AXLES, TYRE = (3.75, -2.75), 0.52
BUMPER = 5.12
OUT = 0.45  # how far the mirrors stand out
MIDDLE = torch.tensor([0.0, 1.55, 0.0])  # what it is turned about
SAFE = 0.8  # the field is steeper than a distance by no more than 1 / SAFE


class BusPose(NamedTuple):
    """Degrees. yaw: 0 shows the front, 90 the side; pitch: nose up; roll: over the long axis."""

    yaw: float
    pitch: float
    roll: float


class Bus:
    """The distance field of a bus in a pose, its lowest point on the ground.

    low, high, centre, radius: a box and a ball around it, in the world; reach: metres around the
    origin in which it keeps light from the ground.
    """

    reach = 7.0

    def __init__(self, pose: BusPose):
        self.turn = rotation(pose)
        corners = (_corners() - MIDDLE) @ self.turn.T
        self.centre = torch.tensor([0.0, -float(corners[:, 1].min()), 0.0])
        self.corners = corners + self.centre
        self.low, self.high = self.corners.amin(0) - OUT, self.corners.amax(0) + OUT
        self.low[1] = 0.0
        self.radius = float(corners.norm(dim=1).max())

    def own(self, points: Tensor) -> Tensor:
        """Points (M, 3) of the world in the bus's own frame."""
        return (points - self.centre) @ self.turn + MIDDLE

    def distance(self, points: Tensor) -> Tensor:
        """A lower bound of the distance (M,) of points (M, 3) of the world, negative inside."""
        x, y, z = self.own(points).unbind(1)
        z = z.abs()
        parts = [_cabin(x, y, z), _bonnet(x, y, z), _wheels(x, y, z), _bumpers(x, y, z)]
        return reduce(torch.minimum, [*parts, _mirrors(x, y, z)]) * SAFE

    solid = distance  # as grounds ask for it


def rotation(pose: BusPose) -> Tensor:
    """The matrix (3, 3) from the bus's frame to the world: rolled, then pitched, then yawed."""
    (sy, cy), (sp, cp), (sr, cr) = ((math.sin(a), math.cos(a)) for a in map(math.radians, pose))
    yaw = torch.tensor([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = torch.tensor([[cp, -sp, 0], [sp, cp, 0], [0, 0, 1]])
    roll = torch.tensor([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return yaw @ pitch @ roll


def from_axle(x: Tensor, y: Tensor) -> Tensor:
    """Distance (M,) from the nearer axle, seen from the side."""
    along = torch.minimum((x - AXLES[0]).abs(), (x - AXLES[1]).abs())
    return torch.hypot(along, y - TYRE)


def screen_lean(y: Tensor) -> Tensor:
    """x (M,) of the front wall at this height: the windscreen leans back a little."""
    return WALL - 0.16 * (y - BONNET).clamp(0, 0.95)


def _cabin(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """A box with a round roof; the rear wheels' arches are cut out."""
    middle, high = (FLOOR + ROOF) / 2, (ROOF - FLOOR) / 2
    radius = torch.where(y > middle, 0.42, 0.06)
    crown = 0.07 * (z / HALF) ** 2
    up = (y - middle + crown * (y > middle)).abs()
    profile = _box((z, up), (HALF, high), radius)
    ends = torch.maximum(x - screen_lean(y), TAIL - x)
    hull = round_corner(profile, ends, 0.16)
    arch = torch.maximum(torch.hypot(x - AXLES[1], y - TYRE) - TYRE - 0.1, 0.75 - z)
    return torch.maximum(hull, -arch)


def _bonnet(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """The nose with its fenders."""
    top = BONNET - 0.05 * (x - WALL) - 0.10 * (z / NARROW) ** 2
    nose = round_corner(torch.maximum(y - top, 0.55 - y), z - NARROW + 0.04 * (x - WALL), 0.2)
    nose = round_corner(nose, x - HEAD + 0.10 * (z / NARROW) ** 2, 0.2)
    nose = torch.maximum(nose, WALL - 0.5 - x)
    around = torch.hypot(x - AXLES[0], y - TYRE)
    fender = torch.maximum(around - 0.74, (z - 0.95).abs() - 0.25)
    fender = torch.maximum(fender, 0.5 - y)
    return torch.maximum(torch.minimum(nose, fender), -torch.maximum(around - 0.62, 0.75 - z))


def _wheels(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    radius = from_axle(x, y)
    tyre = round_corner(radius - TYRE, (z - 1.0).abs() - 0.16, 0.06)
    return torch.maximum(tyre, -torch.maximum(radius - 0.62 * TYRE, 1.08 - z))


def _bumpers(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    ahead = x - BUMPER + 0.1 + 0.12 * (z / HALF) ** 2
    points = (ahead.abs(), (y - 0.66).abs(), z)
    front = _box(points, (0.1, 0.16, 1.2), 0.04)
    points = ((x - TAIL + 0.02).abs(), (y - 0.66).abs(), z)
    return torch.minimum(front, _box(points, (0.09, 0.15, 1.2), 0.03))


def _mirrors(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    glass = ((x - WALL - 0.25).abs(), (y - 2.05).abs(), (z - 1.52).abs())
    arm = ((x - WALL - 0.2).abs(), (y - 2.28).abs(), (z - 1.33).abs())
    return torch.minimum(_box(glass, (0.05, 0.24, 0.13), 0.04), _box(arm, (0.04, 0.04, 0.22), 0.02))


def _box(folded: tuple[Tensor, ...], half: tuple[float, ...], radius: float | Tensor) -> Tensor:
    """Distance (M,) from a box with round edges of points folded to one octant, by coordinate."""
    q = [x - (h - radius) for x, h in zip(folded, half, strict=True)]
    outside = sum(x.clamp_min(0).square() for x in q).sqrt()
    return outside + reduce(torch.maximum, q).clamp_max(0) - radius


def _corners() -> Tensor:
    """Points (N, 3) that the bus would stand or lie on, in its own frame; its mirrors break."""
    ends = ((ROOF - 0.1, 0.9), (2.7, HALF), (FLOOR, HALF))
    rows = [(x, y, z) for x in (WALL - 0.1, TAIL) for y, z in ends]
    rows += [(x, 0.0, 1.0) for x in AXLES] + [(-1.0, ROOF, 0.0), (TAIL - 0.1, 0.66, 1.2)]
    rows += [(x + s * TYRE, TYRE, 1.1) for x in AXLES for s in (-1, 1)]
    rows += [(BUMPER - 0.1, y, 1.15) for y in (0.52, 0.8)]
    rows += [(HEAD, y, 0.7) for y in (1.0, BONNET - 0.1)]
    return torch.tensor([(x, y, s * z) for x, y, z in rows for s in (-1, 1)], dtype=torch.float32)
