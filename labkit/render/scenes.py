"""Whole scenes: one animal on one ground, and the exact mask of the animal.

`scene` composes an animal's layer (`layer`) over a picture of the ground (`ground`, `plants`,
`landscape`). Light, camera and animal are drawn from the seed alone, the ground from the seed and
its kind: the same seed on another ground is the same animal, pixel for pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from labkit.nets.threads import one_each
from labkit.render import plants
from labkit.render.animal import Animal
from labkit.render.camera import Camera, frame, look_at
from labkit.render.develop import develop, focus, known, whole_numbers
from labkit.render.ground import Site, draw_ground, draw_site
from labkit.render.landscape import draw_landscape
from labkit.render.layer import draw_layer
from labkit.render.light import Light, ShadowMap, draw_light
from labkit.render.noise import mix
from labkit.render.traits import draw_traits

ANIMALS = ("husky", "wolf")
GROUNDS = ("snow", "grass", "forest", "sand")
SIZES = (32, 1024)


class Scene(NamedTuple):
    """image: float32 (3, H, W) in [0, 1]; mask: bool (H, W), the animal's pixels."""

    image: Tensor
    mask: Tensor


class Cutout(NamedTuple):
    """image: float32 (3, H, W) of the animal; cover: (H, W) in [0, 1], 1 where only it is seen."""

    image: Tensor
    cover: Tensor


@dataclass
class Setting:
    """Everything about a scene but its ground."""

    animal: Animal
    camera: Camera
    light: Light
    shadow: ShadowMap
    seed: tuple[int, int]
    grain: float


def scene(animal: str, ground: str, *, seed: int, size: int = 224) -> Scene:
    """Draw a wolf or a husky on a ground, and say exactly which pixels are the animal.

    animal: "wolf" or "husky"; ground: "snow", "grass", "forest" or "sand"; size: side in pixels,
    32 to 1024. Age, build, coat, pose, view, place, light, weather, landscape and the brightness
    of the ground vary with `seed`. The same seed gives the same pixels on the same machine.

    Counterfactuals: with another ground the mask is the same and the image within it is equal
    to the last bit. A fringe of at most a pixel outside the mask mixes animal and ground, so
    that the outline is smooth; those pixels count as ground. ValueError for anything unknown.

    >>> image, mask = scene("wolf", "snow", seed=3)
    >>> other = scene("wolf", "grass", seed=3).image
    >>> torch.equal(image[:, mask], other[:, mask])
    True
    """
    behind = backdrop(animal, ground, seed=seed, size=size)
    cut = _cutout(*_checked(animal, seed, size))
    return Scene(torch.lerp(behind, cut.image, cut.cover).clamp(0, 1), cut.cover == 1)


@torch.no_grad()
def cutout(animal: str, *, seed: int, size: int = 224) -> Cutout:
    """Draw the animal of a scene alone: its picture, and how much of each pixel it covers."""
    return Cutout(*(part.clone() for part in _cutout(*_checked(animal, seed, size))))


def backdrop(animal: str, ground: str, *, seed: int, size: int = 224) -> Tensor:
    """Draw a scene without its animal, but with the animal's shadow: (3, H, W) in [0, 1]."""
    ground = known("ground", ground, GROUNDS)
    with one_each():
        return behind(setting_of(animal, seed, size), ground)


def setting_of(animal: str, seed: int, size: int) -> Setting:
    """Animal, camera, light and shadow of a scene; ValueError for anything unknown."""
    return _setting(*_checked(animal, seed, size))


@lru_cache(maxsize=2)
@torch.no_grad()
def _setting(animal: str, seed: int, size: int) -> Setting:
    code = ANIMALS.index(animal)
    traits = draw_traits(animal, seed)
    rng = np.random.default_rng([seed, code, 4])
    body = Animal(traits)
    centre, bound = body.cones.centre, body.cones.bound[:, None]
    low, high = centre - bound, centre + bound
    middle = (low.amin(0) + high.amax(0)) / 2
    eye = rng.choice([rng.uniform(0.25, 0.8), rng.uniform(0.8, 2.2)])
    camera = look_at(
        middle, azimuth=traits.stance.azimuth, height=eye, distance=rng.uniform(3.2, 6.0)
    )
    place = (rng.uniform(-0.8, 0.8), rng.uniform(-0.9, 0.5))
    fill = 0.97 * rng.beta(3.5, 1.6) ** 0.5
    camera = frame(camera, low, high, fill=max(fill, 0.5), place=place, size=size)
    light = draw_light(rng, traits.stance.azimuth)
    reach = float((centre - middle).norm(dim=1).add(bound[:, 0]).max())
    shadow = ShadowMap(body.solid, middle, reach, light.direction)
    return Setting(body, camera, light, shadow, (seed, code), rng.uniform(0.006, 0.016))


@lru_cache(maxsize=2)
@torch.no_grad()
def _cutout(animal: str, seed: int, size: int) -> Cutout:
    setting = _setting(animal, seed, size)
    linear, alpha = draw_layer(setting.animal, setting.camera, setting.light, setting.shadow)
    with one_each():
        return Cutout(developed(linear, setting), (2 * alpha).clamp(max=1))


@torch.no_grad()
def behind(setting: Setting, ground: str) -> Tensor:
    """What lies behind the animal of a setting, with its shadow: (3, H, W) in [0, 1]."""
    rng = np.random.default_rng([*setting.seed, 5, GROUNDS.index(ground)])
    site = draw_site(ground, rng)
    behind = draw_landscape(ground, setting.camera, setting.light, rng)
    return painted(setting, site, behind, blur=rng.uniform(0.2, 1.2))


def painted(setting: Setting, site: Site, behind: Tensor, *, blur: float) -> Tensor:
    """The ground of a site before what lies behind it, developed: (3, H, W) in [0, 1]."""
    camera, light = setting.camera, setting.light
    floor, cover, reached = draw_ground(site, camera, light, setting.shadow, setting.animal)
    picture = mix(behind, floor, cover)
    distance = float(camera.eye[[0, 2]].norm())
    picture = plants.draw_blades(picture, site, camera, light, reached, distance)
    picture = focus(picture, camera, distance, blur)
    return developed(picture, setting)


def developed(linear: Tensor, setting: Setting) -> Tensor:
    """Light (H, W, 3) as the setting's camera shows it: (3, H, W) in [0, 1]."""
    key = [*setting.seed, 6]
    return develop(linear, exposure=setting.light.exposure, grain=setting.grain, seed=key)


def _checked(animal: str, seed: int, size: int) -> tuple[str, int, int]:
    """The arguments, if they can be drawn."""
    return known("animal", animal, ANIMALS), *whole_numbers(seed, size, SIZES)
