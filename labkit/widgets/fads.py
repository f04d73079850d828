"""Widgets of lab 18: signals through networks of many depths, and answers to digits that move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor, nn

from labkit.fads import Signals, moved
from labkit.nets.modes import eval_mode
from labkit.plot.basic import COLOURS, tidy
from labkit.widgets.core import Canvas, grey, live, slider

LOW, HIGH = 1e-3, 1e4  # where the axes of sizes end


class SignalsByDepth:
    """What goes forward and back in networks, from their first layer to the last: `draw(depth)`.

    found: for each depth the `fads.Signals` by kind of network, the same kinds for all depths.
    """

    def __init__(self, found: Mapping[int, Mapping[str, Signals]]):
        self.found, self.kinds = found, list(next(iter(found.values())))
        self.canvas = self._make_canvas()

    def draw(self, depth: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        told = []
        for kind, (forward, back) in self.found[depth].items():
            for lines, values in zip(self.lines, (forward, back), strict=True):
                place, shown = np.linspace(0, 1, len(values)), values.clamp(LOW, HIGH)
                some = (values > 0).numpy()  # a logarithmic axis has no 0
                lines[kind].set_data(place[some], shown.numpy()[some])
            told.append(f"{kind} {forward[-1] / forward[0]:.2g}")
        text = f"<b>{depth} convolutions</b>; activations at the end over those at the start: "
        return self.canvas.pixels(), text + "; ".join(told)

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(9.2, 3.6), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        titles = ("Forward: size of the activations", "Back: norm of the gradient")
        self.lines: list[dict] = []
        for ax, title in zip(axes, titles, strict=True):
            ax.set(yscale="log", ylim=(LOW / 1.5, 1.5 * HIGH), xlim=(-0.02, 1.02), title=title)
            ax.set_xticks([0, 1], labels=["first layer", "last layer"])
            ax.axhline(1, color="0.8", linewidth=0.8)
            self.lines.append(
                {
                    kind: tidy(ax).plot([], [], color=colour, label=kind, marker=".")[0]
                    for kind, colour in zip(self.kinds, COLOURS, strict=False)
                }
            )
        handles = list(self.lines[0].values())
        figure.legend(handles=handles, loc="outside right center", frameon=False)
        return Canvas(figure, moving=[line for lines in self.lines for line in lines.values()])


def signals_by_depth(found: Mapping[int, Mapping[str, Signals]]) -> ipywidgets.VBox:
    """A slider for the depth above the picture of `SignalsByDepth`."""
    return live(
        SignalsByDepth(found).draw,
        alt="Size of the activations, and norm of the gradient, from the first layer to the last, "
        "a line for each kind of network; the axes of sizes are logarithmic.",
        depth=_steps("convolutions", list(found)),
    )


class ShiftWalk:
    """A digit on its way to the right, and what networks say to it: `draw(digit, step)`.

    images (N, 1, H, W) and labels (N,); networks by name. A line is the probability that a network
    gives to the label, over all steps; a dot on it is where the digit is now.
    """

    def __init__(
        self, images: Tensor, labels: Tensor, nets: Mapping[str, nn.Module], *, most: int = 8
    ):
        self.images, self.labels, self.nets = images, labels, dict(nets)
        self.steps, self.known = range(most + 1), {}
        self.canvas = self._make_canvas()

    @torch.no_grad()
    def found(self, digit: int) -> dict[str, Tensor]:
        """Probabilities (steps, classes) by network."""
        if digit not in self.known:
            image = self.images[digit : digit + 1]
            path = torch.cat([moved(image, step) for step in self.steps])
            self.known[digit] = {}
            for name, net in self.nets.items():
                with eval_mode(net):
                    self.known[digit][name] = net(path).softmax(1)
        return self.known[digit]

    def draw(self, digit: int, step: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and what each network says."""
        label, told = int(self.labels[digit]), []
        for name, probabilities in self.found(digit).items():
            line, dot = self.lines[name]
            line.set_data(self.steps, probabilities[:, label].numpy())
            dot.set_data([step], [probabilities[step, label].item()])
            told.append(f"{name}: {int(probabilities[step].argmax())}")
        plotted = Image.fromarray(self.canvas.pixels())
        page = Image.new("RGB", (plotted.width + 240, plotted.height), "white")
        page.paste(grey(moved(self.images[digit], step), 220), (10, 40))
        page.paste(plotted, (240, 0))
        text = f"<b>a {label}, {step} pixels to the right</b>; they say {', '.join(told)}"
        return np.asarray(page), text

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(6.2, 3.2), layout="constrained")
        ax = tidy(figure.subplots())
        ax.set(xlim=(-0.2, self.steps[-1] + 0.2), ylim=(-0.03, 1.03), xlabel="pixels to the right")
        ax.set_ylabel("probability of the label")
        self.lines = {
            name: (
                ax.plot([], [], color=colour, label=name)[0],
                ax.plot([], [], "o", color=colour, markersize=8)[0],
            )
            for name, colour in zip(self.nets, COLOURS, strict=False)
        }
        handles = [line for line, _ in self.lines.values()]
        figure.legend(handles=handles, loc="outside right center", frameon=False)
        return Canvas(figure, moving=[artist for pair in self.lines.values() for artist in pair])


def shift_walk(
    images: Tensor, labels: Tensor, nets: Mapping[str, nn.Module], *, most: int = 8
) -> ipywidgets.VBox:
    """Sliders for the digit and how far it moves, above the picture of `ShiftWalk`."""
    return live(
        ShiftWalk(images, labels, nets, most=most).draw,
        alt="A digit moved to the right, and beside it, for each network, the probability of the "
        "label over the pixels moved.",
        digit=slider("digit", 0, min(len(images), 40) - 1),
        step=slider("pixels to the right", 0, most),
    )


def _steps(description: str, values: Sequence[int]) -> ipywidgets.SelectionSlider:
    style = {"style": {"description_width": "initial"}, "layout": {"width": "420px"}}
    options = [(str(value), value) for value in values]
    return ipywidgets.SelectionSlider(options=options, description=description, **style)
