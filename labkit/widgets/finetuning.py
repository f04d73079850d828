"""Widget of lab 05: a test car, what each network says after n images, and where it looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit.images import to_uint8
from labkit.plot.basic import SIGNED
from labkit.widgets.core import live, slider
from labkit.widgets.explanations import _outlined, _scaled

SIDE, GAP, HEAD, BAR = 240, 14, 28, 34
LEFT, RIGHT = 200, 2 * SIDE + GAP - 60  # where the bars begin and end
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#DDDDDD"


class CarExplorer:
    """A car, the heat of a network's answer, and all networks' opinions: `draw(car=..., n=...)`.

    images: (B, 3, H, W); labels: (B,); outlines: bool (B, H, W), what is drawn around; heats:
    {n: (B, H, W)}, for "grille" against "smooth"; opinions: {name: {n: (B,)}}, the probability of
    class 1; classes: the two names. All is computed before; a picture is a look-up.
    """

    def __init__(self, images: Tensor, labels: Tensor, outlines: Tensor,
                 heats: Mapping[int, Tensor], opinions: Mapping[str, Mapping[int, Tensor]],
                 classes: Sequence[str]):  # fmt: skip
        self.sizes, self.classes = list(heats), list(classes)
        self.labels, self.opinions = labels.tolist(), opinions
        self.cars = [_enlarged(to_uint8(image)) for image in images]
        colours = (colormaps[SIGNED](np.arange(256))[:, :3] * 255).astype(np.uint8)
        edges = outlines.cpu().numpy()
        self.heats = {
            n: [_enlarged(_outlined(colours[h], e)) for h, e in zip(_scaled(heat), edges,
                                                                    strict=True)]
            for n, heat in heats.items()
        }  # fmt: skip
        self.font = ImageFont.load_default(size=15)

    def draw(self, car: int, n: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        width = 2 * SIDE + GAP
        bars = HEAD + SIDE + GAP + HEAD
        height = bars + BAR * len(self.opinions)
        page = Image.new("RGB", (width, height), "white")
        pen, true = ImageDraw.Draw(page), self.labels[car - 1]
        pen.text((0, 5), f"car {car}: {self.classes[true]}", "black", self.font)
        pen.text((SIDE + GAP, 5), f"where it looks, n = {n}", "black", self.font)
        page.paste(self.cars[car - 1], (0, HEAD))
        page.paste(self.heats[n][car - 1], (SIDE + GAP, HEAD))
        pen.text((LEFT, bars - HEAD), self.classes[0], BLUE, self.font)
        pen.text((RIGHT, bars - HEAD), self.classes[1], ORANGE, self.font, anchor="ra")
        said = []
        for row, (name, by_size) in enumerate(self.opinions.items()):
            share = float(by_size[n][car - 1])
            self._bar(pen, bars + row * BAR, name, share)
            right = (share > 0.5) == bool(true)
            said.append(f"{name}: {max(share, 1 - share):.0%} {self.classes[int(share > 0.5)]}, "
                        f"{'right' if right else '<b>wrong</b>'}")  # fmt: skip
        return np.asarray(page), f"after {n} images of each class: " + "; ".join(said)

    def _bar(self, pen: ImageDraw.ImageDraw, top: int, name: str, share: float) -> None:
        """A bar that leans left for class 0 and right for class 1."""
        middle, sure = (LEFT + RIGHT) // 2, max(share, 1 - share)
        pen.text((0, top + 4), name, "black", self.font)
        pen.rectangle((LEFT, top + 4, RIGHT, top + 22), fill=GREY)
        end = LEFT + round(share * (RIGHT - LEFT))
        box = (min(middle, end), top + 4, max(middle, end), top + 22)
        pen.rectangle(box, fill=ORANGE if share > 0.5 else BLUE)
        pen.line((middle, top, middle, top + 26), fill="black")
        pen.text((RIGHT + 8, top + 4), f"{sure:.0%}", "black", self.font)


def car_explorer(images, labels, outlines, heats, opinions, classes) -> ipywidgets.VBox:
    """Sliders for the car and the number of training images above `CarExplorer`'s pictures."""
    explorer = CarExplorer(images, labels, outlines, heats, opinions, classes)
    alt = (
        f"Left a car, right the heat for {classes[1]!r} (red for, blue against) with the outline "
        f"of what tells the make; below, a bar a network from {classes[0]!r} to {classes[1]!r}."
    )
    sizes = ipywidgets.SelectionSlider(
        options=explorer.sizes, description="images of each class",
        style={"description_width": "initial"}, layout={"width": "420px"},
    )  # fmt: skip
    return live(explorer.draw, alt=alt, car=slider("car", 1, len(labels)), n=sizes)


def _enlarged(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
