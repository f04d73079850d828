"""A pinhole camera: rays of pixels, and where points fall in the picture.

World: x, z on the ground, y up, metres. Picture: x right and y down in pixels; inside, plane
coordinates from -1 to 1 with y up. Knows nothing about what it looks at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.render.noise import unit


@dataclass
class Camera:
    """eye: (3,) position; forward, right, up: (3,) unit vectors; focal: plane half-widths;
    shift: (2,) where the axis meets the picture plane; size: side of the picture in pixels."""

    eye: Tensor
    forward: Tensor
    right: Tensor
    up: Tensor
    focal: float
    shift: Tensor
    size: int

    @property
    def pixel(self) -> float:
        """Width of a pixel at distance 1."""
        return 2 / self.size / self.focal

    def plane(self, size: int) -> tuple[Tensor, Tensor]:
        """Plane coordinates x, y, each (size, size), of the picture cut into `size` rows."""
        line = (torch.arange(size) + 0.5) / size * 2 - 1
        y, x = torch.meshgrid(-line, line, indexing="ij")
        return (x - self.shift[0]) / self.focal, (y - self.shift[1]) / self.focal

    def rays(self, size: int) -> Tensor:
        """Unit directions (size, size, 3)."""
        x, y = self.plane(size)
        return unit(self.forward + x[..., None] * self.right + y[..., None] * self.up)

    def project(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Column, row (pixels) and depth of (M, 3) points."""
        offset = points - self.eye
        depth = offset @ self.forward
        safe = depth.clamp_min(1e-3)
        x = (offset @ self.right) / safe * self.focal + self.shift[0]
        y = (offset @ self.up) / safe * self.focal + self.shift[1]
        return (x + 1) / 2 * self.size, (1 - y) / 2 * self.size, depth

    @property
    def horizon(self) -> float:
        """Row in pixels where the level ground ends."""
        slope = float(self.forward[1] / self.up[1])
        y = -slope * self.focal + float(self.shift[1])
        return (1 - y) / 2 * self.size


def look_at(target: Tensor, *, azimuth: float, height: float, distance: float) -> Camera:
    """A camera around `target` at this azimuth (radians, 0 along +x), focal 1, one pixel."""
    ground = torch.tensor([math.cos(azimuth), 0.0, math.sin(azimuth)]) * distance
    eye = torch.tensor([float(target[0]), 0.0, float(target[2])]) + ground
    eye[1] = height
    forward = unit(target - eye)
    right = unit(torch.linalg.cross(forward, torch.tensor([0.0, 1.0, 0.0])))
    up = torch.linalg.cross(right, forward)
    return Camera(eye, forward, right, up, 1.0, torch.zeros(2), 1)


def frame(camera: Camera, low: Tensor, high: Tensor, *, fill: float, place, size: int) -> Camera:
    """Zoom so that the spheres' box `low` to `high` (N, 3) fills this share of the picture.

    `place`: two numbers in [-1, 1], where in the room left over the box lies.
    """
    corners = torch.cat([low, high])
    offset = corners - camera.eye
    depth = offset @ camera.forward
    flat = torch.stack([offset @ camera.right, offset @ camera.up], 1) / depth[:, None]
    least, most = flat.amin(0), flat.amax(0)
    focal = 2 * fill / float((most - least).max())
    room = 1 - (most - least) * focal / 2
    shift = torch.tensor(place, dtype=torch.float32) * room - (most + least) / 2 * focal
    return Camera(camera.eye, camera.forward, camera.right, camera.up, focal, shift, size)
