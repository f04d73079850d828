"""What a single channel of a network stands for: numbers and pictures for one channel at a time.

How well a channel tells a class (`auc`), how often it is silent or at its ceiling
(`unit_states`), what each class loses without it (`loss_by_class`), and one step towards an input
that excites it (`ascent_step`). A channel's value for an image is the mean over its map
(`map_means`). Looking at layers as such is in `labkit.nets.hooks`, patches of photos in
`labkit.nets.patches`, plots in `labkit.plot`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets import hooks


class States(NamedTuple):
    """Shares, 0 to 1, for each channel (C,): of values that are 0, and of values at the ceiling."""

    silent: Tensor
    full: Tensor

    @property
    def dead(self) -> Tensor:
        """True for the channels that are 0 everywhere, on every image: (C,)."""
        return self.silent == 1


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
    return _auc(_ranks(scores), positive.bool())


def auc_by_class(values: Tensor, labels: Tensor, *, classes: int = 10) -> Tensor:
    """How well each channel tells each class from the rest: values (N, C) -> (C, classes)."""
    ranks = _ranks(values)
    return torch.stack([_auc(ranks, labels == k) for k in range(classes)], 1)


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's correlation of each row of one with the same row of the other: (B, C) -> (B,)."""
    a, b = (x - x.mean(1, keepdim=True) for x in (first, second))
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-12)


def unit_states(output: Tensor, *, ceiling: float = math.inf) -> States:
    """How often each channel of a layer's output (B, C, ...) is silent, and how often it is full.

    Silent: 0 or below, where a ReLU passes nothing on and no gradient back. Full: at `ceiling`, 6
    for a ReLU6, where the gradient is 0 too; a plain ReLU has no ceiling.
    """
    by_channel = output.transpose(0, 1).flatten(1)
    silent, full = by_channel <= 0, by_channel >= ceiling - 1e-4
    return States(silent.float().mean(1), full.float().mean(1))


@torch.no_grad()
def loss_by_class(
    model: nn.Module, images: Tensor, labels: Tensor, layer: str, channel: int, *, classes: int = 10
) -> Tensor:
    """The share of right answers that each class loses when a channel is off: (classes,).

    0.3 means that 30 of 100 images of the class were right before and are wrong now, on balance;
    negative values are gains.
    """
    before = class_accuracy(model(images), labels, classes=classes)
    with hooks.switched_off(model, layer, int(channel)):
        return before - class_accuracy(model(images), labels, classes=classes)


def class_accuracy(logits: Tensor, labels: Tensor, *, classes: int = 10) -> Tensor:
    """The share of right answers for each class, (classes,); nan for a class without images."""
    right = (logits.argmax(1) == labels).double()
    count = torch.bincount(labels, minlength=classes)
    return torch.bincount(labels, weights=right, minlength=classes) / count


def ascent_step(excite: Callable[[Tensor], Tensor], image: Tensor, rate: float) -> Tensor:
    """The image after one step that raises excite(image): activation maximisation (Erhan 2009).

    The step goes along the gradient and is `rate` large (root mean square over the pixels); the
    result is clamped to [0, 1] and detached. Where the gradient is 0 the image stays as it is.
    """
    pixels = image.detach().clone().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(excite(pixels), pixels)
    slope = slope / slope.pow(2).mean().sqrt().clamp_min(1e-12)
    return (image + rate * slope).clamp(0, 1).detach()


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
    raise ValueError(f"the model has no layer {layer!r}; see hooks.layer_names(model)")


def blur(images: Tensor, sd: float) -> Tensor:
    """Images (B, C, H, W) blurred by a Gaussian of standard deviation `sd` pixels, 0 for none."""
    if sd <= 0:
        return images
    reach = max(1, round(3 * sd))
    weights = torch.exp(-((torch.arange(-reach, reach + 1) / sd) ** 2) / 2)
    kernel = (weights / weights.sum()).to(images)
    channels = images.shape[1]
    flat = F.pad(images, [reach] * 4, mode="reflect")
    flat = F.conv2d(flat, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(flat, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


def _ranks(scores: Tensor) -> Tensor:
    """Ranks within each column, 1 for the lowest; equal values share their mean rank. float64."""
    columns = scores.detach().reshape(len(scores), -1).T.contiguous()  # (C, N)
    ordered = columns.sort(1).values
    below = torch.searchsorted(ordered, columns)
    up_to = torch.searchsorted(ordered, columns, right=True)
    return ((below + up_to + 1) / 2.0).double().T.reshape(scores.shape)


def _auc(ranks: Tensor, positive: Tensor) -> Tensor:
    n_pos, n = int(positive.sum()), len(positive)
    if len(ranks) != n or not 0 < n_pos < n:
        raise ValueError(
            f"{len(ranks)} scores for {n} labels of which {n_pos} are positive: auc needs one "
            "score for each label, positives and negatives"
        )
    wins = ranks[positive].sum(0) - n_pos * (n_pos + 1) / 2
    return wins / (n_pos * (n - n_pos))
