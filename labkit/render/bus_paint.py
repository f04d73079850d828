"""Colour and shine of every point on a school bus: yellow, black rails, glass, lamps, letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.render.bus_body import (
    AXLES,
    BONNET,
    BUMPER,
    FLOOR,
    HALF,
    HEAD,
    NARROW,
    ROOF,
    TAIL,
    TYRE,
    WALL,
    from_axle,
)
from labkit.render.car_paint import CHROME, GLASS, PLASTIC, RUBBER, VARNISH, Surface, band
from labkit.render.noise import colour, noise, smoothstep

YELLOW, BLACK = (0.80, 0.335, 0.006), (0.012,) * 3
RED, AMBER = (0.42, 0.012, 0.01), (0.62, 0.19, 0.0)
PITCH = 0.79  # metres from window to window
FIRST, LAST = TAIL + 0.42, 2.35  # x where the side windows begin and end
SILL, LINTEL = 1.78, 2.52
FONT = {  # five columns, seven rows, as on an old printer
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "B": "11110 10001 10001 11110 10001 10001 11110",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}


@dataclass
class Finish:
    """What varies from bus to bus."""

    yellow: tuple[float, float, float]
    dirt: float
    lit: bool  # the lamps over the windscreen


def draw_finish(rng: np.random.Generator) -> Finish:
    """Draw a bus: always yellow, more or less dusty."""
    yellow = np.array(YELLOW) * rng.uniform(0.88, 1.08) * rng.uniform(0.96, 1.04, 3)
    return Finish(tuple(yellow.tolist()), rng.beta(1, 4), bool(rng.random() < 0.4))


def paint(finish: Finish, points: Tensor, normal: Tensor, t: Tensor) -> Surface:
    """The bus's surface at points (M, 3), normals (M, 3), both in its own frame."""
    count = len(points)
    ones = torch.ones(count)
    surface = Surface(
        points, normal, t, colour(*finish.yellow).expand(count, 3).clone(), VARNISH * ones,
        0 * ones, ones.long(), ones.clone(), ones, ones,
    )  # fmt: skip
    for put in (_rails, _windows, _door, _front, _nose, _rear, _under, _wheels):
        put(surface, finish)
    _dust(surface, finish)
    return surface


def _flank(s: Surface) -> Tensor:
    """1 on the two long walls, 0 elsewhere (M,)."""
    long = band(s.points[:, 0], TAIL + 0.05, WALL - 0.02)
    return (
        long
        * smoothstep(0.95, 1.05, s.points[:, 2].abs())
        * smoothstep(0.5, 0.7, s.normal[:, 2].abs())
    )


def _rails(s: Surface, _) -> None:
    """Black rails along the walls, rivets' seams between the panels, and a stop sign."""
    x, y, z = s.points.unbind(1)
    flank = _flank(s)
    rails = sum(band(y, at - 0.045, at + 0.045) for at in (0.80, 1.22, 1.62)) * flank
    s.cover(rails, BLACK, PLASTIC)
    seam = band((x - FIRST) % (2 * PITCH), -0.01, 0.012) * flank * (y < SILL)
    s.cover(0.5 * seam, (0.25, 0.10, 0.003), PLASTIC)
    label = _words("SCHOOL BUS", x * z.sign() + 1.2, (y - 1.32) / 0.2, 0.2) * flank
    s.cover(label, BLACK, PLASTIC)
    across, up = (x - 1.95).abs(), (y - 1.42).abs()
    sign = torch.maximum(torch.maximum(across, up), (across + up) / 1.414)
    left = flank * (z < 0)
    s.cover(smoothstep(0.27, 0.25, sign) * left, (0.6,) * 3, PLASTIC)
    s.cover(smoothstep(0.24, 0.22, sign) * left, RED, PLASTIC)


def _windows(s: Surface, _) -> None:
    """A row of windows on each side, in two panes."""
    x, y = s.points[:, 0], s.points[:, 1]
    flank = _flank(s) * band(x, FIRST, LAST)
    place = (x - FIRST) % PITCH
    frame = band(y, SILL - 0.04, LINTEL + 0.04) * flank
    s.cover(frame, BLACK, PLASTIC)
    pane = band(place, 0.07, PITCH - 0.07) * band(y, SILL, LINTEL) * flank
    bar = band(y, 2.17, 2.21)
    _glaze(s, pane * (1 - bar))


