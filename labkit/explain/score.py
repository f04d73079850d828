"""Scores of explanations: an explanation is measured, not admired.

So far `deletion`: remove what the heat calls important and watch the answer go.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.explain.gradients import Target, target_values

FRACTIONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


def deletion(
    model: nn.Module,
    images: Tensor,
    heat: Tensor,
    target: Target,
    *,
    fractions: Sequence[float] = FRACTIONS,
    patch: int = 16,
    fill: str = "blur",
) -> Tensor:
    """The target's value as the hottest patches of each image are removed: (B, len(fractions)).

    Deletion (Petsiuk et al. 2018; Samek et al. 2017 for patches). Heat (B, H, W) is summed over
    squares of `patch` pixels; the given fraction (0 to 1) of squares, hottest first, is replaced
    by a strongly blurred copy of the image ("blur"), or by its mean colour ("mean"). Single
    pixels (patch=1) measure the network's dislike of speckles as much as the explanation.
    Raises ValueError for shapes that do not fit together.

    >>> curve = deletion(model, images, gradient(model, images, 281), 281)
    """
    order = _squares(images, heat, patch).flatten(1).argsort(dim=1, descending=True)
    rank = order.argsort(dim=1)  # 0 for the hottest square
    removed = _filled(images, fill)
    rows, columns = (-(-side // patch) for side in images.shape[-2:])
    curve = []
    for fraction in fractions:
        gone = (rank < round(fraction * rank.shape[1])).view(-1, 1, rows, columns)
        gone = gone.repeat_interleave(patch, 2).repeat_interleave(patch, 3)
        gone = gone[..., : images.shape[-2], : images.shape[-1]]
        with torch.no_grad():
            outputs = torch.cat([model(x) for x in images.where(~gone, removed).split(16)])
        curve.append(target_values(outputs, target))
    return torch.stack(curve, 1)


def _squares(images: Tensor, heat: Tensor, patch: int) -> Tensor:
    if heat.shape != (len(images), *images.shape[-2:]):
        raise ValueError(f"heat must be (B, H, W) of the images, not {tuple(heat.shape)}")
    return F.avg_pool2d(heat[:, None], patch, ceil_mode=True)[:, 0]


def _filled(images: Tensor, fill: str) -> Tensor:
    if fill == "mean":
        return images.mean((2, 3), keepdim=True).expand_as(images)
    if fill == "blur":
        side = max(images.shape[-1] // 16, 1)
        small = F.adaptive_avg_pool2d(images, (side, side))
        return F.interpolate(small, images.shape[-2:], mode="bilinear").clamp(0, 1)
    raise ValueError(f'fill must be "blur" or "mean", not {fill!r}')
