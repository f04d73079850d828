"""How far a student is: the labs, their minutes, and the exercises solved in a folder of copies.

Everything is read from the notebooks as they were last saved: an exercise counts as solved if the
last run of its check printed the green line. Nothing is recorded elsewhere, nothing is sent.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from labkit.course import catalog, editions, prediction
from labkit.course.nodes import NotebookNode

_SOLVED = "✓"
_CHECK = re.compile(r"^check\.(\w+)\(\s*\1\b", re.MULTILINE)
_STATES = {"solved": "●", "tried": "◐", "open": "○"}
_PLAIN = str.maketrans({"●": "*", "◐": "+", "○": "-"})


@dataclass(frozen=True)
class LabProgress:
    """One lab: its notebook's stem, title, minutes (if it says), and its exercises' states.

    `exercises` maps the name of each exercise to "solved", "tried" (its check has been run) or
    "open". `answers` are its predictions, as `prediction.read` gives them.
    """

    lab: str
    title: str
    minutes: int | None
    exercises: dict[str, str]
    answers: prediction.Answers = field(default_factory=dict)

    @property
    def right(self) -> int:
        """How many of the predictions came true."""
        return prediction.score(self.answers)[0]

    @property
    def predicted(self) -> int:
        """Of how many predictions the result is out."""
        return prediction.score(self.answers)[1]

    @property
    def solved(self) -> int:
        """How many of the exercises are solved."""
        return sum(state == "solved" for state in self.exercises.values())


def progress(folder: str | Path = ".") -> list[LabProgress]:
    """What the working copies in `folder` say, for every lab in order, begun or not.

    Copies are known by their checks, so a renamed one counts, or one that lost its cells' ids, and
    of several copies of a lab the best state of each exercise. What is no notebook is passed over.
    NotADirectoryError if there is no such folder.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"there is no folder {folder}; labs go there with: labkit start")
    labs = {path.stem: editions.read(path) for path in editions.lab_paths()}
    checks = {lab: _check_names(notebook) for lab, notebook in labs.items()}
    states = {lab: dict.fromkeys(names.values(), "open") for lab, names in checks.items()}
    named = {}  # copies' names -> labs
    for path in sorted(folder.glob("*.ipynb")):
        copy = _readable(path)
        lab = _lab_of(copy, checks) if copy else None
        for name, state in _states(copy, checks[lab]).items() if lab else ():
            best = min(state, states[lab][name], key=list(_STATES).index)
            states[lab][name] = best
        if lab:
            named[path.stem] = lab
    answers = _answers(folder, named, list(labs))
    return [LabProgress(lab, *_heading(labs[lab]), states[lab], answers[lab]) for lab in labs]


def as_text(labs: list[LabProgress], *, encoding: str = "utf-8") -> str:
    """A table for the terminal, a line a lab; encoding: of a screen that may lack the dots."""
    width = max((len(lab.title) for lab in labs), default=0)
    lines = [f"{'lab':{width}}  minutes  exercises solved  predictions"]
    for lab in labs:
        dots = "".join(_STATES[state] for state in lab.exercises.values())
        count = f"{lab.solved} of {len(lab.exercises)} {dots:8}"
        line = f"{lab.title:{width}}  {lab.minutes or '':>7}  {count:16}  {_predicted(lab)}"
        lines.append(line.rstrip())
    text = "\n".join([*lines, "", _total(labs)])
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN)
    return text


def show(folder: str | Path = ".") -> None:
    """Display the progress in `folder` (of a notebook: the folder it lies in) as a table."""
    from IPython.display import display

    labs = progress(folder)
    display({"text/html": as_html(labs), "text/plain": as_text(labs)}, raw=True)


