"""Scores of explanations: an explanation is measured, not admired.

Against the truth, if it is known (`mass_in_mask`, `pointing_game`, `average_precision`, and
`shuffled`, which a blob in the middle cannot fool); against the network's own answers (`deletion`,
`insertion`); against itself (`repeatability`) and against a network that knows nothing
(`randomization`). Heat that says nothing, being the same everywhere, scores what chance does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.explain.stability import randomization, repeatability, spearman
from labkit.explain.targets import (
    Target,
    check_counts,
    check_images,
    evaluating,
    filled,
    target_part,
    target_values,
)

__all__ = [
    "FRACTIONS",
    "area",
    "average_precision",
    "deletion",
    "insertion",
    "mass_in_mask",
    "pointing_game",
    "randomization",
    "repeatability",
    "shuffled",
    "spearman",
]

FRACTIONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


def mass_in_mask(
    heat: Tensor, mask: Tensor, *, absolute: bool = False, lift: bool = False
) -> Tensor:
    """The share of the heat that lies within the mask, for each image: (B,), 0 to 1.

    Counts heat above 0, or with `absolute` the size of all heat. Heat and mask are (B, H, W). With
    `lift` the share is divided by the mask's share of the image: 1 is chance, and a blob in the
    middle still gets more where masks lie in the middle: see `shuffled`.

    >>> heat = gradient(model, images, 281)
    >>> share = mass_in_mask(heat, heat > heat.mean())
    """
    heat, mask = _pair(heat, mask)
    heat = heat.abs() if absolute else heat.relu()
    heat = heat.where(heat.sum(1, keepdim=True) > 0, torch.ones_like(heat))
    share = (heat * mask).sum(1) / heat.sum(1)
    return share / mask.float().mean(1) if lift else share


def pointing_game(heat: Tensor, mask: Tensor, *, tolerance: int = 0) -> Tensor:
    """Whether the hottest point lies within the mask, for each image: (B,), 1 or 0.

    Zhang et al. (2018). If several points are equally hot, as all of a superpixel are, the share
    of them that lies within. The mask may be widened by `tolerance` pixels on all sides.

    >>> hit = pointing_game(images.mean(1), images.mean(1) > 0.5)
    """
    if tolerance:
        check_counts(tolerance=tolerance)
        wide = 2 * tolerance + 1
        mask = F.max_pool2d(mask[:, None].float(), wide, stride=1, padding=tolerance)[:, 0] > 0
    heat, mask = _pair(heat, mask)
    hottest = heat == heat.amax(1, keepdim=True)
    return (hottest & mask).sum(1) / hottest.sum(1)


def average_precision(heat: Tensor, mask: Tensor) -> Tensor:
    """The area under the precision-recall curve of "hot enough, so within the mask": (B,), 0 to 1.

    Going down from the hottest pixel, the mean over the mask's pixels of the share that was right
    so far; equally hot pixels come together. Chance is the mask's share of the image.

    >>> average_precision(images.mean(1), images.mean(1) > 0.5)
    tensor([1., 1.])
    """
    heat, mask = _pair(heat, mask)
    return torch.stack([_average_precision(*pair) for pair in zip(heat, mask, strict=True)])


def shuffled(score: Callable[..., Tensor], heat: Tensor, mask: Tensor, **options) -> Tensor:
    """A score minus what the heat gets on average with the other images' masks: (B,).

    After the shuffled AUC of eye-tracking (Tatler et al. 2005; Zhang et al. 2008). Heat that does
    not look at the image, a blob in the middle or any other that is the same for all, gets 0
    averaged over the images, exactly. `score` is `mass_in_mask`, `pointing_game` or
    `average_precision`. Raises ValueError for a single image.

    >>> gain = shuffled(mass_in_mask, images.mean(1), images.mean(1) > 0.5)
    """
    if len(heat) < 2:
        raise ValueError("shuffled compares with the masks of other images: give two or more")
    rounds = [score(heat, mask.roll(k, 0), **options) for k in range(len(heat))]
    return rounds[0] - torch.stack(rounds[1:]).mean(0)


def deletion(
    model: nn.Module,
    images: Tensor,
    heat: Tensor,
    target: Target,
    *,
    fractions: Sequence[float] = FRACTIONS,
    patch: int = 16,
    fill: str | float = "blur",
) -> Tensor:
    """The target's value as the hottest patches of each image are removed: (B, len(fractions)).

    Deletion (Petsiuk et al. 2018; Samek et al. 2017 for patches). Heat (B, H, W) is summed over
    squares of `patch` pixels; the given fraction (0 to 1) of squares, hottest first, is replaced
    by a strongly blurred copy of the image ("blur"), by its mean colour ("mean"), or by a
    brightness. Single pixels (patch=1) measure the network's dislike of speckles as much as the
    explanation. Raises ValueError for shapes that do not fit together.

    >>> curve = deletion(model, images, gradient(model, images, 281), 281)
    """
    removed = filled(images, fill)
    return _curve(model, images, removed, heat, target, fractions=fractions, patch=patch)


def insertion(
    model: nn.Module,
    images: Tensor,
    heat: Tensor,
    target: Target,
    *,
    fractions: Sequence[float] = FRACTIONS,
    patch: int = 16,
    fill: str | float = "blur",
) -> Tensor:
    """The target's value as the hottest patches come back, first into nothing: (B, len(fractions)).

    The reverse of `deletion` (Petsiuk et al. 2018), with the same options: starts from the filled
    image, ends with the whole one. A good explanation rises early.

    >>> curve = insertion(model, images, gradient(model, images, 281), 281)
    """
    nothing = filled(images, fill)
    return _curve(model, nothing, images, heat, target, fractions=fractions, patch=patch)


def area(curve: Tensor, *, fractions: Sequence[float] = FRACTIONS) -> Tensor:
    """The mean height of deletion or insertion curves (B, len(fractions)): (B,), trapezoid rule.

    >>> area(torch.tensor([[1.0, 0.0, 0.0]]), fractions=(0, 0.5, 1))
    tensor([0.2500])
    """
    places = torch.as_tensor(fractions, dtype=curve.dtype, device=curve.device)
    if curve.shape[-1] != len(places) or len(places) < 2:
        raise ValueError(f"{curve.shape[-1]} points on the curve for {len(places)} fractions")
    return torch.trapezoid(curve, places) / (places[-1] - places[0])


def _curve(
    model: nn.Module,
    start: Tensor,
    end: Tensor,
    heat: Tensor,
    target: Target,
    *,
    fractions: Sequence[float],
    patch: int,
) -> Tensor:
    """The target's value as patches of `start` turn into those of `end`, hottest first."""
    order = _squares(start, heat, patch).flatten(1).argsort(dim=1, descending=True)
    rank = order.argsort(dim=1)  # 0 for the hottest square
    curve = []
    for fraction in fractions:
        turned = _pixels(rank < round(fraction * rank.shape[1]), start.shape[-2:], patch)
        curve.append(_answers(model, end.where(turned, start), target))
    return torch.stack(curve, 1)


