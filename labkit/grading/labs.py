"""What the release asks for: the exercises of each lab and the check cell of each exercise."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Exercise:
    """One function to write, the cell it is written in, and the cell that checks it."""

    name: str
    cell: str  # its id
    check_cell: str  # its id
    handed_out: str  # source of the check cell in the student edition
    check: str  # source of the check cell with its hidden tests
    points: float = 1.0  # nbgrader's, of the check cell


@dataclass(frozen=True)
class Lab:
    """A lab by the name of its file; `module` is where its checks are, None without one.

    `given`: a `digest` of each code cell that was handed out.
    """

    name: str
    module: str | None
    exercises: tuple[Exercise, ...]
    given: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """What all of its exercises are worth."""
        return sum(exercise.points for exercise in self.exercises)

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict) -> Lab:
        exercises = tuple(Exercise(**entry) for entry in stored["exercises"])
        return cls(stored["name"], stored["module"], exercises, tuple(stored["given"]))


def digest(source: str) -> str:
    """What tells whether a cell is as it was handed out."""
    return hashlib.sha256(source.strip().encode("utf-8", "replace")).hexdigest()[:16]


def released_labs() -> list[Lab]:
    """All labs of this installation that have exercises, in the order of their numbers."""
    from labkit.course import editions  # here: workers do without

    labs = [_lab(path) for path in editions.lab_paths()]
    return [lab for lab in labs if lab.exercises]


def _lab(path) -> Lab:
    from labkit.course import editions

    given = editions.make(path, "student").cells
    full = {cell.id: cell.source for cell in editions.read(path).cells}
    exercises, waiting = [], None
    for cell in given:
        tags = cell.metadata.get("tags", [])
        if "exercise" in tags:
            waiting = cell
        elif "check" in tags and waiting is not None:
            name = _defined(waiting.source)
            sources = (cell.source, full[cell.id])
            exercises.append(Exercise(name, waiting.id, cell.id, *sources, _points(cell)))
            waiting = None
    code = [cell.source for cell in given if cell.cell_type == "code"]
    given = tuple(map(digest, code))
    return Lab(path.stem, _check_module(code), tuple(exercises), given)


def _defined(source: str) -> str:
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    if not names:
        raise ValueError(f"an exercise cell defines no function: {source[:60]!r}")
    return names[0]


def _points(check) -> float:
    """What a check cell is worth: nbgrader's points, one without."""
    return float(check.metadata.get("nbgrader", {}).get("points", 1))


def _check_module(sources: list[str]) -> str | None:
    """Module that the lab imports as `check`: "labkit.checks.lab01"."""
    for source in sources:
        if "labkit.checks" not in source:
            continue
        try:
            tree = ast.parse(source)
        except SyntaxError:  # then the lab itself fails, which is found when it is tried
            continue
        for node in ast.walk(tree):
            for alias in node.names if isinstance(node, ast.ImportFrom) else []:
                if alias.asname == "check" and node.module == "labkit.checks":
                    return f"{node.module}.{alias.name}"
    return None


def identify(cells: list[dict[str, str]], found: list, file: str, labs: list[Lab]) -> Lab | None:
    """The lab a notebook comes from, by its cells' ids and functions, else by the file's name.

    cells: as `submissions.code_cells` gives them; found: its `slices.Statement`s.
    """
    ids = {key for cell in cells for key in (cell["id"], cell["grade_id"]) if key}
    functions = {s.node.name for s in found if isinstance(s.node, ast.FunctionDef)}

    def fit(lab: Lab) -> float:
        asked = {key for e in lab.exercises for key in (e.cell, e.check_cell)}
        names = {e.name for e in lab.exercises}
        return _share(asked, ids) + _share(names, functions) + 0.1 * _is_named(lab, file)

    best = max(labs, key=fit, default=None)
    return best if best and fit(best) > 0 else None


def _share(asked: set[str], here: set[str]) -> float:
    return len(asked & here) / len(asked)


def _is_named(lab: Lab, file: str) -> bool:
    return lab.name.lower() in file.lower()
