"""The table of a check: on the screen, and as CSV with the same content."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

NOT_CHECKED = "not checked"
DONE, WRONG, NOT_DONE = "done", "wrong", "not done"


class Row(NamedTuple):
    """One line of the table; `result` is done, wrong, not done or not checked."""

    submission: str
    lab: str
    exercise: str
    result: str
    remark: str


LONGEST = 60  # letters of a name on the screen
TITLES = Row("submission", "lab", "exercise", "result", "remark")


def as_text(rows: list[Row]) -> str:
    """The rows in columns, long names cut, and a line of totals."""
    lines = [tuple(_plain(field) for field in row) for row in [TITLES, *rows]]
    lines = [(*map(_cut, line[:-1]), line[-1]) for line in lines]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(TITLES) - 1)]
    text = []
    for *fields, remark in lines:
        padded = [f + " " * (w - _width(f)) for f, w in zip(fields, widths, strict=True)]
        text.append("  ".join([*padded, remark]).rstrip())
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*text, "", totals(rows)])


def totals(rows: list[Row]) -> str:
    """ "3 submissions: 5 done, 2 wrong, 1 not done"."""
    counts = Counter(row.result for row in rows)
    order = (DONE, WRONG, NOT_DONE, NOT_CHECKED)
    said = ", ".join(f"{counts[result]} {result}" for result in order if counts[result])
    number = len({row.submission for row in rows})
    return f"{number} submission{'s' * (number != 1)}: {said}"


def as_csv(rows: list[Row], *, titles: bool = True) -> str:
    """The rows as CSV; titles: with a first line of them."""
    return lines_as_csv([TITLES, *rows] if titles else rows)


def lines_as_csv(lines: Iterable[Iterable[str]]) -> str:
    """Lines of fields as CSV, quoted whatever a spreadsheet takes for the separator.

    A field that it would take for a formula begins with `'`.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([_no_formula(_plain(field)) for field in line] for line in lines)
    return file.getvalue()


def _plain(field: str) -> str:
    """One line without control characters, and without halves of characters in file names."""
    field = "".join(c if c.isprintable() else "?" for c in field)
    return field.encode("utf-8", "replace").decode("utf-8")


def _width(field: str) -> int:
    """Columns on a screen: Chinese and the like take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in field)


def _cut(field: str) -> str:
    """A name of at most `LONGEST` columns: its begin and its end."""
    if _width(field) <= LONGEST:
        return field
    kept = LONGEST * len(field) // _width(field) - 3
    return f"{field[: kept - kept // 2]}...{field[-(kept // 2) :]}"


def _no_formula(field: str) -> str:
    return f"'{field}" if field.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) else field
