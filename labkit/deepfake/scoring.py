"""How near a swap comes to the truth, and its rivals, which learn nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.data import Portraits


def head_error(fakes: Tensor, truth: Portraits) -> float:
    """Mean absolute error of the colours where the animal is; fakes (N, 3 or 4, 64, 64)."""
    apart = (fakes[:, :3] - truth.images).abs().mean(1, keepdim=True)
    return float((apart * truth.covers).sum() / truth.covers.sum())


def pose_found(fakes: Tensor, truth: Portraits) -> float:
    """Share of fakes that are nearest to the true picture of their own pose, of all in `truth`."""
    nearest = _apart(fakes[:, :3], truth.images).argmin(1)
    return float((nearest == torch.arange(len(fakes))).float().mean())


def sharpness(pictures: Tensor, covers: Tensor) -> float:
    """Mean difference between neighbouring pixels where the animal is; pictures (N, C, H, W)."""
    inside = covers[..., 1:] * covers[..., :-1]
    steps = pictures[:, :3].diff(dim=3).abs().mean(1, keepdim=True)
    return float((steps * inside).sum() / inside.sum())


def rivals(own: Tensor, other: Tensor, asked: Tensor) -> dict[str, Tensor]:
    """Fakes without a network, by name: faces (N, 4, 64, 64) for the faces asked for.

    own, other (M, 4, 64, 64): known faces of the actor who is seen and of the one who is wanted.
    """
    return {
        "nearest frame": nearest(other, asked),
        "mean face": other.mean(0).expand_as(asked),
        "new colours": match_colour(own, other, asked),
    }


def nearest(other: Tensor, asked: Tensor) -> Tensor:
    """The known face of the other with the most similar outline: it beats the colours by far."""
    return other[_apart(asked[:, 3:], other[:, 3:]).argmin(1)]


def match_colour(own: Tensor, other: Tensor, asked: Tensor) -> Tensor:
    """The faces asked for, in colours of the mean and the standard deviation of the other's."""
    level, spread = _colours(own)
    new_level, new_spread = _colours(other)
    colours = (asked[:, :3] - level) / spread * new_spread + new_level
    return torch.cat([colours.clamp(0, 1), asked[:, 3:]], 1)


def _colours(faces: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each colour, (3, 1, 1)."""
    spread, level = torch.std_mean(faces[:, :3], (0, 2, 3))
    return level[:, None, None], spread[:, None, None]


def _apart(pictures: Tensor, others: Tensor) -> Tensor:
    """Distances (N, M) between the pixels of pictures (N, C, H, W) and (M, C, H, W)."""
    return torch.cdist(pictures.flatten(1), others.flatten(1))
