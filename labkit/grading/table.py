"""The table of a check: on the screen, and as CSV with the same content."""

from __future__ import annotations

import csv
import io
from collections import Counter

from labkit.grading.runner import Row

TITLES = Row("submission", "lab", "exercise", "result", "remark")


def as_text(rows: list[Row]) -> str:
    """The rows in columns, and a line of totals."""
    lines = [tuple(_plain(field) for field in row) for row in [TITLES, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(TITLES) - 1)] + [0]
    text = ["  ".join(f.ljust(w) for f, w in zip(x, widths, strict=True)).rstrip() for x in lines]
    text.insert(1, "  ".join("-" * width for width in widths[:-1]))
    return "\n".join([*text, "", totals(rows)])


def totals(rows: list[Row]) -> str:
    """ "3 submissions: 5 done, 2 wrong, 1 not done"."""
    counts = Counter(row.result for row in rows)
    order = ("done", "wrong", "not done", "not checked")
    said = ", ".join(f"{counts[result]} {result}" for result in order if counts[result])
    number = len({row.submission for row in rows})
    return f"{number} submission{'s' * (number != 1)}: {said}"


def as_csv(rows: list[Row]) -> str:
    """The rows as CSV. A field that a spreadsheet would take for a formula begins with `'`."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_no_formula(_plain(field)) for field in row] for row in [TITLES, *rows])
    return file.getvalue()


def _plain(field: str) -> str:
    """One line without control characters, and without halves of characters in file names."""
    field = "".join(c if c.isprintable() else "?" for c in field)
    return field.encode("utf-8", "replace").decode("utf-8")


def _no_formula(field: str) -> str:
    return f"'{field}" if field.startswith(("=", "+", "-", "@")) else field
