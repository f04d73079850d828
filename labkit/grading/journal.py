"""What a check has found so far, on the disk: a check that was ended goes on from there.

Two files. The table (CSV) is for people: rows are added as they come, and at the end all are
written once more, in order, with the remarks that need all of them. The journal beside it is for
labkit: a line of JSON for each submission that is through, with the rows as they were found and a
key of all that they depend on: name and content of the submission, the labs, labkit's own code,
the limits. Whatever of this changes, the submission is checked again. So is what could not be
checked.

Marks in the table itself would be one file less, but people sort tables and save them from
spreadsheets, and who hands in a copy only shows at the end. The journal is never rewritten: a line
is added and on the disk (fsync) before its rows go into the table. A line that was cut off is no
JSON, so it doesn't count, and the next line begins below it. Parts of a check (`--shard`) keep
journals of their own; every check reads them all.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import labkit
from labkit.course.reading import NotANotebook
from labkit.grading import table
from labkit.grading.labs import Lab
from labkit.grading.limits import Limits
from labkit.grading.submissions import Submission
from labkit.grading.table import NOT_CHECKED, Row

SUFFIX = ".journal"


class Journal:
    """A table and the journal beside it. Use in a `with` block.

    path: the table's, as `part_of` gives it for a part of a check; keys: those of all submissions
    of this check; journals: what to read, see `journals_of`. `found` has the rows of submissions
    that need no check any more. Raises OSError where it cannot read or write.
    """

    def __init__(self, path: Path, keys: dict[Submission, str], *, journals: list[Path]):
        self._path, self._keys, self._adding = path, keys, threading.Lock()
        known = {key: rows for journal in journals for key, rows in entries(journal)}
        self.found = {one: known[key] for one, key in keys.items() if key in known}
        own = path.with_name(path.name + SUFFIX)
        self._lines = open(own, "ab")
        if _ends_within_a_line(own):
            self._lines.write(b"\n")
        self._write([row for rows in self.found.values() for row in rows])
        self._table = open(path, "a", encoding="utf-8")

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: Any) -> None:
        self._lines.close()
        self._table.close()

    def add(self, submission: Submission, rows: list[Row]) -> None:
        """Keep the rows of a submission that is through; from any thread."""
        line = json.dumps({"key": self._keys[submission], "rows": rows})
        with self._adding:
            self._lines.write(f"{line}\n".encode())
            self._lines.flush()
            os.fsync(self._lines.fileno())
            self._table.write(table.as_csv(rows, titles=False))
            self._table.flush()

    def finish(self, rows: list[Row]) -> None:
        """Write the table anew, with all rows in their order."""
        self._table.close()
        self._write(rows)

    def _write(self, rows: list[Row]) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_text(table.as_csv(rows), encoding="utf-8")
        os.replace(new, self._path)


def part_of(path: Path, number: int, parts: int) -> Path:
    """Where a part of a check writes: "table.3-of-8.csv" for "table.csv"."""
    return path.with_name(f"{path.stem}.{number}-of-{parts}{path.suffix}")


def journals_of(path: Path) -> list[Path]:
    """The journals that there are of a table and of its parts."""
    stem, suffix = glob.escape(path.stem), glob.escape(path.suffix + SUFFIX)
    parts = sorted(path.parent.glob(f"{stem}.*-of-*{suffix}"))
    own = path.with_name(path.name + SUFFIX)
    return parts + [own] * own.exists()


def keys_of(submissions: list[Submission], labs: list[Lab], limits: Limits) -> dict:
    """Submission -> hash of all that its rows depend on."""
    release = _release(labs, limits)
    return {submission: _key(submission, release) for submission in submissions}


def entries(journal: Path) -> Iterator[tuple[str, list[Row]]]:
    """Key and rows of each whole line of a journal that says what was found."""
    for line in journal.read_bytes().split(b"\n"):
        try:
            stored = json.loads(line)
            key, rows = str(stored["key"]), [Row(*map(str, row)) for row in stored["rows"]]
        except (ValueError, TypeError, KeyError):  # cut off, or none of labkit's
            continue
        if rows and NOT_CHECKED not in {row.result for row in rows}:
            yield key, rows


def _ends_within_a_line(path: Path) -> bool:
    with open(path, "rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def _key(submission: Submission, release: str) -> str:
    try:
        content = submission.content()
    except NotANotebook as problem:
        content = str(problem).encode("utf-8", "replace")
    named = json.dumps([release, submission.name, submission.file, submission.remark])
    return hashlib.sha256(named.encode() + b"\n" + content).hexdigest()


def _release(labs: list[Lab], limits: Limits) -> str:
    told = json.dumps([labkit.__version__, asdict(limits), [lab.as_json() for lab in labs]])
    made = hashlib.sha256(told.encode())
    for module in sorted(Path(labkit.__file__).parent.rglob("*.py")):
        made.update(module.read_bytes())
    return made.hexdigest()
