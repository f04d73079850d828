"""Plots of lab 19: hours and their means, labels by batch, values of pictures, confidence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, new_axes, tidy


def hours(
    groups: Mapping[str, np.ndarray],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    bins: int = 16,
    limit: float = 40,
) -> Axes:
    """Histograms of hours by group, one line each, with their means; nan is left out.

    `limit` in hours is the end of the axis; what is beyond stands in the last bin.
    """
    ax = new_axes(ax, figsize=(6, 3.2))
    edges = np.linspace(0, limit, bins + 1)
    for colour, (name, values) in zip(COLOURS, groups.items(), strict=False):
        values = np.asarray(values, dtype=float)
        values = values[~np.isnan(values)]
        label = f"{name}: {len(values)} answers, mean {values.mean():.1f} h"
        ax.hist(values.clip(0, limit), edges, histtype="step", color=colour, label=label, lw=1.8)
        ax.axvline(min(values.mean(), limit), color=colour, linestyle=":")
    ax.set(xlabel="hours", ylabel="answers", title=title or "", xlim=(0, limit))
    ax.legend(frameon=False, fontsize=9)
    return tidy(ax)


def batches(labels: Tensor, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Labels (B, n) from 0 to 9, a row for each batch, a colour for each label."""
    ax = new_axes(ax, figsize=(7.6, 3))
    shown = ax.imshow(
        np.asarray(labels), cmap="viridis", vmin=0, vmax=9, aspect="auto", interpolation="none"
    )
    ax.figure.colorbar(shown, ax=ax, label="label", ticks=range(10))
    ax.set(xlabel="digit in the batch", ylabel="batch", title=title or "")
    ax.yaxis.get_major_locator().set_params(integer=True)
    return ax


def values(
    parts: Mapping[str, Tensor], *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """How often each value occurs in pictures, by part; 0, the paper, is left out."""
    ax = new_axes(ax, figsize=(7.6, 3))
    kept = {name: part[part > 0].float().flatten().numpy() for name, part in parts.items()}
    edges = np.linspace(0, max(float(one.max()) for one in kept.values()), 31)
    for colour, (name, one) in zip(COLOURS, kept.items(), strict=False):
        heights = np.histogram(one, edges)[0] / len(one)
        label = f"{name}: {one.min():.3g} to {one.max():.3g}"
        ax.stairs(heights, edges, color=colour, label=label, linewidth=1.8)
    ax.set(xlabel="value of a pixel", ylabel="share of the ink", title=title or "")
    ax.legend(frameon=False)
    return tidy(ax)


def reliability(
    sure: Tensor,
    right: Tensor,
    share: Tensor,
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Share right over mean confidence, by bin (bins,); the area of a dot is the bin's `share`."""
    ax = new_axes(ax, figsize=(3.8, 3.8))
    sure, right, share = (np.asarray(one)[np.asarray(share) > 0] for one in (sure, right, share))
    ax.plot([0, 1], [0, 1], ":", color="0.5")
    ax.scatter(sure, right, 30 + 600 * share, color=COLOURS[0], alpha=0.7)
    ax.vlines(sure, sure, right, color=COLOURS[1])
    ax.set(xlim=(0, 1.1), ylim=(0, 1.1), xlabel="confidence", ylabel="share right")
    ax.set_title(title or "", fontsize=10)
    return tidy(ax)
