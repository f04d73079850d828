"""Plots of lab 01: a function from above, a network with all its numbers, named heat maps.

They draw what they are given and compute no derivative; `labkit.nets.hooks` and `labkit.explain`
do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.text import Text
from torch import Tensor

from labkit.plot import basic
from labkit.plot.basic import COLOURS, SIGNED, SIZES, heat, new_axes

GAP = 1.0  # the space between two neurons of a layer
PLUS, MINUS, OFF = COLOURS[0], COLOURS[1], "#B0B0B0"


def landscape(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    reach: float = 2.0,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """A function of x and y seen from above: contour lines over [-reach, reach] both ways."""
    ax = new_axes(ax, figsize=(4.8, 4))
    line = np.linspace(-reach, reach, 121)
    x, y = np.meshgrid(line, line)
    filled = ax.contourf(x, y, function(x, y), levels=16, cmap=SIZES)
    ax.contour(x, y, function(x, y), levels=16, colors="white", linewidths=0.4)
    ax.figure.colorbar(filled, ax=ax, label="f(x, y)")
    ax.set(xlabel="x", ylabel="y", title=title or "", aspect="equal")
    return ax


def network(
    weights: Sequence[Tensor],
    values: Sequence[Sequence[float]],
    *,
    names: Sequence[Sequence[str]] = (("x1", "x2"), ("h1", "h2", "h3"), ("y1", "y2")),
    biases: Sequence[Tensor] | None = None,
    path: tuple[int, int] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """A small network as a graph: a circle for each neuron with its value, a line for each weight.

    `weights` are matrices (out, in) as in nn.Linear, one for each step between layers; `values`
    and `names` hold a row for each layer; `biases` are vectors (out,), written under the neurons.
    Hidden neurons at 0 (switched off) are grey, and so are their lines. `path=(input, output)`
    keeps only the lines between this input and this output.
    """
    ax = new_axes(ax, figsize=(8, 4.4))
    places = [_places(column, len(row)) for column, row in enumerate(values)]
    for step, matrix in enumerate(weights):
        last = step == len(weights) - 1
        for j, i in np.ndindex(tuple(matrix.shape)):
            shown = path is None or (step > 0 or i == path[0]) and (not last or j == path[1])
            off = _is_off(values, step, i) or _is_off(values, step + 1, j)
            if shown:
                _edge(ax, places[step][i], places[step + 1][j], float(matrix[j, i]), off=off)
    for step, row in enumerate(values):
        for k, value in enumerate(row):
            _neuron(ax, places[step][k], names[step][k], float(value), _is_off(values, step, k))
    for step, row in enumerate(biases or ()):
        for (x, y), bias in zip(places[step + 1], row.tolist(), strict=True):
            ax.text(x, y - 0.33, f"bias {bias:+.4g}", ha="center", va="top", color="#404040")
    tallest = max(len(row) for row in values)
    ax.set(xlim=(-0.2, len(values) - 0.8), ylim=(-tallest / 2 - 0.05, tallest / 2 - 0.1))
    ax.set_axis_off()
    ax.set_title(title or "")
    return ax


def matrix(
    values: Tensor,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    xlabel: str = "",
    ylabel: str = "",
    unit: str = "",
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """A labelled table as a heat map (rows, columns): each number written, colour centred on 0."""
    ax = new_axes(ax, figsize=(0.75 * len(columns) + 2, 0.55 * len(rows) + 1.4))
    values = torch.as_tensor(values).detach().cpu().float()
    top = max(float(values.abs().max()), 1e-12)
    shown = ax.imshow(values.numpy(), cmap=SIGNED, vmin=-top, vmax=top, aspect="auto")
    ax.figure.colorbar(shown, ax=ax, label=unit)
    for (r, c), value in np.ndenumerate(values.numpy()):
        colour = "white" if abs(value) > 0.6 * top else "black"
        ax.text(c, r, f"{value:.4g}", ha="center", va="center", color=colour)
    ax.set_xticks(range(len(columns)), labels=columns)
    ax.set_yticks(range(len(rows)), labels=rows)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "")
    return ax


def heats(
    heats: Mapping[str, Tensor],
    *,
    image: Tensor | None = None,
    boxes: Iterable[tuple[slice, slice]] = (),
    together: bool = False,
    signed: bool | None = None,
    unit: str = "",
    clip: float = 0.995,
    columns: int = 3,
    size: float = 3.1,
) -> np.ndarray:
    """Several named heat maps (H, W), each with its own colours; the Axes as an array.

    Images (3, H, W) among them are drawn as they are, and `image` first. `boxes` (rows, columns of
    the largest) are framed in all. `together`: one scale for all maps, that of the largest.
    `signed`, `unit` and `clip` as in `plot.heat`.
    """
    heats = ({} if image is None else {"the photo": image}) | dict(heats)
    count = len(heats)
    columns = min(columns, count)
    rows = -(-count // columns)
    shape = (columns * size * 1.15, rows * size)
    _, axes = plt.subplots(rows, columns, figsize=shape, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    scales = []
    for ax, (name, one) in zip(axes.flat, heats.items(), strict=False):
        if one.dim() == 3:
            basic.image(one, ax=ax, title=name)
        else:
            heat(one, signed=signed, ax=ax, title=name, unit=unit, clip=clip)
            scales.append(ax.images[-1].norm)
        part = one.shape[-1] / max(each.shape[-1] for each in heats.values())
        for y, x in boxes:
            across, down = (part * np.array([s.start, s.stop]) - 0.5 for s in (x, y))
            for style in ({"color": "black", "lw": 2.4}, {"color": "white", "lw": 1}):
                ax.plot(across[[0, 1, 1, 0, 0]], down[[0, 0, 1, 1, 0]], **style)
    top = max((norm.vmax for norm in scales), default=0)
    for norm in scales if together else ():
        norm.vmin, norm.vmax = (-top if norm.vmin else 0), top
    return axes


def _places(column: int, count: int) -> list[tuple[float, float]]:
    return [(float(column), GAP * ((count - 1) / 2 - k)) for k in range(count)]


def _is_off(values: Sequence[Sequence[float]], layer: int, k: int) -> bool:
    return 0 < layer < len(values) - 1 and float(values[layer][k]) == 0


def _neuron(ax: Axes, at: tuple[float, float], name: str, value: float, off: bool) -> Text:
    edge = OFF if off else "black"
    box = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": edge, "linewidth": 1.5}
    text = f"{name}\n{value:.4g}"
    colour = "#707070" if off else "black"
    style = {"ha": "center", "va": "center", "fontsize": 11, "linespacing": 1.1}
    return ax.text(*at, text, color=colour, bbox=box, zorder=3, **style)


def _edge(ax: Axes, start: tuple, end: tuple, weight: float, *, off: bool) -> None:
    colour = OFF if off else (MINUS if weight < 0 else PLUS)
    style = ":" if off else ("--" if weight < 0 else "-")
    (x0, y0), (x1, y1) = start, end
    ax.plot([x0, x1], [y0, y1], style, color=colour, linewidth=0.8 + abs(weight), zorder=1)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    at = 0.22  # near the start, where lines of different neurons do not cross yet
    x, y = x0 + at * (x1 - x0), y0 + at * (y1 - y0)
    ink = "#707070" if off else colour
    ax.text(x, y, f"{weight:+.4g}", ha="center", va="center", color=ink, bbox=box, zorder=2)
