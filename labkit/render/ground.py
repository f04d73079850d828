"""Snow, grass, forest floor and sand: colour and relief of the ground under every pixel.

The ground is level, with relief in its normals; its brightness is drawn apart from its kind, so
that snow may lie in shade and sand may be as bright as snow. Blades and leaves are in `plants`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.render.animal import Animal
from labkit.render.camera import Camera
from labkit.render.light import Light, ShadowMap, open_sky, shadow_on
from labkit.render.litter import scatter
from labkit.render.noise import colour, fbm, mix, noise, plane, smoothstep, unit

CLOSED = {
    0.02: 0.55,
    0.10: 0.40,
    0.30: 0.38,
}  # sky taken by a body within a height (m)


@dataclass
class Site:
    """One patch of ground: its kind, where in the noise it lies, how bright and how shaded.

    wind: direction of ripples and leaning grass (radians); age: in [0, 1], fresh to old."""

    kind: str
    offset: float
    wind: float
    bright: float
    age: float
    shade: float
    dapple: float


def draw_site(kind: str, rng: np.random.Generator) -> Site:
    """Draw a patch of this kind of ground."""
    shaded = {"snow": 0.3, "grass": 0.2, "forest": 0.6, "sand": 0.1}[kind]
    in_shade = rng.random() < shaded
    return Site(
        kind, rng.uniform(0, 30), rng.uniform(0, 2 * math.pi), rng.uniform(0, 1), rng.random(),
        shade=rng.uniform(0.5, 0.95) if in_shade else 0.0, dapple=rng.uniform(0, 1),
    )  # fmt: skip


@dataclass
class Patch:
    """The ground seen by some pixels. place: x, z in metres (M, 2); distance: (M,) from the eye;
    width: (M,) what a pixel covers there, in metres (finer detail is left out)."""

    place: Tensor
    distance: Tensor
    width: Tensor

    def detail(self, scale: float, salt: float) -> Tensor:
        """Noise (M, 4) in [-0.5, 0.5] with `scale` cells a metre, fading where too fine to see."""
        x, z = self.place.unbind(1)
        fade = smoothstep(0.8, 0.25, self.width * scale)
        return (noise(plane(x * scale, z * scale, salt)) - 0.5) * fade[:, None]


def draw_ground(site: Site, camera: Camera, light: Light, shadow: ShadowMap, animal: Animal):
    """Linear colour (H, W, 3), cover (H, W) in {0, 1} and light (H, W) reaching the ground."""
    size = camera.size
    rays = camera.rays(size).reshape(-1, 3)
    seen = (rays[:, 1] < -0.004).nonzero()[:, 0]
    down = -rays[seen, 1]
    distance = float(camera.eye[1]) / down
    points = camera.eye + distance[:, None] * rays[seen]
    width = camera.pixel * distance / down.clamp_min(0.05).sqrt()
    patch = Patch(points[:, [0, 2]] + site.offset, distance, width)
    albedo, slope = SURFACES[site.kind](patch, site)
    albedo = scatter(patch, albedo, site)
    lit, open_sky = shading(points, site, shadow, animal)
    linear = _light(albedo, slope, lit, open_sky, light, site)
    linear = mix(linear, light.horizon * 0.9, light.fog(distance) * 0.95)
    picture, cover, reached = torch.zeros(size**2, 3), torch.zeros(size**2), torch.ones(size**2)
    picture[seen], cover[seen], reached[seen] = linear, 1.0, (0.25 + 0.75 * lit) * open_sky
    shape = (size, size)
    return picture.reshape(*shape, 3), cover.reshape(shape), reached.reshape(shape)


def shading(points: Tensor, site: Site, shadow: ShadowMap, animal: Animal):
    """Sunlight (M,) and open sky (M,) on points of the ground, animal and trees considered."""
    x, _, z = points.unbind(1)
    patches = fbm(plane(x * 0.7 + site.offset, z * 0.7, 5.0), 3, 1)
    low = 0.62 - 0.45 * site.shade
    trees = smoothstep(low + 0.10, low - 0.04, patches) if site.shade else torch.ones_like(x)
    lit = 1 - site.shade * (1 - trees)
    level = torch.stack([x, torch.zeros_like(x), z], 1)
    lit = lit * shadow_on(level, shadow, bias=0.015, spread=0.035)
    sky = open_sky(level, animal.solid, CLOSED, reach=animal.reach, side=88, most=0.9)
    return lit, sky


def _light(albedo, slope, lit, open_sky, light: Light, site: Site) -> Tensor:
    normal = unit(torch.stack([-slope[:, 0], torch.ones(len(slope)), -slope[:, 1]], 1))
    sun = (normal @ light.direction).clamp_min(0) * lit
    sky = light.sky * (open_sky * (0.35 + 0.65 * normal[:, 1]))[:, None]
    linear = albedo * (light.sun * sun[:, None] + sky)
    if site.kind == "snow":  # light scatters inside, blue survives
        linear = linear * 0.88 + albedo * light.sky * colour(0.05, 0.07, 0.11) * open_sky[:, None]
    return linear


def _relief(patch: Patch, rows) -> tuple[Tensor, Tensor]:
    """Slopes (M, 2) and mean height (M,) of noise rows (cells a metre, slope, height)."""
    slope, height = torch.zeros(len(patch.width), 2), torch.zeros(len(patch.width))
    for i, (scale, steep, tall) in enumerate(rows):
        field = patch.detail(scale, 3.1 * i)
        slope, height = slope + steep * field[:, 1:3], height + tall * field[:, 0]
    return slope, height


def _snow(patch: Patch, site: Site):
    slope, height = _relief(
        patch,
        [(0.7, 0.25, 0.3), (2.1, 0.30, 0.3), (6, 0.22, 0.3), (17, 0.20, 0.3), (50, 0.25, 0.4)],
    )
    white = mix(colour(0.84, 0.87, 0.92), colour(0.90, 0.90, 0.91), _clamp(height + 0.5))
    dull = 0.62 + 0.38 * site.bright
    crumbs = 1 - 0.5 * site.age * smoothstep(0.18, 0.4, patch.detail(28, 9.0)[:, 3])
    sparkle = (patch.detail(150, 4.0)[:, 3] > 0.36).float() * 0.25
    return white * (dull * (1 + 0.16 * height) * crumbs + sparkle)[:, None], slope


def _sand(patch: Patch, site: Site):
    slope, height = _relief(
        patch, [(0.5, 0.30, 0.3), (2, 0.20, 0.3), (8, 0.12, 0.4), (40, 0.16, 0.5), (110, 0.25, 0.8)]
    )
    across = torch.tensor([math.cos(site.wind), math.sin(site.wind)])
    wander = fbm(plane(patch.place[:, 0] * 1.1, patch.place[:, 1] * 1.1, 2.0), 3)
    phase = patch.place @ across * (34 + 16 * site.dapple) + 16 * wander[:, 0]
    visible = smoothstep(0.9, 0.3, patch.width * 8) * smoothstep(0.35, 0.6, wander[:, 1])
    ripple = torch.cos(phase) * visible * (0.1 + 0.25 * site.age)
    dark = mix(colour(0.40, 0.285, 0.17), colour(0.70, 0.655, 0.58), torch.tensor(site.bright))
    albedo = dark * (1 + 0.5 * height + 0.15 * ripple)[:, None]
    return albedo, slope + ripple[:, None] * across


def _grass(patch: Patch, site: Site):
    slope, height = _relief(
        patch, [(1, 0.2, 0.4), (4, 0.3, 0.5), (14, 0.6, 0.8), (40, 0.8, 1.0), (90, 0.8, 1.0)]
    )
    wide = fbm(plane(patch.place[:, 0] * 0.8, patch.place[:, 1] * 0.8, 1.0), 3, 1)
    green = mix(colour(0.055, 0.095, 0.022), colour(0.11, 0.17, 0.045), torch.tensor(site.bright))
    dry = smoothstep(0.75 - 0.6 * site.age, 0.95 - 0.5 * site.age, wide + 0.15 * height)
    albedo = mix(green, colour(0.30, 0.25, 0.11) * (0.6 + 0.5 * site.bright), dry)
    return albedo * (1 + 0.9 * height)[:, None].clamp_min(0.25), slope


def _forest(patch: Patch, site: Site):
    slope, height = _relief(
        patch, [(1, 0.3, 0.4), (4, 0.4, 0.5), (13, 0.8, 0.9), (38, 0.9, 1.1), (80, 0.8, 1.0)]
    )
    wide = fbm(plane(patch.place[:, 0] * 0.9, patch.place[:, 1] * 0.9, 1.0), 3, 2)
    litter = mix(colour(0.10, 0.064, 0.034), colour(0.20, 0.13, 0.075), torch.tensor(site.bright))
    moss = smoothstep(0.62 - 0.2 * site.age, 0.72 - 0.2 * site.age, wide)
    albedo = mix(litter, colour(0.055, 0.085, 0.020), moss * 0.85)
    return albedo * (1 + 1.0 * height)[:, None].clamp_min(0.25), slope


def _clamp(values: Tensor) -> Tensor:
    return values.clamp(0, 1)


SURFACES = {"snow": _snow, "grass": _grass, "forest": _forest, "sand": _sand}
