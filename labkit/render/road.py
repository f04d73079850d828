"""Roads: asphalt with markings, a kerb or a verge, the car's shadow, houses in the distance.

Everything here is drawn from the scene's seed and not from the make of the car on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.render.camera import Camera
from labkit.render.car_body import Car
from labkit.render.ground import Patch
from labkit.render.light import Light, ShadowMap, open_sky, shadow_on
from labkit.render.noise import colour, fbm, mix, per_cell, plane, smoothstep, unit

CLOSED = {
    0.10: 0.40,
    0.30: 0.40,
    0.7: 0.25,
}  # sky taken by a body within a height (m)
PAVINGS = ("asphalt", "concrete", "setts", "gravel")
SCENERY = ("road", "sand", "snow")  # hills and trees as in `landscape`


@dataclass
class Road:
    """Where a car stands. paving: one of PAVINGS; turn: the road's direction (radians); beside:
    distance of the road's edge on either side (m), what is beyond it: "grass", "kerb", "more"."""

    paving: str
    scenery: str
    turn: float
    offset: float
    bright: float
    wet: float
    lines: str  # "none", "white", "yellow"
    line_at: float
    beside: tuple[float, float]
    beyond: str
    shade: float
    houses: bool


def draw_road(rng: np.random.Generator) -> Road:
    """Draw a place."""
    shaded = rng.random() < 0.25
    return Road(
        paving=str(rng.choice(PAVINGS, p=(0.6, 0.2, 0.1, 0.1))),
        scenery=str(rng.choice(SCENERY, p=(0.75, 0.15, 0.1))),
        turn=rng.normal(0, 0.25) + math.pi / 2 * (rng.random() < 0.2), offset=rng.uniform(0, 30),
        bright=rng.random(), wet=rng.beta(0.5, 2.0),
        lines=str(rng.choice(["none", "white", "yellow"], p=(0.4, 0.45, 0.15))),
        line_at=rng.uniform(1.2, 2.2) * rng.choice([-1, 1]),
        beside=(rng.uniform(1.6, 7), rng.uniform(1.6, 7)),
        beyond=str(rng.choice(["grass", "kerb", "more"], p=(0.45, 0.35, 0.2))),
        shade=rng.uniform(0.4, 0.9) if shaded else 0.0, houses=bool(rng.random() < 0.45),
    )  # fmt: skip


def draw_surface(road: Road, camera: Camera, light: Light, shadow: ShadowMap, car: Car):
    """Linear colour (H, W, 3) of the road and its cover (H, W), 1 below the horizon."""
    size = camera.size
    rays = camera.rays(size).reshape(-1, 3)
    seen = (rays[:, 1] < -0.004).nonzero()[:, 0]
    down = -rays[seen, 1]
    distance = float(camera.eye[1]) / down
    points = camera.eye + distance[:, None] * rays[seen]
    width = camera.pixel * distance / down.clamp_min(0.05).sqrt()
    patch = Patch(points[:, [0, 2]] + road.offset, distance, width)
    albedo, slope = _ground(road, patch, points)
    linear = _light(albedo, slope, points, rays[seen], road, light, shadow, car)
    linear = mix(linear, light.horizon * 0.9, light.fog(distance) * 0.95)
    picture, cover = torch.zeros(size**2, 3), torch.zeros(size**2)
    picture[seen], cover[seen] = linear, 1.0
    return picture.reshape(size, size, 3), cover.reshape(size, size)


def _ground(road: Road, patch: Patch, points: Tensor) -> tuple[Tensor, Tensor]:
    """Albedo (M, 3) and slopes (M, 2) of paving, lines and what lies beside the road."""
    along, across = _aligned(road, points)
    fine, rough = patch.detail(60, 1.0), patch.detail(9, 2.0)
    wide = fbm(plane(along * 0.35 + road.offset, across * 0.9, 3.0), 3)
    grain = 1 + 0.7 * fine[:, 0] + 0.35 * rough[:, 0] + 0.7 * (wide[:, 0] - 0.5)
    slope = 0.35 * fine[:, 1:3] + 0.1 * rough[:, 1:3]
    base = PAINTS_OF[road.paving]
    tone = mix(colour(*base[0]), colour(*base[1]), torch.tensor(road.bright))
    albedo = tone * grain.clamp(0.3, 1.8)[:, None]
    if road.paving == "setts":
        albedo = albedo * _joints(along, across, patch.width)[:, None]
    crack = smoothstep(0.012, 0.004, (wide[:, 2] - 0.5).abs()) * (road.paving == "asphalt")
    albedo = albedo * (1 - 0.5 * crack * smoothstep(0.05, 0.01, patch.width))[:, None]
    albedo = _marked(albedo, road, along, across, rough)
    return _verged(albedo, slope, road, patch, across)


