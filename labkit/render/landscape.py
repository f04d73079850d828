"""What lies behind: sky, clouds, hills, dunes, conifers, broad-leaved trees, a forest of trunks.

Layers are painted far to near, each paler by the mist in front of it. Shapes are functions of
pixel coordinates, evaluated for all trees of a layer at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.render.camera import Camera
from labkit.render.light import Light
from labkit.render.noise import colour, fbm, mix, plane, smoothstep

BACKDROPS = {  # what may stand behind each ground, far to near, and how likely
    "snow": [("hill conifer conifer", 0.4), ("hill hill", 0.15), ("hill broad", 0.15),
             ("hill", 0.1), ("conifer trunk", 0.2)],
    "grass": [("hill broad broad", 0.3), ("hill conifer conifer", 0.2), ("hill hill", 0.2),
              ("hill", 0.1), ("broad trunk", 0.2)],
    "forest": [("broad trunk trunk", 0.5), ("conifer trunk trunk", 0.3), ("broad broad", 0.2)],
    "sand": [("hill hill", 0.45), ("hill", 0.25), ("hill broad", 0.15), ("hill conifer", 0.15)],
    "road": [("hill broad broad", 0.3), ("hill conifer conifer", 0.2), ("hill broad", 0.2),
             ("hill hill", 0.15), ("hill", 0.15)],
}  # fmt: skip
HILL = {"snow": (0.58, 0.63, 0.71), "grass": (0.17, 0.22, 0.12), "forest": (0.10, 0.13, 0.07),
        "sand": (0.46, 0.36, 0.24), "road": (0.20, 0.22, 0.15)}  # fmt: skip
LEAF = {"snow": (0.085, 0.095, 0.09), "grass": (0.065, 0.11, 0.03), "forest": (0.05, 0.085, 0.025),
        "sand": (0.09, 0.11, 0.05), "road": (0.07, 0.105, 0.04)}  # fmt: skip
BARK = (0.085, 0.062, 0.045)


@dataclass
class Sheet:
    """Where a layer is painted: u across and v up from the horizon, (H, W), in picture widths."""

    u: Tensor
    v: Tensor
    pixel: float
    rng: np.random.Generator


def draw_landscape(
    ground: str, camera: Camera, light: Light, rng: np.random.Generator, *, like: str | None = None
) -> Tensor:
    """Linear picture (H, W, 3) of everything beyond the ground; `like`: with that ground's trees
    and hills, so that a place keeps its shapes when the season changes."""
    size = camera.size
    line = (torch.arange(size) + 0.5) / size
    v, u = torch.meshgrid(camera.horizon / size - line, line, indexing="ij")
    sheet = Sheet(u + rng.uniform(0, 20), v, 1 / size, rng)
    picture = _sky(sheet, light)
    if camera.horizon < 1:
        return picture
    rows, odds = zip(*BACKDROPS[like or ground], strict=True)
    layers = str(rng.choice(rows, p=odds)).split()
    snowy = ground == "snow" or (ground == "forest" and rng.random() < 0.0)
    for i, kind in enumerate(layers):
        far = 1 - (i + 0.5) / len(layers)
        cover, paint = _layer(kind, sheet, ground, far, snowy)
        lit = paint * (light.sky * 0.75 + light.sun * 0.28)
        haze = min(0.95, 0.12 + 0.55 * far * (0.4 + light.mist) + 0.25 * light.mist)
        picture = mix(picture, lit * (1 - haze) + light.horizon * 0.9 * haze, cover)
    return picture


def _layer(kind: str, sheet: Sheet, ground: str, far: float, snowy: bool):
    if kind == "hill":
        return _hills(sheet, colour(*HILL[ground]), far)
    if kind == "trunk":
        return _trunks(sheet, far, snowy)
    draw = _conifers if kind == "conifer" else _broadleaf
    return draw(sheet, colour(*LEAF[ground]), far, snowy)


def _sky(sheet: Sheet, light: Light) -> Tensor:
    """Gradient from the horizon up, with clouds where the weather has any."""
    height = (sheet.v / 0.6).clamp(0, 1) ** 0.7
    sky = mix(light.horizon, light.zenith, height)
    x, y = sheet.u.flatten() * 2.5, sheet.v.flatten() * 7
    clouds = fbm(plane(x, y, float(sheet.rng.uniform(0, 30))), 4, 0).reshape(sheet.u.shape)
    low = sheet.rng.uniform(0.42, 0.62)
    return mix(sky, light.horizon * 1.06, 0.75 * smoothstep(low, low + 0.16, clouds))


def _hills(sheet: Sheet, base: Tensor, far: float):
    """A ridge: sums of waves, rough at the edge."""
    rng, u = sheet.rng, sheet.u[:1]
    ridge = sum(
        amplitude * torch.sin(u * waves * 6.28 + rng.uniform(0, 6.3))
        for waves, amplitude in ((0.4, 1.0), (1.1, 0.5), (2.7, 0.2), (7, 0.06), (19, 0.02))
    )
    top = rng.uniform(0.012, 0.05) * (0.5 + far) * (ridge + 1.7)
    cover = smoothstep(-sheet.pixel, sheet.pixel, top - sheet.v)
    spots = fbm(plane(sheet.u.flatten() * 30, sheet.v.flatten() * 90), 3, 1)
    return cover, base * (0.75 + 0.5 * spots.reshape(*sheet.v.shape, 1))


def _places(sheet: Sheet, low: int, high: int, *, edge: float = 0.1):
    """Column (N, 1, 1) of each of some trees, and random numbers (N, 4) of its own."""
    count = int(sheet.rng.integers(low, high))
    left = float(sheet.u[0, 0])
    columns = sheet.rng.uniform(left - edge, left + 1 + edge, count)
    numbers = torch.from_numpy(sheet.rng.random((count, 4)).astype(np.float32))
    return torch.from_numpy(columns.astype(np.float32))[:, None, None], numbers


def _conifers(sheet: Sheet, leaf: Tensor, far: float, snowy: bool):
    """Jagged cones of boughs; snow lies on them where it is winter."""
    x, some = _places(sheet, 14, 46)
    tall = (0.10 + 0.26 * some[:, 0]) * (1.25 - 0.6 * far)
    height = (sheet.v[None] + 0.01) / tall[:, None, None]
    boughs = height * (9 + 5 * some[:, 1, None, None])
    wide = tall * (0.13 + 0.08 * some[:, 2])
    rough = fbm(plane(sheet.u.flatten() * 55, sheet.v.flatten() * 55), 2)
    ragged = (rough[:, 0].reshape(sheet.v.shape) - 0.5)[None]
    half = (
        wide[:, None, None] * (1 - height) * (0.55 + 0.45 * (1 - boughs % 1)) * (1 + 1.1 * ragged)
    )
    inside = half - (sheet.u[None] - x).abs()
    cover = smoothstep(-0.7 * sheet.pixel, 0.7 * sheet.pixel, inside) * (height < 1)
    cover, which = cover.max(0)
    shade = 0.6 + 0.8 * some[which, 3]
    paint = leaf * (shade * (0.5 + rough[:, 1].reshape(shade.shape)))[..., None]
    if snowy:
        crust = smoothstep(0.50, 0.62, rough[:, 2]).reshape(shade.shape)
        paint = mix(paint, colour(0.62, 0.66, 0.74), crust * 0.8)
    return cover, paint


def _broadleaf(sheet: Sheet, leaf: Tensor, far: float, snowy: bool):
    """Round crowns: blobs with leafy edges on stems; bare twigs in winter."""
    x, some = _places(sheet, 16, 46)
    reach = (0.030 + 0.05 * some[:, 0]) * (1.3 - 0.6 * far)
    middle = reach * (0.6 + 2.2 * some[:, 1])
    dx = (sheet.u[None] - x) / reach[:, None, None]
    dy = (sheet.v[None] - middle[:, None, None]) / (reach * 0.95)[:, None, None]
    blobs = torch.exp(-1.3 * (dx**2 + dy**2))
    rough = fbm(plane(sheet.u.flatten() * 38, sheet.v.flatten() * 38, 3.0), 4)
    leafy = rough.reshape(*sheet.v.shape, 4)
    density = blobs.sum(0).clamp(max=1.2)
    density = density + 2.2 * (leafy[..., 0] - 0.5) * smoothstep(0.12, 0.4, density)
    cover = smoothstep(0.36, 0.46, density) * smoothstep(-0.02, 0.0, sheet.v)
    under = smoothstep(0.02, -0.004, sheet.v - 0.05 * leafy[..., 1]) * (sheet.v > -0.02)
    cover = torch.maximum(cover, under)
    weight = blobs / blobs.sum(0).clamp_min(1e-4)
    tone = (weight * (0.6 + 0.8 * some[:, 2])[:, None, None]).sum(0)
    paint = (
        leaf * (tone * (0.25 + 1.5 * leafy[..., 2]) * (0.8 + 0.25 * dy[0].clamp(-1, 1)))[..., None]
    )
    if snowy:
        paint = mix(paint * colour(1.2, 1.0, 0.95), colour(0.60, 0.64, 0.72), leafy[..., 3] * 0.8)
        cover = cover * (0.45 + 0.4 * smoothstep(0.4, 0.6, leafy[..., 3]))
    return cover, paint


def _trunks(sheet: Sheet, far: float, snowy: bool):
    """Stems from the ground to beyond the top of the picture, with bark and lit sides."""
    x, some = _places(sheet, 5, 15)
    lean = (some[:, 1, None, None] - 0.5) * 0.12
    half = (0.006 + 0.014 * some[:, 0, None, None]) * (1.5 - far)
    half = half * (1 + 0.25 * torch.exp(-sheet.v[None].clamp_min(0) / 0.02))
    across = (sheet.u[None] - x - lean * sheet.v[None]) / half
    foot = -0.015 - 0.02 * (1 - far) * some[:, 2, None, None]
    cover = smoothstep(1.08, 0.9, across.abs()) * smoothstep(foot - 0.01, foot, sheet.v[None])
    cover, which = cover.max(0)
    side = torch.gather(across, 0, which[None])[0].clamp(-1, 1)
    bark = fbm(plane(sheet.u.flatten() * 90, sheet.v.flatten() * 14, 7.0), 3, 0)
    bark = bark.reshape(side.shape)
    shade = (0.75 + 0.35 * side) * (0.5 + 1.1 * bark) * (0.7 + 0.6 * some[which, 3])
    paint = colour(*BARK) * shade[..., None]
    if snowy:
        crust = smoothstep(0.35, 0.8, side + 0.8 * (bark - 0.5)) * 0.7
        paint = mix(paint, colour(0.6, 0.64, 0.72), crust)
    return cover, paint
