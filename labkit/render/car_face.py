"""The face of a car: grille or smooth nose, lamps, badge, air intake, line and handles of the side.

Everything that tells the make is painted here and nowhere else, so the pixels that tell it are
known exactly: where the car's own face or the one of the other make puts anything.
"""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.render.car_body import Car
from labkit.render.car_paint import (
    CHROME,
    GLASS,
    PLASTIC,
    RUBBER,
    TAU,
    Surface,
    band,
    turned,
)
from labkit.render.car_traits import CarTraits, Face
from labkit.render.noise import smoothstep

SILVER = (0.60, 0.60, 0.61)


def put_face(surface: Surface, car: Car, traits: CarTraits) -> None:
    """Paint the face, and count its places and those of the other make's to front and side."""
    front, side = _places(surface, car)
    plated = _plated(surface, traits)
    faces = traits.face, traits.other
    surface.mark(sum(_side_outline(face, surface, car) for face in faces) * side, "side")
    surface.mark(sum(_outline(face, surface) for face in faces) * front, "front")
    front = front * (1 - plated)
    face = traits.face
    _intake(face, surface, front)
    _lamps(face, surface, front, traits.finish.lights_on)
    if face.grille:
        _grille(face, surface, front)
    _badge(face, surface, front)
    _sides(face, surface, car, side)


def _places(s: Surface, car: Car) -> tuple[Tensor, Tensor]:
    """Where the front and the flanks of the hull are, (M,) each."""
    x, y = s.points[:, 0], s.points[:, 1]
    ahead = smoothstep(car.front + 0.36, car.front + 0.42, x) * s.body
    clear = smoothstep(car.shape.tyre + 0.06, car.shape.tyre + 0.08, car.from_axle(x, y))
    front = ahead * clear * smoothstep(0.93, 0.85, s.normal[:, 1])
    return front, smoothstep(0.6, 0.75, s.normal[:, 2].abs()) * s.body * (1 - ahead)


def _plated(s: Surface, traits: CarTraits) -> Tensor:
    """Where the number plate hides the face."""
    if traits.finish.plate == "none":
        return torch.zeros(len(s.points))
    y, z = s.points[:, 1], s.points[:, 2].abs()
    return band(z, -1, 0.255) * band(
        y, traits.finish.plate_y - 0.055, traits.finish.plate_y + 0.055
    )


def _outline(face: Face, s: Surface) -> Tensor:
    """All that a face covers on the front: (M,) in [0, 1]."""
    shares = [_intake_share(face, s), _lamp_share(face, s)[0], _badge_disc(face, s)]
    if face.grille:
        shares.append(_grille_share(face, s, 0.03))
    return torch.stack(shares).amax(0)


def _intake_share(face: Face, s: Surface) -> Tensor:
    low, high, wide = face.intake
    y, z = s.points[:, 1], s.points[:, 2].abs()
    narrow = wide - 0.5 * (y - low).clamp_min(0)
    return band(y, low, high) * band(z, -1, narrow, 0.01)


def _intake(face: Face, s: Surface, front: Tensor) -> None:
    s.cover(_intake_share(face, s) * front, (0.008,) * 3, RUBBER)


def _lamp_share(face: Face, s: Surface) -> tuple[Tensor, Tensor, Tensor]:
    """Cover of the lamps, and where across (0 inside, 1 outside) and up (-1 to 1) in them."""
    inner, middle, tall, slope = face.lamp
    y, z = s.points[:, 1], s.points[:, 2].abs()
    across = (z - inner) / (0.86 - inner)
    wedge = 0.35 + 0.65 * across.clamp(0, 1) if not face.grille else 1.0
    up = (y - middle - slope * (z - inner)) / (0.5 * tall * wedge)
    return band(up, -1, 1, 0.06) * band(z, inner, 2), across, up


