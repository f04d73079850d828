"""Explanations from derivatives: plain, averaged over noise, integrated along a path."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from labkit.explain.heat import told
from labkit.explain.targets import (
    Target,
    check_counts,
    check_images,
    evaluating,
    target_of,
    target_part,
    target_values,
    with_slope,
)
from labkit.nets.folding import folded

FLAT = "the target reacts to every pixel alike, or to none, as where all units are switched off"


def gradient(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    signed: bool = False,
    batch_size: int = 8,
) -> Tensor:
    """How strongly the target reacts to each pixel: the derivative at the images themselves.

    The saliency map of Simonyan et al. (2014): the largest absolute value over the colour
    channels, (B, H, W), in units of the target per unit of brightness. With `signed=True` the
    sum over the channels instead: what happens when the pixel turns brighter.

    >>> heat = gradient(model, images, 281)
    """
    slopes = pixel_gradient(model, images, target, batch_size=batch_size)
    return told(_to_heat(slopes, signed), FLAT)


def smooth_grad(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    samples: int = 16,
    noise: float = 0.15,
    seed: int = 0,
    signed: bool = False,
    batch_size: int = 8,
) -> Tensor:
    """The gradient averaged over `samples` noisy copies of the image: what survives is less noisy.

    SmoothGrad (Smilkov et al. 2017). `noise` is the standard deviation as a share of the image's
    range (brightest minus darkest value). It depends on `seed` alone, and is the same for every
    image: an image's heat does not depend on the batch it is in. Heat (B, H, W) as in `gradient`.
    """
    check_counts(samples=samples, batch_size=batch_size)
    check_images(images, model)
    images = images.detach()
    generator = torch.Generator().manual_seed(seed)
    spread = noise * (images.amax((1, 2, 3)) - images.amin((1, 2, 3))).view(-1, 1, 1, 1)
    total, quick = torch.zeros_like(images), _quick(model)
    for some in torch.arange(samples).split(max(batch_size // len(images), 1)):
        noisy = [torch.randn(images.shape[1:], generator=generator).to(images) for _ in some]
        points = torch.cat([images + spread * shake for shake in noisy])
        wanted = target_of(target, torch.arange(len(points)) % len(images), len(images))
        slopes = pixel_gradient(quick, points, wanted, batch_size=batch_size)
        total += slopes.view(len(some), *images.shape).sum(0)
    return told(_to_heat(total / samples, signed), FLAT)


def integrated_gradients(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    baseline: Tensor | float = 0.0,
    steps: int = 32,
    signed: bool = True,
    batch_size: int = 8,
) -> Tensor:
    """Each pixel's share of the way from a baseline to the image: gradients summed along the path.

    Sundararajan et al. (2017): (image - baseline) times the mean gradient at `steps` midpoints of
    the straight path. Signed heat (B, H, W), summed over channels, adds up to target(image) -
    target(baseline): completeness, exact as steps grow. `baseline` is a number in [0, 1] or an
    image that broadcasts against `images`. With `signed=False` absolute values are taken first.
    The points are baseline + (k + 1/2) / steps * (image - baseline) to the last digit: of a large
    network's ReLUs some stand within rounding of their kink, where the slope jumps. Threads, or a
    batch size, that round otherwise change a few pixels by some per cent of the largest.
    """
    check_counts(steps=steps, batch_size=batch_size)
    check_images(images, model)
    images = images.detach()
    start = torch.as_tensor(baseline).detach().to(images).expand_as(images)
    way = images - start
    total, quick = torch.zeros_like(images), _quick(model)
    middles = ((torch.arange(steps).double() + 0.5) / steps).to(images)  # of the parts, 0 to 1
    for rows in torch.arange(len(images) * steps).split(batch_size):
        i, k = rows // steps, rows % steps
        points = start[i] + middles[k].view(-1, 1, 1, 1) * way[i]
        wanted = target_of(target, i, len(images))
        slopes = pixel_gradient(quick, points, wanted, batch_size=batch_size)
        total.index_add_(0, i.to(total.device), slopes)
    flat = f"{FLAT}, or the images are the baseline itself"
    return told(_to_heat(way * total / steps, signed, absolute_first=True), flat)


def pixel_gradient(
    model: nn.Module, images: Tensor, target: Target, *, batch_size: int = 8
) -> Tensor:
    """d target / d image for every pixel and channel: (B, C, H, W), in small batches."""
    check_images(images, model)
    check_counts(batch_size=batch_size)
    slopes, quick = [], _quick(model)
    for first in range(0, len(images), batch_size):
        some = images[first : first + batch_size]
        slopes.append(_slope(quick, some, target_part(target, first, len(some), len(images))))
    return torch.cat(slopes).detach()


def _slope(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    # inference_mode(False) records derivatives, inside torch.inference_mode and no_grad as well
    with torch.inference_mode(False), evaluating(model):
        pixels = images.detach().clone().requires_grad_()
        chosen = with_slope(target_values(model(pixels), target, count=len(pixels)))
        (slope,) = torch.autograd.grad(chosen.sum(), pixels, allow_unused=True)
        return torch.zeros_like(pixels) if slope is None else slope


def _quick(model: nn.Module) -> nn.Module:
    with torch.inference_mode(False), evaluating(model):
        return folded(model)


def _to_heat(slopes: Tensor, signed: bool, *, absolute_first: bool = False) -> Tensor:
    if signed:
        return slopes.sum(1)
    return slopes.abs().sum(1) if absolute_first else slopes.abs().amax(1)
