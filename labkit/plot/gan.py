"""Plots of lab 07: sheets of digits, Fréchet distances."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, image, new_axes, tidy


def sheet(images: Tensor, *, columns: int = 10, gap: int = 2) -> Tensor:
    """Images (N, 1, H, W) side by side in rows of `columns`, as one image (1, h, w) on white.

    >>> sheet(torch.zeros(20, 1, 28, 28)).shape
    torch.Size([1, 62, 302])
    """
    count, _, height, width = images.shape
    rows = -(-count // columns)
    page = torch.ones(rows * (height + gap) + gap, columns * (width + gap) + gap)
    for i, one in enumerate(images.detach().cpu()):
        top, left = (i // columns) * (height + gap) + gap, (i % columns) * (width + gap) + gap
        page[top : top + height, left : left + width] = one[0]
    return page[None]


def digits(images: Tensor, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Images (N, 1, H, W) as a sheet with rows of ten, large enough to be read."""
    rows = -(-len(images) // 10)
    ax = new_axes(ax, figsize=(7.4, 0.73 * rows + (0.4 if title else 0)))
    return image(sheet(images), ax=ax, title=title)


def distances(
    values: Mapping[str, float | Tensor],
    *,
    floor: float,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Fréchet distances on a logarithmic axis: a dot a seed, a line at the median, the floor."""
    ax = new_axes(ax, figsize=(6.5, 0.5 * len(values) + 1.3))
    for row, several in enumerate(values.values()):
        several = torch.as_tensor(several).double().reshape(-1).numpy()
        ax.plot(several, [row] * len(several), "o", color=COLOURS[0], alpha=0.7)
        if len(several) > 1:
            ax.plot([np.median(several)] * 2, [row - 0.3, row + 0.3], color="black", linewidth=2)
    ax.axvline(floor, color=COLOURS[2], linestyle="--")
    ax.set_yticks(range(len(values)), labels=list(values))
    ax.invert_yaxis()
    label = f"Fréchet distance (log scale); dashed: real against real, {floor:.1f}"
    ax.set(xscale="log", xlabel=label, title=title or "")
    return tidy(ax)
