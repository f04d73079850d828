"""Plots of lab 03: heat over images with the animal's outline, and scores with their intervals."""

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
    heats: Tensor | Mapping[str, Tensor],
    *,
    masks: Tensor | None = None,
    titles: Sequence[str] | None = None,
    said: Mapping[str, Sequence[str]] | None = None,
    columns: int = 4,
    size: float = 2.4,
    unit: str = "",
    clip: float = 0.995,
) -> np.ndarray:
    """Each image (B, 3, H, W) above its heat (B, H, W), red for and blue against: Axes.

    Heats share one scale, centred on 0, that ends at the quantile `clip` of their sizes. Several
    {name: heats} stand one below the other, under what was `said` of each image; then each heat
    has a scale of its own, since one method's numbers are not the other's. `masks` (B, H, W) are
    drawn as outlines.
    """
    several = isinstance(heats, Mapping)
    rows, scales = (heats, []) if several else ({"": heats}, [_top(heats, clip)] * len(images))
    count, columns, step = len(images), min(columns, len(images)), 1 + len(rows)
    blocks = -(-count // columns)
    shape = (columns * size + 0.9, blocks * (step * (size + 0.25 * bool(said)) + 0.3))
    grid = {"figsize": shape, "squeeze": False, "layout": "constrained"}
    fig, axes = plt.subplots(blocks * step, columns, **grid)
    for ax in axes.flat:
        ax.set_axis_off()
    for i in range(count):
        above, *below = axes[step * (i // columns) : step * (i // columns + 1), i % columns]
        above.imshow(images[i].permute(1, 2, 0).cpu().numpy())
        above.set_title("" if titles is None else titles[i], fontsize=10)
        for ax, (name, each) in zip(below, rows.items(), strict=True):
            top = _top(each[i], clip) if several else scales[i]
            _over(ax, images[i], each[i] / top, None if masks is None else masks[i])
            ax.set_title(said[name][i] if said else "", fontsize=10)
            if i % columns == 0:
                ax.text(
                    -0.04, 0.5, name, ha="right", va="center", rotation=90, transform=ax.transAxes
                )
    ends = plt.Normalize(-1, 1) if several else plt.Normalize(-scales[0], scales[0])
    bar = fig.colorbar(plt.cm.ScalarMappable(ends, SIGNED), ax=axes, label=unit, shrink=0.7)
    if several:
        bar.set_ticks([-1, 0, 1], labels=["against", "0", "for"])
    return axes


def _top(heats: Tensor, clip: float) -> float:
    sizes = heats.abs().flatten()
    return max(float(sizes[:: max(len(sizes) // 10**6, 1)].quantile(clip)), 1e-12)


def _over(ax: Axes, image: Tensor, heat: Tensor, mask: Tensor | None) -> None:
    """A heat (H, W), from -1 to 1, over a grey copy of the image, and the mask's outline."""
    ax.imshow(image.mean(0).cpu().numpy(), cmap="gray", vmin=0, vmax=1)
    strength = heat.abs().clamp(0, 1).sqrt().mul(0.9).cpu().numpy()
    ax.imshow(heat.cpu().numpy(), cmap=SIGNED, vmin=-1, vmax=1, alpha=strength)
    if mask is not None:
        ax.contour(mask.float().cpu(), levels=[0.5], colors="black", linewidths=1)


def dots(
    scores: Mapping[str, Tensor],
    *,
    chance: float | None = None,
    xlabel: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A row for each named score (N,): values as small dots, the mean with its 95 % interval.

    One value alone has none. `chance` draws a dotted line. Values that are not finite are left out.
    """
    ax = new_axes(ax, figsize=(6, 0.38 * len(scores) + 1.2))
    for row, values in enumerate(scores.values()):
        values = torch.as_tensor(values).detach().double().cpu()
        values = values[values.isfinite()].numpy()
        mean, half = interval(values)
        ax.plot(values, np.full(len(values), row), ".", color="#B0B0B0", markersize=5, zorder=1)
        half = half if len(values) > 1 else None  # one value says nothing of its spread
        ax.errorbar(mean, row, xerr=half, fmt="o", color=COLOURS[0], capsize=4, zorder=2)
    if chance is not None:
        ax.axvline(chance, color="black", linestyle=":", linewidth=1)
    ax.set_yticks(range(len(scores)), labels=list(scores))
    ax.set_ylim(len(scores) - 0.5, -0.5)
    ax.set(xlabel=xlabel, title=title or "")
    return tidy(ax)
