"""The Gram matrix of lab 11: the right answer, and the wrong ones that usual mistakes give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.checks.core import CheckFailed, call, compare

SHAPES = [(2, 3, 4, 5), (1, 4, 3, 3), (1, 1, 2, 6), (3, 2, 5, 2)]


def check_gram(answer: Callable[[Tensor], Tensor]) -> None:
    """Raise CheckFailed unless answer(features (B, C, H, W)) is their Gram matrices (B, C, C)."""
    generator = torch.Generator().manual_seed(1100)
    for shape in SHAPES:
        features = torch.randn(shape, generator=generator) + 0.7
        what = f"The Gram matrices of features {shape}"
        right, wrong = gram(features.double())
        got = one_array(call(answer, features), what)
        compare(got, right, mistakes=wrong, what=what, atol=1e-4)
    _check_slope(answer, features)


def gram(features: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The right matrices (B, C, C), and {message: wrong ones}; features float64."""
    batch, channels, height, width = features.shape
    flat = features.flatten(2)
    whole, places = flat @ flat.mT, height * width
    centred = flat - flat.mean(2, keepdim=True)
    unit = flat / flat.norm(dim=2, keepdim=True)
    scaled = centred / centred.norm(dim=2, keepdim=True)
    mean = flat.mean(2)
    scrambled = features.reshape(batch, places, channels)
    crossed = features.permute(0, 2, 3, 1).reshape(batch, channels, places)
    whitened = centred / flat.std(2, keepdim=True)
    together = (whole / places).mean(0)
    by_column = features @ features.mT
    return whole / places, {
        "it isn't divided by the number of places, H x W: a larger picture would have another "
        "style.": whole,
        "it is divided by channels x places, as in PyTorch's own tutorial. Here it's the mean over "
        "the places: divide by H x W only.": whole / places / channels,
        "it is divided by images x channels x places. Divide by H x W only.": (
            whole / features.numel()
        ),
        "it is divided by images x places: each image has its own mean. Divide by H x W.": (
            whole / places / batch
        ),
        "it is divided by the number of images: the mean is over the places, H x W.": whole / batch,
        "it is divided by H and multiplied by W: brackets, / (H * W).": whole / height * width,
        "it is divided by H alone: the places are H x W.": whole / height,
        "it is divided by W alone: the places are H x W.": whole / width,
        "it is divided by the number of channels: the mean is over the places, H x W.": (
            whole / channels
        ),
        "it is divided by the square root of H x W.": whole / places**0.5,
        "it is divided by H x W - 1: a mean divides by H x W.": whole / (places - 1),
        "the sum runs over channels in place of places: entry i, j tells which places are alike. "
        "That's where things are, not style. Swap the two factors.": flat.mT @ flat / places,
        "the sum runs over channels in place of places (and is divided by the channels). Swap the "
        "two factors.": flat.mT @ flat / channels,
        "the sum runs over channels in place of places (and isn't divided). Swap the two "
        "factors.": flat.mT @ flat,
        "the images of the batch are mixed: each has its own matrix, (B, C, C).": together,
        "the images of the batch are mixed (added up): each has its own matrix, (B, C, C).": (
            together * batch
        ),
        "all images have the same matrix, the mean over the batch: each has its own.": (
            together.expand(batch, -1, -1)
        ),
        "this is the matrix of the first image alone: keep the batch dimension.": whole[0] / places,
        "the means are taken off first: that's the covariance. How strong a channel is on average "
        "belongs to the style, too.": centred @ centred.mT / places,
        "the means are taken off first, and it's divided by H x W - 1: that's the covariance, as "
        "torch.cov has it. Keep the means.": centred @ centred.mT / (places - 1),
        "these are correlations: the strength of the channels is lost. Neither take means off nor "
        "divide by sizes.": scaled @ scaled.mT,
        "the channels are scaled to their own mean 0 and sd 1 first. Keep them as they are.": (
            whitened @ whitened.mT / places
        ),
        "each channel is divided by its length first (cosines): keep them as they are.": (
            unit @ unit.mT
        ),
        "these are products of means. Multiply at each place first, then take the mean: channels "
        "that are strong at the same places differ from those that take turns.": (
            mean[:, :, None] * mean[:, None, :]
        ),
        "only the diagonal is there, each channel with itself. Pairs are what counts.": (
            flat.pow(2).mean(2)
        ),
        "all but the diagonal is 0. Pairs are what counts.": torch.diag_embed(flat.pow(2).mean(2)),
        "channels and places are mixed up: .reshape doesn't swap dimensions. Flatten H and W, "
        ".flatten(2), and transpose afterwards.": scrambled.mT @ scrambled / places,
        "channels and places are mixed up: the channels went last before .reshape. Flatten (B, C, "
        "H, W) itself: .flatten(2).": crossed @ crossed.mT / places,
        "it's not a matrix of channels: H and W aren't flattened, so rows met columns. Begin with "
        ".flatten(2).": by_column,
        "it's not a matrix of channels: H and W aren't flattened, so rows met columns. Begin with "
        ".flatten(2), then divide.": by_column / places,
    }


def one_array(got: Any, what: str) -> Any:
    """What came, unless it's a list or tuple of tensors, which no later cell could use."""
    if isinstance(got, list | tuple) and any(isinstance(item, Tensor) for item in got):
        kind = type(got).__name__
        raise CheckFailed(f"{what} should be one tensor, but is a {kind} of them: torch.stack?")
    return got


def _check_slope(answer: Callable[[Tensor], Tensor], features: Tensor) -> None:
    """A picture learns through it, so a gradient must come back."""

    def slope(features: Tensor) -> Tensor:
        result = answer(features)
        if not isinstance(result, Tensor) or not result.requires_grad:
            raise CheckFailed(
                "The numbers are right, but no picture can learn from them: they have no gradient. "
                "Leave out .detach(), torch.no_grad() and NumPy on the way."
            )
        return torch.autograd.grad(result.sum(), features)[0]

    got = call(slope, features.clone().requires_grad_())
    flat = features.double().flatten(2)
    want = (2 * flat.sum(1, keepdim=True) / flat.shape[2]).expand_as(flat).view_as(features)
    compare(got, want, what="The gradient of the sum of its entries", atol=1e-4)
