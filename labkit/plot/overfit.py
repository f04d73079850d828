"""Plots of lab 13: errors over the number of features, errors and losses over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import curves as lines

if TYPE_CHECKING:
    from labkit.overfit import Curves


def over_features(
    sizes: Sequence[int],
    ys: Mapping[str, Sequence[float] | Tensor],
    *,
    n: int,
    log: bool = False,
    ax: Axes | None = None,
    ylabel: str = "",
    title: str | None = None,
) -> Axes:
    """A named line for each entry over numbers of features; a dotted line where they are n.

    The axis of features is logarithmic, with `log` the other one, too.
    """
    xlabel = "features N (dotted: as many as digits)"
    ax = lines(sizes, ys, ax=ax, xlabel=xlabel, ylabel=ylabel, title=title)
    ax.axvline(n, color="0.6", linestyle=":")
    ax.set(xscale="log", yscale="log" if log else "linear")
    return ax


def errors_and_losses(
    curves: Curves,
    *,
    names: Sequence[str] = ("training", "validation"),
    marks: Mapping[str, int] | None = None,
) -> np.ndarray:
    """Two panels beside each other, errors and losses over epochs: Axes as an array (2,).

    `names`: of which data. `marks`: dotted lines with their names, at epochs.
    """
    axes = plt.subplots(1, 2, figsize=(9.4, 3.2), layout="constrained")[1]
    panels = {"error": curves.error, "mean loss": curves.loss}
    for ax, (what, values) in zip(axes, panels.items(), strict=True):
        shown = {name: values[name] for name in names}
        lines(curves.epochs, shown, ax=ax, xlabel="epoch", ylabel=what, title=what.capitalize())
        for name, epoch in (marks or {}).items():
            ax.axvline(epoch, color="0.5", linestyle=":")
            top = ax.get_xaxis_transform()
            ax.text(epoch + 0.7, 0.98, name, transform=top, va="top", rotation=90, fontsize=9)
    return axes
