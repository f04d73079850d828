"""Widgets of lab 06: a map that forms, two digits and their distance, nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit import siamese
from labkit.plot.siamese import centred, digits, limits_of
from labkit.siamese import fewshot
from labkit.siamese.losses import pairwise
from labkit.widgets.core import Canvas, Still, grey, live, slider

STEP = 5  # degrees between two angles


class EmbeddingMap:
    """A map of points as digits that move: `draw(points)` -> (H, W, 3) uint8, in about 20 ms."""

    def __init__(self, labels: Tensor, limits: tuple[float, float, float, float]):
        self.labels = labels.cpu().numpy()
        figure = Figure(figsize=(5, 5), layout="constrained")
        self.ax = ax = figure.subplots()
        ax.set(xlim=limits[:2], ylim=limits[2:], xticks=[], yticks=[])
        ax.set_aspect("equal")
        self.groups = digits(ax, np.zeros((len(labels), 2)), labels, size=26)
        self.canvas = Canvas(figure, moving=self.groups)

    def draw(self, points: Tensor) -> np.ndarray:
        points = points.detach().cpu().numpy()
        for group, kind in zip(self.groups, np.unique(self.labels), strict=True):
            group.set_offsets(points[self.labels == kind])
        return self.canvas.pixels()


class LiveEmbedding:
    """A map that is drawn anew in the output of the running cell: `show(step, points)`.

    Hand it to `siamese.Snapshots` as `show`. The last picture stays in the notebook. It needs no
    widget, so it also works where none can be shown.
    """

    def __init__(self, labels: Tensor, *, radius: float = 1.5):
        self.map = EmbeddingMap(labels, (-radius, radius, -radius, radius))
        self.handle = None

    def __call__(self, step: int, points: Tensor) -> None:
        from IPython.display import display

        alt = f"Map of the digits after {step} steps of training"
        picture = _titled(self.map.draw(centred(points)), f"after {step} steps")
        shown = Still(picture, alt=alt)
        if self.handle is None:
            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)


class EmbeddingMovie:
    """The saved steps of a training: `draw(frame=...)`, a picture and a line of numbers.

    frames (S, N, 2) are the embeddings at the S `steps`; labels (N,). Each map is centred.
    """

    def __init__(self, frames: Tensor, steps: list[int], labels: Tensor):
        if len(frames) != len(steps) or frames.shape[1] != len(labels) or frames.shape[2] != 2:
            raise ValueError(
                f"frames must be (steps, images, 2), not {tuple(frames.shape)} for {len(steps)} "
                f"steps and {len(labels)} images"
            )
        self.frames, self.steps, self.labels = centred(frames), steps, labels
        self.map = EmbeddingMap(labels, limits_of(self.frames))
        self.same = (labels[:, None] == labels).triu(1), (labels[:, None] != labels).triu(1)

    def draw(self, frame: int) -> tuple[np.ndarray, str]:
        points, step = self.frames[frame], self.steps[frame]
        distance = pairwise(points)
        near, far = (float(distance[kind].mean()) for kind in self.same)
        text = (
            f"<b>step {step}</b>: two digits with the same label are {near:.2f} apart on average, "
            f"two with different labels {far:.2f}"
        )
        return _titled(self.map.draw(points), f"after {step} steps"), text


def embedding_movie(frames: Tensor, steps: list[int], labels: Tensor) -> ipywidgets.VBox:
    """A slider over the saved steps above the map at that step."""
    movie = EmbeddingMovie(frames, steps, labels)
    alt = "A map of digits; with training, equal digits gather and different ones move apart."
    last = len(steps) - 1
    return live(movie.draw, alt=alt, frame=slider("saved step", 0, last, value=last))


class DigitPair:
    """Two digits, the second one turned, and where f puts them: `draw(first, second, angle)`.

    model: images -> (B, 2); images (N, 1, 28, 28), labels (N,). Two digits are called the same if
    their distance is at most `threshold`. The path of a digit through a full turn is computed once.
    """

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor, *, threshold: float):
        self.model, self.images, self.labels = model, images, labels
        self.threshold, self.angles = threshold, list(range(-180, 181, STEP))
        self.points = siamese.embed(model, images)
        if self.points.shape[1] != 2:
            raise ValueError(f"the map needs embeddings (N, 2), not {tuple(self.points.shape)}")
        self.path = lru_cache(maxsize=64)(self._path)
        self.canvas = self._make_canvas()

    def draw(self, first: int, second: int, angle: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; `angle` in degrees, a multiple of 5."""
        turns, path = self.path(second)
        place = self.angles.index(angle)
        here, there = self.points[first].numpy(), path[place]
        self.track.set_data(path[:, 0], path[:, 1])
        self.line.set_data([here[0], there[0]], [here[1], there[1]])
        self.dots[0].set_data(here[:1], here[1:])
        self.dots[1].set_data(there[:1], there[1:])
        distance = float(np.linalg.norm(here - there))
        one, two = int(self.labels[first]), int(self.labels[second])
        picture = self._beside(self.images[first], turns[place], self.canvas.pixels())
        return picture, self._text(one, two, angle, distance)

    def _text(self, one: int, two: int, angle: int, distance: float) -> str:
        said = "the same" if distance <= self.threshold else "different"
        true = "the same" if one == two else "different"
        return (
            f"distance <b>{distance:.2f}</b> between a {one} and a {two} turned {angle} degrees; "
            f"threshold {self.threshold:.2f}: f says <b>{said}</b>, the labels say {true}"
        )

    def _path(self, second: int) -> tuple[np.ndarray, np.ndarray]:
        turns = siamese.turned(self.images[second], self.angles)
        return turns[:, 0].numpy(), siamese.embed(self.model, turns).numpy()

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(5, 5), layout="constrained")
        ax = figure.subplots()
        for group in digits(ax, self.points.numpy(), self.labels, size=20):
            group.set_alpha(0.35)
        left, right, bottom, top = limits_of(self.points)
        ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
        ax.set_title("where f puts them; dotted: the second digit through a full turn", fontsize=10)
        (self.track,) = ax.plot([], [], ":", color="black", linewidth=1.2)
        (self.line,) = ax.plot([], [], "-", color="black", linewidth=2)
        self.dots = [
            ax.plot([], [], mark, markersize=12, markeredgecolor="black", markerfacecolor=colour)[0]
            for mark, colour in (("s", "white"), ("o", "#FFD700"))
        ]
        return Canvas(figure, moving=[self.track, self.line, *self.dots])

    def _beside(self, first: Tensor, second: np.ndarray, chart: np.ndarray) -> np.ndarray:
        page = Image.new("RGB", (220 + chart.shape[1], chart.shape[0]), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
        marked = (
            ("first (white square)", first),
            ("second (yellow dot)", torch.as_tensor(second)[None]),
        )
        for i, (title, image) in enumerate(marked):
            pen.text((10, 12 + 235 * i), title, fill="black", font=font)
            page.paste(grey(image, 196), (10, 34 + 235 * i))
        page.paste(Image.fromarray(chart), (220, 0))
        return np.asarray(page)


def digit_pair(
    model: nn.Module, images: Tensor, labels: Tensor, *, threshold: float
) -> ipywidgets.VBox:
    """Sliders for two digits and an angle above the pictures of `DigitPair`."""
    pair = DigitPair(model, images, labels, threshold=threshold)
    last = len(images) - 1
    alt = "Two digits, and a map of all digits with both marked and a line between them."
    return live(
        pair.draw,
        alt=alt,
        first=slider("first digit", 0, last),
        second=slider("second digit", 0, last, value=1),
        angle=slider("turn the second, degrees", -180, 180, value=0, step=STEP),
    )


class Neighbours:
    """A digit and its nearest, by several distances: `draw(digit=...)`.

    embeddings {name: (asked (N, D), known (M, D))}; images and labels of both sets. A row for each
    name, the `k` nearest known images from left to right; a wrong label is framed and crossed.
    """

    def __init__(self, embeddings: Mapping[str, tuple[Tensor, Tensor]], asked, known, *, k=8):
        self.asked, self.known, self.k = asked, known, k
        self.rows = {
            name: fewshot.nearest(one, many, k=k).numpy()
            for name, (one, many) in embeddings.items()
        }

    def draw(self, digit: int) -> tuple[np.ndarray, str]:
        label, side = int(self.asked[1][digit]), 84
        size = (150 + (self.k + 1) * side, 26 + len(self.rows) * (side + 8))
        page = Image.new("RGB", size, "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=15)
        pen.text((2, 4), f"digit {digit}, a {label}", fill="black", font=font)
        pen.text((150 + side, 4), "its nearest in training, from the left", fill="black", font=font)
        said = []
        for i, (name, rows) in enumerate(self.rows.items()):
            top = 26 + i * (side + 8)
            pen.text((2, top + side // 2 - 10), name, fill="black", font=font)
            page.paste(grey(self.asked[0][digit], side - 8), (150, top))
            right = [
                self._paste(page, pen, j, row, label, top) for j, row in enumerate(rows[digit])
            ]
            said.append(f"{name}: {sum(right)} of {self.k} have the same label")
        return np.asarray(page), "; ".join(said)

    def _paste(self, page, pen, place: int, row: int, label: int, top: int) -> bool:
        left, side = 150 + 84 * (place + 1), 76
        page.paste(grey(self.known[0][row], side), (left, top))
        right = int(self.known[1][row]) == label
        if not right:
            box = (left, top, left + side - 1, top + side - 1)
            pen.rectangle(box, outline="#D55E00", width=4)
            pen.line((left, top, left + 14, top + 14), fill="#D55E00", width=4)
        return right


def neighbours(
    embeddings: Mapping[str, tuple[Tensor, Tensor]], asked, known, *, k: int = 8
) -> ipywidgets.VBox:
    """A slider over the digits asked about above the pictures of `Neighbours`."""
    shown = Neighbours(embeddings, asked, known, k=k)
    alt = "Rows of digits: the nearest ones of a digit by each distance, wrong ones framed."
    return live(shown.draw, alt=alt, digit=slider("digit", 0, len(asked[0]) - 1))


def _titled(pixels: np.ndarray, title: str) -> np.ndarray:
    page = Image.new("RGB", (pixels.shape[1], pixels.shape[0] + 26), "white")
    ImageDraw.Draw(page).text((12, 6), title, fill="black", font=ImageFont.load_default(size=16))
    page.paste(Image.fromarray(pixels), (0, 26))
    return np.asarray(page)
