"""The film of lab 12: carts that balance a pole."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from labkit.play.pole import EDGE, Steered
from labkit.plot.play import BEGAN, SECOND
from labkit.widgets.core import live, slider

FONT = ImageFont.load_default(size=32)
INK, PALE, BLUE, ORANGE = "#202020", "#767676", BEGAN, SECOND
WIDE, HIGH, METRE = 660, 340, 124  # a cart's panel in pixels, drawn twice as large as shown


class PoleFilm:
    """Carts with their poles, one of each named film beside the other: `draw(frame)`.

    films: {name: what `play.balance` gave}; the first cart of each is shown.
    """

    def __init__(self, films: Mapping[str, Steered]):
        self.films = dict(films)
        self.fell = {name: int(film.up[:, 0].sum()) for name, film in films.items()}
        self.last = max(self.fell.values()) - 1

    def draw(self, frame: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and what has become of the carts."""
        page = Image.new("RGB", (WIDE * len(self.films), HIGH), "white")
        pen, told = ImageDraw.Draw(page), []
        for i, (name, film) in enumerate(self.films.items()):
            fell = self.fell[name]
            state = film.states[min(frame, fell - 1), 0]
            self._cart(pen, WIDE * i, name, state, frame >= fell)
            told.append(f"{name}: {f'fell after {fell} pushes' if frame >= fell else 'up'}")
        return np.asarray(
            page.reduce(2)
        ), f"<b>push {frame}, {0.02 * frame:.2f} s</b>; " + "; ".join(told)

    def _cart(self, pen: ImageDraw.ImageDraw, left: int, name: str, state, fallen: bool) -> None:
        x, floor = left + WIDE // 2 + METRE * state[0], HIGH - 60
        ends = [left + WIDE // 2 + METRE * side * EDGE for side in (-1, 1)]
        pen.line((ends[0], floor, ends[1], floor), fill=INK, width=3)
        for end in ends:
            pen.line((end, floor - 14, end, floor + 14), fill=INK, width=3)
        pen.rectangle((x - 40, floor - 40, x + 40, floor - 8), fill=PALE)
        tip = x + METRE * np.sin(state[2]), floor - 40 - METRE * np.cos(state[2])
        pen.line((x, floor - 40, *tip), fill=ORANGE if fallen else BLUE, width=14)
        pen.text((left + 24, 12), name + (" (down)" if fallen else ""), fill=INK, font=FONT)


def pole_film(films: Mapping[str, Steered]) -> ipywidgets.VBox:
    """Play, pause and step through the carts of `PoleFilm`."""
    shown = PoleFilm(films)
    frame = slider("push", 0, shown.last, step=2)
    player = ipywidgets.Play(
        value=0, min=0, max=shown.last, step=2, interval=60, description="play"
    )
    player.repeat = True
    ipywidgets.jslink((player, "value"), (frame, "value"))
    alt = f"Carts that balance a pole, side by side: {', '.join(shown.films)}."
    widget = live(shown.draw, alt=alt, frame=frame)
    widget.children = (player, *widget.children)
    return widget
