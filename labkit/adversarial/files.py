"""What a picture loses on its way through a file: values between two of 256, and JPEG's detail."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from labkit.images import to_tensor, to_uint8


def rounded(images: Tensor) -> Tensor:
    """Images of any shape as a file with 8 bits a value gives them back: clipped, in 256 levels."""
    return images.clamp(0, 1).mul(255).round().div(255)


def jpeg(images: Tensor, quality: int) -> Tensor:
    """Images (B, 3, H, W) saved as JPEG and read again; quality 1 (coarse) to 95 (fine).

    ValueError for another shape or quality.
    """
    if images.dim() != 4 or images.shape[1] != 3:
        raise ValueError(f"images must be (B, 3, H, W), not {tuple(images.shape)}")
    if not 1 <= quality <= 95:
        raise ValueError(f"quality must be from 1 to 95, not {quality}")
    return torch.stack(
        [to_tensor(_through_jpeg(to_uint8(image), int(quality))) for image in images]
    )


def _through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "jpeg", quality=quality)
    return np.asarray(Image.open(file))
