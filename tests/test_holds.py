"""The page "what holds and what does not" says what the labs say; the run is `make holds`."""

import re
from urllib.parse import unquote

import holds
import pytest
from making import ROOT, notebook
from nbformat.v4 import new_code_cell, new_markdown_cell
from prose import marks_of, without_marks, written_like
from running import LABS, tagged

from labkit.course import copies, editions

JUDGED = [path for path in LABS if tagged(editions.read(path), "verdict")]
lab = pytest.mark.parametrize("path", JUDGED, ids=lambda path: path.stem)
PAGE = holds.PAGE.read_text(encoding="utf-8")
FOUND = "holds<!--? x > 1 --> | .50<!--= x / 3 ± .1 --> of 1,000<!--= n -->"
ROW = f'| "it learns" | {FOUND} | luck | 10 |'
TABLE = f"| {' | '.join(holds.HEADS)} |\n|---|---|---|---|---|\n{ROW}"


@lab
def test_the_page_has_each_labs_rows_and_numbers(path):
    lesson, written = editions.read(path), holds.parts(PAGE).get(path.stem, "")
    values = holds.values_in(written, lesson)
    assert values, f"{path.stem} says otherwise by now: make holds"
    ran = re.search(r"<!-- run: (.*) -->", written)[1]
    assert holds.part(path.stem, lesson, values, ran) == written, "make holds"


def test_the_page_has_no_other_labs_and_counts_right():
    assert sorted(holds.parts(PAGE)) == [path.stem for path in JUDGED]
    assert holds.page(holds.parts(PAGE)) == PAGE


@lab
def test_a_verdict_is_held_against_the_run(path):
    """Each carries a condition, but those of what wasn't tested; so does each number."""
    for line in holds.verdicts(editions.read(path)).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 1 or cells[0] in (holds.HEADS[0], "---"):
            continue
        marked = re.fullmatch(r"[a-z ]+<!--\? .* -->", cells[1])
        assert marked or cells[1] == holds.UNTESTED, cells[1]


@lab
def test_verdicts_follow_a_claim_and_are_folded_like_results(path):
    found = [
        c
        for c in editions.read(path).cells
        if {"claim", "verdict"} & set(c.metadata.get("tags", []))
    ]
    assert "claim" in found[0].metadata.tags
    assert {"result" in c.metadata.tags for c in found if "verdict" in c.metadata.tags} == {True}


def test_all_links_of_the_page_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+(?:\(.*?\))?))?\)", PAGE)
    assert links
    for name, anchor in links:
        target = ROOT / "notebooks" / name
        assert target.is_file(), name
        if not anchor:
            continue
        texts = [c.source for c in editions.read(target).cells if c.cell_type == "markdown"]
        heads = re.findall(r"^#+ (.*)$", "\n".join(texts), flags=re.MULTILINE)
        assert unquote(anchor) in {head.replace(" ", "-") for head in heads}, anchor


def test_lab_00_names_the_page_which_comes_with_the_labs(tmp_path):
    copies.copy_labs(tmp_path, labs=["00"])
    assert (tmp_path / "what_holds.md").read_text(encoding="utf-8") == PAGE
    assert "](what_holds.md)" in (tmp_path / "00_start_here.ipynb").read_text(encoding="utf-8")


def lesson(table=TABLE):
    """A lab that says n = 1,000 and x = 1.5, with a verdict."""
    text = f"**So it is** (of 1,000<!--= n --> things):\n\n{table}"
    return notebook(
        new_markdown_cell("# Lab 77: luck\n\n**Slides**: [41 to 43](slides.md) of it"),
        new_markdown_cell("## 3. The claim, measured"),
        new_code_cell("n, x = 1000, 1.5"),
        new_markdown_cell(text, metadata={"tags": ["result", "verdict"]}),
    )


def test_a_part_of_the_page_has_the_numbers_of_its_run():
    part = holds.part("77_luck", lesson(), [1000, True, 0.448, 1000], "Linux")
    assert part.startswith("## [Lab 77: luck](77_luck.ipynb)\n")
    assert "\n\nSlides [41 to 43](slides.md). Measured under" in part
    assert "(77_luck.ipynb#3.-The-claim,-measured)" in part
    assert "\n\n*Of 1,000 things.*\n\n|" in part
    assert part.endswith('| "it learns" | **holds** | .45 of 1,000 | luck | 10 |')
    assert "<!--=" not in part and "<!--?" not in part


@pytest.mark.parametrize(
    "changed, values",
    [
        (("", ""), [1000, True, 0.45, 1000]),
        ((".45", ".62"), []),  # more than the mark allows
        ((".45", ".64"), []),
        (("**holds**", "**does not hold**"), []),
        (("luck", "no luck"), []),
        (("of 1,000 |", "of 2,000 |"), []),
        (("Of 1,000", "Of 2,000"), []),
    ],
)
def test_values_are_taken_from_the_page_where_it_says_the_same(changed, values):
    part = holds.part("77_luck", lesson(), [1000, True, 0.45, 1000], "Linux")
    assert holds.values_in(part.replace(*changed), lesson()) == values


def test_the_page_counts_verdicts_and_names_labs():
    part = holds.part("77_luck", lesson(f"{TABLE}\n{ROW}"), [1000, *[True, 0.5, 1000] * 2], "Linux")
    other = holds.part("78_more", lesson(), [1000, True, 0.5, 1000], "macOS")
    made = holds.page({"78_more": other, "77_luck": part})
    assert "| **holds** | 3 | [77](77_luck.ipynb), [78](78_more.ipynb) |" in made
    assert "| **does not hold** | 0 |  |" in made
    assert "(Linux; macOS; no GPU)" in made
    assert holds.parts(made) == {"77_luck": part, "78_more": other}


@pytest.mark.parametrize(
    "table, said",
    [
        ("no table", "begins with"),
        (TABLE.replace("holds<", "mostly<"), "a verdict is one of"),
        (TABLE.replace("| luck ", "|  "), "none empty"),
        (TABLE.replace("| luck ", ""), "5 cells a row"),
    ],
)
def test_a_table_that_cannot_be_is_refused(table, said):
    with pytest.raises(ValueError, match=said):
        holds.rows(table)


@pytest.mark.parametrize(
    "text, value, written",
    [
        (".87", 0.8749, ".87"),
        ("0.87", 0.9, "0.90"),
        ("+.003", 0.0041, "+.004"),
        ("+.003", -0.0041, "-.004"),
        ("−6 points", -7.2, "−7"),
        ("1,874", 12345.6, "12,346"),
        (".99", 1.0, "1.00"),
    ],
)
def test_a_value_is_written_like_the_number_that_it_replaces(text, value, written):
    (mark,) = marks_of(f"{text}<!--= x -->")
    assert written_like(mark, value) == written


def test_marks_go_and_their_numbers_are_replaced():
    text = "From 1.5<!--= a --> to 2 points<!--= b ± 1 --> in all<!--? c -->."
    assert without_marks(text, ["1.6", "3"]) == "From 1.6 to 3 points in all."
    with pytest.raises(ValueError, match="more than marks"):
        without_marks(text, ["1", "2", "3"])


@pytest.mark.slow
@pytest.mark.parametrize("x, fails", [("1.5", ""), ("0.9", "x > 1")])
def test_a_run_gives_the_values_and_stops_where_one_does_not_hold(x, fails):
    tried = lesson()
    tried.cells[2].source = f"n, x = 1000, {x}"
    if not fails:
        assert holds.run(tried) == [1000, True, pytest.approx(0.5), 1000]
        return
    with pytest.raises(Exception, match=fails):
        holds.run(tried)
