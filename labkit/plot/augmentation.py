"""Plots of lab 04: images with a network's opinion, confusion matrices, curves over an angle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, SIZES, curves, new_axes, tidy

Opinion = Sequence[tuple[str, float]]  # names and probabilities, the largest first


def opinions(
    images: Tensor,
    tops: Sequence[Opinion],
    *,
    titles: Sequence[str] | None = None,
    size: float = 2.4,
) -> np.ndarray:
    """Each image (B, 3, H, W) above bars of what a network says of it; Axes (2, B).

    `tops` are lists of (name, probability), as `Pretrained.top` gives them. ValueError if there
    are not as many as images.
    """
    if len(tops) != len(images):
        raise ValueError(f"{len(tops)} opinions for {len(images)} images")
    most = max(map(len, tops))
    fig, axes = plt.subplots(
        2,
        len(images),
        figsize=(len(images) * size, size + 0.34 * most + 0.6),
        height_ratios=[size, 0.34 * most],
        layout="constrained",
        squeeze=False,
    )
    for i, (image, top) in enumerate(zip(images, tops, strict=True)):
        axes[0, i].imshow(image.permute(1, 2, 0).clamp(0, 1).cpu().numpy())
        axes[0, i].set_axis_off()
        axes[0, i].set_title("" if titles is None else titles[i])
        _opinion(axes[1, i], top, most)
    axes[1, 0].set_xlabel("probability")
    return axes


def confusions(
    tables: Mapping[str, Tensor],
    *,
    marked: Sequence[tuple[int, int]] = (),
    size: float = 3.4,
) -> np.ndarray:
    """Confusion matrices (K, K) side by side on one scale: rows the truth, columns the answer.

    Each row is in percent of its sum. The diagonal, what is right, stays grey, so that the mistakes
    stand out; numbers of 3 and more are written in. `marked` cells get a frame. Axes (n,).
    """
    shares = {n: 100 * t.double() / t.sum(1, keepdim=True).clamp_min(1) for n, t in tables.items()}
    off = {n: s.clone().fill_diagonal_(float("nan")) for n, s in shares.items()}
    top = max(1.0, *(float(s.nan_to_num().max()) for s in off.values()))
    shape = (len(tables) * size + 0.9, size + 0.5)
    fig, axes = plt.subplots(1, len(tables), figsize=shape, layout="constrained", squeeze=False)
    for ax, (name, share) in zip(axes[0], off.items(), strict=True):
        ax.set_facecolor("#D8D8D8")
        shown = ax.imshow(share.numpy(), cmap=SIZES, vmin=0, vmax=top)
        for (row, column), value in np.ndenumerate(share.numpy()):
            if value >= 3:
                ink = "black" if value > 0.6 * top else "white"
                ax.text(column, row, f"{value:.0f}", color=ink, ha="center", va="center", size=9)
        for row, column in marked:
            ax.add_patch(_frame(row, column))
        ax.set(title=name, xticks=range(len(share)), yticks=range(len(share)), xlabel="answer")
    axes[0, 0].set_ylabel("digit")
    fig.colorbar(shown, ax=axes, label="% of a digit's images", shrink=0.85, pad=0.02)
    return axes[0]


def over_angles(
    angles: Tensor,
    ys: Mapping[str, Tensor],
    *,
    ylabel: str,
    threshold: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """A named line for each of `ys` over angles in degrees: (A,), or (repeats, A) with intervals.

    The y axis goes from 0 to 1; `threshold` is drawn as a dotted line.
    """
    ax = new_axes(ax, figsize=(7, 3.4))
    lines = {name: torch.as_tensor(y) for name, y in ys.items()}
    curves(angles, lines, ax=ax, xlabel="angle, degrees (counter-clockwise)", ylabel=ylabel)
    if threshold is not None:
        ax.axhline(threshold, color="black", linestyle=":", linewidth=1)
    low, high = float(min(angles)), float(max(angles))
    ax.set(ylim=(-0.03, 1.03), xlim=(low, high), title=title or "")
    ax.set_xticks(np.arange(np.ceil(low / 45) * 45, high + 1, 45))
    return ax


def _opinion(ax: Axes, top: Opinion, most: int) -> None:
    names, probs = zip(*top, strict=True)
    ax.barh(range(len(top)), probs, color=COLOURS[0], height=0.85, alpha=0.45)
    for row, (name, prob) in enumerate(top):
        ax.text(0.02, row, f"{name}  {prob:.2f}", va="center", fontsize=9.5)
    ax.set(xlim=(0, 1), ylim=(most - 0.5, -0.5), yticks=[], xticks=[0, 0.5, 1])
    tidy(ax)


def _frame(row: int, column: int) -> plt.Rectangle:
    corner = (column - 0.5, row - 0.5)
    return plt.Rectangle(corner, 1, 1, fill=False, edgecolor=COLOURS[1], linewidth=2.5)
