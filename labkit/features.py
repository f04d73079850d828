"""What a single channel of a network stands for: numbers and pictures for one channel at a time.

How well a channel tells a class (`auc`), how often it is silent or at its ceiling
(`unit_states`), what is lost without it (`drop_by_class`), which patches of given images drive it
most (`top_patches`) and which input, made for it, would (`ascend`). A channel's value for an image
is the mean over its map (`map_means`). Looking at layers as such is in `labkit.hooks`, the plots
are in `labkit.plot`, test pictures in `labkit.stimuli`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit import hooks


class States(NamedTuple):
    """Shares, 0 to 1, for each channel (C,): of values that are 0, and of values at the ceiling."""

    silent: Tensor
    full: Tensor

    @property
    def dead(self) -> Tensor:
        """True for the channels that are 0 everywhere, on every image: (C,)."""
        return self.silent == 1


class Patches(NamedTuple):
    """Crops (K, 3, S, S), strongest first; the channel's value in each, and the image it is from."""

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


def map_means(output: Tensor) -> Tensor:
    """A layer's output (B, C, ...) as one value for each image and channel: (B, C)."""
    return output.flatten(2).mean(2) if output.dim() > 2 else output


def auc(scores: Tensor, positive: Tensor) -> Tensor:
    """The chance that a positive outscores a negative, ties counting one half.

    `scores` (N,) or (N, C), `positive` (N,) bool; returns one number, or (C,). 1 is perfect, 0.5
    chance, below 0.5 the other way round. By ranks (Mann & Whitney 1947), so in N log N time.
    Raises ValueError unless there are both positives and negatives.

    >>> auc(torch.tensor([0.1, 0.4, 0.4, 0.9]), torch.tensor([False, True, False, True]))
    tensor(0.8750, dtype=torch.float64)
    """
    positive = positive.bool()
    n_pos, n = int(positive.sum()), len(positive)
    if len(scores) != n or not 0 < n_pos < n:
        raise ValueError(
            f"{len(scores)} scores for {n} labels of which {n_pos} are positive: auc needs one "
            "score for each label, positives and negatives"
        )
    columns = scores.detach().double().reshape(n, -1).T.contiguous()  # (C, N)
    ordered = columns.sort(1).values
    below = torch.searchsorted(ordered, columns)
    up_to = torch.searchsorted(ordered, columns, right=True)
    ranks = (below + up_to + 1) / 2.0  # 1 for the lowest, equal values share their mean rank
    wins = ranks[:, positive].sum(1) - n_pos * (n_pos + 1) / 2
    return (wins / (n_pos * (n - n_pos))).reshape(scores.shape[1:])


def auc_by_class(values: Tensor, labels: Tensor, *, classes: int = 10) -> Tensor:
    """How well each channel tells each class from the rest: values (N, C) -> (C, classes)."""
    return torch.stack([auc(values, labels == k) for k in range(classes)], 1)


def unit_states(output: Tensor, *, ceiling: float = math.inf) -> States:
    """How often each channel of a layer's output (B, C, ...) is silent, and how often it is full.

    Silent: 0 or below, where a ReLU passes nothing on and no gradient back. Full: at `ceiling`, 6
    for a ReLU6, where the gradient is 0 too; a plain ReLU has no ceiling.
    """
    by_channel = output.transpose(0, 1).flatten(1)
    silent, full = by_channel <= 0, by_channel >= ceiling - 1e-4
    return States(silent.float().mean(1), full.float().mean(1))


@torch.no_grad()
def drop_by_class(
    model: nn.Module,
    data: tuple[Tensor, Tensor],
    layer: str,
    *,
    channels: Sequence[int] | None = None,
    classes: int = 10,
) -> Tensor:
    """The share of right answers that each class loses when a channel is switched off: (K, classes).

    Row k belongs to channels[k] (default: all of the layer). 0.3 means that 30 of 100 images of
    the class were right before and are wrong now, on balance; negative values are gains.
    """
    images, labels = data
    outputs = hooks.activations(model, images[:1], layer)[layer]
    channels = range(outputs.shape[1]) if channels is None else channels
    before = class_accuracy(model(images), labels, classes=classes)
    rows = []
    for channel in channels:
        with hooks.switched_off(model, layer, int(channel)):
            rows.append(before - class_accuracy(model(images), labels, classes=classes))
    return torch.stack(rows)


