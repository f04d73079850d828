"""A digit turned by given angles, to see how far its embedding moves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def turned(image: Tensor, angles: Sequence[float]) -> Tensor:
    """The image (1, H, W) turned counter-clockwise by each angle in degrees: (A, 1, H, W).

    About the centre, bilinear, paper (0) where nothing was.

    >>> turned(torch.rand(1, 28, 28), [0, 90, 180]).shape
    torch.Size([3, 1, 28, 28])
    """
    turns = [math.radians(angle) for angle in angles]
    rows = [[[math.cos(t), -math.sin(t), 0], [math.sin(t), math.cos(t), 0]] for t in turns]
    matrices = torch.tensor(rows, dtype=image.dtype)
    batch = image.expand(len(turns), *image.shape)
    places = F.affine_grid(matrices, list(batch.shape), align_corners=False)
    return F.grid_sample(batch, places, align_corners=False).clamp(0, 1)
