"""Rivals without a network: one colour goes to another, wherever it stands in the picture."""

from __future__ import annotations

import torch
from torch import Tensor


def colour_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3,) of each channel over all pictures (N, 3, H, W)."""
    return images.mean((0, 2, 3)), images.std((0, 2, 3), correction=0)


def match_colour(images: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Give each picture (N, 3, H, W) the mean and standard deviation (3,) of each channel.

    Every channel of every picture is shifted and stretched by itself (Reinhard et al. 2001, there
    in another colour space); what leaves [0, 1] is cut off.
    """
    own = images.mean((2, 3), keepdim=True)
    spread = images.std((2, 3), keepdim=True, correction=0).clamp_min(1e-6)
    wanted, stretch = mean[:, None, None], deviation[:, None, None]
    return ((images - own) / spread * stretch + wanted).clamp(0, 1)


def match_histogram(images: Tensor, pile: Tensor) -> Tensor:
    """Give each channel of each picture (N, 3, H, W) the same values as a pile (M, 3, H, W) has.

    The darkest pixel gets the darkest value of the pile, the middle one the middle value, ...
    """
    values = pile.transpose(0, 1).flatten(1).sort(1).values  # (3, all)
    ranks = images.flatten(2).argsort(2).argsort(2).float() / (images[0, 0].numel() - 1)
    places = (ranks * (values.shape[1] - 1)).long()
    return torch.stack([values[c][places[:, c]] for c in range(3)], 1).view_as(images)


class AffineColour:
    """The best map from colour to colour (an affine one), learned from pairs (N, 3, H, W)."""

    def __init__(self, summer: Tensor, winter: Tensor):
        self.map = torch.linalg.lstsq(_rows(summer), _rows(winter)[:, :3]).solution

    def __call__(self, images: Tensor) -> Tensor:
        moved = _rows(images) @ self.map
        return moved.view(len(images), *images.shape[2:], 3).movedim(3, 1).clamp(0, 1)


def _rows(images: Tensor) -> Tensor:
    """Pixels (N * H * W, 4): three colours and a 1."""
    pixels = images.movedim(1, 3).reshape(-1, 3)
    return torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
