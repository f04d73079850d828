"""Checks of lab 00: the warm-up."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.core import call, compare, exercise


@exercise
def mirrored(answer: Callable[[Tensor], Tensor]) -> str:
    """mirrored(image (3, H, W)) -> (3, H, W), left and right changed over."""
    generator = torch.Generator().manual_seed(1)
    for height, width in [(4, 6), (5, 5), (1, 3)]:
        image = torch.rand(3, height, width, generator=generator)
        compare(
            call(answer, image),
            image.flip(2),
            what=f"mirrored(an image of shape {tuple(image.shape)})",
            mistakes={
                "this is the image as it was. The width is the last dimension of (3, H, W).": image,
                "this is upside down: the rows were reversed. The columns are dimension 2.": (
                    image.flip(1) if height > 1 else image + 1
                ),
                "this is turned by 180 degrees: rows and columns are both reversed. Reverse only "
                "dimension 2.": image.flip(1, 2) if height > 1 else image + 1,
                "this swaps red and blue: the colours were reversed. The columns are dimension "
                "2.": image.flip(0),
                "rows and columns are swapped. Reverse the columns, do not transpose.": (
                    image.transpose(1, 2) if height > 1 else image + 1
                ),
            },
        )
    return "mirrored is right: left and right have changed places, colours and rows have not."
