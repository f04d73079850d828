"""An IPython extension that draws, while a lab runs, all that its widgets can show.

`%load_ext harvest`, in the kernel of the site's builder only. Behind each cell that shows a widget
it stores the widget's pictures in the folder that LABKIT_HARVEST names, as a script that a page can
load, and leaves a record of the controls among the cell's outputs. A question and its answer
(labkit.predict) leave a record, too. Seeds are as before. LABKIT_HARVEST_ROOM says how many bytes
the pictures of one widget may take.
"""

from __future__ import annotations

import functools
import hashlib
import html
import json
import math
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import controls
import numpy as np
from packing import Shelf, encoded
from PIL import Image

MIME = "application/vnd.labkit.site+json"
MOST = 400  # settings of a widget
SECONDS = 120  # for drawing their pictures
RUNS, LENGTH = 3, 8  # settings that are drawn to see what all would take: runs of neighbours
AGAIN = 5  # settings that are drawn a second time, for the tests


def load_ipython_extension(shell) -> None:
    from labkit.course.prediction import Prediction

    Prediction._ipython_display_ = _noted(_asked, Prediction._ipython_display_)
    Prediction.compare = _noted(_answered, Prediction.compare)
    shell.events.register("post_run_cell", _after)


def _noted(record: Callable, method: Callable) -> Callable:
    """The method of a question, which first leaves the record that is made of it."""

    @functools.wraps(method)
    def noted(question, *arguments, **options):
        _leave(record(question))
        return method(question, *arguments, **options)

    return noted


def _asked(question) -> dict:
    return {"kind": "question", "question": question.question, "options": question.options}


def _answered(question) -> dict:
    return {"kind": "compared", "questions": [question.question]}


def _after(result) -> None:
    shown = result.result
    if picture := _picture_in(shown):
        with _seeds_kept():
            record = Harvest(shown, picture).store(Path(os.environ["LABKIT_HARVEST"]))
        _leave(record | {"kind": "widget", "model": shown.model_id})


def _leave(record: dict) -> None:
    from IPython.display import publish_display_data

    publish_display_data({MIME: record, "text/plain": ""})


def _parts(box) -> Iterator:
    """A widget and all that is in it."""
    yield box
    for child in getattr(box, "children", ()):
        yield from _parts(child)


def _picture_in(box):
    from labkit.widgets.picture import Picture

    return next((part for part in _parts(box) if isinstance(part, Picture)), None)


