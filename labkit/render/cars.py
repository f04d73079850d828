"""Whole scenes with one car: the picture, exact masks, and the same car with the other face.

`car` composes the car's layer (`car_layer`) over a road (`road`) before scenery (`landscape`,
`houses`). All but the face is drawn from the seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from labkit.nets.threads import one_each
from labkit.render.camera import Camera, frame, look_at
from labkit.render.car_body import Car
from labkit.render.car_layer import draw_car
from labkit.render.car_traits import MAKES, CarTraits, draw_traits
from labkit.render.develop import develop, focus, known, whole_numbers
from labkit.render.houses import draw_houses
from labkit.render.landscape import draw_landscape
from labkit.render.light import Light, ShadowMap, draw_light
from labkit.render.noise import mix
from labkit.render.road import Road, draw_road, draw_surface
from labkit.render.scenes import SIZES


class CarScene(NamedTuple):
    """image: float32 (3, H, W) in [0, 1]; mask: bool (H, W), the car's pixels; regions: int64
    (H, W), numbers in `car_paint.REGIONS`, of which "front" and "side" tell the make."""

    image: Tensor
    mask: Tensor
    regions: Tensor


@dataclass
class Setting:
    """Everything about a scene but the make."""

    car: Car
    camera: Camera
    light: Light
    shadow: ShadowMap
    road: Road
    seed: int
    grain: float
    exposure: float


def car(make: str, *, seed: int, size: int = 128) -> CarScene:
    """Draw a car of a make on a road, and say exactly which pixels are car and which tell it.

    make: "smooth" (no grille, slim lamps, as on a Tesla) or "grille" (grille, taller lamps, a
    line along the side, as on a Toyota); both have invented badges. size: side in pixels, 32 to
    1024. Body, paint, wheels, view, light, road and scenery vary with `seed` and are the same for
    both makes: the two pictures of one seed are equal but for the regions "front" and "side".
    The same seed gives the same pixels on the same machine. ValueError for anything unknown.

    >>> image, mask, regions = car("grille", seed=3)
    >>> other = car("smooth", seed=3)
    >>> same = regions < 4
    >>> torch.equal(image[:, same], other.image[:, same])
    True
    """
    known("make", make, MAKES)
    seed, size = whole_numbers(seed, size, SIZES)
    with torch.no_grad(), one_each():
        return _scene(make, seed, size)


def _scene(make: str, seed: int, size: int) -> CarScene:
    setting, behind = _setting(seed, size)
    traits = draw_traits(make, seed)
    linear, cover, regions = draw_car(
        setting.car, traits, setting.camera, setting.light, setting.shadow, setting.road.offset
    )
    picture = torch.lerp(behind, linear, cover[..., None])
    return CarScene(_developed(picture, setting), regions > 0, regions)


@lru_cache(maxsize=2)
def _setting(seed: int, size: int) -> tuple[Setting, Tensor]:
    """The scene without its car, and its linear picture (H, W, 3) with the car's shadow."""
    traits: CarTraits = draw_traits(MAKES[0], seed)
    rng = np.random.default_rng([seed, 74])
    body = Car(traits.shape)
    azimuth = rng.uniform(-0.85, 0.85)
    camera = _view(body, azimuth, rng, size)
    light = draw_light(rng, azimuth)
    shadow = ShadowMap(body.distance, body.centre, body.radius, light.direction, size=160)
    road = draw_road(rng)
    setting = Setting(body, camera, light, shadow, road, seed, rng.uniform(0.002, 0.008), 1.0)
    behind = _behind(setting, rng)
    setting.exposure = light.exposure * _metered(behind)
    return setting, behind


def _metered(behind: Tensor) -> float:
    """What a camera's exposure meter makes of the picture without the car: a factor."""
    return min(max(0.36 / float(behind.mean()), 0.8), 1.9)


def _view(body: Car, azimuth: float, rng: np.random.Generator, size: int) -> Camera:
    """A camera before the car at eye height, near enough that the car fills most of the picture."""
    middle = (body.low + body.high) / 2
    height = rng.choice([rng.uniform(0.7, 1.2), rng.uniform(1.2, 1.9)])
    camera = look_at(middle, azimuth=azimuth, height=height, distance=rng.uniform(4.2, 7.5))
    corners = _corners(body)
    place = (rng.uniform(-0.9, 0.9), rng.uniform(-0.7, 0.3))
    return frame(camera, corners, corners, fill=rng.uniform(0.92, 1.0), place=place, size=size)


def _corners(body: Car) -> Tensor:
    """Points (N, 3) around the car, close to it."""
    shape, half = body.shape, body.shape.half
    roof = [body.front + shape.roof_x, body.front + shape.rear_x]
    rows = [(x, y, half - 0.12) for x in (body.head, body.tail) for y in (0.25, shape.nose)]
    rows += [(x, shape.roof, half - 0.3) for x in roof]
    rows += [(x, 0.0, half) for x in (body.front, body.rear)]
    rows += [(body.front, shape.belt, half), (body.rear, shape.belt, half), (body.head, 0.3, 0.0)]
    return torch.tensor([(x, y, s * z) for x, y, z in rows for s in (-1, 1)], dtype=torch.float32)


def _behind(setting: Setting, rng: np.random.Generator) -> Tensor:
    camera, light = setting.camera, setting.light
    picture = draw_landscape(setting.road.scenery, camera, light, rng)
    if setting.road.houses:
        picture = draw_houses(picture, camera, light, rng)
    floor, cover = draw_surface(setting.road, camera, light, setting.shadow, setting.car)
    picture = mix(picture, floor, cover)
    distance = float(camera.eye[[0, 2]].norm())
    return focus(picture, camera, distance, rng.uniform(0.2, 1.2))


def _developed(linear: Tensor, setting: Setting) -> Tensor:
    key = [setting.seed, 75]
    return develop(linear, exposure=setting.exposure, grain=setting.grain, seed=key)
