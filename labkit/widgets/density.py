"""Widgets of lab 08: a latent map that forms, what a pixel may see, the rest of a half digit."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit import density
from labkit.widgets.clicks import Clicks
from labkit.widgets.core import Canvas, grey, live, slider

SPAN = 3.0  # the map and its sliders go from -SPAN to SPAN
SCALE = 13  # screen pixels for a pixel of a digit
SEEN, ASKED, LATER = (0, 114, 178), (213, 94, 0), (225, 225, 225)


class LatentMap:
    """Snapshots of a VAE with two numbers a code, while it learns: `draw(frame, x, y)`.

    Hand `keep` to `density.fit` as `watch`; every `every` steps it keeps the decoder and where the
    images (N, 1, 28, 28) lie, coloured by labels (N,).
    """

    def __init__(self, vae: density.VAE, images: Tensor, labels: Tensor, *, every: int = 25):
        self.vae, self.images, self.labels, self.every = vae, images, labels, every
        self.steps: list[int] = []
        self.codes: list[Tensor] = []
        self.decoders: list[dict] = []
        self.canvas = None

    def keep(self, step: int) -> None:
        """Keep decoder and codes of this step, unless it is one between."""
        if step % self.every:
            return
        with torch.no_grad():
            self.codes.append(self.vae.encode(self.images, self.labels)[0].clone())
        weights = self.vae.decoder.state_dict()
        self.decoders.append({name: value.clone() for name, value in weights.items()})
        self.steps.append(step)

    def draw(self, frame: int, x: float, y: float) -> tuple[np.ndarray, str]:
        """The map of this frame beside the digit that lies at (x, y), and a line of text."""
        if self.canvas is None:
            self.canvas = self._make_canvas()
        self.points.set_offsets(self.codes[frame].clamp(-SPAN, SPAN).numpy())
        self.cross.set_data([x], [y])
        ink = self.decoded(frame, x, y)
        self.digit.set_data(ink.numpy())
        text = f"<b>step {self.steps[frame]}</b>: the digit at ({x:+.1f}, {y:+.1f})"
        return self.canvas.pixels(), text

    @torch.no_grad()
    def decoded(self, frame: int, x: float, y: float) -> Tensor:
        """The image (28, 28) that the decoder of this frame makes of the code (x, y)."""
        code = torch.tensor([[x, y]])
        ink = torch.func.functional_call(self.vae.decoder, self.decoders[frame], (code,))
        return ink.sigmoid()[0, 0]

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(8.2, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
        self.points = left.scatter(
            *np.zeros((2, len(self.labels))), c=self.labels, cmap="tab10", s=9, vmin=-0.5, vmax=9.5
        )
        figure.colorbar(self.points, ax=left, ticks=range(10), label="digit", shrink=0.85)
        (self.cross,) = left.plot([], [], "+", color="black", markersize=18, markeredgewidth=2.5)
        low, high = -1.05 * SPAN, 1.05 * SPAN
        axes = {"xlabel": "first number of the code", "ylabel": "second number of the code"}
        left.set(xlim=(low, high), ylim=(low, high), aspect="equal", **axes)
        left.set_title("where the encoder puts real digits")
        self.digit = right.imshow(np.zeros((28, 28)), cmap="gray", vmin=0, vmax=1)
        right.set_axis_off()
        right.set_title("what the decoder makes at +")
        return Canvas(figure, moving=[self.points, self.cross, self.digit])


def latent_map(snapshots: LatentMap) -> ipywidgets.VBox:
    """Sliders for the frame and for the place on the map, moved by the arrow keys too."""
    if not snapshots.steps:
        raise ValueError("nothing was kept: hand `keep` to density.fit, watch=snapshots.keep")
    last = len(snapshots.steps) - 1
    place = {"low": -SPAN, "high": SPAN, "value": 0.0, "step": 0.2}
    return live(
        snapshots.draw,
        alt="Codes of real digits on a map, and the digit that the decoder makes at a cross.",
        frame=slider("frame", 0, last, value=last),
        x=slider("first number", **place),
        y=slider("second number", **place),
    )


class Seen:
    """What a guess may look at: `draw(network, row, column)`, by the derivative.

    models: named networks (images, labels) -> logits (B, 1, 28, 28); images (B, 1, 28, 28) and
    labels (B,) are what the derivative is averaged over.
    """

    def __init__(self, models: Mapping[str, nn.Module], images: Tensor, labels: Tensor):
        self.models, self.images, self.labels = dict(models), images, labels

    def draw(self, network: str, row: int, column: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8: seen pixels blue, later ones grey; and a line of text."""
        asked = {"images": self.images, "labels": self.labels}
        sway = density.seen_by(self.models[network], row, column, **asked)
        earlier = (torch.arange(784) < 28 * row + column).view(28, 28)
        strength = (sway / sway.max().clamp_min(1e-12)) ** 0.3  # faint ones show, too
        page = torch.full((28, 28, 3), 255.0)
        page[~earlier] = torch.tensor(LATER).float()
        blue = torch.tensor(SEEN).float()
        mixed = page + (blue - page) * (0.25 + 0.75 * strength)[..., None]
        page = torch.where((sway > 0)[..., None], mixed, page)
        page[row, column] = torch.tensor(ASKED).float()
        pixels = page.byte().numpy().repeat(SCALE, 0).repeat(SCALE, 1)
        count, late = int((earlier & (sway > 0)).sum()), int((~earlier & (sway > 0)).sum())
        text = (
            f"<b>the guess at row {row}, column {column} sees {count} of the {int(earlier.sum())} "
            f"pixels before it</b>, and {late} of those that come later"
        )
        return _ruled(pixels), text


