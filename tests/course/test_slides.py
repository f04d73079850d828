"""notebooks/slides.md has each slide of the lecture once, and agrees with what the labs say.

The lecture's text is not ours to ship. Who has it, as Markdown, holds titles and quotations against
it with LABKIT_SLIDES=FILE.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from making import ROOT

from labkit.course import catalog

SLIDES = 28
LABS = {lab.path.name: lab for lab in catalog.labs()}


@dataclass
class Row:
    number: int
    title: str
    quote: str
    where: str

    @property
    def labs(self):
        return set(re.findall(r"\]\((\w+\.ipynb)", self.where))


def rows():
    text = (ROOT / "notebooks" / "slides.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", text, flags=re.MULTILINE)
    return [Row(int(number), *rest) for number, *rest in cells]


def words(text):
    """The text's words alone, so that marks and line breaks make no difference."""
    return " " + " ".join(re.findall(r"\w+", text.casefold())) + " "


def prose(lab):
    return words(" ".join(c.source for c in lab.notebook.cells if c.cell_type == "markdown"))


each_row = pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))


def test_every_slide_is_there_once_in_order():
    assert [row.number for row in rows()] == list(range(1, SLIDES + 1))


@each_row
def test_a_slide_has_a_lab_or_a_reason(row):
    assert re.match(r"\[Lab \d\d|No lab.*: .+", row.where)


@each_row
def test_slides_and_labs_name_each_other(row):
    said = {lab.path.name for lab in LABS.values() if row.number in lab.slides}
    assert said == (set() if row.where.startswith("No lab") else row.labs)


@each_row
def test_a_lab_takes_up_the_words_or_the_title_of_its_slide(row):
    assert 1 <= len(row.quote.split()) <= 12, "a few words only: the slides are not ours"
    if row.labs and not row.where.startswith("No lab"):
        texts = [prose(LABS[name]) for name in row.labs]
        assert any(words(part) in t for t in texts for part in (row.quote, row.title))


@pytest.fixture(scope="module")
def lecture():
    """Title and words of each slide: one a heading, and the title page."""
    if not os.environ.get("LABKIT_SLIDES"):
        pytest.skip("the lecture's text is not here: LABKIT_SLIDES=FILE")
    text = Path(os.environ["LABKIT_SLIDES"]).read_text(encoding="utf-8")
    first, *others = re.split(r"^# ", text, flags=re.MULTILINE)
    return [("Lecture 12", words(first))] + [
        (slide.partition("\n")[0].strip(), words(slide)) for slide in others
    ]


def test_titles_and_quotations_are_the_lectures(lecture):
    assert len(lecture) == SLIDES
    for row, (title, text) in zip(rows(), lecture, strict=True):
        assert words(row.title) == words(title), row.number
        assert words(row.quote) in text, row.number


@pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.stem)
def test_what_a_lab_quotes_below_its_title_is_on_its_slides(lab, lecture):
    first = lab.notebook.cells[0].source
    block = " ".join(re.findall(r"^> (.*)$", first, flags=re.MULTILINE))
    quoted = re.findall(r'"(.+?)"', block) + re.findall(r'(?<!\*)\*"(.+?)"', first, flags=re.DOTALL)
    parts = [part for quote in quoted for part in re.split(r"\[?\.\.\.\]?", quote)]
    assert parts and lab.slides
    for part in parts:
        assert any(words(part) in lecture[number - 1][1] for number in lab.slides), part