def _glaze(s: Surface, share: Tensor) -> None:
    """Glass with the dim inside behind it: dark seats below, some light above."""
    x, y = s.points[:, 0], s.points[:, 1]
    seats = smoothstep(2.12, 2.02, y) * band(x % PITCH, 0.1, 0.5, 0.05)
    level = 0.012 + 0.035 * smoothstep(1.9, 2.5, y) * (1 - seats)
    level = level + 0.012 * noise(s.points * 3)[:, 0]
    s.cover(share, level[:, None] * colour(0.95, 1.0, 1.05), GLASS)


def _door(s: Surface, _) -> None:
    """The folding door on the right, the driver's window on the left."""
    x, y, z = s.points.unbind(1)
    flank = _flank(s)
    right, left = flank * (z > 0), flank * (z < 0)
    s.cover(band(x, 2.44, 3.22) * band(y, 0.62, 2.62) * right, BLACK, PLASTIC)
    leaf = band((x - 2.44) % 0.39, 0.05, 0.34) * band(x, 2.44, 3.22)
    panes = band(y, 0.78, 1.52) + band(y, 1.62, 2.54)
    _glaze(s, leaf * panes * right)
    _glaze(s, band(x, 2.5, 3.08) * band(y, SILL - 0.06, LINTEL) * left)


def _front(s: Surface, finish: Finish) -> None:
    """Windscreen, the board with the name over it, lamps at its ends."""
    x, y, z = s.points.unbind(1)
    ahead = smoothstep(0.5, 0.7, s.normal[:, 0]) * band(x, WALL - 0.5, WALL + 0.1)
    screen = band(y, BONNET + 0.12, 2.52) * band(z.abs(), -1, 1.08) * ahead
    s.cover(band(y, BONNET + 0.07, 2.57) * band(z.abs(), -1, 1.13) * ahead, BLACK, PLASTIC)
    _glaze(s, screen * (1 - band(z.abs(), -1, 0.03)))
    _cap(s, ahead, -z, finish.lit)


def _cap(s: Surface, where: Tensor, across: Tensor, lit: bool) -> None:
    """The name between four lamps under the roof; `across`: metres to the reader's right."""
    y = s.points[:, 1]
    word = _words("SCHOOL BUS", across + 0.55, (y - 2.70) / 0.2, 0.11)
    s.cover(word * where, BLACK, PLASTIC)
    for at, paint in ((0.72, AMBER), (0.97, RED)):
        lamp = torch.hypot(across.abs() - at, y - 2.80)
        s.cover(smoothstep(0.125, 0.115, lamp) * where, BLACK, PLASTIC)
        disc = smoothstep(0.095, 0.08, lamp) * where
        s.cover(disc, paint, GLASS)
        s.glow = s.glow + 0.5 * disc * lit * (at < 0.8)


def _nose(s: Surface, _) -> None:
    """Grille, head lamps and bumper; the bonnet's edges."""
    x, y, z = s.points.unbind(1)
    ahead = smoothstep(0.55, 0.75, s.normal[:, 0]) * (x > HEAD - 0.5)
    grille = band(y, 0.92, 1.46) * band(z.abs(), -1, 0.5) * ahead
    s.cover(grille, BLACK, PLASTIC)
    bars = smoothstep(0.2, 0.6, torch.sin(y * 70)) * grille
    s.cover(bars * 0.8, (0.18,) * 3, 0.25)
    lamp = torch.maximum((z.abs() - 0.71).abs() - 0.02, (y - 1.18).abs() - 0.03)
    s.cover(smoothstep(0.13, 0.12, lamp) * ahead, BLACK, PLASTIC)
    s.cover(smoothstep(0.10, 0.09, lamp) * ahead, (0.6, 0.6, 0.58), CHROME / 2)
    s.cover(smoothstep(BUMPER - 0.36, BUMPER - 0.30, x) * (y < 0.88), BLACK, PLASTIC)
    up = smoothstep(0.4, 0.7, s.normal[:, 1]) * (x > WALL) * (y < BONNET + 0.1)
    s.cover(0.6 * band(z.abs(), NARROW - 0.34, NARROW - 0.32) * up, BLACK, PLASTIC)