def what_it_sees(models: Mapping[str, nn.Module], images: Tensor, labels: Tensor):
    """The picture of `Seen`: click a pixel, or move the sliders. Arguments are those of `Seen`."""
    seen, clicks = Seen(models, images, labels), Clicks()
    network = ipywidgets.Dropdown(options=list(seen.models), description="network")
    row, column = slider("row", 0, 27, value=14), slider("column", 0, 27, value=14)

    def clicked(change: dict) -> None:
        x, y = (min(int(28 * place), 27) for place in change["new"][:2])
        row.value, column.value = y, x

    clicks.observe(clicked, names="spot")
    alt = "28 x 28 pixels: those that the chosen one sees are blue, those after it grey."
    box = live(seen.draw, alt=alt, network=network, row=row, column=column)
    box.children = (clicks, *box.children)
    return box


class Completions:
    """The rest of half a digit, nine times: `draw(number, rows, wanted)`."""

    def __init__(self, model: nn.Module, images: Tensor):
        self.model, self.images = model, images

    def draw(self, number: int, rows: int, wanted: int) -> np.ndarray:
        """The picture (H, W, 3), uint8: what is given, and nine ways to go on, below the line."""
        given = self.images[number].expand(9, -1, -1, -1)
        labels = torch.full((9,), wanted)
        ways = density.sample(self.model, labels, given=given, rows=rows, seed=number)
        side, gap = 84, 10
        page = Image.new("RGB", (side + 4 * gap + 5 * (side + gap), 2 * (side + gap) + 26), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
        pen.text((4, 3), "the digit", fill="black", font=font)
        pen.text((side + 4 * gap, 3), f"{rows} rows given, told {wanted}", fill="black", font=font)
        shown = [self.images[number], *ways]
        for i, image in enumerate(shown):
            x = 4 if i == 0 else side + 4 * gap + (side + gap) * ((i - 1) % 5)
            y = 26 if i == 0 else 26 + (side + gap) * ((i - 1) // 5)
            page.paste(grey(image, side), (x, y))
            if i and 0 < rows < 28:
                level = y + rows * side // 28
                pen.line((x, level, x + side - 1, level), fill=ASKED, width=2)
        return np.asarray(page)


def completions(model: nn.Module, images: Tensor, labels: Tensor) -> ipywidgets.VBox:
    """Sliders for the digit, the rows that are given and the number it is told to write."""
    return live(
        Completions(model, images).draw,
        alt="A digit, and nine ways in which the network goes on below the rows given.",
        number=slider("digit", 0, len(images) - 1),
        rows=slider("rows given", 0, 27, value=14),
        wanted=slider("told to write", 0, 9, value=int(labels[0])),
    )


def _ruled(pixels: np.ndarray) -> np.ndarray:
    """White lines between the pixels of the digit."""
    pixels[::SCALE] = pixels[:, ::SCALE] = 255
    return pixels
