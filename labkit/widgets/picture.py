"""The picture that follows the controls of a widget, and is drawn ahead of them.

When somebody comes near the controls the kernel draws, whenever it is idle, the pictures that one
key press would ask for, and sends them to the browser; a key press then shows its picture without
waiting for the kernel. `labkit/widgets/picture.js` is the browser's part. Nothing is drawn ahead
where no browser asks for it, and whenever a cell has run all that was drawn ahead is forgotten,
since the cell may have changed what is to be drawn.
"""

from __future__ import annotations

import asyncio
import html
import io
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from ipywidgets import Widget, widget_serialization
from PIL import Image, features

from labkit.course import projector
from labkit.widgets.frames import Frame, Frames, along, around, setting_of, state_name

PAUSE = 0.002  # seconds between two pictures drawn ahead: what came in meanwhile goes first
REST = 0.4  # seconds without a change, before the other controls' next pictures are drawn
HERE = Path(__file__)
KIND = "webp" if features.check("webp") else "png"


class Picture(anywidget.AnyWidget):
    """An image with its words: `value` (bytes, see `format`), `note` under it, `alt`, `width`.

    `draw(**values)` is called with the values of `controls` at each change of one of them. It
    returns (H, W, 3) uint8, or a pair (picture, text). If it raises, the message stands in `note`
    and the last picture stays; only the first time it is raised. `draw` and `named`, the controls
    by name, stay as given: with `frames.settings` they are all that the widget can show.
    """

    _esm = HERE.with_suffix(".js").read_text(encoding="utf-8")
    _css = HERE.with_suffix(".css").read_text(encoding="utf-8")
    format = KIND
    alt = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True, **widget_serialization)
    states = traitlets.List().tag(sync=True)
    value = traitlets.Bytes()  # these two are sent together, or the frame alone
    frame = traitlets.Dict()

    def __init__(
        self, draw: Callable, controls: Mapping[str, Widget], *, alt: str, width: int | None = None
    ):
        self.draw, self.named, self._width = draw, dict(controls), width
        self._scale = projector.scale()
        self._frames, self._sent, self._near = Frames(), set(), False
        self._round, self._one_at_a_time = 0, threading.Lock()
        self._loop = _running_loop()
        widgets, values = list(controls.values()), {n: c.value for n, c in controls.items()}
        frame = self._made(values)
        told = {"value": frame.picture, "frame": self._as_told(values, frame)}
        states = [state_name(widget) for widget in widgets]
        super().__init__(alt=alt, controls=widgets, states=states, **told)
        for name, control in controls.items():
            control.observe(self._follower(name), names="value")
        self.on_msg(self._told)
        _forget_after_cells(self)

    @property
    def note(self) -> str:
        """The text under the picture, HTML."""
        return self.frame.get("note", "")

    @property
    def width(self) -> int:
        """How wide the picture is on the page, in pixels."""
        return self.frame.get("width", 0)

    def get_state(self, key=None, drop_defaults=False) -> dict:
        """What the browser is told: all of it when it opens a page, `key` alone else."""
        if key is None:
            key = [*self.keys, "value", "frame"]
        return super().get_state(key, drop_defaults)

    def update(self) -> None:
        """Draw what the controls ask for, or take it from what was drawn; raises as `draw` does."""
        values = self._values()
        frame = self._made(values)
        fresh = self._key(values) not in self._sent
        self._sent.add(self._key(values))
        self.value, self.frame = frame.picture, self._as_told(values, frame) | {"fresh": fresh}
        self.send_state(["value", "frame"] if fresh else "frame")

    def forget(self) -> None:
        """Drop what was drawn before: what is drawn may have changed."""
        if len(self._frames):
            self._round += 1
            self._frames.clear()
            self._sent.clear()
            self.send({"forget": True})

    def _follower(self, name: str) -> Callable[[dict], None]:
        def follow(change: dict) -> None:
            try:
                self.update()
            except Exception as error:
                said = html.escape(f"{type(error).__name__}: {error}")
                told = self._as_told(self._values(), Frame(b"", f'<b role="alert">{said}</b>', 0))
                self.frame = told | {"drawn": False, "width": self.width}
                self.send_state("frame")
                return
            self._look_ahead(name, _direction(self.named[name], change))

        return follow

    def _values(self) -> dict[str, object]:
        return {name: control.value for name, control in self.named.items()}

    def _key(self, values: Mapping[str, object]) -> tuple:
        return tuple(setting_of(self.named[name], value) for name, value in values.items())

    def _as_told(self, values: Mapping[str, object], frame: Frame) -> dict:
        told = {"values": list(self._key(values)), "drawn": True, "fresh": True, "kind": KIND}
        return told | {"note": frame.note, "width": frame.width}

    def _made(self, values: Mapping[str, object]) -> Frame:
        """The frame for these values, drawn unless it is kept; one is drawn at a time."""
        key = self._key(values)
        if (kept := self._frames.get(key)) is not None:
            return kept
        with self._one_at_a_time:
            result = self.draw(**values)
            pixels, note = result if isinstance(result, tuple) else (result, "")
            width = round((self._width or pixels.shape[1]) * self._scale)
            self._frames[key] = made = Frame(to_bytes(pixels), note, width)
        return made

    # --- drawing ahead

    def _told(self, _, message: dict, __) -> None:
        """The browser says that it has no frame ("hello"), or that somebody is near a control."""
        if message.get("hello"):
            self._sent.clear()
            self.send_state(["value", "frame"])
        names = list(self.named)
        if isinstance(place := message.get("near"), int) and names:
            self._near = True
            self._look_ahead(names[place] if 0 <= place < len(names) else names[0])

    def _look_ahead(self, moved: str, direction: int = 0) -> None:
        """Begin to draw what may come next, in place of what was thought of before."""
        self._round += 1
        if self._near and self._loop is not None and not self._loop.is_closed():
            plans = [along(self.named, moved, direction), around(self.named, moved)]
            self._loop.call_soon_threadsafe(self._next, plans, self._round)

    def _next(self, plans: list, number: int) -> None:
        """Draw one picture ahead; the next one later, unless something new has come in."""
        while plans and number == self._round:
            values = next(plans[0], None)
            if values is None:
                del plans[0]
                self._loop.call_later(REST, self._next, plans, number)
                return
            if not self._has(self._key(values)):
                self._send_ahead(values)
                self._loop.call_later(PAUSE, self._next, plans, number)
                return

    def _has(self, key: tuple) -> bool:
        return key in self._sent and key in self._frames

    def _send_ahead(self, values: Mapping[str, object]) -> None:
        try:
            frame = self._made(values)
        except Exception:  # it is said when a reader asks for it
            return
        self._sent.add(self._key(values))
        self.send({"ahead": self._as_told(values, frame)}, [frame.picture])


def to_bytes(pixels: np.ndarray) -> bytes:
    """(H, W, 3) or (H, W), uint8 -> an image file, without loss, made as quickly as can be."""
    file, image = io.BytesIO(), Image.fromarray(np.ascontiguousarray(pixels))
    if KIND == "webp":  # half of PNG's time and size
        image.convert("RGB").save(file, "webp", lossless=True, quality=0, method=0)
    else:
        image.save(file, "png", compress_level=1)
    return file.getvalue()


def _direction(control: Widget, change: Mapping[str, object]) -> int:
    """1 if the control went up, -1 if down, 0 if neither can be said."""
    old, new = (setting_of(control, change[name]) for name in ("old", "new"))
    try:
        return int(new > old) - int(new < old)
    except TypeError:
        return 0


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_SHOWN: weakref.WeakSet[Picture] = weakref.WeakSet()


def _forget_after_cells(picture: Picture) -> None:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    _SHOWN.add(picture)
    if _forget_all not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _forget_all)


def _forget_all(result: object = None) -> None:
    for picture in list(_SHOWN):
        picture.forget()
