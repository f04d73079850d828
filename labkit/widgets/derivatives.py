"""Widgets of lab 01: a point dragged over f(x, y), and a tiny network whose inputs one turns.

Each is a pair: a function that makes the drawing function (tested as such), and the widget.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from labkit.plot.derivatives import MINUS, PLUS, landscape, network
from labkit.widgets.core import Canvas, Draw, live, slider

Function = Callable[[np.ndarray, np.ndarray], np.ndarray]
Slopes = Callable[[float, float], tuple[float, float]]
Paths = Callable[[Tensor, Tensor, Tensor], Tensor]


def slopes(
    function: Function,
    derivatives: Slopes,
    *,
    x: float = 0.0,
    y: float = 0.5,
    reach: float = 2.0,
    name: str = "f(x, y)",
) -> ipywidgets.VBox:
    """Two sliders move a point over `function`; an arrow and two bars show its derivatives there.

    `function(x, y)` takes arrays, `derivatives(x, y)` gives the pair (df/dx, df/dy).

    >>> panel = slopes(lambda x, y: x**2 + x * y, lambda x, y: (2 * x + y, x))
    """
    alt = (
        "Left: the function from above, with a dot at (x, y) and an arrow that points uphill. "
        "Right: two bars, the sizes of df/dx and df/dy."
    )
    draw = slopes_picture(function, derivatives, reach=reach, name=name)
    controls = {
        "x": slider("x", -reach, reach, value=x, step=0.05),
        "y": slider("y", -reach, reach, value=y, step=0.05),
    }
    return live(draw, alt=alt, **controls)


def slopes_picture(
    function: Function, derivatives: Slopes, *, reach: float = 2.0, name: str = "f(x, y)"
) -> Draw:
    """The drawing function of `slopes`: draw(x, y) -> (pixels (H, W, 3) uint8, text)."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    landscape(function, reach=reach, ax=left, title=f"{name}, arrow = derivatives / 2")
    (dot,) = left.plot([0], [0], "o", color="#E69F00", markeredgecolor="black", markersize=9)
    style = {"angles": "xy", "scale_units": "xy", "scale": 2, "width": 0.012}
    arrow = left.quiver([0], [0], [1], [1], color="#E69F00", edgecolor="black", **style)
    bars = right.barh([1, 0], [1, 1], color=[PLUS, MINUS], height=0.5)
    right.set_yticks([1, 0], labels=["|df/dx|", "|df/dy|"], fontsize=12)
    right.set(xlim=(0, _largest(derivatives, reach)), ylim=(-0.6, 1.6))
    right.set(xlabel="change of f for a small nudge, per unit", title="how much f depends on each")
    canvas = Canvas(figure, moving=[dot, arrow, *bars])

    def draw(x: float, y: float) -> tuple[np.ndarray, str]:
        dx, dy = (float(slope) for slope in derivatives(x, y))
        dot.set_data([x], [y])
        arrow.set_offsets([[x, y]])
        arrow.set_UVC([dx], [dy])
        for bar, slope in zip(bars, (dx, dy), strict=True):
            bar.set_width(abs(slope))
        return canvas.pixels(), _slopes_text(float(function(x, y)), x, y, dx, dy)

    return draw


def tiny_network(
    model: nn.Sequential, paths: Paths, *, x1: float = 1.0, x2: float = 2.0
) -> ipywidgets.VBox:
    """Two sliders set the inputs of Linear-ReLU-Linear with 2 inputs; all its numbers follow.

    `paths(w1, w2, hidden)` gives the derivatives of the outputs by the inputs, (O, 2).

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> panel = tiny_network(net, lambda w1, w2, hidden: (w2 * (hidden > 0)) @ w1)
    """
    alt = (
        "The network as a graph: a circle with its value for each neuron, a line with its weight "
        "for each connection. Neurons that the ReLU switches off are grey."
    )
    controls = {
        "x1": slider("x1", -3.0, 3.0, value=x1, step=0.05),
        "x2": slider("x2", -3.0, 3.0, value=x2, step=0.05),
    }
    return live(tiny_network_picture(model, paths), alt=alt, **controls)


def tiny_network_picture(model: nn.Sequential, paths: Paths) -> Draw:
    """The drawing function of `tiny_network`: draw(x1, x2) -> (pixels (H, W, 3) uint8, text)."""
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    weights, biases = [x.weight.detach() for x in linear], [x.bias.detach() for x in linear]
    if len(weights) != 2 or weights[0].shape[1] != 2:
        raise ValueError("the network must be Linear, ReLU, Linear with 2 inputs")
    names = _neuron_names(weights)
    background = lru_cache(maxsize=32)(partial(_network_canvas, weights, biases, names))

    def draw(x1: float, x2: float) -> tuple[np.ndarray, str]:
        values = _values(model, torch.tensor([x1, x2], dtype=weights[0].dtype))
        canvas = background(tuple((values[1] > 0).tolist()))
        shown = (f"{n}\n{v:.4g}" for row, vs in zip(names, values, strict=True)
                 for n, v in zip(row, vs.tolist(), strict=True))  # fmt: skip
        for circle, text in zip(canvas.moving, shown, strict=True):
            circle.set_text(text)
        return canvas.pixels(), _table_text(paths(*weights, values[1]), names)

    return draw


def _network_canvas(weights, biases, names, on: tuple[bool, ...]) -> Canvas:
    """The network with these hidden neurons on; only the numbers in its circles move."""
    figure = Figure(figsize=(8, 4))
    values = [[1.0] * len(names[0]), [float(one) for one in on], [1.0] * len(names[2])]
    ax = network(weights, values, names=names, biases=biases, ax=figure.add_axes((0, 0, 1, 1)))
    return Canvas(figure, moving=[text for text in ax.texts if "\n" in text.get_text()])


def _largest(derivatives: Slopes, reach: float) -> float:
    corners = [derivatives(x, y) for x in (-reach, reach) for y in (-reach, reach)]
    return max(1e-9, *(abs(float(slope)) for pair in corners for slope in pair))


def _slopes_text(f: float, x: float, y: float, dx: float, dy: float) -> str:
    larger = "x" if abs(dx) > abs(dy) else "y"
    if np.isclose(abs(dx), abs(dy)):
        larger = "neither" if np.isclose(dx, 0) else "both alike"
    return (
        f"f({x:.2f}, {y:.2f}) = {f:.2f} &nbsp; df/dx = {dx:.2f} &nbsp; df/dy = {dy:.2f} "
        f"&nbsp; larger effect here: <b>{larger}</b>"
    )


def _values(model: nn.Sequential, inputs: Tensor) -> list[Tensor]:
    """What goes in, what leaves the ReLU, what comes out: three vectors."""
    with torch.no_grad():
        hidden = model[:-1](inputs[None])[0]
        return [inputs, hidden, model[-1](hidden[None])[0]]


def _neuron_names(weights: Sequence[Tensor]) -> list[list[str]]:
    counts = [weights[0].shape[1], *(len(w) for w in weights)]
    return [[f"{c}{k + 1}" for k in range(n)] for c, n in zip("xhy", counts, strict=True)]


def _table_text(table: Tensor, names: Sequence[Sequence[str]]) -> str:
    parts = [
        f"d{out}/d{into} = {float(table[j, i]):.4g}"
        for j, out in enumerate(names[-1])
        for i, into in enumerate(names[0])
    ]
    return " &nbsp; ".join(parts)
