"""Widgets of lab 17: label by key, a crowd to be changed, two views of one digit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit.augment import Policy
from labkit.labels import Answer, crowd, free_path, save_answers
from labkit.plot.basic import COLOURS
from labkit.widgets.core import Canvas, grey, live, slider, to_pixels

LARGE, SMALL, FONT = 224, 84, ImageFont.load_default(size=15)
RATERS = 10


class Labeller:
    """Pictures to label by key, one after the other: `widget()` asks, `answers` are what was said.

    images (N, 1 or 3, H, W). A class of one letter or digit has that key, else classes have the
    keys 1, 2, ... After each key all answers are written to `path`, a new CSV file in `folder`; no
    other file is touched. The first picture isn't timed: nobody knows when you began to look.
    ValueError for classes that have no key of their own.
    """

    def __init__(
        self,
        images: Tensor,
        classes: Sequence[str],
        *,
        paths: Sequence | None = None,
        annotator: str = "me",
        folder: str | Path = ".",
        clock: Callable[[], float] = time.monotonic,
    ):
        short = all(len(name) == 1 for name in classes)
        keys = [name if short else str(i) for i, name in enumerate(classes, 1)]
        if len(set(keys)) < len(classes) or not short and len(classes) > 9:
            raise ValueError(f"{len(classes)} classes need a key each: nine at most, all different")
        self.images, self.classes = images, dict(zip(keys, map(str, classes), strict=True))
        self.paths = [str(path) for path in (range(len(images)) if paths is None else paths)]
        self.annotator, self.folder, self.clock = annotator, Path(folder), clock
        self.path: Path | None = None
        self._keys, self._seconds, self._last = "", [], math.nan

    @property
    def answers(self) -> list[Answer]:
        """One for each picture labelled so far, in order."""
        names = [self.classes[key] for key in self._keys]
        rows = zip(self.paths, names, self._seconds, strict=False)
        return [Answer(path, name, round(s, 2), self.annotator) for path, name, s in rows]

    def keys_in(self, typed: str) -> str:
        """What counts of a typed text: keys of classes, no more than there are pictures."""
        return "".join(key for key in typed if key in self.classes)[: len(self.images)]

    def take(self, typed: str) -> str:
        """Take the whole text typed so far, time what is new in it, save; a line of text."""
        keys, now = self.keys_in(typed), self.clock()
        pairs = enumerate(zip(keys, self._keys, strict=False))
        same = next((i for i, (a, b) in pairs if a != b), min(len(keys), len(self._keys)))
        new = len(keys) - same
        if keys == self._keys:
            return ""
        self._seconds = self._seconds[:same] + [(now - self._last) / max(new, 1)] * new
        self._keys, self._last = keys, now
        return self._save()

    def draw(self, typed: str) -> tuple[np.ndarray, str]:
        """The picture to label, (H, W, 3) uint8, the last one beside it; a line of text."""
        keys = self.keys_in(typed)
        page = Image.new("RGB", (LARGE + SMALL + 60, LARGE + 30), "white")
        pen = ImageDraw.Draw(page)
        if len(keys) < len(self.images):
            page.paste(_shown(self.images[len(keys)], LARGE), (10, 10))
        else:
            pen.text((60, 110), "done", fill="black", font=FONT)
        if keys:
            page.paste(_shown(self.images[len(keys) - 1], SMALL), (LARGE + 40, 10))
            said = f"you said {self.classes[keys[-1]]}"
            pen.text((LARGE + 40, 20 + SMALL), said, fill="black", font=FONT)
        ignored = sorted({key for key in typed if key not in self.classes and not key.isspace()})
        note = f"{len(keys)} of {len(self.images)} labelled"
        return np.asarray(page), note + (
            f"; no key: {' '.join(map(_plain, ignored))}" * bool(ignored)
        )

    def widget(self) -> ipywidgets.VBox:
        """A field in which each key is a label; Backspace takes the last one back."""
        names = [f"{k}: {name}" for k, name in self.classes.items() if k != name]
        keys = ", ".join(names) or f"keys {' '.join(self.classes)}"
        field = ipywidgets.Text(
            description="your labels",
            placeholder="click here, then type",
            continuous_update=True,
            style={"description_width": "initial"},
            layout={"width": "420px"},
        )
        told = ipywidgets.HTML(f"{_plain(keys)}; Backspace takes one back")
        box = live(self.draw, alt="A picture without its label, and the one before.", typed=field)

        def follow(change: dict) -> None:
            told.value = self.take(change["new"]) or told.value

        field.observe(follow, "value")
        box.children = (told, *box.children)
        return box

    def _save(self) -> str:
        new = self.path is None
        try:
            if new:
                self.path = free_path(self.folder, self.annotator)
            save_answers(self.path, self.answers, new=new)
        except OSError as error:
            self.path = None if new else self.path
            return f"<b>not saved</b>: {_plain(str(error))}"
        timed = [s for s in self._seconds if not math.isnan(s)]
        speed = f", {np.median(timed):.1f} s each" if timed else ""
        return f"{len(self._keys)} saved in {_plain(self.path.name)}{speed}"


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


def _shown(image: Tensor, width: int) -> Image.Image:
    return grey(image, width) if len(image) == 1 else Image.fromarray(to_pixels(image, width=width))


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
