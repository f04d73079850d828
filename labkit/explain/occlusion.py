"""Explanation by covering: slide a patch over the image and see how far the answer falls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import torch
from torch import Tensor, nn

from labkit.explain.heat import told
from labkit.explain.targets import (
    Target,
    answers,
    check_counts,
    check_images,
    filled,
    steps,
    target_part,
)


def occlusion(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    patch: int | None = None,
    stride: int | None = None,
    fill: str | float = "mean",
    batch_size: int = 8,
    progress: bool = False,
) -> Tensor:
    """How far the target falls when a pixel is covered: heat (B, H, W), in units of the target.

    Zeiler & Fergus (2014). A square of `patch` pixels moves in steps of `stride`; the last one in
    a row or column is flush with the border. Heat is target(image) - target(covered image),
    averaged over the squares that cover the pixel; below 0 the pixel speaks against the target.
    The square is filled with the image's mean colour, with a blurred copy ("blur"), or with a
    brightness from 0 to 1. One forward pass a square: 169 for 224 pixels; `progress` shows a bar.
    The default patch is 32 pixels, at most a quarter of the image's shorter side; the default
    stride is half a patch, at most 16.
    Raises ValueError for a patch that does not fit, or a stride that leaves pixels out.

    >>> heat = occlusion(model, images, 281, patch=32, stride=32)
    """
    check_images(images, model)
    patch = max(min(32, min(images.shape[-2:]) // 4), 1) if patch is None else patch
    check_counts(patch=patch, batch_size=batch_size)
    stride = max(min(16, patch // 2), 1) if stride is None else stride
    check_counts(stride=stride)
    places = _places(*images.shape[-2:], patch, stride)
    images = images.detach().contiguous(memory_format=torch.channels_last)
    covers, heats = filled(images, fill), []
    for i, image in enumerate(steps(images.split(1), "occlusion", progress)):
        wanted = [target_part(target, i, 1, len(images))]
        hidden = _covered(image, covers[i], places, patch, batch_size)
        values = answers(model, chain([image], hidden), wanted)[:, 0]
        heats.append(_spread(values[0] - values[1:], places, patch, image.shape[-2:]))
    return told(
        torch.stack(heats),
        f"the answer falls as far wherever a patch of {patch} pixels lies, or not at all",
    )


def _places(height: int, width: int, patch: int, stride: int) -> list[tuple[int, int]]:
    """Top left corners (row, column) of the patches; the last ones flush with the border."""
    if patch > min(height, width):
        raise ValueError(f"a patch of {patch} pixels does not fit into images of {height}x{width}")
    if stride > patch:
        raise ValueError(f"a stride of {stride} leaves pixels out between patches of {patch}")
    rows, columns = (
        sorted({*range(0, side - patch + 1, stride), side - patch}) for side in (height, width)
    )
    return [(row, column) for row in rows for column in columns]


def _covered(
    image: Tensor, cover: Tensor, places: list, patch: int, batch_size: int
) -> Iterator[Tensor]:
    """The image (1, C, H, W) once for each place, there covered by `cover` (C, H, W); batches."""
    for first in range(0, len(places), batch_size):
        some = places[first : first + batch_size]
        copies = image.repeat(len(some), 1, 1, 1).contiguous(memory_format=torch.channels_last)
        for copy, (row, column) in zip(copies, some, strict=True):
            square = slice(row, row + patch), slice(column, column + patch)
            copy[:, *square] = cover[:, *square]
        yield copies


def _spread(falls: Tensor, places: list, patch: int, size: tuple[int, int]) -> Tensor:
    """Mean fall over the patches that cover each pixel, (H, W)."""
    total, count = falls.new_zeros(2, *size)
    for fall, (row, column) in zip(falls, places, strict=True):
        total[row : row + patch, column : column + patch] += fall
        count[row : row + patch, column : column + patch] += 1
    return total / count