def _answers(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    values = []
    with torch.no_grad(), evaluating(model):
        for first in range(0, len(images), 16):
            some = images[first : first + 16]
            wanted = target_part(target, first, len(some), len(images))
            values.append(target_values(model(some), wanted, count=len(some)))
    return torch.cat(values)


def _squares(images: Tensor, heat: Tensor, patch: int) -> Tensor:
    check_images(images)
    check_counts(patch=patch)
    if heat.shape != (len(images), *images.shape[-2:]):
        raise ValueError(f"heat must be (B, H, W) of the images, not {tuple(heat.shape)}")
    return F.avg_pool2d(heat[:, None], patch, ceil_mode=True)[:, 0]


def _pixels(squares: Tensor, size: tuple[int, int], patch: int) -> Tensor:
    """Bool squares (B, n) -> bool pixels (B, 1, H, W)."""
    rows, columns = (-(-side // patch) for side in size)
    pixels = squares.view(-1, 1, rows, columns)
    pixels = pixels.repeat_interleave(patch, 2).repeat_interleave(patch, 3)
    return pixels[..., : size[0], : size[1]]


def _average_precision(heat: Tensor, mask: Tensor) -> Tensor:
    _, place, count = heat.unique(return_inverse=True, return_counts=True)
    inside = torch.zeros_like(count).index_add_(0, place, mask.long())
    inside, taken = inside.flip(0), count.flip(0).cumsum(0)  # hottest first
    return (inside * inside.cumsum(0) / taken).sum() / mask.sum()


def _pair(heat: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Heat and mask as (B, H * W), the mask as bool; ValueError if they do not fit together."""
    if heat.dim() != 3 or heat.shape != mask.shape:
        shapes = f"{tuple(heat.shape)} and {tuple(mask.shape)}"
        raise ValueError(f"heat and mask must both be (B, H, W), not {shapes}")
    if not heat.isfinite().all():
        raise ValueError("the heat holds values that are not finite numbers")
    mask = (mask > 0.5).flatten(1)
    empty = (~mask.any(1)).nonzero().flatten().tolist()
    if empty:
        raise ValueError(f"the mask of these images is empty, nothing can lie within it: {empty}")
    return heat.flatten(1), mask
