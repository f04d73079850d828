"""Coat colours on the standing body: agouti wolves, masked huskies; eyes, nose, mouth.

`paint` gives every point a colour (linear), a gloss and how bare of fur it is. Markings are
functions of the standing body's coordinates (see `skeleton`), so that poses carry them along.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.render import head, husky_coat, wolf_coat
from labkit.render.animal import REGIONS, Animal
from labkit.render.noise import colour, fbm, mix, noise, smoothstep

IRIS = {"amber": (0.30, 0.165, 0.035), "brown": (0.12, 0.055, 0.02), "blue": (0.26, 0.42, 0.62)}
BLACK = colour(0.014, 0.013, 0.014)


@dataclass
class Surface:
    """What markings may depend on, all (M,) unless said: place on the standing body (x, y, side),
    head coordinates (hx, hy, hz; z mirrored), normal (M, 3), region shares, random fields;
    strand: which hairs are light and which dark."""

    place: Tensor
    face: Tensor
    normal: Tensor
    region: dict[str, Tensor]
    blotch: Tensor
    grain: Tensor
    strand: Tensor


def paint(animal: Animal, fur, strand: Tensor):
    """Colour (M, 3), gloss (M,), bareness (M,) of points on the animal, a `layer.Fur`."""
    surface = _surface(animal, fur, strand)
    coat = animal.traits.coat
    painter = wolf_coat if animal.traits.animal == "wolf" else husky_coat
    hair = painter.hair(surface, coat)
    return _details(surface, hair, animal)


def _surface(animal: Animal, fur, strand: Tensor) -> Surface:
    place = animal.standing(fur.points, fur.bones)
    face = (place - colour(*head.JOINT)) / head.units(animal.traits.build)
    face = torch.stack([face[:, 0], face[:, 1], face[:, 2].abs()], 1)
    still = place + animal.offset
    return Surface(
        place, face, animal.standing_vectors(fur.normal, fur.bones),
        dict(zip(REGIONS, fur.regions.T, strict=True)),
        fbm(still * 13, 3) - 0.5, noise(still * 70) - 0.5, strand,
    )  # fmt: skip


def _details(surface: Surface, hair: Tensor, animal: Animal):
    """Nose, mouth, eyes over the hair."""
    x, y, z = surface.face.unbind(1)
    on_head = (surface.region["head"] + surface.region["muzzle"] + surface.region["nose"]).clamp(
        0, 1
    )
    tip = head.nose_tip(animal.traits.build)[0]
    pad = torch.stack([x - tip - 0.006, (y + 0.003) * 1.1, z * 0.95], 1).norm(dim=1)
    nose = smoothstep(0.0275, 0.0225, pad)
    lip = smoothstep(0.0045, 0.001, (y + 0.034 - 0.06 * (x - tip + 0.05).clamp(max=0)).abs())
    lip = lip * smoothstep(0.13, 0.19, x) * on_head
    colours = mix(mix(hair, BLACK, 0.5 * lip), BLACK * 1.3, nose)
    offset = surface.face - colour(*head.EYE)
    across = offset[:, 2] * 0.75 - offset[:, 0] * 0.55
    along = (across / 0.0112) ** 2
    tall = ((offset[:, 1] - 0.30 * across) / 0.0066) ** 2
    ring = (along + tall).sqrt()
    front = on_head * smoothstep(0.06, 0.08, x)
    rim = smoothstep(2.1, 1.35, ring) * front
    iris = smoothstep(1.02, 0.90, ring) * front
    pupil = smoothstep(0.0046, 0.0034, (across**2 + (offset[:, 1]) ** 2).sqrt()) * front
    colours = mix(colours, BLACK, rim)
    colours = mix(colours, colour(*IRIS[animal.traits.coat.eyes]), iris)
    colours = mix(colours, BLACK * 0.4, pupil)
    return colours, torch.maximum(0.5 * nose, iris), torch.maximum(torch.maximum(rim, nose), iris)
