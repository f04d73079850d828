"""Editions of a lab, made from the one hand-written notebook.

solution: the notebook as it is. student: solution regions become nbgrader's stub, hidden tests
go, check cells may fail without stopping Run All, answers to predictions are folded. live: the
student edition with empty demo cells that carry their code (labkit.course.live brings it) and
results folded; the speaker's notes, which no edition has, are a page of their own.
Writing the editions into a student's folder is the business of labkit.course.copies.
"""

import copy
import json
import re
from pathlib import Path

from labkit.course import live_edition, notes, reading
from labkit.course.nodes import NotebookNode, v4
from labkit.paths import notebooks_dir

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
CODE_STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]
TEXT_STUB = ["YOUR ANSWER HERE"]
RELEASED = {"edition": "student"}  # metadata of a notebook that labkit.course.release wrote
MARK = re.compile(r"<!--([=?]) (.*?) -->")  # what prose quotes, for tests/prose.py
_LOOKS_LIKE_MARKER = re.compile(r"\s*#+\s*(BEGIN|END)\s*SOLUTIONS?\b", re.IGNORECASE)


class UnknownLab(ValueError):
    """No lab goes by the name that was asked for."""


def lab_paths() -> list[Path]:
    """Paths of the source notebooks, in the order of their numbers."""
    return sorted(notebooks_dir().glob("*.ipynb"))


def find_lab(name: str) -> Path:
    """Source notebook of a lab named "1", "01", "01_derivative_intuition" or "derivative".

    Raises UnknownLab if none or several labs go by that name.
    """
    labs, wanted = lab_paths(), str(name).removesuffix(".ipynb")
    found = [p for p in labs if p.stem == wanted or _same_number(p.stem, wanted)]
    found = found or [p for p in labs if wanted and wanted.lower() in p.stem.lower()]
    if len(found) == 1:
        return found[0]
    problem = "several labs match" if found else "there is no lab"
    names = ", ".join(p.stem for p in found or labs) or "none installed"
    raise UnknownLab(f"{problem} {name!r}; labs: {names}")


def read(path: str | Path) -> NotebookNode:
    """Notebook at `path`, in format 4.5; cells without an id get one (see `reading`).

    Raises ValueError if it is not a notebook.
    """
    try:
        stored = reading.notebook(reading.text_of(Path(path)))
        return v4.reads(json.dumps(stored))
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is not a readable Jupyter notebook: {error}") from error


def to_bytes(notebook: NotebookNode) -> bytes:
    """The notebook as written to disk: same notebook, same bytes."""
    return (v4.writes(notebook).rstrip("\n") + "\n").encode("utf-8")


def solution(notebook: NotebookNode) -> NotebookNode:
    """Copy without the speaker's notes, outputs, execution counts and widget state."""
    notebook = _clean(notebook)
    notebook.cells = [cell for cell in notebook.cells if not live_edition.is_note(cell)]
    for cell in notebook.cells:
        live_edition.forget_result(cell)
        _forget_marks(cell)
    return notebook


def _forget_marks(cell: NotebookNode) -> None:
    """Without the comments in which prose says where its numbers come from (tests/prose.py)."""
    if cell.cell_type == "markdown":
        cell.source = MARK.sub("", cell.source)


def _clean(notebook: NotebookNode) -> NotebookNode:
    notebook = copy.deepcopy(notebook)
    for key in ("widgets", "celltoolbar", "signature"):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def student(notebook: NotebookNode, *, name: str = "notebook") -> NotebookNode:
    """Copy to hand out: no solutions, no hidden tests; unsolved checks do not stop Run All.

    What gives a prediction's answer away is folded. Beside that, cell for cell what nbgrader's
    ClearSolutions and ClearHiddenTests make. Markers that are
    unbalanced, nested, misspelt or in the wrong cell raise ValueError naming `name` and the cell.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        live_edition.fold_answer(cell)
    return _handed_out(solution(notebook), name)


def live(notebook: NotebookNode, *, name: str = "notebook") -> NotebookNode:
    """Copy to teach from: empty demo cells that carry their code, results folded."""
    return live_edition.for_the_room(_prepared(notebook, name))


def speakers_notes(path: str | Path) -> str:
    """Page of the speaker's notes of a lab, each beside its code: see labkit.course.notes."""
    path = Path(path)
    return notes.page(_prepared(read(path), path.name), title=path.stem)


