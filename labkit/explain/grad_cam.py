"""Grad-CAM: which places of a late layer's map speak for the target."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.explain.targets import (
    Target,
    check_counts,
    check_images,
    evaluating,
    target_part,
    target_values,
)
from labkit.nets import hooks


def grad_cam(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    layer: str | None = None,
    relu: bool = True,
    batch_size: int = 8,
) -> Tensor:
    """The maps of a layer, added up with the weight that each has for the target: (B, H, W).

    Grad-CAM (Selvaraju et al. 2017). A channel's weight is the derivative of the target by its
    map, averaged over places; the weighted sum of maps is stretched bilinearly to the image. With
    `relu` what speaks against the target becomes 0. The default layer is the last one with a map
    of more than one place: small maps (7 x 7 for the pretrained network), so coarse heat.
    Raises ValueError for a layer that is not there or puts out no map.

    >>> heat = grad_cam(model, images, 281)
    >>> finer = grad_cam(model, images, 281, layer="block11")
    """
    check_images(images)
    check_counts(batch_size=batch_size)
    layer = _last_maps(model, images[:1]) if layer is None else layer
    parts = []
    for first in range(0, len(images), batch_size):
        some = images[first : first + batch_size].detach()
        parts.append(_cam(model, some, target_part(target, first, len(some), len(images)), layer))
    heat = torch.cat(parts)[:, None]
    return F.interpolate(heat.relu() if relu else heat, images.shape[-2:], mode="bilinear")[:, 0]


def _cam(model: nn.Module, images: Tensor, target: Target, layer: str) -> Tensor:
    with evaluating(model):
        maps, slopes = hooks.output_and_slope(
            model, images, layer, lambda logits: target_values(logits, target)
        )  # (B, K, h, w) each
    if not _is_map(maps):
        shape = tuple(maps.shape[1:])
        raise ValueError(
            f"layer must be one with maps (channels, rows, columns); {layer!r} puts out {shape}"
        )
    return (slopes.mean((2, 3), keepdim=True) * maps).sum(1)


def _last_maps(model: nn.Module, image: Tensor) -> str:
    """The name of the last layer that puts out maps; ValueError if there is none."""
    with evaluating(model):
        seen = hooks.activations(model, image)
    maps = [name for name, output in seen.items() if _is_map(output)]
    if not maps:
        raise ValueError("no layer of the model puts out maps (channels, rows, columns)")
    return maps[-1]


def _is_map(output: Tensor) -> bool:
    return output.dim() == 4 and output.shape[-2:].numel() > 1
