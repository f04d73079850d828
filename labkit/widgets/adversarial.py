"""Widgets of lab 14: a school bus to be turned, and a picture to be changed unseen."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
import torch
from torch import Tensor

from labkit import adversarial, render
from labkit.nets.models import Pretrained
from labkit.widgets.core import live, slider, to_pixels

WIDTH, WIDE = 336, 640  # on the page, in pixels
LEVELS = (0, 1, 2, 4, 8, 16, 32, 64)
QUALITIES = ("none", 95, 75, 50, 25)


class TurnedBus:
    """A bus in any pose and what a network calls it: `draw(yaw, pitch, roll, ground)`."""

    def __init__(self, model: Pretrained, *, seed: int = 0):
        self.model, self.seed = model, seed

    def draw(self, yaw: float, pitch: float, roll: float, ground: str) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        pose = {"yaw": yaw, "pitch": pitch, "roll": roll}
        image = render.bus(**pose, ground=ground, seed=self.seed).image
        return to_pixels(image), said(self.model, image, self.model.category("school bus"))


def turned_bus(model: Pretrained, *, seed: int = 0) -> ipywidgets.VBox:
    """Sliders (arrow keys) for the three angles of a school bus, above `TurnedBus`."""
    return live(
        TurnedBus(model, seed=seed).draw,
        alt="A school bus, turned as the sliders say.",
        width=WIDTH,
        yaw=slider("yaw (turn it round)", 0, 345, value=45, step=15),
        pitch=slider("pitch (nose up)", -90, 90, value=0, step=15),
        roll=slider("roll (tip it over)", 0, 345, value=0, step=15),
        ground=ipywidgets.Dropdown(options=list(render.BUS_GROUNDS), description="ground"),
    )


class UnseenChange:
    """A picture with a change of some size, saved and read again: `draw(kind, level, quality)`.

    image (3, H, W) of class `label`, a number; a targeted change goes for the class `wanted`.
    fgsm, targeted: functions as those of `labkit.adversarial`.
    """

    def __init__(
        self, model: Pretrained, image: Tensor, *, label: int, wanted: int, fgsm: Callable,
        targeted: Callable,
    ):  # fmt: skip
        self.model, self.image, self.label = model, adversarial.rounded(image)[None], label
        own, goal = torch.tensor([label]), torch.tensor([wanted])
        self.kinds = {
            f"to {model.categories[wanted]}": lambda x, eps: targeted(
                model, x, goal, eps, eps / 4, 10
            ),
            "one step away": lambda x, eps: fgsm(model, x, own, eps),
            "coin flips": lambda x, eps: adversarial.coin_flips(x, eps=eps, seed=0),
        }
        self.kept: dict[tuple, Tensor] = {}

    def changed(self, kind: str, level: int) -> Tensor:
        """The image (1, 3, H, W) as a file holds it, at most `level` of 255 away."""
        if (kind, level) not in self.kept:
            moved = self.kinds[kind](self.image, level / 255) if level else self.image
            self.kept[kind, level] = adversarial.rounded(moved.detach())
        return self.kept[kind, level]

    def draw(self, kind: str, level: int, quality: int | str) -> tuple[np.ndarray, str]:
        """The picture beside its change, enlarged, (H, W, 3), uint8; and a line of text."""
        moved = self.changed(kind, level)
        shown = moved if quality == "none" else adversarial.jpeg(moved, int(quality))
        apart = shown - self.image
        most = float(apart.abs().max())
        usual = float(apart.abs().flatten().quantile(0.98)) or 1.0  # a JPEG moves edges far
        grey = (0.5 + apart / (2 * usual)).clamp(0, 1)
        gap = torch.ones(3, apart.shape[2], 6)
        page = torch.cat([shown[0], gap, grey[0]], 2)
        text = f"{said(self.model, shown[0], self.label)}; right: the difference, at most "
        text += f"{round(255 * most)} of 255"
        return to_pixels(page, width=page.shape[2]), text


def unseen_change(
    model: Pretrained,
    image: Tensor,
    *,
    label: int,
    wanted: int,
    fgsm: Callable = adversarial.fgsm,
    targeted: Callable = adversarial.targeted,
) -> ipywidgets.VBox:
    """How a picture is changed, how much, and through which JPEG: above `UnseenChange`."""
    functions = {"fgsm": fgsm, "targeted": targeted}
    shown = UnseenChange(model, image, label=label, wanted=wanted, **functions)
    return live(
        shown.draw,
        alt="A picture with a small change, and the change alone, enlarged.",
        width=WIDE,
        kind=ipywidgets.Dropdown(options=list(shown.kinds), description="change"),
        level=_choice("largest change, of 255", LEVELS, value=1),
        quality=_choice("saved as JPEG, quality", QUALITIES),
    )


def said(model: Pretrained, image: Tensor, label: int) -> str:
    """What a network says of an image (3, H, W): its first guess, and how probable `label` is."""
    with torch.no_grad():
        shares = model(image[None])[0].softmax(0)
    first = int(shares.argmax())
    text = f"the network: <b>{html.escape(model.categories[first])}</b>, {shares[first]:.1%}"
    own = f" ({html.escape(model.categories[label])}: {shares[label]:.1%})"
    return text if first == label else text + own


def _choice(
    description: str, options: Sequence, *, value: object = None
) -> ipywidgets.SelectionSlider:
    style = {"style": {"description_width": "initial"}, "layout": {"width": "420px"}}
    value = options[0] if value is None else value
    return ipywidgets.SelectionSlider(
        options=list(options), value=value, description=description, **style
    )
