"""A car's own picture: rays marched to the body, lit by sun and sky, mirrored in the varnish.

As `layer` for animals: several samples a pixel, one thread an operation, nothing of the road in
it but a grey that the lower half of the varnish reflects.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.render.camera import Camera
from labkit.render.car_body import Car
from labkit.render.car_face import put_face
from labkit.render.car_paint import REGIONS, Surface, paint
from labkit.render.car_traits import CarTraits
from labkit.render.light import Light, ShadowMap
from labkit.render.noise import fbm, mix, smoothstep, unit

SAMPLES = 2  # a pixel's side
STEPS = 70
TOUCH = 0.0015  # metres; nearer is a hit


def draw_car(car: Car, traits: CarTraits, camera: Camera, light: Light, shadow: ShadowMap, salt):
    """Linear colour (H, W, 3), coverage (H, W) in [0, 1] and regions (H, W) of a car.

    salt: where in the noise the mirrored clouds and trees lie. A pixel with any sample of what
    tells the make counts to it, others to the region most of their samples are in.
    """
    side = camera.size * SAMPLES
    rays = camera.rays(side).reshape(-1, 3)
    number, t = march(car, camera.eye, rays)
    points = camera.eye + t[:, None] * rays[number]
    surface = paint(car, traits.finish, points, normals(car, points), t)
    put_face(surface, car, traits)
    shine = traits.finish.metallic
    linear = shade(surface, car, rays[number], light, shadow, shine, salt)
    canvas = torch.zeros(side * side, 4)
    canvas[number] = torch.cat([linear.clamp(max=6), torch.ones(len(number), 1)], 1)
    pixels = F.avg_pool2d(canvas.T.reshape(1, 4, side, side), SAMPLES)[0].permute(1, 2, 0)
    cover = pixels[..., 3]
    return (
        pixels[..., :3] / cover[..., None].clamp_min(1e-3),
        cover,
        _regions(surface, number, side),
    )


def march(car: Car, eye: Tensor, rays: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the rays (M, 3) from `eye` meet the car, and after how many metres."""
    near, far = _box(eye, rays, car.low, car.high)
    number = (near < far).nonzero()[:, 0]
    t, far, rays = near[number].clamp_min(0), far[number], rays[number]
    hits = []
    for _ in range(STEPS):
        d = car.distance(eye + t[:, None] * rays)
        done = d < TOUCH
        if done.any():
            hits.append((number[done], t[done]))
        t = t + d.clamp_min(TOUCH / 2)
        left = (~done & (t < far)).nonzero()[:, 0]
        if len(left) < len(number):
            number, t, far, rays = number[left], t[left], far[left], rays[left]
        if not len(number):
            break
    numbers, distances = zip(*hits, strict=True) if hits else ((number,), (t,))
    return torch.cat(numbers), torch.cat(distances)


def _box(eye: Tensor, rays: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays enter and leave a box."""
    first, second = (low - eye) / rays, (high - eye) / rays
    return torch.minimum(first, second).amax(1), torch.maximum(first, second).amin(1)


def shade(s: Surface, car: Car, rays: Tensor, light: Light, shadow: ShadowMap, metallic, salt):
    """Linear colour (M, 3): diffuse under the varnish, the world mirrored in it, the sun's spot."""
    sun, normal = light.direction, s.normal
    lit = shadow.lit(s.points + normal * 0.02, bias=0.07, spread=0.012)
    sky = _open_sky(car, s.points, normal)
    direct = (normal @ sun).clamp_min(0) * lit
    diffuse = light.sun * direct[:, None] + light.ambient(normal[:, 1]) * sky[:, None]
    facing = (-(normal * rays).sum(1)).clamp(0, 1)
    share = s.mirror + (1 - s.mirror) * (1 - facing) ** 5 * (s.mirror > 0.03)
    back = rays + 2 * facing[:, None] * normal
    mirrored = 1.7 * world(back, light, salt) * (0.3 + 0.7 * sky)[:, None]
    angle = (back @ sun).clamp(0, 1)
    flakes = metallic * 0.5 * angle**12 * s.varnished()
    spot = (angle**1500 * 40 + angle**120 * 0.4) * share + flakes * s.albedo.mean(1)
    out = s.albedo * diffuse * (1 - share)[:, None] + mirrored * share[:, None]
    return out + light.sun * (spot * lit)[:, None] + s.glow[:, None] * 0.8


def world(direction: Tensor, light: Light, salt: float) -> Tensor:
    """What a mirror shows (M, 3) in these directions: sky, clouds, a line of trees, the road."""
    up = direction[:, 1]
    sky = mix(light.horizon, light.zenith, smoothstep(0.0, 0.7, up))
    rough = fbm(direction * torch.tensor([2.2, 4.0, 2.2]) + salt, 3)
    sky = mix(sky, light.horizon * 1.25, 0.7 * smoothstep(0.48, 0.62, rough[:, 0]) * (up > 0))
    trees = smoothstep(0.02, -0.01, up - 0.30 * (rough[:, 1] - 0.25))
    sky = mix(sky, 0.10 * light.ambient(torch.zeros_like(up)), 0.9 * trees)
    road = 0.16 * (light.sun * light.direction[1] + light.sky)
    return mix(sky, road, smoothstep(0.01, -0.03, up))


def normals(car: Car, points: Tensor, step: float = 0.004) -> Tensor:
    """Outward unit normals (M, 3), from four distances (a tetrahedron)."""
    corners = torch.tensor([[1.0, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])
    return unit(sum(car.distance(points + step * c)[:, None] * c for c in corners))


def _open_sky(car: Car, points: Tensor, normal: Tensor) -> Tensor:
    """Share of the sky (M,) that the body nearby and the road leave open."""
    sky = torch.ones(len(points))
    for reach, weight in ((0.05, 0.30), (0.16, 0.35)):
        gap = car.distance(points + normal * reach) / 0.8
        sky = sky - weight * (1 - (gap / reach).clamp(0, 1))
    return sky * (0.35 + 0.65 * smoothstep(-0.02, 0.45, points[:, 1] + 0.15 * normal[:, 1]))


def _regions(s: Surface, number: Tensor, side: int) -> Tensor:
    """Regions (H, W) of pixels, from those of the samples."""
    each = torch.zeros(side * side, dtype=torch.long)
    each[number] = s.region
    votes = F.one_hot(each, len(REGIONS)).float().T.reshape(1, -1, side, side)
    votes = F.avg_pool2d(votes, SAMPLES)[0]
    votes[4:] *= 100
    return votes.argmax(0)