class Harvest:
    """What a box with a `Picture` can show: its controls, and a picture for each setting."""

    def __init__(self, box, picture):
        from labkit.widgets import frames

        self.box, self.picture, self.named = box, picture, picture.named
        every = {name: frames.settings(control) for name, control in self.named.items()}
        self.typed = [name for name, values in every.items() if values is None]
        now = {name: control.value for name, control in self.named.items()}
        for name in self.typed:
            every[name] = [now[name]]
        for name, values in every.items():
            if now[name] not in values:  # a choice that nobody has made yet
                every[name] = [now[name], *values]
        self.every, self.now = every, now
        unmade = [value is None for value in now.values()]
        self.apart = len(unmade) > 1 and all(unmade)  # a quiz: its answers add up
        self.play = self._player()
        self.sample: dict[str, tuple] = {}  # what was drawn already

    def store(self, folder: Path) -> dict:
        """Draw, write `<number>.js` and `<number>.webp`; the record of the controls."""
        begun = time.process_time()
        shelf, kept, stored = self._answers() if self.apart else self._settings()
        pixels, note = self._drawn(self.now)
        width = self.picture._width or pixels.shape[1]
        name = f"{folder.name}-{1 + len(list(folder.glob('*.js')))}"
        text = json.dumps(shelf.as_json() | stored, separators=(",", ":"))
        (folder / f"{name}.js").write_text(f"labkitFrames({json.dumps(name)},{text})\n", "utf-8")
        (folder / f"{name}.webp").write_bytes(encoded(pixels, lossy=shelf.lossy))
        return {
            "name": name,
            "alt": self.picture.alt,
            "note": note,
            "size": [width, round(pixels.shape[0] * width / pixels.shape[1])],
            "controls": [self._control(name, values) for name, values in kept.items()],
            "play": self.play,
            "all": math.prod(map(len, self.every.values())),
            "kept": (sum if "alone" in stored else math.prod)(map(len, kept.values())),
            "lossy": shelf.lossy,
            "alone": "alone" in stored,
            "again": self._again(kept, alone="alone" in stored),
            "bytes": len(text),
            "seconds": round(time.process_time() - begun, 1),
        }

    def _settings(self) -> tuple[Shelf, Mapping, dict]:
        """Pictures of as many settings as there is room for: shelf, values kept, what to store."""
        room = int(os.environ["LABKIT_HARVEST_ROOM"])
        lossy, most = self._afford(room)
        while True:
            shelf, kept = Shelf(lossy=lossy), self._thinned(most)
            if math.prod(map(len, kept.values())) > most:  # even two values of each are too many
                each = max(2, most // len(kept))
                kept = {n: controls.fewer(v, self.now[n], each) for n, v in self.every.items()}
                stored = self._one_by_one(shelf, kept)
            else:
                stored = self._states(shelf, kept)
            if shelf.size <= 1.1 * room or most <= LENGTH:
                return shelf, kept, stored
            most = max(LENGTH, int(0.9 * most * room / shelf.size))

    def _thinned(self, most: int) -> dict[str, list]:
        played = self.play and self.play["control"]
        return controls.thinned(self.every, self.now, most, played=played)

    def _states(self, shelf: Shelf, kept: Mapping[str, Sequence]) -> dict:
        """For each setting, the last control running fastest, the numbers of picture and note."""
        notes: dict[str, int] = {}
        states = [self._put(values, shelf, notes) for values in controls.grid(kept)]
        return {"notes": list(notes), "states": states}

    def _one_by_one(self, shelf: Shelf, kept: Mapping[str, Sequence]) -> dict:
        """For each control and value, the others as they are, the numbers of picture and note."""
        notes: dict[str, int] = {}
        alone = [
            [self._put(self.now | {name: value}, shelf, notes) for value in values]
            for name, values in kept.items()
        ]
        return {"notes": list(notes), "alone": alone}

    def _put(self, values: Mapping, shelf: Shelf, notes: dict[str, int]) -> list[int]:
        pixels, note = self.sample.get(str(values)) or self._drawn(values)
        number = -1 if pixels is None else shelf.put(pixels)
        return [number, notes.setdefault(note, len(notes))]

    def _answers(self) -> tuple[Shelf, Mapping, dict]:
        """For each control and answer a picture, to be laid over the one without any answer."""
        shelf = Shelf()
        shelf.put(self._drawn(self.now)[0])
        numbers = [
            [shelf.put(self._drawn(self.now | {name: value})[0]) for value in values]
            for name, values in self.every.items()
        ]
        if len(shelf.bases) > 1:
            raise ValueError(f"{self.picture.alt}: one answer changes more than its own place")
        return shelf, self.every, {"notes": [""], "answers": numbers}

    def _drawn(self, values: Mapping) -> tuple[np.ndarray | None, str]:
        """The picture and its note; of a setting that draws none, the message alone."""
        try:
            drawn = self.picture.draw(**values)
        except Exception as error:  # as the widget does: the last picture stays
            said = html.escape(f"{type(error).__name__}: {error}")
            return None, f'<b role="alert">{said}</b>'
        return drawn if isinstance(drawn, tuple) else (drawn, "")

    def _afford(self, room: int) -> tuple[bool, int]:
        """Whether pictures must lose something; for how many settings there is room and time."""
        grid = list(controls.grid(self._thinned(MOST)))
        begins = {len(grid) * run // RUNS for run in range(RUNS)}
        sample = [values for begin in sorted(begins) for values in grid[begin : begin + LENGTH]]
        begun = time.process_time()
        self.sample = {str(values): self._drawn(values) for values in sample}
        seconds = (time.process_time() - begun) / len(sample)
        drawn = [pixels for pixels, _ in self.sample.values() if pixels is not None]
        size, loses = _mean_size(drawn, lossy=False), False
        if size * len(grid) > room and (small := _mean_size(drawn, lossy=True)) < 0.7 * size:
            size, loses = small, True
        most = min(MOST, int(room / size))
        while most > LENGTH and most * seconds > SECONDS:
            most //= 2
        return loses, max(most, LENGTH)

    def _again(self, kept: Mapping[str, Sequence], *, alone: bool) -> dict[str, dict]:
        """Some settings drawn once more, the last first: what a page must show for them."""
        counts = [len(values) for values in kept.values()]
        last = math.prod(counts) - 1
        sample = [np.unravel_index(k, counts) for k in range(last, -1, -max(1, last // AGAIN))]
        if alone:
            start = [list(v).index(self.now[n]) for n, v in kept.items()]
            sample = [[*start[:i], 0, *start[i + 1 :]] for i in range(min(len(counts), AGAIN))]
        drawn = {}
        for at in sample:
            values = {n: v[i] for (n, v), i in zip(kept.items(), at, strict=True)}
            drawn[int(np.ravel_multi_index(at, counts))] = self._drawn(values)[0]
        return {str(k): _summary(pixels) for k, pixels in drawn.items() if pixels is not None}

    def _control(self, name: str, kept: Sequence) -> dict:
        control = self.named[name]
        return {
            "name": name,
            "kind": type(control).__name__,
            "label": control.description or name,
            "words": [controls.word(control, value) for value in kept],
            "titles": controls.titles(control, kept),
            "start": list(kept).index(self.now[name]),
            "all": len(self.every[name]),
            "typed": name in self.typed,
        }

    def _player(self) -> dict | None:
        """The play button of the box: which control it moves, and how fast."""
        players = [part for part in _parts(self.box) if type(part).__name__ == "Play"]
        if not players:
            return None
        one = players[0]
        moved = [n for n, c in self.named.items() if getattr(c, "max", None) == one.max]
        return {"control": moved[0], "interval": one.interval, "repeat": one.repeat}


def _mean_size(drawn: Sequence[np.ndarray], *, lossy: bool) -> float:
    """Bytes a picture, with what they share."""
    shelf = Shelf(lossy=lossy)
    for pixels in drawn:
        shelf.put(pixels)
    return max(shelf.size, 1) / max(len(drawn), 1)


def _summary(pixels: np.ndarray) -> dict:
    """A picture's size, its bytes as one number, and 16 x 16 means of it."""
    small = Image.fromarray(pixels).resize((16, 16), Image.Resampling.BOX)
    sha = hashlib.sha256(np.ascontiguousarray(pixels)).hexdigest()
    return {"shape": list(pixels.shape), "sha": sha, "small": np.asarray(small).ravel().tolist()}


class _seeds_kept:
    """Global random numbers go on afterwards as if nothing had been drawn."""

    def __enter__(self):
        import torch

        self.states = random.getstate(), np.random.get_state(), torch.get_rng_state()

    def __exit__(self, *_):
        import torch

        random.setstate(self.states[0])
        np.random.set_state(self.states[1])
        torch.set_rng_state(self.states[2])
