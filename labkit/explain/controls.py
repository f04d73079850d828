"""Explanations that never look at the network: what every real one must beat.

They are called like the others, so that they stand in the same tables; model and target are not
used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.explain.heat import told
from labkit.explain.targets import Target, check_images


def centre_blob(model: nn.Module, images: Tensor, target: Target, *, width: float = 0.25) -> Tensor:
    """A Gaussian bump in the middle of every image, whatever it shows: heat (B, H, W), 0 to 1.

    Photographers put what matters in the middle, so it scores well where no control is made.
    `width` is the standard deviation as a share of the image's shorter side.

    >>> heat = centre_blob(model, images, 281)
    """
    check_images(images)
    if not width > 0:
        raise ValueError(f"width must be more than 0, a share of the image's side, not {width}")
    spread = width * min(images.shape[-2:])
    rows, columns = (torch.arange(side).to(images) - (side - 1) / 2 for side in images.shape[-2:])
    squared = (rows[:, None] ** 2 + columns**2) / spread**2
    return torch.exp(-squared / 2).expand(len(images), -1, -1).clone()


def edges(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    """How steeply the brightness changes at each pixel (Sobel): heat (B, H, W), per pixel.

    An edge detector looks much like a gradient explanation and knows no network (Adebayo et al.
    2018). Brightness is the mean of the channels; the border is repeated outside.

    >>> heat = edges(model, images, 281)
    """
    check_images(images)
    grey = F.pad(images.detach().mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]).to(images) / 8
    slopes = F.conv2d(grey, torch.stack([across, across.T])[:, None])  # (B, 2, H, W)
    return told(slopes.norm(dim=1), "the image has one brightness everywhere")
