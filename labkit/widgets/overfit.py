"""Widgets of lab 13: a double descent that builds up, and wrong labels being learned by heart."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit.nets.modes import eval_mode
from labkit.overfit import Descent
from labkit.plot.basic import COLOURS, tidy
from labkit.widgets.core import Canvas, grey, live, slider

TRUTH, LABEL, OTHER = (0, 114, 178), (213, 94, 0), (110, 110, 110)
SHOWN, COLUMNS, SIDE = 24, 8, 64


class DescentCurve:
    """Errors and norm up to a number of features: `draw(features, ridge, noise)`.

    found: a `Descent`; dots are its seeds, lines their means.
    """

    def __init__(self, found: Descent):
        self.found, self.canvas = found, None

    def draw(self, features: int, ridge: float, noise: float) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and the numbers at this many features."""
        if self.canvas is None:
            self.canvas = self._make_canvas()
        names = ("error", "train_error", "norm")
        until = self.found.sizes.index(features) + 1
        for name in names:
            table = self._table(name, ridge, noise)[:, :until]
            x = self.found.sizes[:until]
            self.lines[name].set_data(x, table.mean(0).numpy())
            self.dots[name].set_data(x * len(table), table.flatten().numpy())
        wrong, missed, norm = (
            float(self.found.at(name, features, ridge=ridge, noise=noise).mean()) for name in names
        )
        text = (
            f"<b>{features} features for {self.found.n} digits</b>, ridge {ridge:g}, {noise:.0%} "
            f"wrong labels: test error {wrong:.2f}, training error {missed:.2f}, norm {norm:,.0f}"
        )
        return self.canvas.pixels(), text

    def _table(self, name: str, ridge: float, noise: float) -> Tensor:
        """(seeds, sizes) of one setting."""
        place = self.found.ridges.index(ridge), self.found.noises.index(noise)
        return getattr(self.found, name)[:, :, place[0], place[1]]

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(8.6, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        self.lines, self.dots = {}, {}
        looks = {"error": ("test", left), "train_error": ("training", left), "norm": ("", right)}
        for colour, (name, (label, ax)) in zip(COLOURS, looks.items(), strict=False):
            style = {"color": colour}
            (self.lines[name],) = ax.plot([], [], label=label, linewidth=1.8, **style)
            (self.dots[name],) = ax.plot([], [], "o", markersize=4, alpha=0.5, **style)
        low, high = min(self.found.sizes), max(self.found.sizes)
        for ax in (left, right):
            ax.axvline(self.found.n, color="0.6", linestyle=":")
            ax.set(xscale="log", xlim=(0.8 * low, 1.25 * high), xlabel="features N")
            tidy(ax)
        left.set(ylim=(-0.03, 1), ylabel="error (share wrong)", title="Errors")
        left.legend(frameon=False, loc="upper left")
        norms = self.found.norm
        right.set(yscale="log", ylim=(0.7 * float(norms.min()), 1.5 * float(norms.max())))
        right.set(ylabel="length of all weights", title=f"Norm (dotted: N = n = {self.found.n})")
        return Canvas(figure, moving=[*self.lines.values(), *self.dots.values()])


def descent_curve(found: Descent) -> ipywidgets.VBox:
    """Sliders for features, ridge and noise above the picture of `DescentCurve`."""
    return live(
        DescentCurve(found).draw,
        alt="Test and training error, and the norm of the weights, up to this number of features.",
        features=_steps("features", found.sizes, str),
        ridge=_steps("ridge", found.ridges, "{:g}".format),
        noise=_steps("wrong labels", found.noises, "{:.0%}".format),
    )


class ByHeart:
    """What a network says to digits with wrong labels, epoch by epoch: `draw(epoch)`.

    Hand `keep` to `overfit.learn` as `watch`. images (N, 1, 28, 28), `truth` and the labels
    `given` (N,) for training, of which those that differ are shown.
    """

    def __init__(self, images: Tensor, truth: Tensor, given: Tensor):
        wrong = truth != given
        self.images, self.truth, self.given = images[wrong], truth[wrong], given[wrong]
        self.said: list[Tensor] = []

    @torch.no_grad()
    def keep(self, epoch: int, net: nn.Module) -> None:
        """Keep what the network says now."""
        with eval_mode(net):
            self.said.append(net(self.images).argmax(1))

    def share(self, labels: Tensor) -> list[float]:
        """For each epoch the share of digits for which the network says these labels (N,)."""
        return [float((said == labels).double().mean()) for said in self.said]

    def draw(self, epoch: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and the shares in words."""
        said = self.said[epoch - 1]
        rows, high = -(-SHOWN // COLUMNS), SIDE + 40
        page = Image.new("RGB", (COLUMNS * (SIDE + 8), rows * high), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
        for i in range(min(SHOWN, len(said))):
            x, y = i % COLUMNS * (SIDE + 8), i // COLUMNS * high
            page.paste(grey(self.images[i], SIDE), (x, y))
            right, learned = said[i] == self.truth[i], said[i] == self.given[i]
            colour = TRUTH if right else LABEL if learned else OTHER
            text = f"says {said[i]}" + ("" if right else " !" if learned else " ?")
            pen.text((x + 8, y + SIDE + 1), f"label {self.given[i]}", fill="black", font=font)
            pen.text((x + 8, y + SIDE + 17), text, fill=colour, font=font)
        truth, given = (self.share(labels)[epoch - 1] for labels in (self.truth, self.given))
        text = (
            f"<b>epoch {epoch}: of {len(said)} digits with a wrong label the network says the true "
            f"digit for {truth:.0%}</b> (blue), the wrong label for {given:.0%} (orange, !), "
            "something else for the rest (grey, ?)"
        )
        return np.asarray(page), text


def by_heart(shown: ByHeart) -> ipywidgets.VBox:
    """A slider for the epoch above the picture of `ByHeart`; ValueError if nothing was kept."""
    if not shown.said:
        raise ValueError("nothing was kept: hand `keep` to overfit.learn, watch=shown.keep")
    return live(
        shown.draw,
        alt="Digits whose training label is wrong, and what the network says to each.",
        epoch=slider("epoch", 1, len(shown.said)),
    )


def _steps(description: str, values: Sequence, words) -> ipywidgets.SelectionSlider:
    """A slider over these values only."""
    style = {"style": {"description_width": "initial"}, "layout": {"width": "420px"}}
    options = [(words(value), value) for value in values]
    return ipywidgets.SelectionSlider(options=options, description=description, **style)
