"""Pictures to be labelled by key, for lab 17: what is typed is timed, and saved at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit.labels import Answer, free_path, save_answers
from labkit.widgets.core import grey, live, to_pixels

LARGE, SMALL, FONT = 224, 84, ImageFont.load_default(size=15)


class Labeller:
    """Pictures to label by key, one after the other: `widget()` asks, `answers` are what was said.

    images (N, 1 or 3, H, W). A class of one letter or digit has that key, else classes have the
    keys 1, 2, ... After each key all answers are written to `path`, a new CSV file in `folder`; no
    other file is touched. The first picture isn't timed: nobody knows when you began to look.
    ValueError for classes that have no key of their own.
    """

    def __init__(
        self,
        images: Tensor,
        classes: Sequence[str],
        *,
        paths: Sequence | None = None,
        annotator: str = "me",
        folder: str | Path = ".",
        clock: Callable[[], float] = time.monotonic,
    ):
        short = all(len(name) == 1 for name in classes)
        keys = [name if short else str(i) for i, name in enumerate(classes, 1)]
        if len(set(keys)) < len(classes) or not short and len(classes) > 9:
            raise ValueError(f"{len(classes)} classes need a key each: nine at most, all different")
        self.images, self.classes = images, dict(zip(keys, map(str, classes), strict=True))
        self.paths = [str(path) for path in (range(len(images)) if paths is None else paths)]
        self.annotator, self.folder, self.clock = annotator, Path(folder), clock
        self.path: Path | None = None
        self._keys, self._seconds, self._last = "", [], math.nan

    @property
    def answers(self) -> list[Answer]:
        """One for each picture labelled so far, in order."""
        names = [self.classes[key] for key in self._keys]
        rows = zip(self.paths, names, self._seconds, strict=False)
        return [Answer(path, name, round(s, 2), self.annotator) for path, name, s in rows]

    def keys_in(self, typed: str) -> str:
        """What counts of a typed text: keys of classes, no more than there are pictures."""
        return "".join(key for key in typed if key in self.classes)[: len(self.images)]

    def take(self, typed: str) -> str:
        """Take the whole text typed so far, time what is new in it, save; a line of text."""
        keys, now = self.keys_in(typed), self.clock()
        pairs = enumerate(zip(keys, self._keys, strict=False))
        same = next((i for i, (a, b) in pairs if a != b), min(len(keys), len(self._keys)))
        new = len(keys) - same
        if keys == self._keys:
            return ""
        self._seconds = self._seconds[:same] + [(now - self._last) / max(new, 1)] * new
        self._keys, self._last = keys, now
        return self._save()

    def draw(self, typed: str) -> tuple[np.ndarray, str]:
        """The picture to label, (H, W, 3) uint8, the last one beside it; a line of text."""
        keys = self.keys_in(typed)
        page = Image.new("RGB", (LARGE + SMALL + 60, LARGE + 30), "white")
        pen = ImageDraw.Draw(page)
        if len(keys) < len(self.images):
            page.paste(_shown(self.images[len(keys)], LARGE), (10, 10))
        else:
            pen.text((60, 110), "done", fill="black", font=FONT)
        if keys:
            page.paste(_shown(self.images[len(keys) - 1], SMALL), (LARGE + 40, 10))
            said = f"you said {self.classes[keys[-1]]}"
            pen.text((LARGE + 40, 20 + SMALL), said, fill="black", font=FONT)
        ignored = sorted({key for key in typed if key not in self.classes and not key.isspace()})
        note = f"{len(keys)} of {len(self.images)} labelled"
        return np.asarray(page), note + (
            f"; no key: {' '.join(map(_plain, ignored))}" * bool(ignored)
        )

    def widget(self) -> ipywidgets.VBox:
        """A field in which each key is a label; Backspace takes the last one back."""
        names = [f"{k}: {name}" for k, name in self.classes.items() if k != name]
        keys = ", ".join(names) or f"keys {' '.join(self.classes)}"
        field = ipywidgets.Text(
            description="your labels",
            placeholder="click here, then type",
            continuous_update=True,
            style={"description_width": "initial"},
            layout={"width": "420px"},
        )
        told = ipywidgets.HTML(f"{_plain(keys)}; Backspace takes one back")
        box = live(self.draw, alt="A picture without its label, and the one before.", typed=field)

        def follow(change: dict) -> None:
            told.value = self.take(change["new"]) or told.value

        field.observe(follow, "value")
        box.children = (told, *box.children)
        return box

    def _save(self) -> str:
        new = self.path is None
        try:
            if new:
                self.path = free_path(self.folder, self.annotator)
            save_answers(self.path, self.answers, new=new)
        except OSError as error:
            self.path = None if new else self.path
            return f"<b>not saved</b>: {_plain(str(error))}"
        timed = [s for s in self._seconds if not math.isnan(s)]
        speed = f", {np.median(timed):.1f} s each" if timed else ""
        return f"{len(self._keys)} saved in {_plain(self.path.name)}{speed}"


def _shown(image: Tensor, width: int) -> Image.Image:
    return grey(image, width) if len(image) == 1 else Image.fromarray(to_pixels(image, width=width))


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
