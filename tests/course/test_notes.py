"""The speaker's notes: a page of their own, beside the live edition, never over somebody's work."""

import re

import nbformat
import pytest
from making import SOLVED, code, notebook

from labkit import cli
from labkit.course import copies, editions, notes

prose = nbformat.v4.new_markdown_cell
NAME = "01_demo_notes.html"


def note(text):
    return prose(text, metadata={"tags": ["live"]})


@pytest.fixture
def path(labs):
    """The one lab of a folder: set-up, a demo with a note, an exercise, a check."""
    for other in labs.glob("*.ipynb"):
        other.unlink()
    made = notebook(
        prose("# Demo"),
        code("import torch"),
        prose("Text.\n\n```\n# no heading\n```\n\n## First `part`"),
        note("**Why**: `a < b`,\nand & too.\n\n**Ask the room**: how many?"),
        code("x = 1 < 2"),
        code("y = '<b>'"),
        prose("It is 1.\n\n### Second", metadata={"tags": ["result"]}),
        code(SOLVED, tags=["exercise"], grade_id="d", solution=True, grade=False),
        code("assert double(2) == 4", tags=["check"], grade_id="c", grade=True, solution=False),
    )
    nbformat.write(made, labs / "01_demo.ipynb")
    return labs / "01_demo.ipynb"


def test_notes_stand_by_heading_beside_their_code(path):
    page = editions.speakers_notes(path)
    order = ["<h1>Demo", "<h2>First <code>part</code>", "<strong>Why</strong>", "how many?"]
    order += ["x = 1 &lt; 2", "y = &#x27;&lt;b&gt;&#x27;", "<h3>Second", "return y"]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "<code>a &lt; b</code>,\nand &amp; too.</p>" in page
    beside = page[page.index("<strong>Why") : page.index("<h3>")]
    assert beside.count("</section>") == 1 and beside.count("<pre>") == 2


def test_neither_set_up_nor_checks_nor_markers_nor_anything_from_elsewhere(path):
    page = editions.speakers_notes(path)
    assert not re.search("import torch|assert double|SOLUTION|no heading", page)
    assert not re.search(r"https?:|src=|href=|<script", page)


def test_the_page_says_the_keys(path):
    assert "<code>%reveal --step</code>" in editions.speakers_notes(path)


def test_pages_lie_beside_the_live_edition_only(path, tmp_path):
    report = copies.copy_labs(tmp_path / "live", edition="live")
    page = (tmp_path / "live" / NAME).read_text(encoding="utf-8")
    assert page == editions.speakers_notes(path) and "how many?" in page
    assert report.first == "01_demo.ipynb" and "1 new" in str(report)
    assert "how many?" not in (tmp_path / "live" / "01_demo.ipynb").read_text(encoding="utf-8")
    copies.copy_labs(tmp_path / "student")
    assert not list((tmp_path / "student").glob("*.html"))


def test_a_page_that_was_changed_is_left_alone(path, tmp_path):
    copies.copy_labs(tmp_path / "live", edition="live")
    (tmp_path / "live" / NAME).write_text("mine")
    lab = nbformat.read(path, 4)
    lab.cells[3].source = "**Why**: a newer note"
    nbformat.write(lab, path)
    copies.copy_labs(tmp_path / "live", edition="live")
    assert (tmp_path / "live" / NAME).read_text() == "mine"
    assert "a newer note" in (tmp_path / "live" / "01_demo_notes.new.html").read_text()


def test_start_says_where_the_page_is(path, tmp_path, capsys):
    start = ["start", "--no-launch", "--dir", str(tmp_path / "a b")]
    assert cli.main([*start, "--edition", "live"]) == 0
    said = capsys.readouterr().out
    assert f"second window: {(tmp_path / 'a b' / NAME).as_uri()}" in said and "a%20b" in said
    assert cli.main(["start", "--no-launch", "--dir", str(tmp_path / "plain")]) == 0
    assert "second window" not in capsys.readouterr().out


def test_a_page_is_named_after_its_notebook():
    assert notes.name_of("03_wolves.ipynb") == "03_wolves_notes.html"