def _rear(s: Surface, finish: Finish) -> None:
    """The emergency door, rear windows, lamps, the name again, the bumper."""
    x, y, z = s.points.unbind(1)
    behind = smoothstep(0.5, 0.7, -s.normal[:, 0]) * (x < TAIL + 0.3)
    edge = band((z.abs() - 0.44).abs(), -1, 0.012) * band(y, 0.8, 2.6)
    s.cover(edge * behind, BLACK, PLASTIC)
    for low, high in ((0.98, 1.5), (1.72, 2.48)):
        s.cover(band(y, low - 0.04, high + 0.04) * band(z.abs(), -1, 0.37) * behind, BLACK, PLASTIC)
        _glaze(s, band(y, low, high) * band(z.abs(), -1, 0.33) * behind)
    _glaze(s, band(y, 1.78, 2.46) * band(z.abs(), 0.55, 1.05) * behind)
    for at, paint in ((1.42, RED), (1.16, AMBER)):
        lamp = torch.hypot(z.abs() - 0.86, y - at)
        s.cover(smoothstep(0.11, 0.10, lamp) * behind, paint, GLASS)
    _cap(s, behind, z, finish.lit)
    s.cover(smoothstep(TAIL - 0.02, TAIL - 0.05, x) * (y < 0.9), BLACK, PLASTIC)


def _under(s: Surface, _) -> None:
    """Black below, with two frame rails, tanks and an axle that catch some light."""
    x, y, z = s.points.unbind(1)
    below = smoothstep(-0.5, -0.7, s.normal[:, 1]) * (y < 0.7)
    s.cover(below, (0.035,) * 3, RUBBER)
    tank = band(x, -1.6, -0.6) * (z.abs() > 0.7)
    ribs = band(z.abs(), 0.38, 0.50) + 0.6 * band(x % 0.9, 0.0, 0.09) + tank
    s.cover(below * ribs.clamp(0, 1), (0.18, 0.17, 0.15), PLASTIC)
    hole = (from_axle(x, y) < TYRE + 0.14) & (z.abs() < HALF - 0.12) & (y < 1.3)
    s.cover(hole.float() * (s.normal[:, 2].abs() < 0.5), (0.008,) * 3, 0.0)
    s.cover(smoothstep(FLOOR + 0.08, FLOOR + 0.05, y), BLACK, PLASTIC)


def _wheels(s: Surface, _) -> None:
    """Tyres, grey rims with a ring of holes, mirrors' black backs."""
    x, y, z = s.points.unbind(1)
    radius = from_axle(x, y) / TYRE
    wheel = ((radius < 1.03) & (z.abs() < 1.2) & (z.abs() > 0.82)).float()
    s.cover(wheel, (0.016,) * 3, RUBBER)
    s.cover(wheel * smoothstep(0.63, 0.60, radius), (0.30, 0.29, 0.27), 0.06)
    axle = torch.where(x > 0, AXLES[0], AXLES[1])
    turn = torch.atan2(y - TYRE, x - axle)
    holes = smoothstep(0.3, 0.6, torch.cos(8 * turn)) * band(radius, 0.36, 0.50, 0.02)
    s.cover(wheel * (holes + band(radius, -1, 0.16, 0.02)).clamp(0, 1), BLACK, PLASTIC)
    s.cover((z.abs() > HALF + 0.03).float() * (y > 1.6), BLACK, PLASTIC)


def _dust(s: Surface, finish: Finish) -> None:
    y = s.points[:, 1]
    dust = finish.dirt * smoothstep(1.5, 0.5, y) * (0.4 + 0.8 * noise(s.points * 3)[:, 1])
    s.cover((0.5 * dust).clamp(0, 0.5), (0.15, 0.13, 0.11), RUBBER)
    fade = 0.93 + 0.14 * noise(s.points * 0.9)[:, 2]
    roof = smoothstep(ROOF - 0.12, ROOF - 0.05, y)
    s.albedo = s.albedo * (fade * (1 + 0.1 * roof))[:, None]


def _words(text: str, along: Tensor, up: Tensor, wide: float) -> Tensor:
    """Ink (M,) of a line of letters, 0 to 1: each `wide` metres wide, from `along` 0; up 0 to 1."""
    rows = [FONT[letter].split() for letter in text]
    ink = torch.tensor([[[float(c) for c in row] + [0.0] for row in letter] for letter in rows])
    ink = ink.permute(1, 0, 2).flatten(1)  # 7 rows, six columns a letter
    column, row = (along / wide * 6).floor().long(), ((1 - up) * 7).floor().long()
    inside = (column >= 0) & (column < ink.shape[1]) & (row >= 0) & (row < 7)
    return ink[row.clamp(0, 6), column.clamp(0, ink.shape[1] - 1)] * inside