def _lamps(face: Face, s: Surface, front: Tensor, on: bool) -> None:
    """A dark housing with reflectors, a line of light if it has one, under clear glass."""
    cover, across, up = _lamp_share(face, s)
    cover = cover * front
    s.cover(cover, (0.035, 0.037, 0.04), GLASS + 0.05)
    eyes = sum(
        smoothstep(1.0, 0.7, ((across - at) / 0.15) ** 2 + (up / 0.75) ** 2) for at in (0.3, 0.68)
    )
    line = band(up, -0.95, -0.5, 0.1) if face.grille else band(up, 0.45, 0.95, 0.1)
    line = line * face.strip
    bright = (eyes * 0.8 + line).clamp(0, 1) * cover
    s.cover(bright * 0.9, (0.62, 0.63, 0.65), 0.25)
    s.glow = s.glow + bright * (2.2 if on else 0.10)


def _grille_share(face: Face, s: Surface, grow: float = 0.0) -> Tensor:
    low, high, above, below = face.grille
    y, z = s.points[:, 1], s.points[:, 2].abs()
    wide = below + (above - below) * ((y - low) / (high - low)).clamp(0, 1)
    return band(y, low - grow, high + grow) * band(z, -1, wide + grow, 0.008)


def _grille(face: Face, s: Surface, front: Tensor) -> None:
    """A frame, the dark behind it, and bars across."""
    low, high = face.grille[:2]
    tone = 0.02 + 0.55 * face.chrome
    shine = PLASTIC + (CHROME - PLASTIC) * face.chrome
    s.cover(_grille_share(face, s, 0.018) * front, (tone,) * 3, shine)
    inside = _grille_share(face, s) * front
    s.cover(inside, (0.007,) * 3, RUBBER)
    turn = (s.points[:, 1] - low) / (high - low) * face.slats
    bars = smoothstep(0.25, 0.65, -torch.cos(TAU * turn)) * inside
    s.cover(bars, (0.7 * tone + 0.02,) * 3, 0.8 * shine)
    s.normal = turned(s.normal, 0.5 * torch.sin(TAU * turn) * bars)


def _badge_share(face: Face, s: Surface) -> Tensor:
    """The badge: an oval ring round a lozenge, or a small shield."""
    at, size, kind = face.badge
    y, z = s.points[:, 1] - at, s.points[:, 2].abs()
    if kind == "ring":
        radius = ((z / 1.45) ** 2 + y**2).sqrt() / size
        lozenge = band((z / 1.8 + y.abs()) / size, -1, 0.36, 0.06)
        return torch.maximum(band(radius, 0.74, 1, 0.06), lozenge)
    wide = 0.75 * (1 - ((-y / size).clamp(0, 1)) ** 2)
    return band(y / size, -1, 0.8, 0.08) * band(z / size, -1, wide, 0.08)


def _badge_disc(face: Face, s: Surface) -> Tensor:
    """An oval a little larger than the badge."""
    at, size, _ = face.badge
    y, z = s.points[:, 1] - at, s.points[:, 2]
    return smoothstep(1.2, 0.95, ((z / 1.45) ** 2 + y**2).sqrt() / size)


def _badge(face: Face, s: Surface, front: Tensor) -> None:
    if face.badge[2] == "ring":  # on a dark ground
        s.cover(_badge_disc(face, s) * front, (0.02,) * 3, PLASTIC)
    s.cover(_badge_share(face, s) * front, SILVER, CHROME)


def _handles(face: Face, s: Surface, car: Car) -> Tensor:
    x, y = s.points[:, 0], s.points[:, 1]
    rows = sum(band(x, at, at + 0.16) for at in (car.front - 1.42, car.rear + 0.42))
    return rows * band(y, car.shape.belt - 0.13, car.shape.belt - 0.10) * face.handles


def _side_outline(face: Face, s: Surface, car: Car) -> Tensor:
    line = band(s.points[:, 1], face.crease - 0.05, face.crease + 0.05) * (face.crease > 0)
    return torch.maximum(line, _handles(face, s, car))


def _sides(face: Face, s: Surface, car: Car, side: Tensor) -> None:
    """Door handles, and a line along the body: a fold that light catches."""
    s.cover(_handles(face, s, car) * side, (0.30,) * 3, 0.3)
    if face.crease:
        gap = (s.points[:, 1] - face.crease) / 0.05
        fold = gap.sign() * (1 - gap.abs()).clamp_min(0)
        s.normal = turned(s.normal, 0.45 * fold * side * s.varnished())
