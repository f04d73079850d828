"""The widget of lab 11's painted photos: a style's strength, over the steps that were kept."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
import torch
from torch import Tensor, nn

from labkit import style
from labkit.images import to_uint8
from labkit.style import Painting
from labkit.widgets.core import live

GAP = 8  # pixels between the pictures


class StyleStrength:
    """Photo, painting and style side by side: `draw(which, step)`, with what is measured.

    model: images (B, 3, H, W) -> logits, with its `categories`. `paintings` maps a name to a
    painting, whose first picture is the photo, and to the style's own picture (3, H, W).
    """

    def __init__(self, model: nn.Module, paintings: Mapping[str, tuple[Painting, Tensor]]):
        self.model, self.paintings = model, dict(paintings)

    def draw(self, which: str, step: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text, after the kept step nearest `step`."""
        painting, own = self.paintings[which]
        at = min(range(len(painting.steps)), key=lambda i: abs(painting.steps[i] - step))
        photo, image = painting.images[0], painting.images[at]
        gap = torch.ones(3, photo.shape[1], GAP)
        row = torch.cat([photo, gap, image, gap, own], 2)
        steps, off = painting.steps[at], painting.distances
        told = [
            f"after {steps} steps: style distance {off[steps]:.2f} (photo: {off[0]:.2f})",
            f"edges as in the photo: {style.edge_correlation(photo, image):.2f}",
            f"the network: {self._seen(photo, image)}",
        ]
        return to_uint8(row.clamp(0, 1)), "; ".join(told)

    @torch.no_grad()
    def _seen(self, photo: Tensor, image: Tensor) -> str:
        """The first guess for the photo, its probability now, and what is guessed in its stead."""
        before, now = self.model(torch.stack([photo, image])).softmax(1)
        guesses = dict.fromkeys((int(before.argmax()), int(now.argmax())))
        return ", now ".join(f'"{self.model.categories[k]}" {now[k]:.0%}' for k in guesses)


def style_strength(
    model: nn.Module, paintings: Mapping[str, tuple[Painting, Tensor]]
) -> ipywidgets.VBox:
    """Which painting, and how many steps of it: the arguments are those of `StyleStrength`."""
    first, _ = next(iter(paintings.values()))
    steps = ipywidgets.SelectionSlider(
        options=[(f"{n} steps", n) for n in first.steps],
        value=first.steps[-1],
        description="strength",
        style={"description_width": "initial"},
        layout={"width": "420px"},
    )
    return live(
        StyleStrength(model, paintings).draw,
        alt="A photo, the same photo painted in a style, and the style's own picture.",
        which=ipywidgets.ToggleButtons(options=list(paintings), description="picture"),
        step=steps,
    )
