"""What a teacher takes away from a check: a summary, a filled gradebook, a page a student."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from labkit.course import editions
from labkit.course.writing import write_whole
from labkit.grading import feedback, gradebook, table
from labkit.grading.labs import Lab
from labkit.grading.marks import Class, Line, Mark
from labkit.grading.roster import Roster
from labkit.grading.submissions import Submission

_KEYS = ("id", "login", "email")


class Outlet:
    """Where the results of a check go besides the table.

    roster: a CSV file of the class; summary: a file for a line a student; filled: one for the
    roster with the points in it; pages: a folder for a page a student; labs: which ones count, all
    that were handed in if none is named; column: title of the gradebook's column for them. What
    can be refused is refused here, before anything is checked: ValueError, or OSError for files.
    """

    def __init__(
        self,
        *,
        roster: str | None = None,
        summary: str | None = None,
        filled: str | None = None,
        pages: str | None = None,
        labs: list[str] | None = None,
        column: str | None = None,
    ):
        if (filled and not roster) or (column and not filled):
            raise ValueError("--gradebook is the --roster with points in it, --column one of its")
        for option, file in (("--summary", summary), ("--gradebook", filled)):
            _refuse(option, file, roster)
        if pages and Path(pages).exists() and not Path(pages).is_dir():
            raise ValueError(f"--feedback {pages} is a file: name a folder")
        self._labs = [editions.find_lab(lab).stem for lab in labs] if labs else None
        self._roster = Roster(roster) if roster else None
        if column:
            gradebook.find_column(self._roster, column)
        self._summary, self._filled, self._pages, self._column = summary, filled, pages, column

    def write(
        self, rows: list[table.Row], found: Iterable[Submission], labs: list[Lab]
    ) -> tuple[str, bool]:
        """Write it all; what to print, and whether every hand-in is somebody's.

        rows: of `runner.check` on `found`; labs: the released ones.
        """
        marked = Class(rows, found, labs, roster=self._roster, asked=self._labs)
        told = [f"{name} is not counted: {why}" for name, why in marked.nobodys.items()]
        missing = sum(not line.handed_in for line in marked.lines)
        told.append(f"Students: {len(marked.lines)}; handed in nothing: {missing}")
        if self._summary:
            content = table.lines_as_csv(_summary(marked)).encode("utf-8-sig")  # as Excel wants it
            write_whole(Path(self._summary), content)
        if self._pages:
            count, kept = feedback.write(marked.lines, self._pages)
            told.append(f"{self._pages}: {count} page{'s' * (count != 1)}" + _but(kept))
        if self._filled:
            said = gradebook.fill(self._roster, marked, column=self._column)
            write_whole(Path(self._filled), self._roster.sheet.content())
            told += [f"{self._filled}: {line}" for line in said]
        return "\n".join(told), not marked.nobodys


def _refuse(option: str, file: str | None, roster: str | None) -> None:
    if file and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
        raise ValueError(f"{option} {file}: name a file, in a folder that is there")
    if file and roster and Path(file).resolve() == Path(roster).resolve():
        raise ValueError(f"{option} {file} is the roster itself, which stays as it is")


def _but(kept: list[str]) -> str:
    return f"; changed since labkit wrote them, so they stay: {', '.join(kept)}" if kept else ""


def _summary(marked: Class) -> list[list[str]]:
    """A title line, a line a student, and one for each hand-in that is nobody's."""
    names = [lab.name for lab in marked.labs]
    keys = [k for k in _KEYS if any(k in line.student.keys for line in marked.lines)]
    most = f"{sum(lab.points for lab in marked.labs):g}"
    lines = [["student", *keys, *names, "points", "of", "remark"]]
    lines += [_of_student(line, keys, names, most) for line in marked.lines]
    empty = [""] * (len(keys) + len(names) + 3)
    return lines + [[*empty, f"{name}: {why}"] for name, why in marked.nobodys.items()]


def _of_student(line: Line, keys: list[str], names: list[str], most: str) -> list[str]:
    points = [f"{line.marks[name].points:g}" if name in line.marks else "" for name in names]
    said = [f"{name}: {text}" for name, mark in line.marks.items() if (text := _remark(mark))]
    who = [line.student.label, *(line.student.keys.get(key, "") for key in keys)]
    return [*who, *points, f"{line.points:g}", most, "; ".join([*said, *line.remarks])]


def _remark(mark: Mark) -> str:
    same = [f"the same file as {', '.join(mark.same_as)}"] if mark.same_as else []
    return ", ".join(mark.remarks + mark.doubts + same)
