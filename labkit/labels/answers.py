"""Labels that somebody typed, kept in a CSV file: path, label, seconds, annotator."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FIELDS = ("path", "label", "seconds", "annotator")


class Answer(NamedTuple):
    """One label: of which picture, which, how long it took (nan: not timed), by whom."""

    path: str
    label: str
    seconds: float
    annotator: str


def free_path(folder: str | Path, annotator: str) -> Path:
    """A name for a new file of this annotator's labels that isn't taken yet."""
    plain = re.sub(r"[^\w-]+", "_", annotator).strip("_") or "somebody"
    numbers = (Path(folder, f"labels_{plain}_{n}.csv") for n in range(1, 100_000))
    return next(path for path in numbers if not path.exists())


def save_answers(path: str | Path, answers: Iterable[Answer], *, new: bool = False) -> None:
    """Write all answers at once: a reader sees the old file or the new one, never half of it.

    With `new` the file must not exist yet, else FileExistsError.
    """
    path = Path(path)
    if new:
        path.touch(exist_ok=False)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(number, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(FIELDS)
            table.writerows(answers)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_answers(path: str | Path) -> dict[str, Answer]:
    """The answers in a file, by picture. ValueError for a file that holds something else."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    try:
        found = [Answer(r["path"], r["label"], float(r["seconds"]), r["annotator"]) for r in rows]
    except (KeyError, TypeError, ValueError) as error:
        wanted = ", ".join(FIELDS)
        raise ValueError(f"{path} is no file of labels: it needs columns {wanted}") from error
    return {answer.path: answer for answer in found}


def in_common(first: dict[str, Answer], second: dict[str, Answer]) -> list[tuple[str, str]]:
    """The labels that two people gave to the same pictures, as pairs."""
    return [(a.label, second[path].label) for path, a in first.items() if path in second]
