"""Plots of lab 03: heat over scenes with the animal's outline, and scores with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, SIGNED, interval, new_axes, tidy


def heats_over(
    images: Tensor,
    heats: Tensor,
    *,
    masks: Tensor | None = None,
    titles: Sequence[str] | None = None,
    columns: int = 4,
    size: float = 2.4,
    unit: str = "",
    clip: float = 0.995,
) -> np.ndarray:
    """Each image (B, 3, H, W) above its heat (B, H, W), red for and blue against; Axes (2n, K).

    All heats share one scale, centred on 0, that ends at the quantile `clip` of their sizes.
    `masks` (B, H, W) are drawn as outlines.
    """
    count, columns = len(images), min(columns, len(images))
    rows = -(-count // columns)
    shape = (columns * size + 0.9, rows * (2 * size + 0.3))
    fig, axes = plt.subplots(2 * rows, columns, figsize=shape, squeeze=False, layout="constrained")
    top = max(float(heats.abs().flatten()[:: max(heats.numel() // 10**6, 1)].quantile(clip)), 1e-12)
    for ax in axes.flat:
        ax.set_axis_off()
    for i in range(count):
        above, below = axes[2 * (i // columns) : 2 * (i // columns) + 2, i % columns]
        above.imshow(images[i].permute(1, 2, 0).cpu().numpy())
        above.set_title("" if titles is None else titles[i], fontsize=10)
        below.imshow(images[i].mean(0).cpu().numpy(), cmap="gray", vmin=0, vmax=1)
        strength = (heats[i].abs() / top).clamp(0, 1).sqrt().mul(0.9).cpu().numpy()
        shown = below.imshow(
            heats[i].cpu().numpy(), cmap=SIGNED, vmin=-top, vmax=top, alpha=strength
        )
        if masks is not None:
            below.contour(masks[i].float().cpu(), levels=[0.5], colors="black", linewidths=1)
    bar = plt.cm.ScalarMappable(norm=shown.norm, cmap=SIGNED)
    fig.colorbar(bar, ax=axes, label=unit, shrink=0.7)
    return axes


def dots(
    scores: Mapping[str, Tensor],
    *,
    chance: float | None = None,
    xlabel: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A row for each named score (N,): values as small dots, the mean with its 95 % interval.

    `chance` draws a dotted line. Values that are not finite are left out.
    """
    ax = new_axes(ax, figsize=(6, 0.38 * len(scores) + 1.2))
    for row, values in enumerate(scores.values()):
        values = torch.as_tensor(values).detach().double().cpu()
        values = values[values.isfinite()].numpy()
        mean, half = interval(values)
        ax.plot(values, np.full(len(values), row), ".", color="#B0B0B0", markersize=5, zorder=1)
        ax.errorbar(mean, row, xerr=half, fmt="o", color=COLOURS[0], capsize=4, zorder=2)
    if chance is not None:
        ax.axvline(chance, color="black", linestyle=":", linewidth=1)
    ax.set_yticks(range(len(scores)), labels=list(scores))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, title=title or "")
    return tidy(ax)


def before_after(
    counts: Mapping[str, tuple[int, int, int]],
    *,
    xlabel: str = "share of the people asked",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """An arrow for each row, from the share before to the share after, with its counts.

    counts: {name: (before, after, people asked)}, whole numbers. Raises ValueError for counts
    that cannot be: more than were asked, or below 0.
    """
    ax = new_axes(ax, figsize=(7, 0.65 * len(counts) + 1.1))
    for row, (name, (before, after, people)) in enumerate(counts.items()):
        if not (people > 0 and 0 <= min(before, after) and max(before, after) <= people):
            raise ValueError(f"{name!r}: {before} before and {after} after, of {people} people?")
        start, end = before / people, after / people
        ax.annotate("", (end, row), (start, row), arrowprops={"arrowstyle": "->", "lw": 1.5})
        ax.plot([start], [row], "o", color="white", markeredgecolor="black", markersize=8)
        ax.plot([end], [row], "o", color=COLOURS[0], markersize=8)
        for share, count, up in ((start, before, 8), (end, after, -16)):
            place = {"xytext": (0, up), "textcoords": "offset points", "ha": "center"}
            ax.annotate(f"{count} of {people}", (share, row), fontsize=9, **place)
    ax.set_yticks(range(len(counts)), labels=list(counts))
    ax.set(xlim=(-0.05, 1.05), ylim=(len(counts) - 0.5, -0.7), xlabel=xlabel, title=title or "")
    return tidy(ax)
