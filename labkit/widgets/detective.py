"""Widgets of lab 19: what a pipeline's steps made, and a survey still in progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit import plot
from labkit.detective import comparing, pipeline, survey
from labkit.plot.basic import COLOURS
from labkit.widgets.core import Canvas, grey, live, slider

FONT, WIDTH = ImageFont.load_default(size=15), 726


class Inspector:
    """What each step of several pipelines made: `draw(case, step)`. No caption names a bug."""

    def __init__(self, cases: Mapping[str, pipeline.Case]):
        self.cases, self.canvas = dict(cases), None

    def draw(self, case: str, step: str) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        picture, text = getattr(self, f"_{step}")(self.cases[case])
        number = 1 + pipeline.STEPS.index(step)
        return (
            picture,
            f"<b>case {case}, step {number} of {len(pipeline.STEPS)}, {step}</b>: {text}",
        )

    def _load(self, case: pipeline.Case) -> tuple[np.ndarray, str]:
        return _sheet(case.pictures[:20]), "the first twenty pictures, as the file was read"

    def _label(self, case: pipeline.Case) -> tuple[np.ndarray, str]:
        names = [str(int(label)) for label in case.labels[:50]]
        return _sheet(case.pictures[:50], names), "fifty pictures, each under its label"

    def _split(self, case: pipeline.Case) -> tuple[np.ndarray, str]:
        known, asked = (case.pictures[rows].float() / 255 for rows in (case.train, case.test[:10]))
        apart = torch.cdist(asked.flatten(1), known.flatten(1))
        found = [""] * 10 + [f"{d:.1f}" for d in apart.amin(1)]
        both = torch.cat([asked, known[apart.argmin(1)]]) * 255
        text = "above, ten pictures of the test; below, the nearest training picture, and how far"
        return _sheet(both, found), text

    def _brighten(self, case: pipeline.Case) -> tuple[np.ndarray, str]:
        both = torch.cat([case.pictures[:6], case.bright[:6]])
        return _sheet(both, side=112), "above, six pictures before; below, twice as bright"

    def _scale(self, case: pipeline.Case) -> tuple[np.ndarray, str]:
        figure = Figure(figsize=(7.2, 3))
        ax = figure.subplots()
        figure.subplots_adjust(0.09, 0.17, 0.98, 0.97)
        plot.values({"training": case.known[:300], "test": case.asked[:300]}, ax=ax)
        return Canvas(figure, moving=[]).pixels(), "the values of the pixels that go to the network"

    def _train(self, case: pipeline.Case) -> tuple[np.ndarray, str]:
        size = pipeline.BATCH
        labels = case.labels[case.train][case.order[0]]
        if self.canvas is None:
            figure = Figure(figsize=(7.2, 3), layout="constrained")
            ax = plot.batches(_rows(labels, size), ax=figure.subplots())
            self.canvas = Canvas(figure, moving=ax.images)
        self.canvas.moving[0].set_data(_rows(labels, size).numpy())
        return self.canvas.pixels(), "the labels in the first epoch, batch by batch"


def inspector(cases: Mapping[str, pipeline.Case]) -> ipywidgets.VBox:
    """Which case, and which of its steps: above `Inspector`'s picture."""
    return live(
        Inspector(cases).draw,
        alt="What one step of a pipeline made: digits, labels, values, or the order of training.",
        case=ipywidgets.Dropdown(options=list(cases), description="case"),
        step=_choice("step", pipeline.STEPS),
    )


class InProgress:
    """A survey of which only the first answers are in: `draw(answers, order, longer, group)`.

    `longer` is what homework 3 truly takes, in percent more than homework 2; `group` is which class
    of `students` answers.
    """

    ROWS = ("HW2, everybody", "HW2, who has answered", "HW3, so far")

    def __init__(self, *, students: int = 40):
        self.students = students
        self.canvas = self._make_canvas()

    def so_far(self, answers: int, order: str, longer: int, group: int) -> list[np.ndarray]:
        """Hours of the three `ROWS`."""
        ratio = 1 + longer / 100
        before, now = survey.make_hours(self.students, (1, ratio), seed=group).T
        first = comparing.arrival(now, order, seed=group)[:answers]
        return [before, before[first], now[first]]

    def draw(self, answers: int, order: str, longer: int, group: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        rows = self.so_far(answers, order, longer, group)
        for level, (hours, artists) in enumerate(zip(rows, self.artists, strict=True)):
            dots, line, middle = artists
            dots.set_data(hours, level + 0.5 * (np.arange(len(hours)) % 5 - 2) / 5)
            line.set_data(comparing.interval(hours, rounds=300), [level, level])
            middle.set_data([hours.mean()], [level])
        everybody, same, now = (hours.mean() for hours in rows)
        text = (
            f"{answers} of {self.students} answers are in: HW3 takes <b>{now / everybody:.2f} "
            f"times HW2</b>; for those who have answered, {now / same:.2f} times their own HW2"
        )
        return self.canvas.pixels(), text

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(7.6, 3), layout="constrained")
        ax = figure.subplots()
        self.artists = [self._row(ax, colour) for colour in ("0.55", COLOURS[0], COLOURS[1])]
        ax.set_yticks(range(3), labels=self.ROWS)
        ax.set(xlim=(0, 45), ylim=(2.6, -0.6), xlabel="hours (line: 95 % interval of the mean)")
        ax.spines[["top", "right"]].set_visible(False)
        return Canvas(figure, moving=[artist for row in self.artists for artist in row])

    @staticmethod
    def _row(ax, colour: str) -> tuple:
        dots = ax.plot([], [], "o", color=colour, alpha=0.5, markersize=5)[0]
        line = ax.plot([], [], color="black", linewidth=3)[0]
        middle = ax.plot([], [], "D", color="black", markersize=8)[0]
        return dots, line, middle


def in_progress(*, students: int = 40) -> ipywidgets.VBox:
    """How many answers are in, who comes first, and what is true: above `InProgress`' picture."""
    return live(
        InProgress(students=students).draw,
        alt="Hours for homework 2 and 3, a dot an answer, with means and their intervals.",
        answers=slider("answers in", 4, students, value=12),
        order=ipywidgets.Dropdown(options=list(comparing.ORDERS), description="order"),
        longer=slider("HW3 truly takes longer, %", 0, 60, step=20),
        group=slider("another class", 0, 9),
    )


def _rows(labels: Tensor, size: int) -> Tensor:
    """Labels (n,) in full batches, (n // size, size)."""
    return labels[: len(labels) // size * size].view(-1, size)


def _sheet(pictures: Tensor, texts: Sequence[str] = (), *, side: int = 66) -> np.ndarray:
    """Pictures (N, 1, 28, 28) of bytes in rows, each under its text: (H, W, 3), uint8."""
    above, columns = (20 if texts else 6), WIDTH // (side + 6)
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (WIDTH, rows * (above + side) + 6), "white")
    pen = ImageDraw.Draw(page)
    for i, picture in enumerate(pictures):
        x, y = 6 + i % columns * (side + 6), i // columns * (above + side)
        page.paste(grey(picture.float() / 255, side), (x, y + above))
        if texts:
            pen.text((x + side / 2, y + 2), texts[i], fill="black", font=FONT, anchor="ma")
    return np.asarray(page)


def _choice(description: str, options: Sequence[str]) -> ipywidgets.SelectionSlider:
    style = {"style": {"description_width": "initial"}, "layout": {"width": "420px"}}
    return ipywidgets.SelectionSlider(options=options, description=description, **style)
