"""From light to a finished picture, and the arguments that can be drawn: for animals and cars."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.render.camera import Camera
from labkit.render.light import film


def develop(linear: Tensor, *, exposure: float, grain: float, seed: list[int]) -> Tensor:
    """Film curve, darker corners, grain: (H, W, 3) linear to (3, H, W) in [0, 1]."""
    size = len(linear)
    line = torch.linspace(-1, 1, size)
    corners = 1 - 0.07 * (line[:, None] ** 2 + line[None] ** 2)
    noise = np.random.default_rng(seed).standard_normal((size, size), dtype=np.float32)
    picture = film(linear, exposure).permute(2, 0, 1)
    return ((picture + torch.from_numpy(noise) * grain) * corners).clamp(0, 1)


def known(what: str, name: str, names: tuple[str, ...]) -> str:
    """The name, if it is one of the names; else ValueError."""
    if name not in names:
        raise ValueError(f"unknown {what} {name!r}; choose one of {', '.join(names)}")
    return name


def whole_numbers(seed: int, size: int, sizes: tuple[int, int]) -> tuple[int, int]:
    """Seed and size as int, if they can be drawn; else TypeError or ValueError."""
    for name, value in (("seed", seed), ("size", size)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name} is a whole number, not {value!r}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}")
    if not sizes[0] <= size <= sizes[1]:
        raise ValueError(f"size must be from {sizes[0]} to {sizes[1]} pixels, not {size}")
    return int(seed), int(size)


def focus(picture: Tensor, camera: Camera, distance: float, aperture: float) -> Tensor:
    """Blur what lies far before or behind the subject, as a lens does."""
    size = camera.size
    y = camera.plane(size)[1][:, 0]
    down = -(camera.forward[1] + y * camera.up[1])
    depth = camera.eye[1] / down.clamp_min(1e-3)
    blur = (1 - distance / depth).abs().clamp(max=1) * aperture * 0.010 * size
    sharp = picture.permute(2, 0, 1)[None]
    out, previous = sharp, 0.0
    for width in (0.0035 * size, 0.010 * size):
        soft = _gauss(sharp, width)
        share = ((blur - previous) / (width - previous)).clamp(0, 1)[None, None, :, None]
        out, previous = out + (soft - out) * share, width
    return out[0].permute(1, 2, 0)


def _gauss(picture: Tensor, width: float) -> Tensor:
    """Gaussian blur of (1, 3, H, W)."""
    reach = max(1, round(2.5 * width))
    line = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-0.5 * (line / max(width, 0.1)) ** 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)
    padded = F.pad(picture, (reach,) * 4, mode="replicate")
    across = F.conv2d(padded, kernel, groups=3)
    return F.conv2d(across, kernel.transpose(2, 3), groups=3)
