"""What each lab says of itself: title, minutes, slides, what it builds on, how hard it is.

All of it is read from the notebooks, from the first cell mostly, so nothing is written down twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labkit.course import editions
from labkit.course.nodes import NotebookNode

_MINUTES = re.compile(r"(\d+) minutes")
_BUILDS = re.compile(r"\*\*Builds on\*\*.*?(?=\n\n|\*\*Needs|\*\*Time|\Z)", re.DOTALL)
_SLIDES = re.compile(r"^\*\*Slides?\*\*: \[([^]]*)\]", re.MULTILINE)
_SPAN = re.compile(r"(\d+)(?: to (\d+))?")
_CIRCLES = re.compile(r"●+(?=○*\W+\d+ minutes)")
_HEADING = re.compile(r"^##+ +(.*)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Lab:
    """One lab: its notebook's path and what stands in it.

    `builds_on` has the stems of other labs' notebooks, `slides` numbers of the lecture's slides.
    """

    path: Path
    notebook: NotebookNode

    @property
    def stem(self) -> str:
        """Name of the notebook: "05b_fine_tuning_words"."""
        return self.path.stem

    @property
    def number(self) -> str:
        """What the name begins with: "05b"."""
        return self.stem.split("_")[0]

    @property
    def title(self) -> str:
        """The heading of the first cell: "Lab 05, part 2: fine-tuning with words"."""
        return title_of(self.notebook)

    @property
    def name(self) -> str:
        """The title without number and by-line: "Fine-tuning with words"."""
        name = self.title.partition(": ")[2] or self.title
        name = name.partition(", ")[0]
        return name[:1].upper() + name[1:]

    @property
    def minutes(self) -> int | None:
        """Minutes with the exercises, None if the lab doesn't say."""
        return minutes_of(self.notebook)

    @property
    def slides(self) -> tuple[int, ...]:
        """Numbers of the slides whose claims the lab takes up, in order."""
        line = _SLIDES.search(self.notebook.cells[0].source)
        spans = _SPAN.findall(line[1]) if line else []
        return tuple(n for a, b in spans for n in range(int(a), int(b or a) + 1))

    @cached_property
    def builds_on(self) -> tuple[str, ...]:
        """Stems of the labs that the paragraph **Builds on** links to."""
        lines = _BUILDS.search(self.notebook.cells[0].source)
        return tuple(re.findall(r"\]\((\w+)\.ipynb", lines[0])) if lines else ()

    @cached_property
    def difficulty(self) -> str:
        """Circles of the hardest exercise: a lab is as hard as that ("●●○")."""
        code = "\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "code")
        most = max(map(len, _CIRCLES.findall(code)), default=0)
        return "●" * most + "○" * (3 - most)

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """Headings below the title, in order, as they are written."""
        prose = [c.source for c in self.notebook.cells if c.cell_type == "markdown"]
        return tuple(h.strip() for text in prose for h in _HEADING.findall(_CODE.sub("", text)))


def labs() -> list[Lab]:
    """All labs that are there, in the order of their numbers."""
    return [Lab(path, editions.read(path)) for path in editions.lab_paths()]


def title_of(notebook: NotebookNode) -> str:
    """The heading that a notebook begins with, "" if it has none."""
    return (
        notebook.cells[0].source.partition("\n")[0].lstrip("# ").strip() if notebook.cells else ""
    )


def minutes_of(notebook: NotebookNode) -> int | None:
    """Minutes that the first cell names first, None if it names none."""
    minutes = _MINUTES.search(notebook.cells[0].source) if notebook.cells else None
    return int(minutes[1]) if minutes else None


def anchor(heading: str) -> str:
    """What a link to a heading of a notebook ends with, as Jupyter (and GitHub) wants it."""
    return "#" + re.sub(r"[*`]", "", heading).replace(" ", "-")
