"""The roster's own file with the points in it, to be imported where it came from.

A column for each lab, found by its title; Moodle's worksheet has one for its one assignment, and
another for comments. Where the file says how many points there are, labkit's are scaled to them.
A cell that says something already stays as it is, and so does every other byte of the file. Who
handed in nothing, or something that could not be checked, gets no points, but no zero either.
"""

from __future__ import annotations

import re
from collections import Counter

from labkit.grading import feedback
from labkit.grading.labs import Lab
from labkit.grading.marks import Class, Line
from labkit.grading.roster import Roster

_EMPTY = ("", "-")  # Moodle writes a hyphen where there is no grade
_ID = re.compile(r"\s*\(\d+\)$")  # Canvas's, behind an assignment's title
_OTHER = re.compile(r"^feedback\b|\((percentage|letter)\)$", re.IGNORECASE)  # Moodle's export


def fill(roster: Roster, marked: Class, *, column: str | None = None) -> list[str]:
    """Write the points of all students into the roster's sheet; a line to print for each column.

    column: title of the column for all labs that count. Raises ValueError, before a cell is
    changed, where it is not clear which column a lab belongs to.
    """
    columns = _columns(roster, marked, column)
    told = []
    for place, labs in columns.items():
        lines = [line for line in marked.lines if line.student.row >= 0]
        counts = Counter(_fill_cell(roster, line, place, labs) for line in lines)
        said = ", ".join(f"{counts[word]} {word}" for word in _WORDS if counts[word])
        told.append(f'"{roster.sheet.value(0, place)}": {said}')
    without = {lab.name for lab in marked.labs} - {
        lab.name for ls in columns.values() for lab in ls
    }
    return told + [f"no column has {name} in its title: left out" for name in sorted(without)]


def find_column(roster: Roster, column: str) -> int:
    """The column with a title, Canvas's number behind it or not. Raises ValueError without one."""
    titles = roster.sheet.rows[0]
    found = [i for i, title in enumerate(titles) if column.strip() in (title.strip(), _bare(title))]
    if len(found) != 1:
        several = f"{len(found)} columns are" if found else "no column is"
        raise ValueError(f"{several} called {column!r} in {roster.path}")
    return found[0]


def _columns(roster: Roster, marked: Class, column: str | None) -> dict[int, list[Lab]]:
    """Which labs each column gets the points of; a list of students gets a new one for each lab."""
    one = find_column(roster, column) if column else roster.grade
    if one is not None:
        if len(marked.labs) > 1 and not marked.asked:
            names = ", ".join(lab.name for lab in marked.labs)
            raise ValueError(f"{names} were handed in: say with --lab which the column is for")
        return {one: marked.labs}
    found = {lab.name: _titled(roster, lab) for lab in marked.labs}
    if roster.platform and not any(found.values()):
        raise ValueError(f"no title in {roster.path} names a lab: say --column and --lab")
    for name, places in found.items():
        if len(places) > 1:
            titles = " and ".join(repr(roster.sheet.value(0, place)) for place in places)
            raise ValueError(f"{titles} may be meant for {name}: say --column and --lab")
        if not places and not roster.platform:
            places.append(max(map(len, roster.sheet.rows)))
            roster.sheet.set(0, places[0], name)
    return {found[lab.name][0]: [lab] for lab in marked.labs if found[lab.name]}


def _titled(roster: Roster, lab: Lab) -> list[int]:
    """The columns whose titles have "Lab 06" in them, or "siamese nets"."""
    number, _, rest = lab.name.partition("_")
    words = r"[ _-]*".join(map(re.escape, rest.split("_")))
    pattern = rf"(?<!\w)(lab[ _#:-]*0*{number.lstrip('0') or '0'}|({number}_)?{words})(?!\w)"
    titles = [_bare(title) for title in roster.sheet.rows[0]]
    return [
        place
        for place, title in enumerate(titles)
        if re.search(pattern, title, re.IGNORECASE) and not _OTHER.search(title)
    ]


def _bare(title: str) -> str:
    return _ID.sub("", title.strip())


_WORDS = _GRADED, _KEPT, _UNCHECKED, _NOTHING = (
    "filled",
    "as before",
    "empty (not checked)",
    "empty (nothing handed in)",
)


def _fill_cell(roster: Roster, line: Line, place: int, labs: list[Lab]) -> str:
    """Fill one student's cell; what became of it."""
    marks = [line.marks[lab.name] for lab in labs if lab.name in line.marks]
    row, sheet = line.student.row, roster.sheet
    if not line.handed_in:
        return _NOTHING
    if not marks or any(mark.doubts for mark in marks):
        return _UNCHECKED
    points, most = sum(mark.points for mark in marks), sum(lab.points for lab in labs)
    text = _scaled(points, most, roster.maximum(row, place), comma=_has_commas(roster, row, place))
    before = sheet.value(row, place)
    if before not in _EMPTY and _number(before) != _number(text):
        return _KEPT
    if before in _EMPTY:
        sheet.set(row, place, text)
    if roster.comments is not None and sheet.value(row, roster.comments) in _EMPTY:
        sheet.set(row, roster.comments, "<br>".join(map(feedback.comment, marks)))
    return _GRADED


def _scaled(points: float, most: float, maximum: str, *, comma: bool) -> str:
    """Points as the file writes numbers, of as many as the file says there are."""
    there = _number(maximum)
    value = points * there / most if there and most else points
    text = f"{round(value, 2):.12g}"
    return text.replace(".", ",") if comma else text


def _has_commas(roster: Roster, row: int, place: int) -> bool:
    maximum = roster.maximum(row, place)
    return "," in maximum or ("." not in maximum and roster.sheet.separator == ";")


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
