"""Grad-CAM: which places of a late layer's map speak for the target."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.explain.heat import told
from labkit.explain.targets import (
    Target,
    check_counts,
    check_images,
    evaluating,
    target_part,
    target_values,
    with_slope,
)
from labkit.nets import hooks
from labkit.nets.passage import Station, passed_by_all


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
    of more than one place that all of the answer passes through, not one branch of several: small
    maps (7 x 7 for the pretrained network), so coarse heat. Raises ValueError for a layer that is
    not there or puts out no map, and where the default would be the first of a transformer.

    >>> heat = grad_cam(model, images, 281)
    >>> finer = grad_cam(model, images, 281, layer="block11")
    """
    check_images(images, model)
    check_counts(batch_size=batch_size)
    if layer is None:
        layer = _last_maps(model, images[:1], target_part(target, 0, 1, len(images)))
    parts = []
    for first in range(0, len(images), batch_size):
        some = images[first : first + batch_size].detach()
        parts.append(_cam(model, some, target_part(target, first, len(some), len(images)), layer))
    heat = torch.cat(parts)[:, None]
    heat = F.interpolate(heat.relu() if relu else heat, images.shape[-2:], mode="bilinear")[:, 0]
    why = f"no place of layer {layer!r} speaks for the target more than another"
    return told(heat, f"{why}; relu=False shows what speaks against it" if relu else why)


def _cam(model: nn.Module, images: Tensor, target: Target, layer: str) -> Tensor:
    count = len(images)
    with torch.inference_mode(False), evaluating(model):
        maps, slopes = hooks.output_and_slope(
            model,
            images.clone(),
            layer,
            lambda outputs: with_slope(target_values(outputs, target, count=count)),
        )  # (B, K, h, w) each
    if not _is_map(maps.shape):
        shape = tuple(maps.shape[1:])
        raise ValueError(
            f"layer must be one with maps (channels, rows, columns); {layer!r} puts out {shape}"
        )
    return (slopes.mean((2, 3), keepdim=True) * maps).sum(1)


def _last_maps(model: nn.Module, image: Tensor, target: Target | None = None) -> str:
    """The last layer that puts out maps and that all of the answer passes through; or ValueError.

    Of modules that put out one and the same tensor, the innermost is named.
    """

    def answer(outputs) -> Tensor:
        return outputs if target is None else target_values(outputs, target, count=1)

    with evaluating(model):
        stations, passed = passed_by_all(model, image, answer)
    maps = [
        i
        for i, (station, all_of_it) in enumerate(zip(stations, passed, strict=True))
        if all_of_it and _is_map(station.shape)
    ]
    if not maps:
        raise ValueError(
            "no layer of the model puts out maps (channels, rows, columns) that all of the answer "
            "passes through: name a layer"
        )
    last = stations[maps[-1]]
    _refuse_embedding(last, stations[maps[-1] + 1 :])
    return next(s.name for s in stations if s is last or (s.edge and s.edge == last.edge))


def _refuse_embedding(last: Station, later: list[Station]) -> None:
    """ValueError where layers with weights still work on places after the last map, as in a ViT."""
    rows = [station for station in later if station.weighs and len(station.shape) == 3]
    if rows:
        raise ValueError(
            f"after the last map, of {last.name!r}, {len(rows)} layers still work on places as "
            f"rows (B, N, K), such as {rows[0].name!r}: a transformer. Its first map says little "
            f'of the answer: take another method, or ask for that map by layer="{last.name}"'
        )


def _is_map(shape: torch.Size) -> bool:
    return len(shape) == 4 and shape[-2:].numel() > 1
