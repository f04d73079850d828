"""Pieces of images: the patches that drive a channel most, quarters to zoom in, tiles mixed up.

`receptive_field` says which pixels a position of a layer can see, `strongest` crops the patches
around a channel's peaks. Images are float32 (B, 3, H, W) in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Patches(NamedTuple):
    """Crops (K, 3, S, S), strongest first; the channel's value in each; where each is from."""

    images: Tensor
    values: Tensor
    sources: Tensor


class Field(NamedTuple):
    """The square of pixels that a position of a layer can see, in pixels of the input.

    Position (row, col) sees `side` pixels around first + step * (row, col).
    """

    side: int
    step: int
    first: float


def receptive_field(model: nn.Module, layer: str) -> Field:
    """The square of input pixels that can move one position of a layer.

    From the kernels, strides and paddings of all layers up to it (so for networks that run their
    layers in the order of definition). ValueError for an unknown layer.
    """
    names = [name for name, _ in model.named_modules()]
    if layer not in names:
        raise ValueError(f"the model has no layer {layer!r}; see hooks.layer_names(model)")
    side, step, first = 1, 1, 0.0
    for name, module in model.named_modules():
        if isinstance(module, nn.ZeroPad2d):
            first -= module.padding[0] * step
        elif isinstance(module, nn.Conv2d | nn.MaxPool2d):
            kernel, stride, pad = (_one(getattr(module, k)) for k in _GEOMETRY)
            side += (kernel - 1) * step
            first += ((kernel - 1) / 2 - pad) * step
            step *= stride
        if _is_last(name, layer, names):
            break
    return Field(side, step, first)


def strongest(
    images: Tensor,
    output: Tensor,
    channel: int,
    field: Field,
    *,
    count: int = 8,
    side: int | None = None,
    sources: Tensor | None = None,
) -> Patches:
    """The patches of the images that drive a channel most, at most one from each source.

    `output` (B, C, h, w) is what the layer put out for `images` (B, 3, H, W), `field` its
    receptive field. `side` is the crop in pixels (default: the receptive field, at most half the
    image); crops at the border are moved inside. `sources` (B,) says which images show the same
    thing; default: all differ.
    """
    sources = torch.arange(len(images)) if sources is None else sources
    side = min(field.side, images.shape[-1] // 2) if side is None else side
    peaks, where = output[:, channel].flatten(1).max(1)
    crops, values, taken = [], [], []
    for i in peaks.argsort(descending=True).tolist():
        if int(sources[i]) in taken or len(crops) == count:
            continue
        row, col = divmod(int(where[i]), output.shape[-1])
        centre = (field.first + field.step * row, field.first + field.step * col)
        crops.append(_crop(images[i], *centre, side))
        values.append(peaks[i])
        taken.append(int(sources[i]))
    return Patches(torch.stack(crops), torch.stack(values), torch.tensor(taken))


def with_quarters(images: Tensor, *, size: int = 224) -> tuple[Tensor, Tensor]:
    """Each image as a whole and its four quarters, all `size` wide: (5 B, 3, size, size).

    The second tensor says which image each is from, (5 B,). Images should be at least twice as
    large as `size`, for the quarters to be sharp.
    """
    half = images.shape[-1] // 2
    quarters = images.unfold(2, half, half).unfold(3, half, half)  # (B, 3, 2, 2, half, half)
    quarters = quarters.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, half, half)
    both = [
        F.interpolate(part, (size, size), mode="bilinear", antialias=True).clamp(0, 1)
        for part in (images, quarters)
    ]
    source = torch.arange(len(images))
    return torch.cat(both), torch.cat([source, source.repeat_interleave(4)])


def shuffle_tiles(images: Tensor, *, parts: int = 4, seed: int = 0) -> Tensor:
    """Each image cut into parts x parts tiles and put together in a random order.

    All tiles remain, and so do colours, textures and small edges; what larger things were is
    gone. ValueError unless the sides are multiples of `parts`.
    """
    batch, channels, height, width = images.shape
    if height % parts or width % parts:
        raise ValueError(
            f"{height} x {width} pixels cannot be cut into {parts} x {parts} equal tiles"
        )
    generator = torch.Generator().manual_seed(seed)
    high, wide = height // parts, width // parts
    tiles = (
        images.unfold(2, high, high).unfold(3, wide, wide).reshape(batch, channels, -1, high, wide)
    )
    mixed = torch.stack([t[:, torch.randperm(parts**2, generator=generator)] for t in tiles])
    grid = mixed.view(batch, channels, parts, parts, high, wide)
    return grid.permute(0, 1, 2, 4, 3, 5).reshape(images.shape)


_GEOMETRY = ("kernel_size", "stride", "padding")


def _one(value: int | tuple) -> int:
    return value if isinstance(value, int) else value[0]


def _is_last(name: str, layer: str, names: list[str]) -> bool:
    """Whether `name` is the layer, or the last module inside it."""
    inside = [n for n in names if n == layer or n.startswith(layer + ".")]
    return name == inside[-1]


def _crop(image: Tensor, row: float, col: float, side: int) -> Tensor:
    """The square of `side` pixels around (row, col), moved inside the image."""
    corners = []
    for centre, size in zip((row, col), image.shape[-2:], strict=True):
        corners.append(min(max(round(centre - side / 2), 0), size - side))
    top, left = corners
    return image[:, top : top + side, left : left + side]
