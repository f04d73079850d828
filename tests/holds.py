"""The page notebooks/what_holds.md: what the labs found of the lecture's claims. `make holds`.

In each lab, cells with the tag `verdict` hold a table: a row for each claim of its slides, with
marks that hold verdicts and numbers against the kernel (tests/prose.py). The page has all these
rows, with the numbers of a run. A lab is run if its rows changed, or by name: `make holds LAB=13`.
"""

import json
import platform
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import astuple, dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import nbformat
import prose
from making import ROOT
from nbformat import NotebookNode
from running import LABS, run_offline, tagged

from labkit.course import editions

PAGE = ROOT / "notebooks" / "what_holds.md"
HEADS = ("the slide says", "verdict", "measured", "control", "seeds")
UNTESTED = "not tested here"
VERDICTS = ("holds", "holds in part", "does not hold", UNTESTED)
_RUN = re.compile(r"<!-- run: (.*) -->")
_INTRODUCTION = """\
# What holds and what does not

Each lab takes sentences of the lecture and measures them. Here is what came out, all in one place.

- **holds**: so it was in every run, beside its control.
- **holds in part**: under conditions that the row names, or in one half of the sentence.
- **does not hold**: it was measured, and it came out otherwise.
- **not tested here**: our experiment is too small, or asks something else.

All of it is for small networks, few or drawn data, and a laptop. So "holds" is no law, and "does
not hold" refutes nobody: it says what we found, and how. The labs tell the rest; follow the links.
The last column names the seeds, as a rule three. Settings come from other ones, where the row
doesn't say otherwise; a dash: nothing was drawn at random.

This page is made from the labs' own tables, by `make holds`, and its numbers are those of a run
({ran}; no GPU). Every test run computes them again.
"""


@dataclass(frozen=True)
class Row:
    """A claim of the slides and what a lab found."""

    says: str
    verdict: str
    measured: str
    control: str
    seeds: str


def main(lab: str = "") -> int:
    """Bring the page up to date: run the labs whose rows are new, or the one that is named."""
    found = parts(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    found = {path.stem: found[path.stem] for path in LABS if path.stem in found}
    for path in [editions.find_lab(lab)] if lab else LABS:
        notebook, kept = editions.read(path), found.pop(path.stem, "")
        if not tagged(notebook, "verdict"):
            continue
        values = [] if lab else values_in(kept, notebook)
        if not values:
            print(f"running {path.stem}", flush=True)
            values, kept = run(editions.read(path)), f"<!-- run: {this_machine()} -->"
        found[path.stem] = part(path.stem, notebook, values, _RUN.search(kept)[1])
        PAGE.write_text(page(found), encoding="utf-8")
    return 0


def verdicts(notebook: NotebookNode) -> str:
    """The text of a lab's cells with verdicts."""
    return "\n\n".join(cell.source for cell in tagged(notebook, "verdict"))


def run(notebook: NotebookNode) -> list[float | bool]:
    """Run a lab as far as its verdicts; the values of their marks. Raises if one doesn't hold."""
    wanted = {f"{cell.id}-marks" for cell in tagged(notebook, "verdict")}
    cells = []
    for cell in prose.checked(notebook).cells:
        cells.append(cell)
        if cell.id in wanted:
            cells.append(nbformat.v4.new_code_cell("import json; print(json.dumps(_values))"))
            last = len(cells)
    notebook.cells = cells[:last]
    with tempfile.TemporaryDirectory() as folder:
        ran = run_offline(notebook, Path(folder)).cells
    shown = [after for cell, after in pairwise(ran) if cell.id in wanted]
    return [value for cell in shown for value in json.loads(cell.outputs[0].text)]


def this_machine() -> str:
    """In words that hold for many."""
    return f"{platform.system()}, {platform.machine()}, PyTorch {version('torch')}"


def rows(text: str) -> list[Row]:
    """The rows of a table of verdicts, without marks. ValueError says what is wrong with it."""
    lines = [line for line in editions.MARK.sub("", text).splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip(" *") for cell in line.strip("|").split("|")) for line in lines]
    if not cells or cells[0] != HEADS:
        raise ValueError(f"the table begins with {' | '.join(HEADS)}")
    cells = [row for row in cells if row != HEADS and set("".join(row)) != {"-"}]
    for row in cells:
        if len(row) != len(HEADS) or not all(row):
            raise ValueError(f"{len(HEADS)} cells a row, none empty: {row}")
        if row[1] not in VERDICTS:
            raise ValueError(f"a verdict is one of {', '.join(VERDICTS)}: {row}")
    return [Row(*row) for row in cells]


def title(notebook: NotebookNode) -> str:
    """The lab's title, from its first heading."""
    return re.search(r"^# (.*)$", notebook.cells[0].source, flags=re.MULTILINE)[1]


