"""Widget of lab 04: perturb a photo and see at each step what a network says of it."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit import augment
from labkit.images import to_uint8
from labkit.nets.models import Pretrained
from labkit.widgets.core import live, slider

SIDE, GAP, HEAD, BARS = 256, 14, 26, 300  # pixels: a panel, between panels, above, the bars
BAR, YES, NO = (158, 202, 225), (0, 158, 115), (213, 94, 0)  # colours, red green blue


class Playground:
    """The photo, its perturbed copy, the network's opinion: `draw(angle=..., right=..., ...)`.

    `model` is a `Pretrained` network, `photo` (3, S, S) in [0, 1]; `group` are the indices of the
    classes that count as right, and `name` is the word for them. One picture takes a forward pass.
    """

    def __init__(self, model: Pretrained, photo: Tensor, group: Sequence[int], *, name: str):
        if len(group) == 0:
            raise ValueError("group is empty: give the indices of the classes that count as right")
        self.model, self.photo = model, photo[None]
        self.group, self.name = list(group), name
        self.frame = self._frame()
        self.font, self.small = ImageFont.load_default(size=15), ImageFont.load_default(size=13)

    def perturbed(
        self,
        *,
        mirror: bool = False,
        angle: float = 0.0,
        right: float = 0.0,
        down: float = 0.0,
        scale: float = 1.0,
        crop: float = 1.0,
        brightness: float = 1.0,
        contrast: float = 1.0,
        saturation: float = 1.0,
        hue: float = 0.0,
        noise: float = 0.0,
    ) -> Tensor:
        """The copy (1, 3, S, S): moved, then recoloured, then with noise; `crop` keeps a share."""
        shift = (right / crop, down / crop)
        moved = {"hflip": mirror, "angle": angle, "scale": scale / crop, "translate": shift}
        colours = {"brightness": brightness, "contrast": contrast}
        colours |= {"saturation": saturation, "hue": hue}
        copy = augment.colour(augment.affine(self.photo, **moved), **colours)
        return augment.noise(copy, noise) if noise else copy

    def draw(self, **amounts: float) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; amounts as for `perturbed`."""
        copy = self.perturbed(**amounts)
        with torch.no_grad():
            probs = self.model(copy)[0].softmax(0)
        share = float(probs[self.group].sum())
        page = self.frame.copy()
        page.paste(_shown(copy[0]), (SIDE + GAP, HEAD))
        pen = ImageDraw.Draw(page)
        self._bars(pen, probs, share)
        left, colour = SIDE + GAP, YES if share >= 0.5 else NO
        pen.rectangle((left, HEAD, left + SIDE - 1, HEAD + SIDE - 1), outline=colour, width=4)
        verdict = f"still a {self.name}" if share >= 0.5 else f"no {self.name} any more"
        text = f"<b>{verdict}</b>: all classes of {self.name} together {share:.1%}"
        return np.asarray(page), text

    def _bars(self, pen: ImageDraw.ImageDraw, probs: Tensor, share: float) -> None:
        left, width = 2 * (SIDE + GAP), BARS - 60
        top = probs.topk(3)
        rows = [(f"any {self.name}", share, YES if share >= 0.5 else NO)]
        names = [self.model.categories[i] for i in top.indices.tolist()]
        rows += [(n, p, BAR) for n, p in zip(names, top.values.tolist(), strict=True)]
        for i, (name, prob, colour) in enumerate(rows):
            y = HEAD + 62 * i + (6 if i else 0)
            pen.text((left, y), name, fill="black", font=self.font)
            pen.rectangle((left, y + 22, left + round(width * prob), y + 40), fill=colour)
            pen.rectangle((left, y + 22, left + width, y + 40), outline=(120, 120, 120))
            pen.text((left + width + 8, y + 23), f"{prob:.2f}", fill="black", font=self.small)

    def _frame(self) -> Image.Image:
        page = Image.new("RGB", (2 * (SIDE + GAP) + BARS, HEAD + SIDE + 6), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=15)
        titles = ("the photo", "the perturbed copy", "what the network says of the copy")
        for i, text in enumerate(titles):
            pen.text((i * (SIDE + GAP), 4), text, fill="black", font=font)
        page.paste(_shown(self.photo[0]), (0, HEAD))
        return page


def playground(
    model: Pretrained, photo: Tensor, group: Sequence[int], *, name: str
) -> ipywidgets.VBox:
    """Controls for every perturbation above the pictures of `Playground`.

    >>> widget = playground(model, image, [281, 282, 285], name="cat")
    """
    board = Playground(model, photo, group, name=name)
    controls = {
        "mirror": ipywidgets.Checkbox(description="mirror", indent=False),
        "angle": slider("angle, degrees", -180, 180, value=0, step=5),
        "right": slider("shift right, share", -0.5, 0.5, value=0.0, step=0.05),
        "down": slider("shift down, share", -0.5, 0.5, value=0.0, step=0.05),
        "scale": slider("scale, factor", 0.2, 2.0, value=1.0, step=0.1),
        "crop": slider("crop, share kept", 0.2, 1.0, value=1.0, step=0.05),
        "brightness": slider("brightness, factor", 0.0, 3.0, value=1.0, step=0.1),
        "contrast": slider("contrast, factor", 0.0, 3.0, value=1.0, step=0.1),
        "saturation": slider("saturation, factor", 0.0, 3.0, value=1.0, step=0.1),
        "hue": slider("hue, turns", -0.5, 0.5, value=0.0, step=0.05),
        "noise": slider("noise, std", 0.0, 0.5, value=0.0, step=0.02),
    }
    alt = (
        f"Side by side: the photo; its perturbed copy in a green frame while it is still a {name}, "
        "else orange; bars of the network's three most probable classes."
    )
    return live(board.draw, alt=alt, **controls)


def _shown(image: Tensor) -> Image.Image:
    return Image.fromarray(to_uint8(image)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