def class_accuracy(logits: Tensor, labels: Tensor, *, classes: int = 10) -> Tensor:
    """The share of right answers for each class, (classes,); nan for a class without images."""
    right = (logits.argmax(1) == labels).double()
    count = torch.bincount(labels, minlength=classes)
    return torch.bincount(labels, weights=right, minlength=classes) / count


def receptive_field(model: nn.Module, layer: str) -> Field:
    """The square of input pixels that can move one position of a layer.

    From the kernels, strides and paddings of all layers up to it (so for networks that run their
    layers in the order of definition). ValueError for an unknown layer.
    """
    names = [name for name, _ in model.named_modules()]
    if layer not in names:
        raise ValueError(f"the model has no layer {layer!r}; see labkit.hooks.layer_names(model)")
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


def top_patches(
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


def ascend(
    model: nn.Module,
    layer: str,
    channels: Sequence[int],
    *,
    shape: tuple[int, int, int] = (3, 96, 96),
    steps: int = 60,
    rate: float = 0.03,
    jitter: int = 4,
    smooth: float = 1.0,
    decay: float = 0.01,
    seed: int = 0,
) -> Tensor:
    """Images in [0, 1] that excite each of the channels: (K, *shape), by gradient ascent.

    Activation maximisation (Erhan et al. 2009) from grey noise: each step moves the pixels by
    `rate` (root mean square) along the gradient of the channel's mean. Against speckles (Olah et
    al. 2017): the image is shifted by up to `jitter` pixels before each step, the gradient is
    blurred (`smooth`, standard deviation in pixels, 0 for none), and the image is drawn towards
    grey by the share `decay`. Layers before a ReLU work best: behind it the gradient may be 0.
    """
    generator = torch.Generator().manual_seed(seed)
    images = 0.5 + 0.05 * torch.randn((len(channels), *shape), generator=generator)
    start, pick = until(model, layer), torch.arange(len(channels))
    for _ in range(steps):
        shift = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
        moved = images.roll(shift, (2, 3)).clamp(0, 1).requires_grad_()
        with torch.enable_grad():
            value = map_means(start(moved))[pick, list(channels)].sum()
            (slope,) = torch.autograd.grad(value, moved)
        slope = blur(slope, smooth)
        slope = slope / slope.pow(2).mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)
        images = (moved.detach() + rate * slope).roll([-s for s in shift], (2, 3))
        images = (images + decay * (0.5 - images)).clamp(0, 1)
    return images


def until(model: nn.Module, layer: str) -> nn.Module:
    """The model up to a layer, as a module that shares its weights: it ends where the layer ends.

    For `nn.Sequential` models, and their children, whose forward is that of nn.Sequential.
    """
    outer, _, inner = layer.partition(".")
    steps = nn.Sequential()
    for name, child in model.named_children():
        last = name == outer
        steps.add_module(name, until(child, inner) if last and inner else child)
        if last:
            return steps
    raise ValueError(f"the model has no layer {layer!r}; see labkit.hooks.layer_names(model)")


def blur(images: Tensor, sd: float) -> Tensor:
    """Images (B, C, H, W) blurred by a Gaussian of standard deviation `sd` pixels (0: as they are)."""
    if sd <= 0:
        return images
    reach = max(1, round(3 * sd))
    weights = torch.exp(-((torch.arange(-reach, reach + 1) / sd) ** 2) / 2)
    kernel = (weights / weights.sum()).to(images)
    channels = images.shape[1]
    flat = F.pad(images, [reach] * 4, mode="reflect")
    flat = F.conv2d(flat, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(flat, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


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
