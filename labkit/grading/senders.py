"""Who handed a file in, read from the names that course platforms give to what they download.

- Moodle: `Student One_1234567_assignsubmission_file_/06.ipynb`, or all in the file's name; the
  number is that of the grading worksheet's first column
- Canvas: `onestudent_[LATE_]123_4567_06.ipynb`, last name first; the numbers are the student's and
  the upload's, a later one is higher, and calls the same file `06-1.ipynb`; anonymous:
  `[LATE_]anon_x1y2z_4567_06.ipynb`
- nbgrader: `inbound/student1+06+2026-11-30 12:00:00.000000 UTC+.../06.ipynb` in the exchange, and
  `submitted/student1/06/06.ipynb` in the course

Of other names, all parts are kept: a folder a student, or a student's name as a file's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile

_MOODLE = re.compile(r"(?P<name>.*?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?")
_CANVAS = re.compile(
    r"(?:(?!LATE_anon_)(?P<name>\w*?)_)?(?P<late>LATE_)?(?:(?P<id>\d+)|(?P<anonymous>anon_[^\W_]+))"
    r"_(?:(?P<number>\d+)_(?P<file>.+?)(?:-\d+)?(?:\.\w+)?|(?:text|link)\.html)"
)
_EXCHANGE = re.compile(
    r"(?P<login>.+)\+[^+]+\+(?P<time>\d{4}-\d\d-\d\d \d\d\D\d\d[^+]*)(?:\+[^+]*)?"
)
_SUFFIX = re.compile(r"\.(ipynb.*|\w{1,5})$", re.IGNORECASE)
_ZIP = re.compile(r"\.zip$", re.IGNORECASE)


@dataclass(frozen=True)
class Sender:
    """Whom a name speaks of, as far as it does.

    label: what to call the student where no roster does. platform: "moodle", "canvas", "nbgrader",
    or "" for `parts`, any of which may be the student's. order: among hand-ins of the same `file`
    a later one has a higher one; "" where the name does not tell. prefix: with what a feedback
    file's name must begin, so that the platform takes it back.
    """

    label: str
    platform: str = ""
    id: str = ""
    login: str = ""
    name: str = ""
    order: str = ""
    file: str = ""
    late: bool = False
    prefix: str = ""
    parts: tuple[str, ...] = ()


def senders(names: list[str]) -> dict[str, Sender]:
    """The sender of each submission, by its name in the table."""
    common = _common_folders(names)
    own = {name: name.split("/")[common:] for name in names}
    canvas = _is_canvas({path[0] for path in own.values()})
    return {name: _sender(name, path, canvas=canvas) for name, path in own.items()}


def _sender(name: str, own: list[str], *, canvas: bool) -> Sender:
    """own: the parts of the name without the folders that all lie in."""
    path = name.split("/")
    for part in path:
        if found := _MOODLE.fullmatch(part):
            return _of_moodle(found)
        if found := _EXCHANGE.fullmatch(part):
            login = found["login"]
            return Sender(login, "nbgrader", login=login, order=found["time"])
    if canvas and (found := _CANVAS.fullmatch(own[0])):
        return _of_canvas(found)
    if "submitted" in path[:-3]:
        login = path[path.index("submitted") + 1]
        return Sender(login, "nbgrader", login=login)
    label = "/".join(own[:-1]) or _SUFFIX.sub("", own[-1])
    return Sender(label, parts=(*(_ZIP.sub("", part) for part in path[:-1]), path[-1]))


def _of_moodle(found: re.Match) -> Sender:
    name, who = found["name"], found["id"]
    prefix = f"{name}_{who}_assignsubmission_file_"
    return Sender(f"{name} ({who})", "moodle", id=who, name=name, prefix=prefix)


def _of_canvas(found: re.Match) -> Sender:
    name, who = found["name"] or "", found["id"] or found["anonymous"]
    label = f"{name} ({who})" if name else who
    sender = Sender(label, "canvas", id=who, name=name, late=bool(found["late"]))
    if not found["number"]:  # a text or a link, no file
        return sender
    prefix = found.string[: found.end("number")] + "_"
    return replace(sender, order=found["number"].zfill(20), file=found["file"], prefix=prefix)


def _is_canvas(firsts: set[str]) -> bool:
    """Whether names that look like those of Canvas are: no two files have the same number."""
    found = [match["number"] for first in firsts if (match := _CANVAS.fullmatch(first))]
    numbers = [number for number in found if number]
    return len(numbers) == len(set(numbers)) > 0


def _common_folders(names: list[str]) -> int:
    """In how many folders all lie."""
    folders = [name.split("/")[:-1] for name in names]
    levels = (len(set(level)) == 1 for level in zip(*folders, strict=False))
    return sum(takewhile(bool, levels)) if len(names) > 1 else 0