def as_html(labs: list[LabProgress]) -> str:
    """A table for a notebook: each lab a link, each exercise named by its dot."""
    rows = "".join(map(_row, labs))
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("lab", "minutes", "exercises solved", "predictions")
    )
    return (
        f"<table><caption>{html.escape(_total(labs))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(lab: LabProgress) -> str:
    dots = "".join(
        f'<span title="{html.escape(f"{name}: {state}")}">{_STATES[state]}</span>'
        for name, state in lab.exercises.items()
    )
    return (
        f'<tr><td style="text-align:left"><a href="{html.escape(lab.lab)}.ipynb">'
        f"{html.escape(lab.title)}</a></td><td>{lab.minutes or ''}</td>"
        f'<td style="text-align:left">{lab.solved} of {len(lab.exercises)} '
        f'<span aria-hidden="true">{dots}</span></td><td>{_predicted(lab)}</td></tr>'
    )


def _predicted(lab: LabProgress) -> str:
    return f"{lab.right} of {lab.predicted} right" if lab.predicted else ""


def _total(labs: list[LabProgress]) -> str:
    solved, count = sum(lab.solved for lab in labs), sum(len(lab.exercises) for lab in labs)
    return f"{solved} of {count} exercises solved, as the notebooks were last saved"


def _answers(folder: Path, named: dict[str, str], labs: list[str]) -> dict[str, prediction.Answers]:
    """The predictions in a folder, by lab: that of the notebook they lie beside, or of their name.

    Where an editor doesn't name the notebook the file has the lab's number ("lab03").
    """
    answers = {lab: {} for lab in labs}
    numbers = {f"lab{lab.partition('_')[0]}": lab for lab in labs}
    for name, path in sorted(prediction.files(folder).items()):
        lab = named.get(name) or numbers.get(name) or (name if name in labs else None)
        if lab:
            answers[lab] |= prediction.read(path)
    return answers


def _readable(path: Path) -> NotebookNode | None:
    try:
        return editions.read(path)
    except (ValueError, OSError):
        return None


def _check_names(notebook: NotebookNode) -> dict[str, str]:
    """Ids of the check cells -> names of the exercises."""
    cells = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", [])]
    return {cell.id: _checked(cell) for cell in cells}


def _checked(cell: NotebookNode) -> str | None:
    """Name of the exercise that this cell's last check is for, None without a check."""
    found = _CHECK.findall(cell.source) if cell.cell_type == "code" else []
    return found[-1] if found else None


def _lab_of(notebook: NotebookNode, checks: dict[str, dict[str, str]]) -> str | None:
    """The lab that shares most check cells with this notebook; None if none does.

    Cells are compared by their ids; names of exercises decide where no id is left.
    """
    ids = {cell.id for cell in notebook.cells}
    names = {_checked(cell) for cell in notebook.cells}

    def shared(lab: str) -> tuple[int, int]:
        return len(ids & set(checks[lab])), len(names & set(checks[lab].values()))

    best = max(checks, key=shared, default=None)
    return best if best and any(shared(best)) else None


def _states(notebook: NotebookNode, names: dict[str, str]) -> dict[str, str]:
    """Exercises -> states; of several cells with the same check the last that was run counts."""
    states = dict.fromkeys(names.values(), "open")
    for cell in notebook.cells:
        name = names.get(cell.id) or _checked(cell)
        state = _state(cell) if name in states else "open"
        if state != "open":
            states[name] = state
    return states


def _state(cell: NotebookNode) -> str:
    outputs = cell.get("outputs", [])
    printed = "".join(str(output.get("text", "")) for output in outputs)
    if any(output.get("output_type") == "error" for output in outputs):
        return "open" if _not_done(outputs) else "tried"
    return "solved" if _SOLVED in printed else "open"


def _not_done(outputs: list[NotebookNode]) -> bool:
    return any(output.get("ename") == "NotDone" for output in outputs)


def _heading(notebook: NotebookNode) -> tuple[str, int | None]:
    """Title and minutes, as the lab's first cell has them."""
    return catalog.title_of(notebook), catalog.minutes_of(notebook)
