"""The animal's own picture: colour and coverage of every pixel, the same on any ground.

Rays are traced at several samples a pixel, lit, and averaged. Nothing about the ground enters.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.nets.threads import one_each
from labkit.render import coats, march
from labkit.render.animal import Animal
from labkit.render.camera import Camera
from labkit.render.light import Light, ShadowMap
from labkit.render.noise import noise, smoothstep, unit

SAMPLES = 2  # a pixel's side
GROUP = 20  # tiles that are traced together, at most


def draw_layer(animal: Animal, camera: Camera, light: Light, shadow: ShadowMap):
    """Linear colour (H, W, 3) and coverage (H, W) in [0, 1] of the animal."""
    size = camera.size * SAMPLES
    rays = camera.rays(size).reshape(-1, 3)
    canvas = torch.zeros(size * size, 4)

    def draw(group: list[march.Tile]) -> None:
        found = march.trace(animal, camera.eye, rays, group)
        met = [(tile, *hits) for tile, hits in zip(group, found, strict=True) if len(hits[0])]
        if met:
            index = torch.cat([samples for _, samples, _ in met])
            furs = [
                _fur(tile.animal, camera.eye, rays[i], t, camera.pixel / SAMPLES)
                for tile, i, t in met
            ]
            fur = Fur(*(torch.cat(column) for column in zip(*furs, strict=True)))
            linear = _shade(animal, fur, rays[index], light, shadow)
            above = (fur.points[:, 1] >= _drift(fur.points)).float()[:, None]
            canvas[index] = torch.cat([linear, torch.ones_like(above)], 1) * above

    with one_each() as workers, ThreadPoolExecutor(workers) as pool:
        tiles = list(march.tiles(animal, camera, size))  # tiles share no sample
        each = math.ceil(len(tiles) / (2 * math.ceil(len(tiles) / (2 * GROUP))))
        list(pool.map(draw, (tiles[i : i + each] for i in range(0, len(tiles), each))))
    canvas = canvas.reshape(size, size, 4).permute(2, 0, 1)[None]
    pixels = F.avg_pool2d(canvas, SAMPLES)[0].permute(1, 2, 0)
    return pixels[..., :3] / pixels[..., 3:].clamp_min(1e-3), pixels[..., 3]


class Fur(NamedTuple):
    """Points on the fur, (M, 3), and what the parts near them say.

    depth: from the skin, and length of the hair, metres (M,); normal of the body and lie of the
    hair, (M, 3) unit vectors; bones (M, B) and regions (M, R): shares; open_sky: (M,) what the
    body leaves of it; strand: (M, 1) strands a metre, never finer than the samples.
    """

    points: Tensor
    depth: Tensor
    length: Tensor
    normal: Tensor
    lie: Tensor
    bones: Tensor
    regions: Tensor
    open_sky: Tensor
    strand: Tensor


def _fur(animal: Animal, eye: Tensor, rays: Tensor, t: Tensor, sample: float) -> Fur:
    """Where unit rays (M, 3) from the eye meet the fur at distances t; sample: radians wide."""
    points = eye + t[:, None] * rays
    depth, share = animal.skin(points)
    normal = _normal(animal, points)
    lie = unit(share @ animal.flow)
    lie = unit(lie - (lie * normal).sum(1, keepdim=True) * normal)
    strand = 1 / (sample * t).mean().clamp_min(0.0022) / 2.2
    return Fur(
        points, depth, share @ animal.fur, normal, lie, *animal.belonging(share),
        _open_sky(animal, points, normal), strand.expand(len(points), 1),
    )  # fmt: skip


def _drift(points: Tensor) -> Tensor:
    """Height (M,) below which feet sink in: ragged like grass or trodden snow, on any ground."""
    x, z = points[:, 0] * 70, points[:, 2] * 70
    return 0.004 + 0.030 * (noise(torch.stack([x, x * 0, z], 1), 2) - 0.35).clamp_min(0)


def _shade(animal: Animal, fur: Fur, rays: Tensor, light: Light, shadow: ShadowMap) -> Tensor:
    """Linear colour (M, 3) of points on the fur."""
    streak, tilt = _strands(animal, fur)
    albedo, gloss, bare = coats.paint(animal, fur, streak)
    strength = (fur.length / 0.03).clamp(0.42, 1.2) * (1 - bare)
    albedo = albedo * (1 + 0.95 * streak * strength)[:, None].clamp(0.35, 1.8)
    depth = (fur.depth / fur.length.clamp_min(1e-3)).clamp(0, 1)
    depth = torch.where(fur.length < 0.008, torch.ones_like(depth), depth)
    fine = unit(fur.normal + tilt * (0.75 * strength)[:, None])
    low = smoothstep(-0.05, 0.40, fur.points[:, 1] + 0.2 * fur.normal[:, 1] + 0.1)
    occlusion = (fur.open_sky * (0.62 + 0.38 * low)).clamp(0.12, 1)
    occlusion = occlusion * (0.60 + 0.40 * smoothstep(0.05, 0.5, depth))
    lit = shadow.lit(fur.points + fur.normal * 0.012, bias=0.035)
    return _light(albedo, gloss, fine, rays, fur.lie, strength, occlusion, lit, light)


def _light(albedo, gloss, normal, rays, lie, strength, occlusion, lit, light: Light) -> Tensor:
    """Sun wrapped softly round the fur, sky, a rim of light against the sun, gloss on eyes."""
    sun = light.direction
    wrapped = ((normal @ sun + 0.22) / 1.22).clamp_min(0) * lit
    ambient = light.ambient(normal[:, 1]) * occlusion[:, None]
    out = albedo * (light.sun * wrapped[:, None] + ambient)
    half = unit(sun - rays)
    sheen = (1 - (lie * half).sum(1) ** 2).clamp_min(0) ** 20 * wrapped * 0.025 * strength
    facing = (-(normal * rays).sum(1)).clamp(0, 1)
    against = (rays @ sun).clamp(0, 1) * (1 - facing) ** 3 * occlusion * strength
    out = out + light.sun * (sheen * lit)[:, None]
    out = out + (0.5 * albedo + 0.05) * light.sun * (0.6 * against)[:, None]
    glint = ((normal * half).sum(1).clamp(0, 1) ** 70) * gloss
    return out + glint[:, None] * (0.35 * light.sun + 0.2 * light.sky) * 0.8


def _normal(animal: Animal, points: Tensor, step: float = 0.006) -> Tensor:
    """Outward unit normals (M, 3) of the body, from four distances (a tetrahedron)."""
    corners = torch.tensor([[1.0, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])
    around = (points[:, None] + step * corners).reshape(-1, 3)
    return unit(animal.skin(around)[0].reshape(-1, 4) @ corners)


def _open_sky(animal: Animal, points: Tensor, normal: Tensor) -> Tensor:
    """Share of the sky (M,) left open by the body nearby."""
    reach, weight = torch.tensor([[0.05], [0.13]]), torch.tensor([[0.35], [0.5]])
    around = points + normal * reach[..., None]
    gap = animal.solid(around.reshape(-1, 3)).reshape(2, -1)
    return 1 - (weight * (1 - (gap / reach).clamp(0, 1))).sum(0)


def _strands(animal: Animal, fur: Fur):
    """Noise smeared along the lie of the coat: brightness (M,) and tilt (M, 3) of its strands."""
    still, fine = fur.points + animal.offset, fur.strand
    total = torch.zeros(len(still), 4)
    for k in (-1.5, -0.5, 0.5, 1.5):
        total += noise((still + fur.lie * (k * 2.0 / fine)) * fine) - 0.5
        total += 0.7 * (noise((still + fur.lie * (k * 0.016)) * 42) - 0.5)
    total = total / 4
    return total[:, 0] * 2.0, total[:, 1:] * 1.6
