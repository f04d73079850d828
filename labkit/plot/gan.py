"""Plots of lab 07: the game on a line, the cop's scores over steps, sheets of digits, distances."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.gan import Movie, Record
from labkit.plot.basic import COLOURS, image, new_axes, tidy

REAL, FAKE, COP = COLOURS[0], COLOURS[1], "black"


def line_game(movie: Movie, frame: int = -1, *, ax: Axes | None = None) -> Axes:
    """One frame of the game on a line: histograms of real and fake numbers, the cop's curve."""
    ax = new_axes(ax, figsize=(6.5, 3.6))
    edges = line_edges(movie)
    for numbers, colour, name in ((movie.real, REAL, "real"), (movie.fakes[frame], FAKE, "fake")):
        heights, _ = np.histogram(numbers.numpy(), edges)
        ax.stairs(heights / len(numbers), edges, color=colour, fill=True, alpha=0.45, label=name)
    ax.set(xlabel="number", ylabel="share of the numbers", ylim=(0, 0.5))
    ax.set_title(f"after {int(movie.step[frame])} steps")
    twin = ax.twinx()
    twin.plot(movie.grid, movie.belief[frame], color=COP, label="the cop's curve")
    twin.axhline(0.5, color="grey", linestyle=":", linewidth=1)
    twin.set(ylabel='probability of "real"', ylim=(0, 1))
    lines = [*ax.get_legend_handles_labels()[0], *twin.get_legend_handles_labels()[0]]
    ax.legend(lines, ["real", "fake", "the cop's curve"], frameon=False, loc="upper left")
    ax.spines["top"].set_visible(False)
    twin.spines["top"].set_visible(False)
    return ax


def line_edges(movie: Movie) -> np.ndarray:
    """The limits of the histograms' bins: 40 over the cop's grid."""
    return np.linspace(float(movie.grid[0]), float(movie.grid[-1]), 41)


def cop_accuracy(record: Record, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """The share of fakes and of real images that the cop names right, over steps; chance dotted."""
    ax = new_axes(ax, figsize=(5.5, 3.4))
    step = record.column("step")
    ax.plot(step, record.column("caught"), color=FAKE, label="fakes it catches")
    ax.plot(step, record.column("passed"), color=REAL, label="real ones it lets pass")
    ax.axhline(0.5, color="grey", linestyle=":", linewidth=1)
    ax.set(xlabel="step", ylabel="share, mean of a round", ylim=(0, 1.03), title=title or "")
    ax.legend(frameon=False, loc="lower left")
    return tidy(ax)


def both_losses(record: Record, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """The losses of the cop and of the counterfeiter over steps."""
    ax = new_axes(ax, figsize=(5.5, 3.4))
    step = record.column("step")
    ax.plot(step, record.column("cop_loss"), color=COP, label="cop")
    ax.plot(step, record.column("forger_loss"), color=FAKE, label="counterfeiter")
    ax.set(xlabel="step", ylabel="loss, mean of a round", title=title or "")
    ax.legend(frameon=False)
    return tidy(ax)


def sheet(images: Tensor, *, columns: int = 10, gap: int = 2) -> Tensor:
    """Images (N, 1, H, W) side by side in rows of `columns`, as one image (1, h, w) on white.

    >>> sheet(torch.zeros(20, 1, 28, 28)).shape
    torch.Size([1, 62, 302])
    """
    count, _, height, width = images.shape
    rows = -(-count // columns)
    page = torch.ones(rows * (height + gap) + gap, columns * (width + gap) + gap)
    for i, one in enumerate(images.detach().cpu()):
        top, left = (i // columns) * (height + gap) + gap, (i % columns) * (width + gap) + gap
        page[top : top + height, left : left + width] = one[0]
    return page[None]


def digits(images: Tensor, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Images (N, 1, H, W) as a sheet with rows of ten, large enough to be read."""
    rows = -(-len(images) // 10)
    ax = new_axes(ax, figsize=(7.4, 0.73 * rows + (0.4 if title else 0)))
    return image(sheet(images), ax=ax, title=title)


def distances(
    values: Mapping[str, float | Tensor],
    *,
    floor: float,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Frechet distances on a logarithmic axis: a dot a seed, a line at each median, the floor."""
    ax = new_axes(ax, figsize=(6.5, 0.5 * len(values) + 1.3))
    for row, several in enumerate(values.values()):
        several = torch.as_tensor(several).double().reshape(-1).numpy()
        ax.plot(several, [row] * len(several), "o", color=COLOURS[0], alpha=0.7)
        ax.plot([np.median(several)] * 2, [row - 0.3, row + 0.3], color="black", linewidth=2)
    ax.axvline(floor, color=COLOURS[2], linestyle="--")
    ax.set_yticks(range(len(values)), labels=list(values))
    ax.invert_yaxis()
    label = f"Frechet distance (log scale); dashed: real against real, {floor:.1f}"
    ax.set(xscale="log", xlabel=label, title=title or "")
    return tidy(ax)