def slides(notebook: NotebookNode) -> str:
    """The slides that the first cell names: "Slides [41 to 47](slides.md)"; "" if none."""
    first = notebook.cells[0].source
    found = re.search(r"^\*\*(Slides?)\*\*: (\[.*?\]\(.*?\))", first, flags=re.MULTILINE)
    return f"{found[1]} {found[2]}" if found else ""


def headings(notebook: NotebookNode) -> list[str]:
    """The headings under which verdicts stand."""
    found, last = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            last = [last, *re.findall(r"^#+ (.*)$", cell.source, flags=re.MULTILINE)][-1]
        if cell in tagged(notebook, "verdict"):
            found.append(last)
    return found


def anchor(text: str) -> str:
    """A heading's address, as JupyterLab and nbviewer write it."""
    return "#" + quote(text.replace(" ", "-"), safe=",.'?!:()")


def part(name: str, notebook: NotebookNode, values: list[float | bool], ran: str) -> str:
    """A lab's part of the page: where it was measured, on what, and the rows."""
    said = zip(prose.marks_of(verdicts(notebook)), values, strict=True)
    numbers = [prose.written_like(mark, value) for mark, value in said if mark.said is not None]
    links = [f"[{under}]({name}.ipynb{anchor(under)})" for under in headings(notebook)]
    shown = f"{slides(notebook)}. " if slides(notebook) else ""
    return "\n".join(
        [
            f"## [{title(notebook)}]({name}.ipynb)",
            "",
            f"<!-- run: {ran} -->",
            "",
            f"{shown}Measured under {' and '.join(links)}.",
            "",
            body(notebook, numbers),
        ]
    )


def body(notebook: NotebookNode, numbers: list[str]) -> str:
    """On what a lab measured, in italics, and its rows, with these numbers."""
    text = prose.without_marks(verdicts(notebook), numbers)
    scope = "; ".join(re.findall(r"^\*\*.*\*\* \((.*)\):$", text, flags=re.MULTILINE))
    return (f"*{scope[0].upper()}{scope[1:]}.*\n\n" if scope else "") + table(rows(text))


def table(found: list[Row]) -> str:
    """The rows as a table of the page."""
    lines = [HEADS, ("---",) * len(HEADS)]
    lines += [(row.says, f"**{row.verdict}**", *astuple(row)[2:]) for row in found]
    return "\n".join(map(_line, lines))


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def parts(text: str) -> dict[str, str]:
    """The page's parts by the labs' names."""
    found = re.split(r"^(?=## \[)", text, flags=re.MULTILINE)[1:]
    return {re.search(r"\]\((\w+)\.ipynb\)", one)[1]: one.strip() for one in found}


def values_in(written: str, notebook: NotebookNode) -> list[float | bool]:
    """The values of a lab's marks, as its part of the page has them; [] if its rows are others.

    The number on the page may differ from the lab's own as far as the mark's room allows.
    """
    marks = prose.marks_of(verdicts(notebook))
    wild = ["\0" for mark in marks if mark.said is not None]
    pattern = re.escape(body(notebook, wild)).replace("\0", r"([-−+]?[\d,]*\.?\d+)")
    match = re.search(rf"\n\n{pattern}\Z", written)
    if not match:
        return []
    numbers = iter(match.groups())
    values = [True if mark.said is None else _within(mark, next(numbers)) for mark in marks]
    return [] if None in values else values


def _within(mark: prose.Mark, written: str) -> float | None:
    """The number on the page if the mark allows it, rounded as it is."""
    value = float(written.replace("−", "-").replace(",", ""))
    half = 0.5 * 10.0 ** -len(written.partition(".")[2])
    return value if abs(value - mark.said) <= mark.room + half else None


def page(of_labs: dict[str, str]) -> str:
    """The page: how to read it, how often each verdict was given, and the labs' parts."""
    where = defaultdict(list)
    for name, text in sorted(of_labs.items()):
        for row in rows(text):
            where[row.verdict].append(name)
    ran = "; ".join(sorted({_RUN.search(text)[1] for text in of_labs.values()}))
    counts = ["| verdict | claims | labs |", "|---|---|---|"]
    for verdict in VERDICTS:
        links = [f"[{n.split('_')[0]}]({n}.ipynb)" for n in dict.fromkeys(where[verdict])]
        counts.append(_line((f"**{verdict}**", str(len(where[verdict])), ", ".join(links))))
    whole = [_INTRODUCTION.format(ran=ran), "\n".join(counts), ""]
    return "\n".join(whole) + "\n" + "\n\n".join(of_labs[n] for n in sorted(of_labs)) + "\n"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
