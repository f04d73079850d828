"""Numbers in a lab's prose, held against the run: `python tests/prose.py 03` tells what is wrong.

A number that prose quotes from a result carries, right behind it, a comment that no reader sees:

    It is 1.87<!--= gain.mean() --> times as good, about .3<!--= low ± .05 --> at worst, and
    most of them<!--? right > 10 --> are right.

`=`: the number before it must be the expression's value, rounded (to 0.6 of its last digit, which
leaves other processors some room) or within the stated room. `?`: the condition must hold. Both are
evaluated in the kernel, after the cells above. `checked` adds cells that do it; `make test` runs
the solution edition with them.
"""

import ast
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
from making import ROOT

from labkit.course import editions
from labkit.course.editions import MARK

_NUMBER = re.compile(r"([-−+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+))([^\d<]{0,20})$")
_ROOM = re.compile(r"(.*) ± ([\d.e-]+)$")
_LEFT_OUT = re.compile(r"`[^`]*`|\$[^$]*\$|<!--.*?-->|\]\([^)]*\)|95 % (?:confidence )?interval")
_EXACT = re.compile(r"(?<![\w.])[-−+]?(?:\d*\.\d+|\d+(?= ?%))")
_HELD = """
def _held(where, text, expression, said, room):
    try:
        value = eval(expression, globals())
        value = bool(value) if said is None else float(value)
    except Exception as error:
        return None, f"{where}: {expression} fails: {error!r}"
    right = value if said is None else abs(value - said) <= room
    return value, "" if right else f"{where}: {text!r}, but {expression} is {value}"


_values, _wrong = zip(*(_held(*mark) for mark in _marks))
assert not any(_wrong), "\\n".join(filter(None, _wrong))
"""


@dataclass(frozen=True)
class Mark:
    """What the text says, the expression, and for a number its value and the room around it."""

    text: str
    expression: str
    said: float | None = None
    room: float | None = None


def marks_of(prose: str) -> list[Mark]:
    """All marks in a text. ValueError if one has no number before it or no expression in it."""
    found = []
    for match in MARK.finditer(prose):
        kind, expression = match.groups()
        before = prose[: match.start()].rpartition("\n")[2]
        before = MARK.sub(lambda earlier: " " * len(earlier[0]), before)
        if kind == "?":
            found.append(Mark(before[-40:], expression))
        else:
            found.append(_of_number(before, expression))
        try:
            body = ast.parse(found[-1].expression, mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"{match[0]}: {error}") from None
        if isinstance(body, ast.Constant):
            raise ValueError(f"{match[0]}: it says itself")
    if prose.count("<!--=") + prose.count("<!--?") != len(found):
        raise ValueError(f"a mark reads <!--= ... --> or <!--? ... --> on one line: {prose[:60]!r}")
    return found


def _of_number(before: str, expression: str) -> Mark:
    number = _NUMBER.search(before)
    if not number:
        raise ValueError(f"no number before <!--= {expression} -->: {before[-40:]!r}")
    digits = number[1].replace("−", "-").replace(",", "")
    room = 0.6 * 10.0 ** -len(digits.partition(".")[2])
    if stated := _ROOM.match(expression):
        expression, room = stated[1], float(stated[2])
    return Mark(before[number.start() :], expression, float(digits), room)


def unmarked(prose: str) -> list[str]:
    """Decimal numbers and percentages that stand in the text without a mark."""
    for mark in reversed(list(MARK.finditer(prose))):
        if mark[1] == "=" and (number := _NUMBER.search(prose[: mark.start()])):
            prose = prose[: number.start()] + prose[mark.end() :]
    return [match[0] for match in _EXACT.finditer(_LEFT_OUT.sub(" ", prose))]


def without_marks(prose: str, numbers: list[str]) -> str:
    """The text without its marks, with these numbers in place of those that carry a mark."""
    left = list(numbers)
    for mark in reversed(list(MARK.finditer(prose))):
        before = prose[: mark.start()]
        if mark[1] == "=":
            number = _NUMBER.search(before)
            before = before[: number.start(1)] + left.pop() + before[number.end(1) :]
        prose = before + prose[mark.end() :]
    if left:
        raise ValueError(f"{len(numbers)} numbers, {len(left)} more than marks")
    return prose


def written_like(mark: Mark, value: float) -> str:
    """A value with the sign, the digits and the commas of the marked number."""
    number = _NUMBER.match(mark.text)[1]
    places = len(number.partition(".")[2])
    digits = f"{abs(value):{',' if ',' in number else ''}.{places}f}"
    if number.lstrip("-−+").startswith("."):
        digits = digits.removeprefix("0")
    minus = "−" if "−" in number else "-"
    return (minus if value < 0 else "+" * number.startswith("+")) + digits


def checked(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Add a cell after each marked text that checks its marks. Changes and returns it."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        marks = marks_of(cell.source) if cell.cell_type == "markdown" else []
        if marks:
            listed = [(cell.id, m.text, m.expression, m.said, m.room) for m in marks]
            source = f"_marks = {listed!r}\n{_HELD}"
            cells.append(nbformat.v4.new_code_cell(source, id=f"{cell.id}-marks"[:64]))
    notebook.cells = cells
    return notebook


def write_checked(names: list[str], folder: Path) -> list[Path]:
    """Copies of the labs in `folder`, each with cells that check its marks; their paths."""
    paths = [folder / f"{name}.ipynb" for name in names]
    for path in paths:
        notebook = checked(editions.read(ROOT / "notebooks" / path.name))
        path.write_bytes(editions.to_bytes(notebook))
    return paths


def main(lab: str) -> int:
    """Run one lab and print each mark that doesn't hold; 1 if there is one."""
    from nbclient import NotebookClient

    name = editions.find_lab(lab).stem
    with tempfile.TemporaryDirectory() as folder:
        (path,) = write_checked([name], Path(folder))
        notebook = editions.read(path)
        where = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=600, allow_errors=True, resources=where).execute()
    errors = [
        (cell.id, output.evalue)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    print("\n".join(f"{name} {said}" for name, said in errors) or "all marks hold")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
