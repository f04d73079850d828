"""Plots of lab 16: a string and the answers to it, the winner of many trials and its worth."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor

from labkit.plot.basic import COLOURS, new_axes, tidy

ROWS = ("bit", "right answer", "network says", "wrong")


def answers(
    bits: Tensor, right: Tensor, says: Tensor, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """A string (L,) of bits, the right answer after each, what a network says, and where it errs.

    1 and yes are dark, 0 and no are light, a wrong answer is orange.
    """
    ax = new_axes(ax, figsize=(8, 1.9))
    bits, right, says = (np.asarray(row).astype(int) for row in (bits, right, says))
    page = np.stack([bits, right, says, 2 * (right != says)])
    colours = ListedColormap(["#e8e8e8", COLOURS[0], COLOURS[1]])
    ax.imshow(page, cmap=colours, vmin=0, vmax=2, aspect="auto", interpolation="nearest",
              extent=(0.5, len(bits) + 0.5, 3.5, -0.5))  # fmt: skip
    for edge in (0.5, 1.5, 2.5):
        ax.axhline(edge, color="white", linewidth=4)
    ax.set_yticks(range(4), labels=ROWS)
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="bits read", title=title or "")
    return ax


def winner(
    valid: Tensor, test: Tensor, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Validation scores (N,) of trials in their order; the first best one, and its test score."""
    ax = new_axes(ax, figsize=(7.6, 3.4))
    valid, test = np.asarray(valid), np.asarray(test)
    best = int(valid.argmax())
    number = np.arange(1, len(valid) + 1)
    ax.plot(number, valid, "o", color="0.65", markersize=4, label="a trial, on the validation set")
    ax.plot(best + 1, valid[best], "o", color=COLOURS[1], markersize=9, label="the winner")
    ax.plot(best + 1, test[best], "X", color=COLOURS[0], markersize=9,
            label="the winner, on all other digits")  # fmt: skip
    ax.plot([best + 1] * 2, [valid[best], test[best]], color=COLOURS[1], linewidth=1)
    ax.set(
        xlabel="trial",
        ylabel="share right",
        title=title or "",
        ylim=(0, 1.1 * max(valid.max(), test.max())),
    )
    ax.set_xlim(0, len(valid) + 1)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    return tidy(ax)
