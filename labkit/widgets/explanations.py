"""The widget of lab 03: hide pieces of an image by a click, and watch the answer."""

from __future__ import annotations

import re

import ipywidgets
import numpy as np
import torch
from torch import Tensor, nn

from labkit.images import to_uint8
from labkit.widgets.clicks import Clicks
from labkit.widgets.core import live

SCALE = 2  # screen pixels for a pixel of the image
COVERS = {
    "grey": (0.5,) * 3,
    "black": (0.0,) * 3,
    "white": (1.0,) * 3,
    "green": (0.25, 0.45, 0.15),
}


class HidePieces:
    """What a classifier says of an image without some pieces: `draw(hidden=..., cover=...)`.

    model: images (B, 3, H, W) -> logits (B, K); image (3, H, W); segments (H, W), the number of
    each pixel's piece; target: the class whose logit is told.
    """

    def __init__(self, model: nn.Module, image: Tensor, segments: Tensor, target: int = 1):
        self.model, self.image, self.target = model, image.detach().cpu(), target
        self.segments = segments.cpu()
        self.count = int(self.segments.max()) + 1
        self.whole = self._answer(self.image)

    def without(self, hidden: set[int], cover: str) -> Tensor:
        """The image (3, H, W), the `hidden` pieces painted in a colour of `COVERS`."""
        covered = torch.isin(self.segments, torch.tensor(sorted(hidden), dtype=torch.int64))
        return torch.where(covered, torch.tensor(COVERS[cover])[:, None, None], self.image)

    def draw(self, hidden: str, cover: str) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; `hidden` like "3 17"."""
        numbers, wrong = self._read(hidden)
        shown = self.without(numbers, cover)
        logit, probability = self._answer(shown)
        pixels = _outlined(to_uint8(shown), self.segments.numpy())
        text = f"<b>logit for wolf: {logit:+.2f}</b> (whole image: {self.whole[0]:+.2f}), "
        text += (
            f"so {'wolf' if logit > 0 else 'husky'}, with {max(probability, 1 - probability):.0%}. "
        )
        text += f"Hidden: {len(numbers)} of {self.count} pieces."
        if wrong:
            text += f" Pieces have numbers from 0 to {self.count - 1}, not {', '.join(wrong)}."
        return pixels.repeat(SCALE, 0).repeat(SCALE, 1), text

    def toggled(self, hidden: str, x: float, y: float) -> str:
        """`hidden` with the piece at x, y (0 to 1, from the upper left) added, or taken out."""
        height, width = self.segments.shape
        row, column = min(int(y * height), height - 1), min(int(x * width), width - 1)
        numbers = self._read(hidden)[0] ^ {int(self.segments[row, column])}
        return " ".join(map(str, sorted(numbers)))

    @torch.no_grad()
    def _answer(self, image: Tensor) -> tuple[float, float]:
        logits = self.model(image[None])[0]
        return float(logits[self.target]), float(logits.softmax(0)[self.target])

    def _read(self, hidden: str) -> tuple[set[int], list[str]]:
        """The pieces that a text names, and the words in it that name none."""
        words = re.findall(r"[^\s,;]+", hidden)
        right = [w for w in words if w.isdecimal() and int(w) < self.count]
        return {int(w) for w in right}, [w for w in words if w not in right]


def hide_pieces(
    model: nn.Module, image: Tensor, segments: Tensor, *, target: int = 1, hidden: str = ""
) -> ipywidgets.VBox:
    """The picture of `HidePieces`: a click hides a piece, another shows it again.

    Without a mouse: type the numbers of the pieces, Enter. `hidden`: the numbers to begin with.
    The other arguments are those of `HidePieces`.
    """
    pieces, clicks = HidePieces(model, image, segments, target), Clicks()
    style = {"description_width": "initial"}
    texts = {"description": "hidden pieces", "continuous_update": False, "style": style}
    numbers = ipywidgets.Text(value=hidden, **texts)
    cover = ipywidgets.SelectionSlider(options=list(COVERS), description="cover", style=style)

    def clicked(change: dict) -> None:
        numbers.value = pieces.toggled(numbers.value, *change["new"][:2])

    clicks.observe(clicked, names="spot")
    alt = "The image, cut into pieces; those that are hidden show the cover's colour."
    box = live(pieces.draw, alt=alt, cover=cover, hidden=numbers)
    box.children = (clicks, *box.children)
    return box


def _scaled(heats: Tensor) -> np.ndarray:
    """Heats (B, H, W) as bytes, 128 for 0, each image on its own scale."""
    sizes = heats.abs().flatten(1)
    top = sizes.quantile(0.99, dim=1).clamp_min(1e-12).view(-1, 1, 1)
    return ((heats / top).clamp(-1, 1) * 127 + 128).round().to(torch.uint8).cpu().numpy()


def _outlined(pixels: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """A black line wherever two neighbours in `parts` (H, W), a mask or numbers, differ."""
    edge = np.zeros(parts.shape, bool)
    edge[1:] |= parts[1:] != parts[:-1]
    edge[:, 1:] |= parts[:, 1:] != parts[:, :-1]
    return np.where(edge[..., None], np.uint8(0), pixels)
