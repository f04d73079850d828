"""What stands on the ground: blades of grass, dry tufts, undergrowth.

Blades stand on cards across the view, painted far to near. Which blade a pixel shows is worked
out per pixel from hashes of cell numbers; no blade is stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.render.camera import Camera
from labkit.render.ground import Site
from labkit.render.light import Light
from labkit.render.noise import colour, fbm, mix, one_per_cell, per_cell, plane, smoothstep

CARDS = 72
NEAREST, FARTHEST = 0.37, 4.5  # times the distance of the subject
STEP = (FARTHEST / NEAREST) ** (1 / CARDS)


@dataclass
class Growth:
    """Blades of one kind of ground. tall, wide, spacing: metres; share: how many cells bear one;
    clumped: whether they stand in clumps; colours: between which they vary."""

    tall: float
    wide: float
    spacing: float
    share: float
    clumped: bool
    colours: tuple


GROWTH = {
    "grass": Growth(0.12, 0.0075, 0.016, 1.0, False,
                    ((0.085, 0.15, 0.030), (0.17, 0.23, 0.06), (0.36, 0.30, 0.13))),
    "forest": Growth(0.16, 0.007, 0.03, 0.35, True,
                     ((0.06, 0.11, 0.025), (0.10, 0.15, 0.04), (0.22, 0.15, 0.07))),
    "snow": Growth(0.17, 0.0045, 0.022, 0.3, True,
                   ((0.30, 0.24, 0.13), (0.24, 0.18, 0.10), (0.36, 0.30, 0.18))),
    "sand": Growth(0.20, 0.0045, 0.022, 0.3, True,
                   ((0.25, 0.25, 0.10), (0.17, 0.20, 0.08), (0.38, 0.32, 0.17))),
}  # fmt: skip


def draw_blades(picture: Tensor, site: Site, camera: Camera, light: Light, reached: Tensor,
                distance: float) -> Tensor:  # fmt: skip
    """Paint blades over a linear picture (H, W, 3) whose subject stands at `distance`."""
    growth = GROWTH[site.kind]
    picture = picture.clone()
    level = torch.stack([camera.forward[0], torch.tensor(0.0), camera.forward[2]])
    level = level / level.norm()
    for i in range(CARDS):
        away = distance * FARTHEST / STEP ** (i + 0.5)
        _card(picture, growth, site, camera, light, reached, level, away, i)
    return picture


@dataclass
class Strip:
    """The pixels that a card may be seen in. lateral: (W,) metres across; height: (R, 1) metres
    above its foot; fertile: (W,) how well plants do there, in [0, 1]; pixel: its width in metres;
    gap: metres up to the foot of the card behind; tall: height of the plants."""

    lateral: Tensor
    height: Tensor
    fertile: Tensor
    pixel: float
    gap: float
    tall: float


def _card(picture, growth, site, camera, light, reached, level, away, number) -> None:
    """Paint one row of blades, `away` metres in front of the camera, into the picture."""
    size = camera.size
    foot = camera.eye + level * away
    foot[1] = 0
    _, base, depth = camera.project(foot[None])
    metre = size * camera.focal / 2 / float(depth[0])  # pixels a metre
    base, tall = float(base[0]), growth.tall * (0.6 + 0.8 * site.dapple)
    top, bottom = math.floor(base - 1.3 * tall * metre), math.ceil(base) + 1
    top, bottom = max(0, top), min(size, bottom)
    if top >= bottom:
        return
    lateral = camera.plane(size)[0][0] * float(depth[0])
    height = (base - torch.arange(top, bottom) - 0.5)[:, None] / metre
    at = min(max(int(base), 0), size - 1)
    beyond = camera.eye + level * away * STEP
    beyond[1] = 0
    gap = (base - float(camera.project(beyond[None])[1])) / metre
    fertile = _fertile(lateral, away, site)
    strip = Strip(lateral, height, fertile, camera.pixel * float(depth[0]), gap, tall)
    shine = light.sun * 0.55 * reached[at][:, None] + light.sky * 0.75
    haze = light.fog(torch.tensor(away)) * 0.95
    band = picture[top:bottom]
    for layer in range(2):
        where, cover, paint = _blades(growth, site, strip, number * 2 + layer)
        lit = mix(paint * shine[where[1]], light.horizon * 0.9, haze)
        band[where] = mix(band[where], lit, cover)


def _blades(growth: Growth, site: Site, strip: Strip, salt: int):
    """Pixels (rows, columns) with leaning, tapering blades, coverage (N,), colour (N, 3)."""
    columns = torch.arange(len(strip.lateral))
    share = torch.full_like(strip.lateral, growth.share)
    if growth.clumped:
        old = 0.16 * site.age
        share = growth.share * smoothstep(0.52 + old, 0.60 + old, strip.fertile)
        columns = share.nonzero()[:, 0]
    lateral, fertile, pixel = strip.lateral[columns], strip.fertile[columns], strip.pixel
    lean = 0.35 * math.cos(site.wind)
    bent = lateral[None] - lean * strip.height**2 / strip.tall
    cell = torch.floor(bent / growth.spacing)
    some = per_cell(cell, torch.zeros_like(cell), salt + int(site.offset * 1000))
    height = strip.height - strip.gap * one_per_cell(cell, cell, salt, 0)  # not all in one row
    own = strip.tall * (0.35 + 0.75 * some[..., 0]) * (0.75 + 0.5 * fertile)
    up = (height / own).clamp_min(0)
    centre = (cell + 0.5 + 0.5 * (some[..., 1] - 0.5)) * growth.spacing
    swing = (some[..., 2] - 0.5) * growth.spacing * 2.2 * up**2
    half = growth.wide * (1 - up).clamp_min(0) * 0.5
    off = (bent - centre - swing).abs()
    soft = 0.6 * pixel
    cover = smoothstep(soft, -soft, off - half) * (half / (half + 0.15 * pixel))
    cover = cover * (up < 1) * (some[..., 3] < share[columns]) * (height > -pixel)
    seen = cover.nonzero(as_tuple=True)
    paint = _paint(growth, site, some[seen], fertile[seen[1]])
    own_tone = 0.65 + 0.7 * one_per_cell(cell[seen], cell[seen], salt + 7, 1)
    paint = paint * (own_tone * (0.35 + 0.85 * up[seen].clamp(0, 1)))[:, None]
    return (seen[0], columns[seen[1]]), cover[seen], paint


def _paint(growth: Growth, site: Site, some: Tensor, fertile: Tensor) -> Tensor:
    """Colour (N, 3) of blades with these random numbers (N, 4)."""
    first, second, dry = (colour(*c) for c in growth.colours)
    deep = 0.55 * some[:, 1] + 1.1 * (fertile - 0.25)
    paint = mix(first, second, deep.clamp(0, 1)) * (0.7 + 0.5 * site.bright)
    withered = smoothstep(1.0 - 0.5 * site.age, 1.05 - 0.4 * site.age, some[:, 2])
    return mix(paint, dry, withered * 0.8)


def _fertile(lateral: Tensor, away: float, site: Site) -> Tensor:
    """Where plants do well: a smooth field (W,) in [0, 1] along a card."""
    place = plane(lateral * 0.8 + site.offset, torch.full_like(lateral, away * 0.8), 2.0)
    return fbm(place, 3, 0)
