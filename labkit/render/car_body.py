"""A car's body as a distance field: roof line and plan from tables, wheels, arches, mirrors.

Metres; x forward with 0 between the axles, y up from the road, z to the side, mirrored. Colours
are in `car_paint`, pixels in `car_layer`. The two makes have the same body.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from labkit.render.car_traits import Shape

REACH, CELLS = 3.0, 600  # the tables run from -REACH to REACH metres
SAFE = 0.72  # the field is steeper than a distance by no more than 1 / SAFE
BODY, TYRE, RIM, MIRROR, ARCH = range(5)


class Car:
    """The distance field of a car.

    front, rear: x of the axles; head, tail: x of the ends; `top` and `plan`: height of the roof
    line and half width at x; `reach`: metres around in which it keeps light from the road.
    """

    reach = 3.2

    def __init__(self, shape: Shape):
        self.shape = shape
        self.front, self.rear = shape.base / 2, -shape.base / 2
        self.head, self.tail = self.front + shape.ahead, self.rear - shape.behind
        self._tables = torch.stack([_roof_line(shape, self), _plan(shape, self)], 1)
        self.centre = torch.tensor([(self.head + self.tail) / 2, shape.roof / 2, 0.0])
        self.radius = math.hypot((self.head - self.tail) / 2, shape.roof / 2, shape.half)
        self.low = torch.tensor([self.tail - 0.05, 0.0, -shape.half - 0.2])
        self.high = torch.tensor([self.head + 0.05, shape.roof + 0.03, shape.half + 0.2])

    def lines(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Roof line and half width (M,) at x (M,)."""
        place = ((x + REACH) * (CELLS / 2 / REACH)).clamp(0, CELLS - 0.01)
        left = place.long()
        low, high = self._tables[left], self._tables[left + 1]
        return torch.lerp(low, high, (place - left)[:, None]).unbind(1)

    def distance(self, points: Tensor) -> Tensor:
        """A lower bound of the distance (M,) of points (M, 3), negative inside."""
        return torch.stack(self._parts(points)).amin(0) * SAFE

    def part(self, points: Tensor) -> Tensor:
        """Which part (M,) is nearest: BODY, TYRE, RIM, MIRROR or ARCH."""
        body, wheel, mirror = self._parts(points)
        x, y, z = points[:, 0], points[:, 1], points[:, 2].abs()
        radius = self.from_axle(x, y)
        part = torch.where(wheel < body, TYRE, BODY)
        part[(part == TYRE) & (radius < 0.72 * self.shape.tyre)] = RIM
        part[mirror < torch.minimum(body, wheel)] = MIRROR
        inside = (radius < self.shape.tyre + 0.058) & (z < self.lines(x)[1] - 0.06)
        part[(part == BODY) & inside & (y < 2.3 * self.shape.tyre)] = ARCH
        return part

    def from_axle(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance (M,) from the nearer axle."""
        along = torch.minimum((x - self.front).abs(), (x - self.rear).abs())
        return (along**2 + (y - self.shape.tyre) ** 2).sqrt()

    def _parts(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, y, z = points[:, 0], points[:, 1], points[:, 2].abs()
        radius = self.from_axle(x, y)
        return self._hull(x, y, z, radius), self._wheel(z, radius), self._mirror(x, y, z)

    def _hull(self, x: Tensor, y: Tensor, z: Tensor, radius: Tensor) -> Tensor:
        shape = self.shape
        top, plan = self.lines(x)
        above, below = (y - shape.belt).clamp_min(0), (0.52 - y).clamp_min(0)
        flare = 0.022 * ((shape.tyre + 0.16 - radius) / 0.1).clamp(0, 1)
        waist = 0.018 * ((y - 0.62) / 0.12).clamp(-1, 1)
        side = z - (plan - shape.lean * above - 0.75 * below**2 + flare + waist)
        crown = 0.055 * (z / shape.half) ** 2
        hull = round_corner(side * 0.92, (y - top + crown) * 0.85, 0.13)
        hull = round_corner(hull, shape.floor - y, 0.05)
        hull = round_corner(hull, self._ends(x, y, z), 0.09)
        arch = torch.maximum(radius - shape.tyre - 0.055, 0.55 - z)
        return torch.maximum(hull, -arch)

    def _ends(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Beyond the bumpers: round in plan, raked above and below."""
        across = (z / self.shape.half) ** 2
        above, below = (y - 0.50).clamp_min(0), (0.42 - y).clamp_min(0)
        ahead = self.head - 0.20 * across**1.3 - 0.75 * above**2 - 0.9 * below**2
        behind = self.tail + 0.16 * across**2 + 0.25 * above**2 + 0.9 * below**2
        return torch.maximum(x - ahead, behind - x)

    def _wheel(self, z: Tensor, radius: Tensor) -> Tensor:
        middle = self.shape.half - 0.115
        tyre = round_corner(radius - self.shape.tyre, (z - middle).abs() - 0.105, 0.05)
        dish = torch.maximum(radius - 0.70 * self.shape.tyre, middle + 0.075 - z)
        return torch.maximum(tyre, -dish)

    def _mirror(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        shape = self.shape
        dx = (x - (self.front + shape.cowl_x - 0.22)) / 0.085
        dy, dz = (y - shape.belt - 0.075) / 0.075, (z - shape.half - 0.075) / 0.115
        ball = (dx**2 + dy**2 + dz**2).sqrt()
        return (ball - 1) * 0.08


def round_corner(first: Tensor, second: Tensor, radius: float) -> Tensor:
    """The larger of two distances, with a round edge (polynomial smooth maximum, Quilez)."""
    near = (radius - (first - second).abs()).clamp_min(0) / radius
    return torch.maximum(first, second) + near * near * (radius / 4)


def _table(knots, blur: int) -> Tensor:
    """Values at the cells (CELLS + 1,) of a smoothed line through (x, value) knots."""
    x, values = zip(*sorted(knots), strict=True)
    cells = np.linspace(-REACH, REACH, CELLS + 1)
    line = np.interp(cells, x, values)
    kernel = np.exp(-0.5 * (np.arange(-3 * blur, 3 * blur + 1) / blur) ** 2)
    padded = np.pad(line, 3 * blur, "edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), "valid")
    return torch.from_numpy(smooth.astype(np.float32))


def _roof_line(shape: Shape, car: Car) -> Tensor:
    at = car.front
    bonnet = 0.5 * (shape.nose + shape.cowl) + 0.03
    knots = [
        (car.head + 0.3, shape.nose - 0.15), (car.head - 0.05, shape.nose),
        (at + 0.25, bonnet), (at + shape.cowl_x, shape.cowl),
        (at + shape.roof_x, shape.roof - 0.05), (at + shape.roof_x - 0.55, shape.roof),
        (at + shape.rear_x, shape.roof - 0.06), (at + shape.deck_x, shape.deck),
        (car.tail + 0.05, shape.deck - 0.03), (car.tail - 0.3, shape.deck - 0.1),
    ]  # fmt: skip
    return _table(knots, 7)


def _plan(shape: Shape, car: Car) -> Tensor:
    half = shape.half
    knots = [
        (car.head + 0.1, half - 0.22), (car.head - 0.25, half - 0.07), (car.front, half - 0.005),
        (0.0, half), (car.rear, half - 0.01), (car.tail + 0.2, half - 0.08),
        (car.tail - 0.1, half - 0.2),
    ]  # fmt: skip
    return _table(knots, 10)
