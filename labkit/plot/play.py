"""Plots of lab 12: a position of Connect Four."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from labkit.plot.basic import COLOURS, new_axes

BEGAN, SECOND = COLOURS[0], COLOURS[4]  # stones of who began, and of the other


def position(
    own: np.ndarray,
    other: np.ndarray,
    *,
    width: int,
    under: Sequence[str] = (),
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """One position: stones (1, cells), own of who is to move; `under`, a text for each column.

    >>> ax = position(np.eye(1, 16) > 0, np.eye(1, 16, 1) > 0, width=4, under=["draw"] * 4)
    """
    mine, theirs = (np.asarray(x).reshape(-1, width) for x in (own, other))
    first, second = (mine, theirs) if mine.sum() == theirs.sum() else (theirs, mine)
    height = len(mine)
    ax = new_axes(ax, figsize=(0.62 * width + 0.4, 0.62 * height + 0.8))
    for stones, colour in ((first, BEGAN), (second, SECOND), (~(first | second), "#E4E4E4")):
        rows, columns = np.nonzero(stones)
        ax.scatter(columns, rows, s=620, color=colour)
    ax.set(xlim=(-0.6, width - 0.4), ylim=(-0.6, height - 0.4), aspect="equal", yticks=[])
    labels = [f"{i + 1}\n{text}" for i, text in enumerate(under or [""] * width)]
    ax.set_xticks(range(width), labels=labels)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(title or "")
    return ax
