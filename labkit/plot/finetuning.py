"""Plots of lab 05: learning curves over the number of images, and where heat lies on a car."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, interval, new_axes, tidy

MARKERS = "osD^v"


def learning_curves(
    curves: Mapping[str, Mapping[int, Tensor]],
    *,
    chance: float | None = 0.5,
    ax: Axes | None = None,
    xlabel: str = "training images of each class",
    title: str | None = None,
) -> Axes:
    """Accuracy over the number of images, a line for each name: {name: {n: (repeats,)}}.

    Means with 95 % intervals over the repeats, on a logarithmic axis; lines lie side by side so
    that their intervals can be told apart. `chance` draws a dotted line.
    """
    ax = new_axes(ax, figsize=(6.6, 4.0))
    ticks = sorted({n for curve in curves.values() for n in curve})
    for i, (name, curve) in enumerate(curves.items()):
        n = np.array(sorted(curve))
        mean, half = np.array([interval(curve[k]) for k in n]).T
        shift = 1.03 ** (i - (len(curves) - 1) / 2)
        style = {"color": COLOURS[i], "marker": MARKERS[i % 5], "markersize": 5, "capsize": 3}
        ax.errorbar(n * shift, 100 * mean, yerr=100 * half, label=name, **style)
    if chance is not None:
        ax.axhline(100 * chance, color="black", linestyle=":", linewidth=1)
        ax.annotate("guessing", (ticks[-1], 100 * chance), xytext=(0, 3), fontsize=9,
                    textcoords="offset points", ha="right")  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(ticks, labels=[str(n) for n in ticks])
    ax.minorticks_off()
    ax.set_ylim(top=min(ax.get_ylim()[1], 101))  # an interval may reach beyond, a share cannot
    ax.set(xlabel=xlabel, ylabel="right answers on test images, %", title=title or "")
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return tidy(ax)


def stacked_shares(
    shares: Mapping[str, Mapping[str, float]], *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """A bar for each name, cut into named shares that add up to 1: {name: {part: share}}."""
    ax = new_axes(ax, figsize=(7.2, 0.5 * len(shares) + 1.3))
    parts = list(next(iter(shares.values())))
    for row, values in enumerate(shares.values()):
        left = 0.0
        for i, part in enumerate(parts):
            share = float(values[part])
            label = part if row == 0 else None
            ax.barh(row, share, left=left, color=FILLS[i % len(FILLS)], label=label,
                    edgecolor="white")  # fmt: skip
            if share > 0.06:
                ax.text(left + share / 2, row, f"{share:.0%}", ha="center", va="center",
                        fontsize=9, color=INKS[i % len(INKS)])  # fmt: skip
            left += share
    ax.set_yticks(range(len(shares)), labels=list(shares))
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xticks(torch.linspace(0, 1, 6).tolist(), labels=[f"{p} %" for p in range(0, 101, 20)])
    ax.set_title(title or "", pad=24)
    ax.legend(frameon=False, fontsize=9, ncols=len(parts), loc="lower center",
              bbox_to_anchor=(0.45, 0.98))  # fmt: skip
    return tidy(ax)


FILLS = ("#D55E00", "#E69F00", "#56B4E9", "#BBBBBB")
INKS = ("white", "black", "black", "black")