def _prepared(notebook: NotebookNode, name: str) -> NotebookNode:
    full = _clean(notebook)
    for cell in full.cells:
        _forget_marks(cell)
    return live_edition.prepare(_handed_out(copy.deepcopy(full), name), full)


EDITIONS = {
    "student": student,
    "solution": lambda notebook, *, name: solution(notebook),
    "live": live,
}


def make(name_or_path: str | Path, edition: str) -> NotebookNode:
    """A lab, by name or path, in one edition ("student", "solution", "live")."""
    if edition not in EDITIONS:
        raise ValueError(f"edition {edition!r} is unknown; choose from {', '.join(EDITIONS)}")
    path = Path(name_or_path)
    path = path if path.is_file() else find_lab(str(name_or_path))
    notebook = read(path)
    if notebook.metadata.get("labkit") == RELEASED:
        if edition != "student":
            raise ValueError(f"{path.name} came with a release for students: no {edition} edition")
        return solution(notebook)
    return EDITIONS[edition](notebook, name=path.name)


def _handed_out(notebook: NotebookNode, name: str) -> NotebookNode:
    for index, cell in enumerate(notebook.cells):
        where = f"{name}, cell {index} ({cell.get('id', 'no id')})"
        _clear_solution(cell, where)
        _clear_hidden_tests(cell, where)
        _let_check_fail(cell)
    return notebook


def _clear_solution(cell: NotebookNode, where: str) -> None:
    stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
    is_solution = cell.metadata.get("nbgrader", {}).get("solution", False)
    lines = cell.source.split("\n")
    if cell.cell_type == "code":
        _reject_misspelt(lines, where)
    kept, found = _without_regions(
        lines,
        begins=lambda line: line.strip() == BEGIN,
        ends=lambda line: line.strip() == END,
        stub=stub,
        where=f"{where}: solution",
    )
    if found and not is_solution:
        raise ValueError(f"{where}: a solution region needs nbgrader metadata with solution: true")
    if is_solution and not found:
        kept = stub
    cell.source = "\n".join(kept)


def _clear_hidden_tests(cell: NotebookNode, where: str) -> None:
    kept, found = _without_regions(
        cell.source.split("\n"),
        begins=lambda line: BEGIN_HIDDEN in line,
        ends=lambda line: END_HIDDEN in line,
        stub=[],
        where=f"{where}: hidden tests",
    )
    if found and not cell.metadata.get("nbgrader", {}).get("grade", False):
        raise ValueError(f"{where}: hidden tests need nbgrader metadata with grade: true")
    cell.source = "\n".join(kept)


def _without_regions(lines, *, begins, ends, stub, where) -> tuple[list[str], bool]:
    """Lines with each region replaced by the stub at its indentation, and whether one was there."""
    kept, inside, found = [], False, False
    for line in lines:
        if begins(line):
            if inside:
                raise ValueError(f"{where} begins twice before it ends (nested markers)")
            inside = found = True
            indent = line[: len(line) - len(line.lstrip())]
            kept += [indent + text for text in stub]
        elif ends(line):
            if not inside:
                raise ValueError(f"{where} ends without having begun")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"{where} begins and never ends")
    return kept, found


def _reject_misspelt(lines: list[str], where: str) -> None:
    for line in lines:
        if _LOOKS_LIKE_MARKER.match(line) and line.strip() not in (BEGIN, END):
            raise ValueError(f"{where}: write {line.strip()!r} exactly as {BEGIN!r} or {END!r}")


def _let_check_fail(cell: NotebookNode) -> None:
    tags = cell.metadata.get("tags", [])
    if "check" in tags and "raises-exception" not in tags:
        cell.metadata["tags"] = [*tags, "raises-exception"]


def _same_number(stem: str, wanted: str) -> bool:
    number = re.match(r"(\d+)_", stem)
    return bool(number) and wanted.isdecimal() and int(wanted) == int(number[1])
