"""What leads through the labs, written from the labs and `labkit.course.paths`: `make map`.

The map (notebooks/images/map.png), a page for each path (notebooks/path_weekend.md), the section
"The labs" of lab 00 and what stands between the marks in README.md. Quick: no lab is run.
"""

from __future__ import annotations

import sys

import course_map
from making import ROOT

from labkit.course import catalog, editions, paths
from labkit.course.catalog import Lab, anchor
from labkit.course.paths import PATHS, LabPath, Part, Step

NOTEBOOKS = ROOT / "notebooks"
README, MAP = ROOT / "README.md", NOTEBOOKS / "images" / "map.png"
BEGIN, END = "<!-- paths: begin -->\n", "<!-- paths: end -->"
START, CELL = "00", "contents"
CONTENTS = """\
## The labs

Three paths lead through them. In a terminal, `labkit start --path weekend` opens one:

{three}
<img src="images/map.png" width="480" alt="{alt}">

A lab builds a little on those that its arrows come from. [Slide by slide](slides.md) says which lab
takes up which slide of the lecture. Keep [what holds and what does not](what_holds.md) for later:
it gives the labs' results away.

{rows}

In a hurry, or here for the pictures: 03 and 07 stand well on their own. Each lab runs from its
first to its last cell in a minute or two on a laptop, a few in three or four; the minutes above are
for reading, guessing and solving."""


def main() -> int:
    """Write all of it, and say what."""
    labs = catalog.labs()
    course_map.save(labs, MAP)
    for name in PATHS:
        (NOTEBOOKS / paths.page_name(name)).write_text(page(name, labs), encoding="utf-8")
    start = editions.find_lab(START)
    notebook = editions.read(start)
    next(cell for cell in notebook.cells if cell.id == CELL)["source"] = contents(labs)
    start.write_bytes(editions.to_bytes(notebook))
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(before + BEGIN + three(labs, "notebooks/") + END + after, encoding="utf-8")
    print(MAP, *(paths.page_name(name) for name in PATHS), start.name, README.name, sep="\n")
    return 0


def minutes(part: Part, labs: list[Lab]) -> int:
    """Minutes of a class, a day or a week."""
    here = {lab.number: lab for lab in labs}
    steps = [step for step in part.steps if step.lab in here]
    return sum(step.minutes or here[step.lab].minutes for step in steps)


def page(name: str, labs: list[Lab]) -> str:
    """The page of a path, as Markdown: its parts, each step with links, minutes and slides."""
    path, here = PATHS[name], {lab.number: lab for lab in labs}
    parts = [part for part in path.parts if any(step.lab in here for step in part.steps)]
    texts = [f"# {path.title}", path.about, *(_section(path, part, here) for part in parts)]
    return "\n\n".join([*texts, "What a lab takes up: [slide by slide](slides.md)."]) + "\n"


def _section(path: LabPath, part: Part, here: dict[str, Lab]) -> str:
    steps = [step for step in part.steps if step.lab in here]
    in_class = any(step.headings for step in steps)
    names = ["lab", *["in class"] * in_class, "minutes", "slides"]
    rows = [names, ["---"] * len(names), *(_row(step, here[step.lab]) for step in steps)]
    lines = [f"## {part.title}", "", f"{minutes(part, list(here.values()))} minutes.", ""]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines + (["", f"**{path.done}**: {part.task}"] if part.task else []))


def _row(step: Step, lab: Lab) -> list[str]:
    file = lab.path.name
    pieces = "<br>".join(f"[{heading}]({file}{anchor(heading)})" for heading in step.headings)
    link, numbers = f"[{lab.number} {lab.name}]({file})", ", ".join(map(str, lab.slides))
    return [link, *[pieces] * bool(pieces), str(step.minutes or lab.minutes), numbers]


def three(labs: list[Lab], folder: str = "") -> str:
    """The three paths in a few lines each; `folder`: where the notebooks lie."""
    rows = ["| path | what it is | to start |", "|---|---|---|"]
    rows += [
        f"| [{path.title}]({folder}{paths.page_name(name)}) | {_what(path, labs)} | "
        f"`labkit start --path {name}` |"
        for name, path in PATHS.items()
    ]
    return "\n".join(rows) + "\n"


def _what(path: LabPath, labs: list[Lab]) -> str:
    here = {lab.number for lab in labs}
    groups = [[step.lab for step in part.steps if step.lab in here] for part in path.parts]
    if len(groups) > 2:
        return f"{path.brief}: all labs"
    return f"{path.brief}: labs {'; '.join(', '.join(group) for group in groups)}"


def contents(labs: list[Lab]) -> str:
    """Lab 00's section on the labs."""
    rows = ["| lab | minutes | hardest exercise | slides | builds on |", "|---|---|---|---|---|"]
    rows += [_entry(lab) for lab in labs if lab.number != START]
    return CONTENTS.format(three=three(labs), alt=alt(labs), rows="\n".join(rows))


def _entry(lab: Lab) -> str:
    before = ", ".join(sorted(stem.split("_")[0] for stem in lab.builds_on))
    slides = ", ".join(map(str, lab.slides))
    link = f"[{lab.number} {lab.name}]({lab.path.name})"
    return f"| {link} | {lab.minutes} | {lab.difficulty} | {slides} | {before} |"


def alt(labs: list[Lab]) -> str:
    """What the map shows, in words."""
    before = course_map.needed(labs)
    lanes = [
        f"{lane}: {', '.join(number for number in group if number in before)}"
        for lane, group in course_map.LANES.items()
    ]
    arrows = [f"{number} on {' and '.join(ones)}" for number, ones in before.items() if ones]
    told = f"Map of the labs in four lanes. {'. '.join(lanes)}"
    return f"{told}. What builds on what: {', '.join(arrows)}"


if __name__ == "__main__":
    sys.exit(main())
