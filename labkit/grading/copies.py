"""Hand-ins that are copies of each other: a newer version beside a student's own, a neighbour's."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from labkit.course.reading import NotANotebook
from labkit.grading.submissions import Submission
from labkit.grading.table import DONE, NOT_CHECKED, NOT_DONE, WRONG, Row

SAME = "the same file as"
_NEW = re.compile(r"\.new\d*(?=\.ipynb$)", re.IGNORECASE)
BEST_FIRST = (DONE, WRONG, NOT_DONE, NOT_CHECKED)

Rows = dict[Submission, list[Row]]


def told(rows: Rows) -> Rows:
    """The rows with one set for a notebook and its `.new.ipynb`, and a remark on the same files."""
    return _one_of_two_versions(_same_files(rows))


def without_others(remark: str) -> str:
    """A remark without the names of others' files, as a student may read it."""
    return re.sub(rf"(^|; ){SAME} .*", "", remark, flags=re.DOTALL)


def _same_files(rows: Rows) -> Rows:
    alike: dict[str, list[Submission]] = {}
    for submission, its in rows.items():
        if any(row.result in (DONE, WRONG) for row in its):
            alike.setdefault(digest(submission), []).append(submission)
    told = dict(rows)
    for group in alike.values():
        for submission in group:
            others = [other.name for other in group if other is not submission]
            if others:
                said = f"{SAME} {others[0]}" + f" and {len(others) - 1} more" * (len(others) > 1)
                told[submission] = [_with(row, said) for row in rows[submission]]
    return told


def digest(submission: Submission) -> str:
    """What two submissions have in common if they are the same, byte for byte."""
    try:
        return hashlib.sha256(submission.content()).hexdigest()
    except NotANotebook:
        return submission.name


def _one_of_two_versions(rows: Rows) -> Rows:
    """`labkit start` puts a new version of a lab beside a student's: the better answer counts."""
    by_name, told = {submission.name: submission for submission in rows}, dict(rows)
    for submission in rows:
        own = by_name.get(_NEW.sub("", submission.name))
        if own is None or own is submission:
            continue
        mine, new = told[own], told[submission]
        if [(row.lab, row.exercise) for row in mine] == [(row.lab, row.exercise) for row in new]:
            told[own] = [_better(a, b) for a, b in zip(mine, new, strict=True)]
            del told[submission]
    return told


def _better(mine: Row, new: Row) -> Row:
    if BEST_FIRST.index(mine.result) <= BEST_FIRST.index(new.result):
        return mine
    said = f"in {PurePosixPath(new.submission).name}"
    return _with(new._replace(submission=mine.submission), said)


def _with(row: Row, said: str) -> Row:
    return row._replace(remark="; ".join(filter(None, (row.remark, said))))
