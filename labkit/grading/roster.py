"""The class as a CSV file says it, and who of it handed a file in.

Canvas's exported gradebook, Moodle's grading worksheet (English or German) and any list with a
title line are told apart by their titles. Nobody is guessed: what fits two students, or none, is
named. Numbers of a platform count only in that platform's own file, and only if the name agrees:
a group's hand-in bears a group's name, and on Moodle a group's number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from labkit.grading.senders import Sender
from labkit.grading.sheet import Sheet

_TITLES = {  # what a column holds -> its titles, the more telling first
    "first": ["first name", "firstname", "given name", "vorname"],
    "last": ["last name", "lastname", "surname", "family name", "nachname"],
    "name": ["full name", "student", "student name", "name", "vollständiger name"],
    "id": [
        *("sis user id", "student id", "student number", "id number", "id-nummer"),
        *("matrikelnummer", "id"),
    ],
    "login": ["sis login id", "login id", "login", "username", "user name", "anmeldename"],
    "email": ["email address", "email", "e-mail", "e-mail address", "e-mail-adresse", "mail"],
}
_IDENTIFIER, _GRADE = ["identifier", "id"], ["grade", "bewertung"]
_MAXIMUM, _COMMENTS = (
    ["maximum grade", "bestwertung"],
    ["feedback comments", "feedback als kommentar"],
)
_LAB = re.compile(r"(lab[ _-]*)?\d{1,2}[a-z]?(_.*|\.ipynb.*)?", re.IGNORECASE)


class Unassigned(ValueError):
    """A hand-in that belongs to nobody in the roster, or to more than one; the message says why."""


@dataclass(frozen=True)
class Student:
    """A line of the roster. keys: "number" (the platform's), "id", "login", "email", if given."""

    name: str
    row: int = -1
    keys: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def label(self) -> str:
        """The name, or what else there is."""
        return self.name or next(filter(None, self.keys.values()), "")


class Roster:
    """The students of a class in the order of their file, and the file itself.

    platform: "canvas", "moodle" or "" for another list. Raises ValueError for a file that is no
    such list.
    """

    def __init__(self, path: str | Path):
        self.path, self.sheet = Path(path), Sheet.read(path)
        self.titles = [title.strip().casefold() for title in self.sheet.rows[0]]
        self.platform = self._platform()
        self._columns = {kind: self.column(titles) for kind, titles in _TITLES.items()}
        if self.platform == "moodle" and self._columns["id"] == self.column(_IDENTIFIER):
            self._columns["id"] = None
        firsts = [row[0].strip() for row in self.sheet.rows if self.platform == "canvas"]
        self._points = firsts.index("Points Possible") if "Points Possible" in firsts else None
        self.students = self._students()
        if not self.students:
            raise ValueError(
                f"{path} names no students: its first line must have the titles of its columns, "
                "such as Name, ID number, Login or Email address"
            )

    def column(self, titles: list[str]) -> int | None:
        """Number of the column with the first of the titles that there is."""
        found = [self.titles.index(title) for title in titles if title in self.titles]
        return found[0] if found else None

    @property
    def grade(self) -> int | None:
        """The column for grades of Moodle's worksheet."""
        return self.column(_GRADE) if self.platform == "moodle" else None

    @property
    def comments(self) -> int | None:
        """The column for comments of Moodle's worksheet."""
        return self.column(_COMMENTS) if self.platform == "moodle" else None

    def maximum(self, row: int, column: int) -> str:
        """The points that the file says one can have in a column; "" where it does not."""
        if self.platform == "moodle":
            return self.sheet.value(row, self.column(_MAXIMUM))
        return self.sheet.value(self._points, column) if self._points else ""

    def owner(self, sender: Sender) -> Student:
        """Whose hand-in it is. Raises Unassigned unless it is exactly one student's."""
        if sender.platform == self.platform != "":
            found = [s for s in self.students if s.keys.get("number") == sender.id]
            if found and (self._agrees(sender, found[0]) or not sender.name):
                return found[0]
            if found:
                raise Unassigned(
                    f"its number is that of {found[0].label}, its name is not: a group's?"
                )
        texts = [sender.login, sender.name] if sender.platform else _own_parts(sender)
        found = {s.row: s for text in filter(None, texts) for s in self._called(text)}
        if len(found) > 1:
            names = ", ".join(student.label for student in found.values())
            raise Unassigned(f"it may be of {names}")
        if not found:
            raise Unassigned("nobody in the roster has its name or number")
        return next(iter(found.values()))

    def _called(self, text: str) -> list[Student]:
        """The students with this text for an id, else for a login, an address or a name."""
        for kind in ("id", "login", "email"):
            said = text.strip().casefold()
            if found := [s for s in self.students if s.keys.get(kind, "").casefold() == said]:
                return found
        names = _in_order(text)
        for keys in (_in_order, _turned):
            if found := [s for s in self.students if names & keys(s.name)]:
                return found
        return []

    def _agrees(self, sender: Sender, student: Student) -> bool:
        """Whether the names are the same, or the platform hides them (Moodle: Participant 12)."""
        hidden = self.sheet.value(student.row, self.column(_IDENTIFIER))
        if not student.name or letters(hidden.rstrip("0123456789")) == letters(sender.name):
            return True
        return bool(_in_order(sender.name) & (_in_order(student.name) | _turned(student.name)))

    def _platform(self) -> str:
        named = {"student"} <= set(self.titles) or {"lastname", "firstname"} <= set(self.titles)
        if named and {"id", "section"} <= set(self.titles):
            return "canvas"
        worksheet = [self.column(titles) for titles in (_IDENTIFIER, _GRADE, _MAXIMUM)]
        return "moodle" if None not in worksheet else ""

    def _students(self) -> list[Student]:
        found = [self._student(row) for row in range(1, len(self.sheet.rows))]
        if self.platform:  # Canvas has lines of points and of notes above the students
            return [student for student in found if student.keys.get("number")]
        return [student for student in found if student.name or student.keys]

    def _student(self, row: int) -> Student:
        said = {kind: self.sheet.value(row, c) for kind, c in self._columns.items()}
        both = f"{said.pop('first')} {said.pop('last')}".strip()
        name = both or said["name"]
        del said["name"]
        if self.platform == "canvas":
            number = self.sheet.value(row, self.titles.index("id"))
            said["number"] = number if number.isdigit() else ""
            said["id"] = said["id"] if said["id"] != number else ""
        elif self.platform == "moodle":
            found = re.search(r"\d+$", self.sheet.value(row, self.column(_IDENTIFIER)))
            said["number"] = found[0] if found else ""
        return Student(name, row, {kind: text for kind, text in said.items() if text})


def letters(text: str) -> str:
    """A name's letters, marks and digits, whatever stands between them and however large."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in text if unicodedata.category(letter)[0] in "LMN")


def _in_order(name: str) -> set[str]:
    """Letters of a name; of "Last, First" also with the first name first."""
    last, comma, first = name.partition(",")
    return {letters(name), letters(first + last if comma else name)} - {""}


def _turned(name: str) -> set[str]:
    """Letters of a name with some of its last words first: Canvas has "lastfirst"."""
    words = name.replace(",", " ").split()
    return {letters("".join(words[i:] + words[:i])) for i in range(len(words))} - {""}


def _own_parts(sender: Sender) -> list[str]:
    """What in a hand-in's name may be a student: no lab, with and without the file's suffix."""
    *folders, file = sender.parts
    parts = [*folders, file, re.sub(r"\.(ipynb.*|\w{1,5})$", "", file)]
    return [part for part in parts if not _LAB.fullmatch(part)]
