"""Plots of lab 05, part 2: nearest words, ratings, scores against ratings.

Blue stands for praise and orange for blame, as in `plot.bars(signed=True)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from labkit.plot.basic import COLOURS, new_axes, tidy

SENTIMENT = LinearSegmentedColormap.from_list("sentiment", [COLOURS[1], "#E8E8E8", COLOURS[0]])


def closest(found: Mapping[str, Sequence[tuple[str, float]]], *, title: str = "") -> np.ndarray:
    """For each word its nearest words, (word, cosine), as bars on one scale: an array of Axes."""
    rows = max(len(near) for near in found.values())
    shape = (2.4 * len(found), 0.27 * rows + 1.1)
    fig, axes = plt.subplots(1, len(found), figsize=shape, squeeze=False, layout="constrained")
    for ax, (word, near) in zip(axes[0], found.items(), strict=True):
        ax.barh(range(len(near)), [cosine for _, cosine in near], color=COLOURS[0])
        ax.set_yticks(range(len(near)), labels=[name for name, _ in near])
        ax.invert_yaxis()
        ax.set(xlim=(0, 1), title=word)
        tidy(ax)
    fig.supxlabel("cosine", fontsize=10)
    fig.suptitle(title)
    return axes[0]


def ratings(
    words: Sequence[str], ratings: Tensor, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """A row for each word: its N ratings (words, N) as dots that are stacked, the mean as a bar.

    Ratings are whole numbers from -4 to 4.
    """
    ax = new_axes(ax, figsize=(6.6, 0.42 * len(words) + 1.1))
    for row, values in enumerate(torch.as_tensor(ratings).tolist()):
        mean = sum(values) / len(values)
        for value in sorted(set(values)):
            count = values.count(value)
            across = value + 0.085 * (np.arange(count) - (count - 1) / 2)
            ax.plot(across, [row] * count, "o", ms=5, color=_colour(value), mec="#505050", mew=0.5)
        ax.plot([mean] * 2, [row - 0.4, row + 0.4], color="black", linewidth=1.6)
    ax.axvline(0, color="#B0B0B0", linewidth=0.8, zorder=0)
    ax.set_yticks(range(len(words)), labels=words)
    ax.invert_yaxis()
    ax.set(xlim=(-4.6, 4.6), xticks=range(-4, 5), title=title or "")
    ax.set_xlabel("rating, one dot a person; the line is the mean")
    return tidy(ax)


def scores(
    scores: Tensor,
    means: Tensor,
    words: Sequence[str],
    *,
    named: Sequence[str] = (),
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Each word (N) as a dot: a classifier's score (N,) against people's mean rating (N,).

    Blue where both have the same sign, orange where not. The words in `named` are ringed, with
    their names above, inside the axes.
    """
    ax = new_axes(ax, figsize=(5, 4.4))
    ax.margins(x=0.15)
    x, y = (torch.as_tensor(v).detach().float().cpu().numpy() for v in (scores, means))
    right = (x > 0) == (y > 0)
    for side, name, colour in ((right, "right", COLOURS[0]), (~right, "wrong", COLOURS[1])):
        ax.plot(x[side], y[side], ".", ms=4, alpha=0.55, color=colour, label=name)
    rows = {word: i for i, word in enumerate(words)}
    for word in named:
        at = x[rows[word]], y[rows[word]]
        ax.plot(*at, "o", ms=6, mfc="none", mec="black")
        box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
        place = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center"}
        ax.annotate(word, at, fontsize=9, bbox=box, **place)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel="the classifier's score", ylabel="people's mean rating", title=title or "")
    return tidy(ax)


def _colour(rating: float) -> tuple:
    """The colour of a rating from -4 to 4."""
    return SENTIMENT(0.5 + rating / 8)
