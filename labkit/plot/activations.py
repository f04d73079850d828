"""Plots of lab 02: maps of a layer, all layers of one image, tables, histograms over depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, SIGNED, SIZES, new_axes, tidy


def layer_maps(outputs: Mapping[str, Tensor], *, width: float = 9.0) -> np.ndarray:
    """What each layer puts out for one image, top to bottom in the given order: an array of Axes.

    `outputs` maps a name to (C, H, W) or (N,). Channels stand side by side, units of a vector as
    narrow bars; brighter is larger, each layer on a scale of its own (its ends are in the title).
    """
    heights = [
        min(1.1, 0.95 * width / len(out)) if out.dim() == 3 else 0.35 for out in outputs.values()
    ]
    fig, axes = plt.subplots(
        len(outputs),
        figsize=(width, sum(heights) + 0.32 * len(heights)),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    for ax, (name, tensor) in zip(axes[:, 0], outputs.items(), strict=True):
        _strip(ax, tensor.detach().float().cpu())
        low, high = float(tensor.min()), float(tensor.max())
        label = f"{name}  {tuple(tensor.shape)}   from {low:.2g} to {high:.2g}"
        ax.set_title(label, fontsize=10, loc="left", pad=3)
    return axes[:, 0]


def mosaic(
    maps: Tensor,
    *,
    columns: int = 8,
    ax: Axes | None = None,
    title: str | None = None,
    unit: str = "activation",
) -> Axes:
    """The maps (C, H, W) of a layer in rows of `columns`, on one scale with a colour bar.

    Sizes in viridis; if there are negative values, blue to red with white at 0.
    """
    ax = new_axes(ax, figsize=(7, 7 * -(-len(maps) // columns) / columns + 0.4))
    tiles = tile(torch.as_tensor(maps).detach().float().cpu(), columns)
    signed = bool((maps < 0).any())
    top = max(float(np.nanmax(np.abs(tiles))), 1e-12)
    shown = ax.imshow(tiles, cmap=SIGNED if signed else SIZES, vmin=-top if signed else 0, vmax=top)
    ax.figure.colorbar(shown, ax=ax, label=unit, shrink=0.8, pad=0.02)
    ax.set_axis_off()
    ax.set_title(title or "")
    return ax


def table(
    values: Tensor,
    *,
    rows: Sequence | None = None,
    columns: Sequence | None = None,
    limits: tuple[float, float] | None = None,
    signed: bool = False,
    ax: Axes | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str | None = None,
    unit: str = "",
    digits: int = 2,
) -> Axes:
    """A matrix (R, K) as colours with its numbers written in; `signed` is centred on 0.

    `rows` and `columns` are the labels of the axes, `limits` the ends of the colours.
    """
    values = torch.as_tensor(values).detach().double().cpu().numpy()
    ax = new_axes(ax, figsize=(0.52 * values.shape[1] + 2, 0.32 * values.shape[0] + 1))
    top = np.abs(values).max() or 1.0
    low, high = limits or ((-top, top) if signed else (values.min(), values.max()))
    shown = ax.imshow(values, cmap=SIGNED if signed else SIZES, vmin=low, vmax=high, aspect="auto")
    for (r, c), value in np.ndenumerate(values):
        ink = _ink(shown.cmap(shown.norm(value)))
        text = f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2g}"
        ax.text(c, r, text, ha="center", va="center", fontsize=8.5, color=ink)
    ax.set_xticks(range(values.shape[1]), labels=columns or range(values.shape[1]))
    ax.set_yticks(range(values.shape[0]), labels=rows or range(values.shape[0]))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "")
    ax.figure.colorbar(shown, ax=ax, label=unit, shrink=0.9, pad=0.02)
    return ax


def histograms(
    values: Mapping[str, Tensor], *, bins: int = 40, xlabel: str = "activation", columns: int = 4
) -> np.ndarray:
    """One histogram for each named tensor (shares of its values, logarithmic): an array of Axes.

    The first bar in orange holds the values that are exactly 0.
    """
    columns = min(columns, len(values))
    rows = -(-len(values) // columns)
    fig, axes = plt.subplots(
        rows,
        columns,
        figsize=(2.3 * columns, 2.0 * rows + 0.2),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat[len(values) :]:
        ax.set_axis_off()
    for ax, (name, tensor) in zip(axes.flat, values.items(), strict=False):
        flat = tensor.detach().float().cpu().flatten().numpy()
        counts, edges = np.histogram(flat[flat != 0], bins=bins)
        step = edges[1] - edges[0]
        ax.bar(edges[:-1], counts / flat.size, step, align="edge", color=COLOURS[0])
        ax.bar(0, (flat == 0).mean(), step, align="edge", color=COLOURS[1])
        ax.set_yscale("log")
        ax.set_title(f"{name}: {(flat == 0).mean():.0%} are 0", fontsize=9.5)
        ax.set_ylim(1e-5, 1)
        tidy(ax)
    fig.supxlabel(xlabel, fontsize=10)
    fig.supylabel("share of values", fontsize=10)
    return axes


def scatter(
    points: Mapping[str, tuple[Tensor, Tensor]],
    *,
    ax: Axes | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str | None = None,
) -> Axes:
    """Named clouds of points (x (N,), y (N,)), each in a colour and with a marker of its own."""
    ax = new_axes(ax, figsize=(4.6, 4))
    for (name, (x, y)), colour, marker in zip(points.items(), COLOURS, "osD^v*", strict=False):
        ax.scatter(x.cpu(), y.cpu(), s=36, color=colour, marker=marker, alpha=0.75, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "")
    ax.legend(frameon=False)
    return tidy(ax)


def tile(maps: Tensor, columns: int, *, gap: int | None = None) -> np.ndarray:
    """Maps (C, H, W) side by side in rows of `columns`, nan between them: a float array."""
    count, height, width = maps.shape
    columns = min(columns, count)
    gap = max(1, round(width / 14)) if gap is None else gap
    rows = -(-count // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap)
    canvas = np.full(shape, np.nan, dtype=np.float32)
    for i, one in enumerate(maps.numpy()):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = one
    return canvas


def _strip(ax: Axes, tensor: Tensor) -> None:
    if tensor.dim() == 3:
        ax.imshow(tile(tensor, len(tensor)), cmap=SIZES, aspect="equal", interpolation="nearest")
        ax.set_anchor("W")
    else:
        ax.imshow(tensor.reshape(1, -1).numpy(), cmap=SIZES, aspect="auto", interpolation="nearest")
    ax.set_axis_off()


def _ink(colour: tuple) -> str:
    """Black or white, whichever can be read on this colour."""
    red, green, blue = colour[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
