"""Pictures that were drawn, kept by the setting of the controls, and which ones to draw ahead."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets

FAR, BACK, PAGE = 6, 2, 5  # steps to draw ahead, behind, and what Page Up goes at once


@dataclass(frozen=True)
class Frame:
    """One picture: its bytes, the text under it, its width on the page in pixels."""

    picture: bytes
    note: str
    width: int


class Frames:
    """Frames by key, bounded by number and bytes; the least recently used ones go first.

    >>> kept = Frames(most=2); kept["a"] = kept["b"] = kept["c"] = Frame(b"", "", 8)
    >>> list(kept)
    ['b', 'c']
    """

    def __init__(self, *, most: int = 200, room: int = 20_000_000):
        self.most, self.room, self.bytes = most, room, 0
        self._frames: OrderedDict = OrderedDict()
        self._guard = threading.RLock()  # a key press is answered in a thread of its own

    def __setitem__(self, key, frame: Frame) -> None:
        with self._guard:
            self.pop(key)
            self._frames[key] = frame
            self.bytes += len(frame.picture)
            while len(self._frames) > self.most or self.bytes > self.room and len(self._frames) > 1:
                self.pop(next(iter(self._frames)))

    def get(self, key) -> Frame | None:
        """The frame, which then counts as used; None if there is none."""
        with self._guard:
            if key in self._frames:
                self._frames.move_to_end(key)
            return self._frames.get(key)

    def pop(self, key) -> None:
        """Drop a frame, if it is there."""
        with self._guard:
            frame = self._frames.pop(key, None)
            self.bytes -= len(frame.picture) if frame else 0

    def clear(self) -> None:
        with self._guard:
            self._frames.clear()
            self.bytes = 0

    def __contains__(self, key) -> bool:
        return key in self._frames

    def __iter__(self) -> Iterator:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


def state_name(control: ipywidgets.Widget) -> str:
    """The trait that the browser knows a control's setting by: "index" of a choice, or "value"."""
    return "index" if _is_choice(control) else "value"


def setting_of(control: ipywidgets.Widget, value: object) -> object:
    """A value of the control as the browser has it; None for a choice that is none."""
    if _is_choice(control):
        places = (i for i, one in enumerate(_choices(control)) if one is value or one == value)
        return next(places, None)
    if isinstance(value, float):
        return round(value, 10)
    return value if isinstance(value, bool | int | str | None) else repr(value)


def settings(control: ipywidgets.Widget) -> list | None:
    """All values that a control can take, in order; None where they can't be told, as of a text.

    >>> settings(ipywidgets.IntSlider(min=0, max=4, step=2))
    [0, 2, 4]
    """
    if isinstance(control.value, bool):
        return [False, True]
    if _is_choice(control):
        return _choices(control)
    if not _is_range(control):
        return None
    count = int((control.max - control.min) / control.step + 1e-6)
    values = [round(control.min + control.step * i, 10) for i in range(count + 1)]
    return [type(control.value)(value) for value in values]


def along(
    controls: Mapping[str, ipywidgets.Widget], moved: str, direction: int = 0
) -> Iterator[dict[str, object]]:
    """Values of all controls when `moved` goes on in its `direction` (-1, 0 or 1), or back."""
    ways, far = ((direction, -direction), (FAR, BACK)) if direction else ((1, -1), (BACK, BACK))
    strides = [way * k for way, most in zip(ways, far, strict=True) for k in range(1, most + 1)]
    yield from _with(controls, moved, _stepped(controls[moved], strides))


def around(controls: Mapping[str, ipywidgets.Widget], moved: str) -> Iterator[dict[str, object]]:
    """Values of all controls one key away: the others a step, `moved` by a page or to its ends.

    Those next to `moved` come first.
    """
    names = list(controls)
    for name in sorted(names, key=lambda name: abs(names.index(name) - names.index(moved)))[1:]:
        yield from _with(controls, name, _stepped(controls[name], (1, -1)))
    jumps = [*_stepped(controls[moved], (PAGE, -PAGE)), *_ends(controls[moved])]
    yield from _with(controls, moved, jumps)


def _with(controls, name: str, values: Sequence) -> Iterator[dict[str, object]]:
    now = {name: control.value for name, control in controls.items()}
    return (now | {name: value} for value in values)


def _stepped(control: ipywidgets.Widget, strides: Sequence[int]) -> list:
    """The values some steps away from the present one; none outside the control's range."""
    if isinstance(control.value, bool):
        return [not control.value]
    if _is_choice(control):
        choices, index = _choices(control), control.index
        places = [] if index is None else [index + stride for stride in strides]
        return [choices[place] for place in places if 0 <= place < len(choices)]
    if _is_range(control):
        values = [round(control.value + control.step * stride, 10) for stride in strides]
        return [value for value in values if control.min <= value <= control.max]
    return []


def _ends(control: ipywidgets.Widget) -> list:
    if _is_choice(control):
        choices = _choices(control)
        return [choices[0], choices[-1]] if choices else []
    return [control.min, control.max] if _is_range(control) else []


def _is_choice(control: ipywidgets.Widget) -> bool:
    index = getattr(control, "index", "")
    return hasattr(control, "options") and isinstance(index, int | None)


def _choices(control: ipywidgets.Widget) -> list:
    """The values of a choice; its options are values, or pairs (label, value), or a mapping."""
    options = control.options
    if isinstance(options, Mapping):
        return list(options.values())
    pairs = (isinstance(option, tuple) and len(option) == 2 for option in options)
    return [option[1] if pair else option for pair, option in zip(pairs, options, strict=True)]


def _is_range(control: ipywidgets.Widget) -> bool:
    ranged = all(hasattr(control, name) for name in ("min", "max", "step"))
    return ranged and isinstance(control.value, int | float) and bool(control.step)
