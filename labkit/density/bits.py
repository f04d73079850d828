"""One unit for all: bits per pixel, also of what is no network. Black and white images only."""

from __future__ import annotations

import io
import lzma
import math
import zlib

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

# the pixels before one that a table looks at: (rows up, columns to the right)
NEIGHBOURS = {
    4: [(0, -1), (1, -1), (1, 0), (1, 1)],
    10: [(0, -1), (0, -2), *((1, c) for c in range(-2, 3)), *((2, c) for c in range(-1, 2))],
}


def bits_per_pixel(nats: Tensor | float, pixels: int = 784) -> Tensor | float:
    """Nats an image -> bits per pixel: a bit is ln 2 nats."""
    return nats / math.log(2) / pixels


def constant(train: Tensor, test: Tensor) -> Tensor:
    """What each test image (N, 1, H, W) costs if every pixel has one chance of ink: (N,) nats."""
    return _nats(train.mean().expand_as(test), test)


def independent(train: Tensor, test: Tensor) -> Tensor:
    """What each test image costs if every place has its own chance of ink: (N,) nats."""
    return _nats(((train.sum(0) + 0.5) / (len(train) + 1)).expand_as(test), test)


def neighbours(train: Tensor, test: Tensor, *, count: int = 10) -> Tensor:
    """What each test image costs by a table of how often ink follows `count` earlier neighbours.

    The table has a row for each pattern of those 4 or 10 pixels (16 or 1,024). (N,) nats.
    """
    patterns, seen = _patterns(train, count), 2**count
    ink = torch.bincount(patterns.flatten(), train.flatten(), minlength=seen)
    times = torch.bincount(patterns.flatten(), minlength=seen)
    return _nats(((ink + 0.5) / (times + 1)).float()[_patterns(test, count)], test)


def compressed(test: Tensor) -> dict[str, float]:
    """Bits per pixel of all images (N, 1, H, W) in one file: PNG, zlib, lzma."""
    tall = (test[:, 0].flatten(0, 1).numpy() * 255).astype(np.uint8)
    png = io.BytesIO()
    Image.fromarray(tall).convert("1").save(png, "PNG", optimize=True)
    packed = np.packbits(test.numpy().astype(np.uint8)).tobytes()
    files = {
        "PNG": png.getvalue(),
        "zlib": zlib.compress(packed, 9),
        "lzma": lzma.compress(packed),
    }
    return {name: 8 * len(file) / test.numel() for name, file in files.items()}


def _patterns(images: Tensor, count: int) -> Tensor:
    """The neighbours of each pixel as the digits of one number, (N, 1, H, W)."""
    height, width = images.shape[-2:]
    padded, pattern = F.pad(images, (2, 2, 2, 0)).long(), 0
    for up, right in NEIGHBOURS[count]:
        shifted = padded[:, :, 2 - up : 2 - up + height, 2 + right : 2 + right + width]
        pattern = 2 * pattern + shifted
    return pattern


def _nats(chance: Tensor, images: Tensor) -> Tensor:
    each = F.binary_cross_entropy(chance, images, reduction="none")
    return each.flatten(1).sum(1)
