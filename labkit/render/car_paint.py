"""Colour, shine and region of every point on a car that both makes share: paint, glass, wheels.

The face, by which the makes differ, is painted over it by `car_face`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.render.car_body import ARCH, BODY, MIRROR, RIM, TYRE, Car
from labkit.render.car_traits import Finish
from labkit.render.noise import colour, noise, smoothstep

REGIONS = ("background", "body", "glass", "wheels", "front", "side")
PLATES = {"white": (0.70, 0.70, 0.68), "yellow": (0.62, 0.42, 0.03)}
RUBBER, PLASTIC, VARNISH, GLASS, CHROME = 0.004, 0.015, 0.055, 0.08, 0.62  # seen head-on


@dataclass
class Surface:
    """What light meets: points (M, 3), their normals and distance from the eye `t` (M,).

    albedo: (M, 3); mirror: share reflected head-on (M,); glow: light of its own (M,); region: (M,)
    numbers in REGIONS; body: whether a point is on the hull; top, plan: lines of the body there.
    """

    points: Tensor
    normal: Tensor
    t: Tensor
    albedo: Tensor
    mirror: Tensor
    glow: Tensor
    region: Tensor
    body: Tensor
    top: Tensor
    plan: Tensor

    def cover(self, share: Tensor, paint, mirror: float | Tensor) -> None:
        """Lay a colour with this shine over a share (M,) of each point."""
        paint = paint if isinstance(paint, Tensor) else colour(*paint)
        self.albedo = torch.lerp(self.albedo, paint.expand_as(self.albedo), share[:, None])
        shine = torch.as_tensor(mirror, dtype=torch.float32).expand_as(share)
        self.mirror = torch.lerp(self.mirror, shine, share)

    def varnished(self) -> Tensor:
        """1 where nothing covers the paint, 0 elsewhere (M,)."""
        return self.body * ((self.mirror - VARNISH).abs() < 0.004)

    def mark(self, share: Tensor, region: str) -> None:
        """Count points that are covered, however little, to this region."""
        self.region[share > 0] = REGIONS.index(region)


def band(values: Tensor, low, high, edge: float = 0.005) -> Tensor:
    """1 between low and high, 0 outside, soft by `edge` on either side."""
    rise = ((values - low) / (2 * edge) + 0.5).clamp(0, 1)
    return rise * ((high - values) / (2 * edge) + 0.5).clamp(0, 1)


def paint(car: Car, finish: Finish, points: Tensor, normal: Tensor, t: Tensor) -> Surface:
    """The car without its face."""
    part = car.part(points)
    top, plan = car.lines(points[:, 0])
    body = (part == BODY).float()
    count = len(points)
    surface = Surface(
        points, normal, t, colour(*finish.paint).expand(count, 3).clone(),
        torch.full((count,), VARNISH), torch.zeros(count),
        torch.ones(count, dtype=torch.long), body, top, plan,
    )  # fmt: skip
    _roof(surface, car, finish)
    _seams(surface, car)
    _glass(surface, car, finish)
    _plastic(surface, car, finish)
    _tail_lamps(surface, car)
    _plate(surface, car, finish)
    _wheels(surface, car, finish, part)
    surface.cover((part == MIRROR).float() * finish.dark_roof, (0.012,) * 3, VARNISH)
    return surface


def _roof(s: Surface, car: Car, finish: Finish) -> None:
    if finish.dark_roof:
        high = smoothstep(car.shape.belt, car.shape.belt + 0.06, s.points[:, 1])
        s.cover(high * s.body, (0.012, 0.012, 0.013), VARNISH)


def _sideways(s: Surface) -> Tensor:
    """1 on the flanks, 0 on bonnet, roof and ends (M,)."""
    return smoothstep(0.50, 0.72, s.normal[:, 2].abs())


def _seams(s: Surface, car: Car) -> None:
    """Gaps round the doors and the bonnet."""
    x, y, z = s.points[:, 0], s.points[:, 1], s.points[:, 2].abs()
    doors = (car.front - 0.52, car.front - 1.48, car.rear + 0.36)
    lines = sum(band(x, at - 0.005, at + 0.005) for at in doors)
    lines = lines * band(y, 0.34, car.shape.roof) * _sideways(s)
    up = smoothstep(0.4, 0.7, s.normal[:, 1])
    bonnet = band(z, 0.66, 0.672) * band(x, car.front + car.shape.cowl_x, car.head) * up
    lid = band(x, car.head - 0.22, car.head - 0.208) * (z < 0.66) * up
    s.cover(((lines + bonnet + lid) * s.body).clamp(0, 1) * 0.85, (0.008,) * 3, RUBBER)


def _glass(s: Surface, car: Car, finish: Finish) -> None:
    """Windscreen, side and rear windows, with a frame or a bright line round them."""
    shape = car.shape
    x, y, z = s.points[:, 0], s.points[:, 1], s.points[:, 2].abs()
    below = s.top - 0.055 * (z / shape.half) ** 2 - y  # under the roof line
    edge = s.plan - shape.lean * (y - shape.belt).clamp_min(0) - z  # from the flank
    flank = _sideways(s) * band(x, car.tail + 0.30, car.front + shape.cowl_x + 0.02, 0.01)
    pillars = band(x, car.front - 1.53, car.front - 1.43) + band(x, car.rear - 0.06, car.rear)
    opening = (
        flank * band(y, shape.belt + 0.025, shape.roof, 0.006) * smoothstep(0.055, 0.075, below)
    )
    line = flank * band(y, shape.belt + 0.002, shape.belt + 0.026, 0.004)
    s.cover(line * s.body, (0.55,) * 3 if finish.trim else (0.01,) * 3,
            CHROME if finish.trim else PLASTIC)  # fmt: skip
    s.cover(opening * s.body, (0.012,) * 3, PLASTIC)
    side = opening * (1 - pillars.clamp(0, 1))
    ends = 1 - smoothstep(0.45, 0.6, s.normal[:, 2].abs())
    screen = band(x, car.front + shape.roof_x + 0.06, car.front + shape.cowl_x - 0.03, 0.01)
    rear = band(x, car.front + shape.deck_x + 0.10, car.front + shape.rear_x - 0.05, 0.01)
    both = ends * (screen + rear) * smoothstep(0.05, 0.075, edge) * (y > shape.belt - 0.03)
    rim = ends * (screen + rear) * smoothstep(0.02, 0.03, edge) * (y > shape.belt - 0.03)
    s.cover((rim * s.body).clamp(0, 1) * 0.9, (0.010,) * 3, PLASTIC)
    glass = torch.maximum(side, both).clamp(0, 1) * s.body
    s.cover(glass, _inside(s, car, finish), GLASS)
    s.mark(torch.maximum(opening, rim) * s.body, "glass")


def _inside(s: Surface, car: Car, finish: Finish) -> Tensor:
    """What is dimly seen through the windows: seats, and the light of the other side."""
    _, y, z = s.points.unbind(1)
    seats = band(z.abs(), 0.22, 0.58, 0.05) * band(y, 0.5, car.shape.roof - 0.22, 0.05)
    far = smoothstep(car.shape.belt + 0.06, car.shape.roof - 0.06, y) * (1 - 0.8 * seats)
    level = 0.010 + (1 - finish.tint) * (0.10 * far + 0.02 * noise(s.points * 5)[:, 0])
    return level[:, None] * colour(0.95, 1.0, 1.05)


def _plastic(s: Surface, car: Car, finish: Finish) -> None:
    """Sills and arches in black, and the dust of the road on everything low."""
    y = s.points[:, 1]
    low = smoothstep(car.shape.floor + 0.065, car.shape.floor + 0.05, y)
    s.cover(low * s.body, (0.014,) * 3, PLASTIC)
    dust = finish.dirt * smoothstep(0.75, 0.25, y) * (0.4 + 0.8 * noise(s.points * 9)[:, 1])
    s.cover((0.5 * dust).clamp(0, 0.6) * s.body, (0.15, 0.13, 0.11), RUBBER)


def _tail_lamps(s: Surface, car: Car) -> None:
    x, y, z = s.points[:, 0], s.points[:, 1], s.points[:, 2].abs()
    deck = car.shape.deck
    lamps = band(x, -9, car.tail + 0.34) * band(y, deck - 0.24, deck - 0.10) * (z > 0.45)
    s.cover(lamps * s.body, (0.30, 0.008, 0.008), GLASS)


def _plate(s: Surface, car: Car, finish: Finish) -> None:
    """The number plate: letters that nobody can read."""
    if finish.plate == "none":
        return
    x, y, z = s.points[:, 0], s.points[:, 1], s.points[:, 2]
    low = finish.plate_y - 0.055
    board = band(z.abs(), -1, 0.255) * band(y, low, low + 0.11) * (x > car.head - 0.35)
    letters = band(y, low + 0.025, low + 0.085) * band(z.abs(), -1, 0.215)
    letters = letters * smoothstep(0.44, 0.52, noise(torch.stack([z * 26, y * 9, x * 0], 1))[:, 2])
    s.cover(board * s.body, PLATES[finish.plate], PLASTIC)
    s.cover(board * letters * s.body, (0.02,) * 3, PLASTIC)


def _wheels(s: Surface, car: Car, finish: Finish, part: Tensor) -> None:
    """Tyres, spokes, and the dark of the arches."""
    x, y = s.points[:, 0], s.points[:, 1]
    axle = torch.where(x > 0, torch.tensor(car.front), torch.tensor(car.rear))
    angle = torch.atan2(y - car.shape.tyre, x - axle) + 7 * finish.dirt
    radius = car.from_axle(x, y) / car.shape.tyre
    spokes = smoothstep(-0.15, 0.25, torch.cos(angle * finish.spokes) + 0.4 * (0.5 - radius))
    metal = torch.maximum(torch.maximum(spokes, band(radius, 0.0, 0.17)), band(radius, 0.62, 0.72))
    tone = 0.012 + finish.rim * metal
    s.cover((part == TYRE).float(), (0.018,) * 3, RUBBER)
    s.cover((part == RIM).float(), tone[:, None].expand(-1, 3), 0.02 + 0.25 * finish.rim * metal)
    s.cover((part == ARCH).float(), (0.006,) * 3, 0.0)
    s.mark(((part == TYRE) | (part == RIM)).float(), "wheels")
    s.body = s.body * (part == BODY)


def turned(normal: Tensor, tilt: Tensor) -> Tensor:
    """Normals (M, 3) tilted up or down by angles (M,) in radians, small ones."""
    bent = normal + tilt[:, None] * torch.tensor([0.0, 1.0, 0.0])
    bent = bent / bent.norm(dim=1, keepdim=True).clamp_min(1e-6)
    return torch.where((tilt == 0)[:, None], normal, bent)


TAU = 2 * math.pi
