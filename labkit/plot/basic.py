"""Plots that serve every lab: images, heat over images, grids, curves, bars, a training history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

if TYPE_CHECKING:
    from labkit.nets.train import History

COLOURS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
]  # Okabe, Ito
SIGNED, SIZES = "RdBu_r", "viridis"


def new_axes(ax: Axes | None, *, figsize: tuple[float, float] = (5, 4)) -> Axes:
    """The given Axes, or those of a new figure of `figsize` inches."""
    return ax if ax is not None else plt.subplots(figsize=figsize, layout="constrained")[1]


def image(image: Tensor, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """One image (3, H, W), (1, H, W) or (H, W) in [0, 1], without axis ticks."""
    ax = new_axes(ax, figsize=(3.5, 3.5))
    ax.imshow(*_for_imshow(image), **_grey(image))
    return _bare(ax, title)


def heat(
    heat: Tensor,
    *,
    image: Tensor | None = None,
    signed: bool | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    unit: str = "",
    clip: float = 0.995,
) -> Axes:
    """A heat map (H, W) with its colour bar; over a grey copy of `image`, if given.

    `signed` maps are centred on 0 (default: if there is a negative value). `clip` is the quantile
    of the absolute values at which the colours end, so that one hot pixel does not hide the rest;
    then the colour bar ends in an arrow. `unit` labels it.
    """
    ax = new_axes(ax, figsize=(4.4, 3.6))
    heat = torch.as_tensor(heat).detach().float().cpu()
    values = heat.numpy()
    signed = bool((heat < 0).any()) if signed is None else signed
    top = max(float(heat.abs().flatten().quantile(clip)), 1e-12)
    if image is not None:
        grey = torch.as_tensor(image).detach().cpu().mean(0)
        ax.imshow(grey.numpy(), cmap="gray", vmin=0, vmax=1, extent=_extent(heat))
    cmap, low = (SIGNED, -top) if signed else (SIZES, 0)
    alpha = None if image is None else (heat.abs() / top).clamp(0, 1).sqrt().numpy()
    shown = ax.imshow(values, cmap=cmap, vmin=low, vmax=top, alpha=alpha)
    mappable = plt.cm.ScalarMappable(norm=shown.norm, cmap=cmap)
    beyond = float(heat.abs().max()) > top
    arrow = ("both" if signed else "max") if beyond else "neither"
    ax.figure.colorbar(mappable, ax=ax, label=unit, shrink=0.8, extend=arrow)
    return _bare(ax, title)


def grid(
    images: Tensor | Sequence[Tensor],
    *,
    titles: Sequence[str] | None = None,
    columns: int = 6,
    size: float = 1.6,
    title: str | None = None,
) -> np.ndarray:
    """Several images in rows of `columns`, `size` inches wide; Axes as an array (rows, columns)."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    shape = (columns * size, rows * (size + (0.25 if titles is not None else 0)) + 0.3)
    fig, axes = plt.subplots(rows, columns, figsize=shape, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for i, (ax, one) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(*_for_imshow(one), **_grey(one))
        ax.set_title("" if titles is None else titles[i], fontsize=9)
    if title:
        fig.suptitle(title)
    return axes


def curves(
    x: Sequence[float],
    ys: Mapping[str, Tensor],
    *,
    ax: Axes | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str | None = None,
) -> Axes:
    """A named line for each entry of `ys`: (len(x),), or (repeats, len(x)): mean, 95 % interval."""
    ax = new_axes(ax, figsize=(5.5, 3.6))
    for colour, (name, y) in zip(COLOURS, ys.items(), strict=False):
        y = np.atleast_2d(torch.as_tensor(y).detach().cpu().numpy())
        mean = y.mean(0)
        ax.plot(x, mean, marker="o", markersize=3.5, color=colour, label=name)
        if len(y) > 1:
            half = np.array([interval(column)[1] for column in y.T])
            ax.fill_between(x, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "")
    ax.legend(frameon=False)
    return tidy(ax)


def bars(
    values: Mapping[str, float],
    *,
    ax: Axes | None = None,
    xlabel: str = "",
    title: str | None = None,
    signed: bool = False,
) -> Axes:
    """One horizontal bar for each named value, first on top; `signed`: coloured by sign."""
    ax = new_axes(ax, figsize=(5, 0.35 * len(values) + 1))
    numbers = [float(v) for v in values.values()]
    colours = [COLOURS[1] if signed and v < 0 else COLOURS[0] for v in numbers]
    ax.barh(range(len(numbers)), numbers, color=colours)
    ax.set_yticks(range(len(numbers)), labels=list(values))
    ax.invert_yaxis()
    if signed:
        ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel=xlabel, title=title or "")
    return tidy(ax)


def interval(values) -> tuple[float, float]:
    """Mean of the values (N,) and half the width of its 95 % interval (0 for one value).

    The interval is Student's: of 3 to 5 draws, 1.96 standard errors would hold the true mean only
    81 to 88 times in 100.

    >>> interval([1.0, 1.0, 1.0])
    (1.0, 0.0)
    """
    from scipy.special import stdtrit

    values = np.asarray(torch.as_tensor(values).detach().cpu(), dtype=float)
    if len(values) < 2:
        return float(values.mean()), 0.0
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(stdtrit(len(values) - 1, 0.975) * error)


def history(history: History, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Training and validation loss over epochs, with the best epoch marked."""
    epochs = history.column("epoch")
    losses = {"training": history.column("train_loss"), "validation": history.column("valid_loss")}
    ax = curves(epochs, losses, ax=ax, xlabel="epoch", ylabel="mean loss", title=title)
    ax.axvline(history.best.epoch, color="grey", linestyle=":", linewidth=1)
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def tidy(ax: Axes) -> Axes:
    """Without the frame's upper and right line."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _bare(ax: Axes, title: str | None) -> Axes:
    ax.set_axis_off()
    ax.set_title(title or "")
    return ax


def _for_imshow(image: Tensor) -> tuple[np.ndarray]:
    image = torch.as_tensor(image).detach().float().cpu()
    if image.dim() == 3:
        image = image[0] if image.shape[0] == 1 else image.permute(1, 2, 0)
    return (image.numpy(),)


def _grey(image: Tensor) -> dict:
    return {"cmap": "gray", "vmin": 0, "vmax": 1} if image.dim() == 2 or image.shape[0] == 1 else {}


def _extent(heat: Tensor) -> tuple[float, float, float, float]:
    return (-0.5, heat.shape[1] - 0.5, heat.shape[0] - 0.5, -0.5)
