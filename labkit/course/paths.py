"""Three ways through the labs: the lecture in class, a weekend alone, an instructor's term.

The one place that says which labs a path has, in which order. Titles, minutes, slides and what
builds on what come from the labs (see `catalog`). `make map` writes each path's page from it
(notebooks/path_weekend.md); a lab that isn't there is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labkit.course import catalog, editions
from labkit.course.catalog import Lab


@dataclass(frozen=True)
class Step:
    """A lab, by its number; of a piece for class the headings to take, and its minutes."""

    lab: str
    headings: tuple[str, ...] = ()
    minutes: int | None = None  # None: the lab's own


@dataclass(frozen=True)
class Part:
    """A class, a day or a week: its title, its steps, and what follows from it."""

    title: str
    steps: tuple[Step, ...]
    task: str = ""  # for home, or to hand in


@dataclass(frozen=True)
class LabPath:
    """A way through the labs, in a line and in a paragraph; `done` heads the tasks of its parts."""

    title: str
    brief: str
    about: str
    parts: tuple[Part, ...]
    done: str = ""


PIECE = 20  # minutes of a piece for class


def _labs(*numbers: str) -> tuple[Step, ...]:
    return tuple(Step(number) for number in numbers)


def _piece(lab: str, *headings: str) -> Step:
    return Step(lab, headings, PIECE)


_CLASS_1 = (
    _piece("01", "3. Every pixel of a photo", "Does the map hold still?"),
    _piece(
        "02",
        "1. A small network, and everything it puts out",
        "Which one is trained?",
        "Walk through the network",
    ),
    _piece("03", "1. Would you trust it?", "2. The classifier", "4. Is it the snow?"),
    _piece("04", "1. Still a cat!", "5. Which copies are allowed?"),
)
_CLASS_2 = (
    _piece("05", "4. From ten images to a thousand", "Is it the pretraining, or the pixels?"),
    _piece("07", "1. You are the cop", "5. The game, live"),
    _piece("11", "2. Two actors", "Half a minute of training", "3. Who tells?"),
    _piece("14", "1. Strike a pose", "2. A change nobody sees", "Exercise 2: to a target"),
)
_LECTURE = LabPath(
    "The lecture, in class",
    "two classes of 80 minutes, in pieces of 20",
    "For an instructor: two classes of 80 minutes, each of four pieces of 20. With one class, take "
    "the first. Each piece asks the room to predict something. Open the labs with "
    "`labkit start --path lecture --edition live --projector`. Before class, and where a piece "
    "leaps, `%reveal --until-here` in an empty cell runs what stands above it.",
    (
        Part("Class 1: what did the network learn?", _CLASS_1, "lab 00; lab 03, exercises 1 to 3."),
        Part(
            "Class 2: few examples, fakes, and a school bus",
            _CLASS_2,
            "lab 14, exercises 1 to 3.",
        ),
    ),
    "At home",
)
_WEEKEND = LabPath(
    "A weekend, alone",
    "two days of at most six hours",
    "For a self-learner: two days of at most six hours. Predict before you run, do the exercises, "
    "leave what's folded as *further* for another day.",
    (
        Part("Saturday: what did it learn?", _labs("00", "01", "02", "03", "04")),
        Part("Sunday: few examples, fakes, doubts", _labs("05", "07", "14", "19")),
    ),
)
_WEEKS = (
    Part("Week 1: what depends on what", _labs("00", "01"), "lab 01, exercises 1 to 5."),
    Part(
        "Week 2: inside, and the wrong reason",
        _labs("02", "03"),
        "lab 02, exercises 1 to 4; lab 03, exercises 1 to 3; a paragraph: which shortcut might "
        "your own data hold?",
    ),
    Part(
        "Week 3: more out of few",
        _labs("04"),
        "lab 04, exercises 1 to 4; a paragraph: which changes may your data undergo?",
    ),
    Part(
        "Week 4: what others have trained",
        _labs("05", "05b"),
        "lab 05, exercises 1 to 3; lab 05, part 2, exercises 1 to 5.",
    ),
    Part(
        "Week 5: a distance, and many parameters",
        _labs("06", "13"),
        "lab 06, exercises 1 to 3; lab 13, exercises 1 to 5 and the memo.",
    ),
    Part(
        "Week 6: fakes of digits",
        _labs("07", "08"),
        "lab 07, exercises 1 to 4; lab 08, exercises 1 to 4.",
    ),
    Part(
        "Week 7: fakes of voices and places",
        _labs("09", "10"),
        "lab 09, exercises 1 to 4; lab 10, exercises 1 to 4.",
    ),
    Part(
        "Week 8: fakes that people believe",
        _labs("11", "14"),
        "lab 11, exercises 1 to 4; lab 14, exercises 1 to 4; a page: who should have to prove that "
        "a picture is true?",
    ),
    Part("Week 9: learning to play", _labs("12"), "lab 12, exercises 1 to 4."),
    Part(
        "Week 10: what gets lost, and what labels cost",
        _labs("15", "17"),
        "lab 15, exercises 1 to 4; lab 17, exercises 1 to 4.",
    ),
    Part(
        "Week 11: how far simple steps go",
        _labs("16", "18"),
        "all exercises of the week; a paragraph: what is a tuned winner worth?",
    ),
    Part(
        "Week 12: looking back",
        _labs("19"),
        "the exercises, and the page that the lab ends with: what you now doubt, and why.",
    ),
)
_TERM = LabPath(
    "A term",
    "twelve weeks, and what to hand in",
    "For a course of twelve weeks: all labs, at most three hours a week at home. Students hand in "
    "their notebooks; `labkit check` reads the exercises, you read the paragraphs.",
    _WEEKS,
    "Hand in",
)
PATHS = {"lecture": _LECTURE, "weekend": _WEEKEND, "term": _TERM}


def chosen(labs: list[str] | None = None, path: str | None = None) -> list[Path]:
    """Notebooks of a path in its order, then of the labs named; of all labs if there is neither.

    Raises UnknownLab for a lab that is not there, or if none of the path is.
    """
    if not labs and path is None:
        return editions.lab_paths()
    on_path = [lab.path for lab in labs_of(path)] if path else []
    if path and not on_path:
        raise editions.UnknownLab(f"no lab of the path {path!r} is here")
    return list(dict.fromkeys([*on_path, *(editions.find_lab(lab) for lab in labs or [])]))


def labs_of(name: str) -> list[Lab]:
    """Labs of a path, in its order, each once: `labs_of("weekend")`."""
    here = {lab.number: lab for lab in catalog.labs()}
    numbers = [step.lab for part in PATHS[name].parts for step in part.steps]
    return [here[number] for number in dict.fromkeys(numbers) if number in here]


def page_name(name: str) -> str:
    """File name of a path's page, which lies beside the notebooks."""
    return f"path_{name}.md"
