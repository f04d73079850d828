"""A questionnaire, "how many hours did you take?", answered as people answer: by seed, or by you.

Nobody was asked: hours are drawn (log-normal, half of the students take less than ten), and each
is written down in one of several ways. So the true hours are known, and a parser can be held
against them. A class's own answers are read from a CSV file or from typed lines; nothing leaves the
machine.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

MEDIAN, SPREAD, ALIKE = 10.0, 0.5, 0.7  # hours; sd and correlation of their logarithms
HOMEWORKS = ("hw1", "hw2", "hw3")
_NUMBER = r"\d+(?:\.\d+)?"
_AMOUNT = re.compile(rf"({_NUMBER})(?:\s*(?:-|–|to)\s*({_NUMBER}))?\s*(min|day)?")
_UNITS = {"min": 1 / 60, "day": 8.0, None: 1.0}  # hours


class Survey(NamedTuple):
    """N students: true hours (N, 3) for homeworks 1 to 3, and what they wrote, N lists of 3."""

    hours: np.ndarray
    texts: list[list[str]]


def make_hours(students: int, ratios: Sequence[float] = (1, 1, 1), *, seed: int = 0) -> np.ndarray:
    """True hours (N, len(ratios)) by homework; each takes `ratio` times as long as usual.

    Who is slow once is slow again: the logarithms correlate with 0.7 between homeworks.
    """
    rng = np.random.default_rng(seed)
    habit = ALIKE**0.5 * rng.normal(size=(students, 1))
    day = (1 - ALIKE) ** 0.5 * rng.normal(size=(students, len(ratios)))
    return MEDIAN * np.exp(SPREAD * (habit + day)) * np.asarray(ratios, dtype=float)


def make_survey(
    students: int = 40, ratios: Sequence[float] = (1, 1.2, 1.2), *, seed: int = 0
) -> Survey:
    """Answers of a class that took `ratios` times the usual hours for its homeworks.

    >>> made = make_survey(3, seed=1)
    >>> made.hours.shape, len(made.texts), len(made.texts[0])
    ((3, 3), 3, 3)
    """
    hours = make_hours(students, ratios, seed=seed)
    rng = np.random.default_rng([seed, 1])
    return Survey(hours, [[written(float(h), rng) for h in row] for row in hours])


def _plain(hours: float, rng) -> str:
    return f"{hours:.0f}"


def _range(hours: float, rng) -> str:
    half = max(1, round(0.2 * hours))
    return f"{max(hours - half, 0):.0f}{rng.choice(['-', '–', ' to '])}{hours + half:.0f}"


def _unit(hours: float, rng) -> str:
    return rng.choice([f"{hours:.0f}h", f"ca. {hours:.0f} hours", f"{hours:.0f} hrs"])


def _minutes(hours: float, rng) -> str:
    return f"{round(hours * 4) * 15} min"


def _comma(hours: float, rng) -> str:
    return f"{hours:.1f} h".replace(".", ",")


def _days(hours: float, rng) -> str:
    halves = max(1, round(hours / 4))
    if halves == 1:
        return "half a day"
    return f"{halves / 2:g} day{'s' * (halves > 2)}"


def _remark(hours: float, rng) -> str:
    return f"~{hours:.0f}, mostly on question {rng.integers(2, 5)}"


def _at_least(hours: float, rng) -> str:
    return f"{hours:.0f}+"


def _none(hours: float, rng) -> str:
    return rng.choice(["", "too many" if hours > 12 else "it was ok"])


MESSES = {  # kind of answer -> (how frequent, hours -> text)
    "a number": (0.42, _plain),
    "a range": (0.15, _range),
    "a unit": (0.10, _unit),
    "minutes": (0.07, _minutes),
    "a decimal comma": (0.07, _comma),
    "days": (0.06, _days),
    "a remark": (0.05, _remark),
    "at least": (0.04, _at_least),
    "no number": (0.04, _none),
}


def written(hours: float, rng: np.random.Generator) -> str:
    """What somebody who took so many hours writes: one of the `MESSES`, drawn by `rng`."""
    shares, makers = zip(*MESSES.values(), strict=True)
    kind = rng.choice(len(makers), p=np.array(shares) / sum(shares))
    return str(makers[kind](hours, rng))


def read_hours(text: str) -> float:
    """The hours that an answer means; nan if it has no number.

    A range is its middle, a day has 8 hours, "half a" is 0.5, a comma between digits is a point,
    and only the first amount counts.

    >>> [read_hours(text) for text in ("10-15", "90 min", "half a day", "7,5 h", "too many")]
    [12.5, 1.5, 4.0, 7.5, nan]
    """
    text = re.sub(r"(\d),(\d)", r"\1.\2", text.lower()).replace("half a", "0.5")
    found = _AMOUNT.search(text)
    if not found:
        return float("nan")
    low, high, unit = found.groups()
    return (float(low) + float(high or low)) / 2 * _UNITS[unit]


def read_answers(source: str | Path | Iterable[str]) -> list[list[str]]:
    """A class's own answers, a list of three texts a student: from a CSV file, or typed lines.

    A file has the columns hw1, hw2, hw3 (others are passed over); a typed line has its three
    answers apart by semicolons. ValueError, with what to do, for anything else.

    >>> read_answers(["10-15; 12h; ", "8; half a day; 9"])
    [['10-15', '12h', ''], ['8', 'half a day', '9']]
    """
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    rows = [[part.strip() for part in line.split(";")] for line in source if line.strip()]
    for row in rows:
        if len(row) != len(HOMEWORKS):
            raise ValueError(
                f"{'; '.join(row)!r} has {len(row)} answers: give {len(HOMEWORKS)}, apart by "
                "semicolons (leave one empty where nothing was answered)"
            )
    return rows


def _from_file(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        names = {str(name).strip().lower(): name for name in table.fieldnames or []}
        if missing := [name for name in HOMEWORKS if name not in names]:
            raise ValueError(
                f"{path} lacks the column {missing[0]}: the first line has to be "
                f"{','.join(HOMEWORKS)} (more columns do no harm)"
            )
        return [[(row[names[name]] or "").strip() for name in HOMEWORKS] for row in table]
