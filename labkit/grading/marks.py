"""From a table's rows to what each student has: points in each lab, and what a teacher should know.

An exercise that is done has its points (nbgrader's of the check cell, one without), another none.
Of several hand-ins of a lab the last one counts, if their names tell which that is; else the best
answer to each exercise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from labkit.grading import copies
from labkit.grading.labs import Lab
from labkit.grading.roster import Roster, Student, Unassigned
from labkit.grading.senders import Sender, senders
from labkit.grading.submissions import Submission
from labkit.grading.table import DONE, NOT_CHECKED, Row


@dataclass
class Mark:
    """A student's result in one lab: a row for each exercise, and how much of `most` they have.

    doubts: why the points are not final. same_as: who handed in the same file, for teachers only.
    """

    rows: list[Row]
    points: float
    most: float
    sender: Sender
    remarks: list[str]
    doubts: list[str]
    same_as: list[str]


@dataclass
class Line:
    """One student: a mark for each lab that was handed in, and remarks on what else was.

    unread: a remark for each hand-in that could not be checked; sender: of one of the hand-ins.
    """

    student: Student
    handed_in: bool
    marks: dict[str, Mark] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    sender: Sender | None = None

    @property
    def points(self) -> float:
        return sum(mark.points for mark in self.marks.values())


class Class:
    """The lines of a class in the roster's order, and the hand-ins that are nobody's.

    rows: of `runner.check`; asked: names of the labs that count, all that were handed in if None.
    Without a roster, whoever handed in is a student, called as the hand-in is.
    """

    def __init__(
        self,
        rows: list[Row],
        found: Iterable[Submission],
        labs: list[Lab],
        *,
        roster: Roster | None = None,
        asked: list[str] | None = None,
    ):
        self.nobodys: dict[str, str] = {}  # name of a submission -> why
        self.asked = bool(asked)
        here = {row.lab for row in rows}
        self.labs = [lab for lab in labs if (lab.name in asked if asked else lab.name in here)]
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.submission, []).append(row)
        self._senders = senders(list(self._rows))
        self._owners = self._owned(roster)
        self._of: dict[Student, list[str]] = {}
        for name, student in self._owners.items():
            self._of.setdefault(student, []).append(name)
        students = dict.fromkeys([*(roster.students if roster else []), *self._of])
        self.lines = [Line(student, student in self._of) for student in students]
        self._same = self._same_files(found)
        for line in self.lines:
            self._mark(line)

    def _owned(self, roster: Roster | None) -> dict[str, Student]:
        owners = {}
        for name, sender in self._senders.items():
            try:
                owners[name] = roster.owner(sender) if roster else Student(sender.label)
            except Unassigned as why:
                self.nobodys[name] = str(why)
        return owners

    def _same_files(self, found: Iterable[Submission]) -> dict[str, list[Student]]:
        """The other students who handed in the same bytes, where `copies.told` found some."""
        alike: dict[str, list[str]] = {}
        for one in found:
            if any(copies.SAME in row.remark for row in self._rows.get(one.name, [])):
                alike.setdefault(copies.digest(one), []).append(one.name)
        same = {}
        for names in alike.values():
            owners = {self._owners[name] for name in names if name in self._owners}
            for name in names:
                same[name] = sorted(owners - {self._owners.get(name)}, key=lambda s: s.row)
        return same

    def _mark(self, line: Line) -> None:
        mine = self._of.get(line.student, [])
        unread = [name for name in mine if not self._rows[name][0].lab]
        for lab in self.labs:
            if names := [name for name in mine if self._rows[name][0].lab == lab.name]:
                line.marks[lab.name] = self._of_lab(lab, names, unread)
        for name in unread:
            why = copies.without_others(self._rows[name][0].remark)
            line.unread.append(f"not checked: {name.rpartition('/')[2]}: {why}")
        line.remarks += line.unread
        if line.handed_in:
            line.sender = self._senders[mine[-1]]
        else:
            line.remarks.append("handed in nothing")

    def _of_lab(self, lab: Lab, names: list[str], unread: list[str]) -> Mark:
        last = self._last(names)
        rows = [_best(several) for several in zip(*(self._rows[n] for n in last), strict=True)]
        worth = {exercise.name: exercise.points for exercise in lab.exercises}
        points = sum(worth[row.exercise] for row in rows if row.result == DONE)
        same = {other.label: None for name in last for other in self._same.get(name, [])}
        return Mark(
            rows,
            points,
            lab.points,
            self._senders[last[0]],
            remarks=self._remarks(names, last),
            doubts=self._doubts(rows, last, unread),
            same_as=list(same),
        )

    def _doubts(self, rows: list[Row], last: list[str], unread: list[str]) -> list[str]:
        latest = max(self._senders[name].order for name in last)
        later = [n for n in unread if self._senders[n].order > latest and _is_notebook(n)]
        said = ["a later hand-in cannot be read"] if later else []
        unchecked = sum(row.result == NOT_CHECKED for row in rows)
        return [*said, f"{unchecked} not checked"] if unchecked else said

    def _last(self, names: list[str]) -> list[str]:
        """Those that no later one replaces."""
        latest: dict[str, str] = {}
        for sender in (self._senders[name] for name in names):
            latest[sender.file] = max(latest.get(sender.file, ""), sender.order)
        ranks = [(name, self._senders[name]) for name in names]
        return [name for name, sender in ranks if sender.order == latest[sender.file]]

    def _remarks(self, names: list[str], last: list[str]) -> list[str]:
        said = []
        if any(self._senders[name].late for name in last):
            said.append("late")
        if len(names) > len(last):
            said.append(f"the last of {len(names)} hand-ins counts")
        if len(last) > 1:
            said.append(f"of {len(last)} files the best answer to each exercise counts")
        return said


def _best(rows: tuple[Row, ...]) -> Row:
    return min(rows, key=lambda row: copies.BEST_FIRST.index(row.result))


def _is_notebook(name: str) -> bool:
    return name.lower().endswith((".ipynb", ".zip"))
