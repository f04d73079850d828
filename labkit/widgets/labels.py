"""Widgets of lab 17: a crowd to be turned round, two views of one digit."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit.augment import Policy
from labkit.labels import crowd
from labkit.plot.basic import COLOURS
from labkit.widgets.core import Canvas, grey, live, slider

FONT, RATERS = ImageFont.load_default(size=15), 10


class CrowdGame:
    """Ten raters, some lazy, some adversaries: `draw(lazy, adversaries, known)`.

    `e_step` is a function like `crowd.e_step`. On the left how many things come out right, on the
    right how good each rater is and how good they were found to be.
    """

    NAMES = ("majority", "Dawid and Skene", "told who is who")

    def __init__(self, *, e_step: crowd.EStep = crowd.e_step, things: int = 300, seed: int = 0):
        self.e_step, self.things, self.seed = e_step, things, seed
        self.canvas = self._make_canvas()

    def found(self, lazy: int, adversaries: int, known: int) -> tuple[list[float], Tensor, Tensor]:
        """Shares right of what isn't known, by the three `NAMES`; raters' skill, true and found."""
        drawn = crowd.make_crowd(
            good=RATERS - lazy - adversaries,
            lazy=lazy,
            adversaries=adversaries,
            things=self.things,
            seed=self.seed,
        )
        told = {row: int(drawn.truth[row]) for row in range(known)}
        belief, confusion = crowd.dawid_skene(drawn.votes, 3, e_step=self.e_step, known=told)
        best = self.e_step(drawn.votes, torch.full((3,), 1 / 3), drawn.confusion)
        said = crowd.majority(drawn.votes, 3), belief.argmax(1), best.argmax(1)
        shares = [float((one == drawn.truth)[known:].float().mean()) for one in said]
        skills = (one.diagonal(dim1=1, dim2=2).mean(1) for one in (drawn.confusion, confusion))
        return shares, *skills

    def draw(self, lazy: int, adversaries: int, known: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        shares, true, found = self.found(lazy, adversaries, known)
        for bar, share in zip(self.bars, shares, strict=True):
            bar.set_width(share)
        good = RATERS - lazy - adversaries
        parts = slice(good), slice(good, good + lazy), slice(good + lazy, None)
        for dots, part in zip(self.dots, parts, strict=True):
            dots.set_data(true[part].numpy(), found[part].numpy())
        told = ", ".join(f"{n} {s:.0%}" for n, s in zip(self.NAMES, shares, strict=True))
        return self.canvas.pixels(), f"{good} good, {lazy} lazy, {adversaries} adversaries: {told}"

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
        self.bars = left.barh(self.NAMES, [0] * 3, color=COLOURS[:3])
        left.set(xlim=(0, 1), xlabel="share of the things that come out right")
        left.invert_yaxis()
        kinds = {"good": (COLOURS[2], "o"), "lazy": (COLOURS[4], "s"), "adversaries": ("k", "^")}
        self.dots = [
            right.plot([], [], marker, color=colour, label=name, alpha=0.8)[0]
            for name, (colour, marker) in kinds.items()
        ]
        right.plot([0, 1], [0, 1], ":", color="0.6")
        right.set(xlim=(0, 1), ylim=(0, 1), xlabel="a rater is right", ylabel="as it was found")
        right.legend(frameon=False, loc="upper left", fontsize=9)
        for ax in (left, right):
            ax.spines[["top", "right"]].set_visible(False)
        return Canvas(figure, moving=[*self.bars, *self.dots])


def crowd_game(**options) -> ipywidgets.VBox:
    """Sliders for lazy raters and adversaries among ten, and for how many answers are known."""
    return live(
        CrowdGame(**options).draw,
        alt="Bars: how often majority, Dawid and Skene, and one who knows the raters are right. "
        "Dots: how good each rater is, and was found to be.",
        lazy=slider("lazy", 0, 5),
        adversaries=slider("adversaries", 0, 5),
        known=slider("things whose answer is known", 0, 60, step=15),
    )


class TwoViews:
    """A digit and two views of it: `draw(digit, luck, strength)`.

    images (N, 1, 28, 28); encoders by name. The text says how many of the other digits are nearer
    to the first view than its partner is.
    """

    def __init__(self, images: Tensor, encoders: Mapping[str, nn.Module]):
        self.images, self.encoders = images, dict(encoders)
        self.known = {name: self._unit(name, images) for name in self.encoders}

    def views(self, digit: int, luck: int, strength: float) -> Tensor:
        """Two views (2, 1, 28, 28); `strength` 1 is what SimCLR was trained with."""
        policy = Policy(
            degrees=25 * strength,
            translate=0.12 * strength,
            scale=(1 - 0.2 * strength, 1 + 0.2 * strength),
        )
        one = self.images[digit : digit + 1]
        return torch.cat([policy(one, seed=2 * luck + side, indices=[digit]) for side in (0, 1)])

    def nearer(self, name: str, views: Tensor, digit: int) -> int:
        """How many other digits are nearer to the first view than the second view is."""
        first, second = self._unit(name, views)
        cosines = self.known[name] @ first
        cosines[digit] = -1
        return int((cosines > first @ second).sum())

    def draw(self, digit: int, luck: int, strength: float) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        views = self.views(digit, luck, strength)
        page = Image.new("RGB", (3 * 170 + 10, 200), "white")
        pen = ImageDraw.Draw(page)
        titles = ("the digit", "a view", "another view")
        for i, (image, title) in enumerate(zip([self.images[digit], *views], titles, strict=True)):
            page.paste(grey(image, 160), (10 + 170 * i, 30))
            pen.text((10 + 170 * i, 6), title, fill="black", font=FONT)
        told = [f"{name} {self.nearer(name, views, digit)}" for name in self.encoders]
        others = len(self.images) - 1
        return np.asarray(
            page
        ), f"of {others} other digits nearer than its partner: {', '.join(told)}"

    @torch.no_grad()
    def _unit(self, name: str, images: Tensor) -> Tensor:
        return nn.functional.normalize(self.encoders[name](images), dim=1)


def two_views(images: Tensor, encoders: Mapping[str, nn.Module]) -> ipywidgets.VBox:
    """Sliders for the digit, the luck of the draw and its strength, above `TwoViews`' picture."""
    return live(
        TwoViews(images, encoders).draw,
        alt="A digit, and two views of it: turned, moved and scaled at random.",
        digit=slider("digit", 0, min(len(images), 30) - 1),
        luck=slider("luck", 0, 9),
        strength=slider("strength", 0.5, 3.0, value=1.0, step=0.5),
    )
