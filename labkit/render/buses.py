"""Scenes with one school bus, turned in any direction: the picture and the bus's exact pixels.

All but the pose is drawn from the seed and the ground, so that two pictures of one seed differ by
the pose alone. After Alcorn et al. (2019), "Strike (with) a BusPose".
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.nets.threads import one_each
from labkit.render import bus_paint
from labkit.render.bus_body import Bus, BusPose
from labkit.render.camera import Camera, look_at
from labkit.render.car_layer import SAMPLES, march, normals, shade
from labkit.render.develop import develop, focus, known, whole_numbers
from labkit.render.ground import draw_ground, draw_site
from labkit.render.landscape import draw_landscape
from labkit.render.light import Light, ShadowMap, draw_light
from labkit.render.noise import mix
from labkit.render.road import draw_road, draw_surface
from labkit.render.scenes import SIZES

FILL, ZOOM = 0.9, 1.5  # share of the picture that a bus fills; nearer than a ball around it by
BUS_GROUNDS = ("road", "snow", "grass", "sand")


class BusScene(NamedTuple):
    """image: float32 (3, H, W) in [0, 1]; mask: bool (H, W), the bus's pixels."""

    image: Tensor
    mask: Tensor


def bus(
    *, yaw: float = 40.0, pitch: float = 0.0, roll: float = 0.0, ground: str = "road",
    seed: int = 0, size: int = 224,
) -> BusScene:  # fmt: skip
    """Draw a school bus in any pose, resting on level ground.

    Angles in degrees. yaw: 0 shows its front, 90 its side, 180 its rear; pitch: how far the nose
    is up; roll: how far it is tipped over its long axis, 90 on its side, 180 on its roof. ground:
    one of BUS_GROUNDS. size: side in pixels, 32 to 1024. Weather, camera, scenery and dust come
    from `seed` and `ground` alone. The same arguments give the same pixels on the same machine.
    ValueError or TypeError for what can't be drawn.

    >>> image, mask = bus(yaw=60, roll=180, seed=3)
    >>> bool(mask.any())
    True
    """
    known("ground", ground, BUS_GROUNDS)
    seed, size = whole_numbers(seed, size, SIZES)
    pose = BusPose(
        *(_angle(name, a) for name, a in zip(BusPose._fields, (yaw, pitch, roll), strict=True))
    )
    with torch.no_grad(), one_each():
        return _scene(pose, ground, seed, size)


def _angle(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} is a number of degrees, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number of degrees, not {value}")
    return float(value)


def _scene(pose: BusPose, ground: str, seed: int, size: int) -> BusScene:
    rng = np.random.default_rng([seed, 81])
    body, light = Bus(pose), draw_light(rng, 0.0)
    camera = _view(body, rng, size)
    shadow = ShadowMap(body.distance, body.centre, body.radius, light.direction, size=176)
    behind = _behind(body, camera, light, shadow, ground, seed)
    finish = bus_paint.draw_finish(np.random.default_rng([seed, 82]))
    linear, cover = _draw(body, finish, camera, light, shadow)
    picture = torch.lerp(behind, linear, cover[..., None])
    metered = min(max(0.5 / float(picture.mean()), 0.8), 2.5)
    image = develop(picture, exposure=light.exposure * metered, grain=0.006, seed=[seed, 83])
    return BusScene(image, cover > 0.5)


def _view(body: Bus, rng: np.random.Generator, size: int) -> Camera:
    """A camera that keeps its distance, and zooms in a little on a bus that looks short."""
    distance, height = rng.uniform(13, 18), rng.uniform(1.3, 2.6)
    camera = look_at(body.centre, azimuth=0.0, height=height, distance=distance)
    offset = body.corners - camera.eye
    depth = offset @ camera.forward
    most = max(float((offset @ axis / depth).abs().max()) for axis in (camera.right, camera.up))
    focal = FILL * min(1 / most, ZOOM * distance / body.radius)
    return replace(camera, focal=focal, size=size)


def _behind(body: Bus, camera: Camera, light: Light, shadow: ShadowMap, ground: str, seed: int):
    """The scene without the bus, with its shadow: linear (H, W, 3)."""
    rng = np.random.default_rng([seed, 84, BUS_GROUNDS.index(ground)])
    if ground == "road":
        road = draw_road(rng)
        picture = draw_landscape("road", camera, light, rng)
        floor, cover = draw_surface(road, camera, light, shadow, body)
    else:
        site = draw_site(ground, rng)
        picture = draw_landscape(ground, camera, light, rng)
        floor, cover, _ = draw_ground(site, camera, light, shadow, body)
    return focus(mix(picture, floor, cover), camera, float(camera.eye[[0, 2]].norm()), 0.5)


def _draw(body: Bus, finish, camera: Camera, light: Light, shadow: ShadowMap):
    """Linear colour (H, W, 3) and coverage (H, W) of the bus."""
    side = camera.size * SAMPLES
    rays = camera.rays(side).reshape(-1, 3)
    number, t = march(body, camera.eye, rays)
    points = camera.eye + t[:, None] * rays[number]
    normal = normals(body, points)
    surface = bus_paint.paint(finish, body.own(points), normal @ body.turn, t)
    surface.points, surface.normal = points, normal
    linear = shade(surface, body, rays[number], light, shadow, 0.0, 3.0)
    canvas = torch.zeros(side * side, 4)
    canvas[number] = torch.cat([linear.clamp(max=6), torch.ones(len(number), 1)], 1)
    pixels = F.avg_pool2d(canvas.T.reshape(1, 4, side, side), SAMPLES)[0].permute(1, 2, 0)
    return pixels[..., :3] / pixels[..., 3:].clamp_min(1e-3), pixels[..., 3]
