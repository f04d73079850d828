"""Widgets of lab 15: a film of forgetting, and how strongly EWC holds on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from labkit import lifelong, plot
from labkit.plot.basic import COLOURS
from labkit.widgets.core import Canvas, live, slider

RIGHT, WRONG = COLOURS[0], COLOURS[1]
SAMPLES = 20  # test digits of each class to choose from


class ForgettingFilm:
    """What a network answers while it learns tasks in a row: `draw(frame, sample)`.

    Hand `keep` to `lifelong.run` as `watch`; every `every` steps it asks the network about all test
    digits. tasks are those of the question "class".
    """

    def __init__(self, tasks: Sequence[lifelong.Task], *, every: int = 5):
        self.names, self.every = [task.name for task in tasks], every
        self.test = lifelong.together(tasks).test
        counts = torch.tensor([len(task.test.labels) for task in tasks])
        self.task_of = torch.arange(len(tasks)).repeat_interleave(counts)
        self.count, self.steps, self.learning = 0, [], []
        self.answers: list[Tensor] = []
        self.canvas = None

    @torch.no_grad()
    def keep(self, net: nn.Module, number: int) -> None:
        """Keep the answers before this step, unless it is one between."""
        if self.count % self.every == 0:
            asked = lifelong.Asked(net, self.test.allowed)
            self.answers.append(asked(self.test.images).argmax(1))
            self.steps.append(self.count)
            self.learning.append(number)
        self.count += 1

    @property
    def accuracy(self) -> Tensor:
        """(F, T): of each frame, on each task."""
        hits = (torch.stack(self.answers) == self.test.labels).float()
        return torch.stack([hits[:, self.task_of == t].mean(1) for t in range(len(self.names))], 1)

    @property
    def starts(self) -> list[int]:
        """The step at which each task begins."""
        return [self.steps[self.learning.index(t)] for t in range(len(self.names))]

    def plot(self, **options):
        """All of the film at a glance, `plot.task_curves`."""
        told = {"names": self.names, "starts": self.starts}
        return plot.task_curves(self.steps, self.accuracy, **told, **options)

    def draw(self, frame: int, sample: int) -> tuple[np.ndarray, str]:
        """The curves, and one test digit a class with the answer; uint8 (H, W, 3), and a text."""
        if self.canvas is None:
            self.canvas = self._make_canvas()
        self.now.set_xdata([self.steps[frame]] * 2)
        answers = self.answers[frame]
        for digit, (picture, text) in enumerate(zip(self.pictures, self.texts, strict=True)):
            row = int((self.test.labels == digit).nonzero()[sample, 0])
            said = int(answers[row])
            picture.set_data(self.test.images[row, 0].numpy())
            text.set(text=f"says {said}", color=RIGHT if said == digit else WRONG)
        return self.canvas.pixels(), self._told(frame)

    def _told(self, frame: int) -> str:
        first = self.answers[frame][self.task_of == 0]
        said, most = int(first.mode().values), float((first == first.mode().values).float().mean())
        return (
            f"<b>step {self.steps[frame]}, learning {self.names[self.learning[frame]]}</b>: of the "
            f"test digits {self.names[0]}, {float(self.accuracy[frame, 0]):.0%} are right; its "
            f"usual answer to them is {said} ({most:.0%})"
        )

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(9.4, 3.6), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1])
        ax = self.plot(ax=left.subplots())
        self.now = ax.axvline(0, color="black", linewidth=1.5)
        axes = right.subplots(2, 5).ravel()
        self.pictures = [
            ax.imshow(np.zeros((28, 28)), cmap="gray_r", vmin=0, vmax=1) for ax in axes
        ]
        self.texts = [ax.set_title("says 0", fontsize=10) for ax in axes]
        for ax in axes:
            ax.set_axis_off()
        return Canvas(figure, moving=[self.now, *self.pictures, *self.texts])


def forgetting_film(film: ForgettingFilm) -> ipywidgets.VBox:
    """A slider through the training (arrow keys), and one for other test digits."""
    if not film.steps:
        raise ValueError("nothing was kept: hand `keep` to lifelong.run, watch=film.keep")
    return live(
        film.draw,
        alt="Accuracy on each pair of digits during the training, and answers to ten test digits.",
        frame=slider("frame", 0, len(film.steps) - 1),
        sample=slider("other digits", 0, SAMPLES - 1),
    )


class StrengthDial:
    """Old against new task over the strength of the penalty: `draw(curve, notch)`.

    curves: {name: (strengths (N,), accuracies (N, 2) on the old and the new task)}.
    """

    def __init__(self, curves: Mapping[str, tuple[Sequence[float], Tensor]]):
        self.curves = {k: (list(s), torch.as_tensor(a)) for k, (s, a) in curves.items()}
        if len({len(strengths) for strengths, _ in self.curves.values()}) != 1:
            raise ValueError("each curve needs as many strengths as the others")
        self.canvas = None

    @property
    def notches(self) -> int:
        """How many strengths there are."""
        return len(next(iter(self.curves.values()))[0])

    def draw(self, curve: str, notch: int) -> tuple[np.ndarray, str]:
        """All curves, a large dot at this strength, and both accuracies as bars; and a text."""
        if self.canvas is None:
            self.canvas = self._make_canvas()
        strengths, points = self.curves[curve]
        old, new = points[notch].tolist()
        self.dot.set_data([old], [new])
        colour = COLOURS[list(self.curves).index(curve)]
        self.dot.set_markerfacecolor(colour)
        for bar, number, height in zip(self.bars, self.numbers, (old, new), strict=True):
            bar.set(height=height, facecolor=colour)
            number.set(y=height + 0.02, text=f"{height:.2f}")
        text = f"<b>{curve}, strength {strengths[notch]:,g}</b>: old task {old:.2f}, new {new:.2f}"
        return self.canvas.pixels(), text

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(8.4, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
        plot.old_and_new({k: a for k, (_, a) in self.curves.items()}, ax=left)
        (self.dot,) = left.plot([0], [0], "o", markersize=15, markeredgecolor="black")
        self.bars = list(right.bar(["old task", "new task"], [1, 1]))
        self.numbers = [right.text(x, 1, "", ha="center") for x in (0, 1)]
        right.set(ylim=(0, 1.1), ylabel="share of right answers")
        right.spines[["top", "right"]].set_visible(False)
        return Canvas(figure, moving=[self.dot, *self.bars, *self.numbers])


def strength_dial(curves: Mapping[str, tuple[Sequence[float], Tensor]]) -> ipywidgets.VBox:
    """A choice of curve and a slider for the strength, from the weakest on."""
    dial = StrengthDial(curves)
    return live(
        dial.draw,
        alt="Accuracy on the old task against that on the new one, for each strength.",
        curve=ipywidgets.Dropdown(
            options=[*dial.curves], description="curve", layout={"width": "420px"}
        ),
        notch=slider("strength, weak to strong", 0, dial.notches - 1),
    )