PAINTS_OF = {
    "asphalt": ((0.035, 0.036, 0.038), (0.15, 0.148, 0.142)),
    "concrete": ((0.20, 0.195, 0.18), (0.42, 0.41, 0.38)),
    "setts": ((0.09, 0.085, 0.08), (0.24, 0.21, 0.18)),
    "gravel": ((0.16, 0.14, 0.11), (0.36, 0.32, 0.26)),
}


def _aligned(road: Road, points: Tensor) -> tuple[Tensor, Tensor]:
    """Metres along and across the road."""
    c, s = math.cos(road.turn), math.sin(road.turn)
    x, z = points[:, 0], points[:, 2]
    return c * x + s * z, c * z - s * x


def _joints(along: Tensor, across: Tensor, width: Tensor) -> Tensor:
    """Setts: stones of 12 cm, each of its own tone, with dark joints."""
    row = torch.floor(across / 0.12)
    shift = along / 0.18 + 0.5 * (row % 2)
    stone = per_cell(torch.floor(shift), row, 5)[..., 0]
    edge = torch.minimum((shift % 1 - 0.5).abs() * 0.18, ((across / 0.12) % 1 - 0.5).abs() * 0.12)
    middle = torch.maximum(((shift % 1) - 0.5).abs() * 1.0, ((across / 0.12) % 1 - 0.5).abs())
    joint = smoothstep(0.40, 0.48, middle) + 0 * edge
    fade = smoothstep(0.10, 0.03, width)
    return 1 + fade * (0.5 * (stone - 0.5) - 0.6 * joint)


def _marked(albedo: Tensor, road: Road, along, across, rough: Tensor) -> Tensor:
    if road.lines == "none" or road.paving in ("setts", "gravel"):
        return albedo
    paint = colour(0.62, 0.62, 0.60) if road.lines == "white" else colour(0.55, 0.36, 0.03)
    dash = ((along / 6 + road.offset) % 1 < 0.5) | (road.bright > 0.5)
    line = smoothstep(0.075, 0.06, (across - road.line_at).abs()) * dash
    return mix(albedo, paint * (1 + 0.5 * rough[:, :1]), line * (0.9 + rough[:, 3]).clamp(0, 1))


def _verged(albedo: Tensor, slope: Tensor, road: Road, patch: Patch, across: Tensor):
    """Grass, or a kerb with a pavement, beyond the edges of the road."""
    if road.beyond == "more":
        return albedo, slope
    left, right = road.beside
    ragged = 0.25 * patch.detail(5, 8.0)[:, 0] * (road.beyond == "grass")
    out = torch.maximum(across - right, -across - left) + ragged
    beyond = smoothstep(-0.02, 0.02, out)
    if road.beyond == "grass":
        blades = 1 + 1.1 * patch.detail(35, 4.0)[:, 0] + 0.8 * patch.detail(6, 5.0)[:, 0]
        green = mix(colour(0.06, 0.10, 0.025), colour(0.20, 0.18, 0.07), torch.tensor(road.bright))
        return mix(albedo, green * blades[:, None].clamp(0.3, 1.9), beyond), slope
    slabs = 0.30 * (1 + 0.5 * patch.detail(30, 6.0)[:, 0] + 0.3 * patch.detail(2, 7.0)[:, 0])
    edge = smoothstep(0.0, 0.03, out) * smoothstep(0.16, 0.13, out)
    paved = mix(albedo, slabs[:, None] * colour(1.0, 0.97, 0.92), beyond)
    return mix(paved, colour(0.42, 0.42, 0.41), edge * 0.8), slope


def _light(albedo, slope, points, rays, road: Road, light: Light, shadow: ShadowMap, car: Car):
    normal = unit(torch.stack([-slope[:, 0], torch.ones(len(slope)), -slope[:, 1]], 1))
    lit, sky = _shading(points, road, shadow, car)
    direct = (normal @ light.direction).clamp_min(0) * lit
    linear = albedo * (light.sun * direct[:, None] + light.sky * sky[:, None])
    if road.wet > 0.3:  # the sky in puddles and damp
        gloss = 0.3 * road.wet * (1 + rays[:, 1]).clamp(0, 1) ** 4 * sky * (road.beyond == "more")
        linear = linear * (1 - 0.3 * road.wet) + light.horizon * gloss[:, None]
    return linear


def _shading(points: Tensor, road: Road, shadow: ShadowMap, car: Car) -> tuple[Tensor, Tensor]:
    """Sunlight and open sky (M,) on points of the road."""
    x, _, z = points.unbind(1)
    lit = torch.ones_like(x)
    if road.shade:
        patches = fbm(plane(x * 0.5 + road.offset, z * 0.5, 5.0), 3, 1)
        lit = 1 - road.shade * smoothstep(0.48, 0.56, patches)
    level = torch.stack([x, torch.zeros_like(x), z], 1)
    lit = lit * shadow_on(level, shadow, bias=0.02, spread=0.015)
    sky = open_sky(level, car.distance, CLOSED, reach=car.reach, side=96, most=0.92)
    return lit, sky
