"""Plots of lab 02: all layers of one image, and tables of numbers in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import SIGNED, SIZES, new_axes


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
        ax.text(c, r, _short(value, digits), ha="center", va="center", fontsize=8.5, color=ink)
    ax.set_xticks(range(values.shape[1]), labels=columns or range(values.shape[1]))
    ax.set_yticks(range(values.shape[0]), labels=rows or range(values.shape[0]))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "")
    ax.figure.colorbar(shown, ax=ax, label=unit, shrink=0.9, pad=0.02)
    return ax


def _side_by_side(maps: Tensor) -> np.ndarray:
    """Maps (C, H, W) in a row, nan between them."""
    gap = max(1, round(maps.shape[2] / 14))
    padded = torch.nn.functional.pad(maps, (0, gap), value=torch.nan)  # (C, H, W + gap)
    return padded.transpose(0, 1).flatten(1)[:, :-gap].numpy()


def _strip(ax: Axes, tensor: Tensor) -> None:
    if tensor.dim() == 3:
        ax.imshow(_side_by_side(tensor), cmap=SIZES, aspect="equal", interpolation="nearest")
        ax.set_anchor("W")
    else:
        ax.imshow(tensor.reshape(1, -1).numpy(), cmap=SIZES, aspect="auto", interpolation="nearest")
    ax.set_axis_off()


def _short(value: float, digits: int) -> str:
    """A number as wide as a field can hold: .95, 1.0, 12, 123."""
    if abs(value) < 1:
        return f"{value:.{digits}f}".replace("0.", ".", 1)
    return f"{value:.{max(0, digits - len(str(int(abs(value)))))}f}"


def _ink(colour: tuple) -> str:
    """Black or white, whichever can be read on this colour."""
    red, green, blue = colour[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
