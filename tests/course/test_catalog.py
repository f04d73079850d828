"""What a lab says of itself is read from its notebook."""

from pathlib import Path

import nbformat
import pytest
from making import code, notebook

from labkit.course import catalog

FIRST = """\
# Lab 05, part 2: fine-tuning with words, slowly

**Slides**: [3, 8 and 11 to 13](slides.md).

See [Lab 09](09_voices.ipynb). **Builds on** [Lab 01](01_derivative.ipynb) (slopes)
and on [Lab 02](02_layers.ipynb#1.-Look).
**Needs**: [Lab 00](00_start.ipynb). **Time**: 80 minutes; 2 minutes to run.
"""
HARD = 'def f(x):\n    """Twice x.   Difficulty ●●○, 10 minutes."""'
EASY = 'def g(x):\n    """Three times x.  ●○○  8 minutes"""'


def lab(first=FIRST, *cells):
    made = notebook(nbformat.v4.new_markdown_cell(first), *cells)
    return catalog.Lab(Path("05b_words.ipynb"), made)


def test_title_minutes_slides_and_what_it_builds_on():
    words = lab()
    assert (words.number, words.name) == ("05b", "Fine-tuning with words")
    assert words.title == "Lab 05, part 2: fine-tuning with words, slowly"
    assert words.minutes == 80
    assert words.slides == (3, 8, 11, 12, 13)
    assert words.builds_on == ("01_derivative", "02_layers")


def test_a_lab_that_says_nothing():
    bare = lab("# Start", code("1"))
    assert (bare.name, bare.minutes, bare.slides, bare.builds_on) == ("Start", None, (), ())
    assert bare.difficulty == "○○○"
    assert catalog.title_of(notebook()) == "" and catalog.minutes_of(notebook()) is None


def test_a_lab_is_as_hard_as_its_hardest_exercise():
    assert lab(FIRST, code(EASY), code(HARD), code(EASY)).difficulty == "●●○"
    legend = nbformat.v4.new_markdown_cell("●●● a walk around the block, 30 minutes")
    assert lab(FIRST, legend, code(EASY)).difficulty == "●○○"


def test_headings_are_those_of_the_prose():
    text = "## 1. A nudge\n```\n## no heading\n```\n### Exercise 1: *both* ways"
    cells = nbformat.v4.new_markdown_cell(text), code("## a comment")
    assert lab(FIRST, *cells).headings == ("1. A nudge", "Exercise 1: *both* ways")
    assert catalog.anchor("Exercise 1: *both* ways") == "#Exercise-1:-both-ways"


@pytest.mark.parametrize("real", catalog.labs(), ids=lambda found: found.stem)
def test_every_lab_says_what_it_is(real):
    known = {other.stem for other in catalog.labs()}
    assert set(real.builds_on) <= known - {real.stem}
    assert real.minutes and real.difficulty in ("●○○", "●●○", "●●●")
    assert bool(real.builds_on) == (real.number != "00")
    below_title = real.notebook.cells[0].source.split("\n\n")[1]
    assert below_title.startswith(("**Slides**: [", "**Slide**: [")) and real.slides
