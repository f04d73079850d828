"""Plots of lab 06: a map of digits, two kinds of error, the distances of two kinds of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, new_axes, tidy

CLASS_COLOURS = [*COLOURS, "#6A3D9A", "#808080", "#8B4513"]  # ten; the digit itself is the marker
STYLES = ["-", "--", "-.", ":"]


def embedding(
    points: Tensor,
    labels: Tensor,
    *,
    limits: tuple[float, float, float, float] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    size: float = 22,
) -> Axes:
    """A map of images: each point (N, 2) drawn as its label (N,), a digit of 0 to 9.

    `limits` are (left, right, bottom, top) of the map; both axes have the same scale, as only
    distances mean something.
    """
    ax = new_axes(ax, figsize=(5.2, 5))
    digits(ax, np.asarray(torch.as_tensor(points).detach().cpu()), labels, size=size)
    if limits is not None:
        ax.set(xlim=limits[:2], ylim=limits[2:])
    ax.set_aspect("equal", adjustable="datalim" if limits is None else "box")
    ax.set(xticks=[], yticks=[], title=title or "")
    return ax


def digits(ax: Axes, points: np.ndarray, labels: Tensor, *, size: float = 22) -> list:
    """Draw each point as the digit that it stands for; returns one collection for each class."""
    labels = np.asarray(torch.as_tensor(labels).cpu())
    return [
        ax.scatter(
            *points[labels == k].T, s=size, marker=f"${k}$", color=CLASS_COLOURS[k % 10], lw=0.3
        )
        for k in np.unique(labels)
    ]


def embeddings(
    frames: Tensor,
    labels: Tensor,
    *,
    titles: Sequence[str],
    columns: int = 4,
    size: float = 3.3,
) -> np.ndarray:
    """Several maps (S, N, 2) of the same images, each centred, on one scale: an array of Axes.

    In rows of `columns`, each `size` inches wide.
    """
    frames, columns = centred(frames), min(columns, len(frames))
    rows = -(-len(frames) // columns)
    shape = (size * columns, (size + 0.25) * rows)
    fig, axes = plt.subplots(rows, columns, figsize=shape, layout="constrained", squeeze=False)
    for ax in axes.flat[len(frames) :]:
        ax.set_axis_off()
    for ax, frame, title in zip(axes.flat, frames, titles, strict=False):
        embedding(frame, labels, limits=limits_of(frames), ax=ax, title=title, size=26)
    return axes


def centred(points: Tensor) -> Tensor:
    """Points (..., N, 2) moved so that their mean is 0; no distance changes."""
    return points - points.mean(-2, keepdim=True)


def limits_of(frames: Tensor) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of a square that holds nearly all points (..., 2)."""
    flat = frames.detach().reshape(-1, 2).double()
    low, high = flat.quantile(0.001, dim=0), flat.quantile(0.999, dim=0)
    middle, half = (low + high) / 2, float((high - low).max()) * 0.54 + 1e-6
    x, y = middle.tolist()
    return x - half, x + half, y - half, y + half


def trade_off(
    lines: Mapping[str, Tensor], *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """False accepts and false refusals (2, thresholds) by name, and where both are equal."""
    ax = new_axes(ax, figsize=(5, 4.4))
    for colour, style, (name, both) in zip(COLOURS, STYLES, lines.items(), strict=False):
        ax.plot(*both, color=colour, linestyle=style, label=name)
    ax.plot([0, 1], [0, 1], color="grey", linewidth=0.8, label="both errors equal")
    ax.set(xlabel="different pairs accepted", ylabel="same pairs refused", title=title or "")
    ax.legend(loc="upper right", framealpha=1)
    return tidy(ax)


def pair_distances(
    distances: Tensor,
    same: Tensor,
    *,
    threshold: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Histograms of the distances (N,) of pairs with the same label and with different ones.

    Each is a share of its own kind of pairs; `threshold` is drawn as a dotted line.
    """
    ax = new_axes(ax, figsize=(5, 3.2))
    values, same = distances.detach().double().cpu(), same.bool().cpu()
    bins = np.linspace(0, float(values.max()) + 1e-9, 36)
    kinds = {"same label": (same, COLOURS[0], "//"), "different": (~same, COLOURS[1], "")}
    for name, (kind, colour, hatch) in kinds.items():
        weights = np.full(int(kind.sum()), 1 / max(int(kind.sum()), 1))
        ax.hist(
            values[kind].numpy(), bins, weights=weights, color=colour, alpha=0.55, hatch=hatch,
            label=name,
        )  # fmt: skip
    if threshold is not None:
        ax.axvline(threshold, color="black", linestyle=":", label="threshold")
    ax.set(xlabel="distance", ylabel="share of pairs", title=title or "")
    ax.legend(frameon=False, loc="upper right")
    return tidy(ax)
