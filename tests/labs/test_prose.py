"""What prose quotes from results is marked, so that a run can hold it against the kernel."""

import pytest
from making import code, notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_markdown_cell
from prose import Mark, checked, marks_of, unmarked
from running import LABS

from labkit.course import editions, live_edition

lab = pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)


@lab
def test_results_quote_no_number_without_a_mark(path):
    for cell in editions.read(path).cells:
        if cell.cell_type != "markdown":
            continue
        marks_of(cell.source)
        summary = cell.source.startswith("## Summary")
        if live_edition.tells_result(cell) or summary:
            text = cell.source.partition("\n## ")[0] if summary else cell.source
            assert not unmarked(text), f"{cell.id}: see tests/prose.py"


@lab
def test_no_edition_shows_marks(path):
    for edition in editions.EDITIONS:
        cells = editions.make(path, edition).cells
        assert not [cell.id for cell in cells if "<!--=" in cell.source or "<!--?" in cell.source]


@pytest.mark.parametrize(
    "text, mark",
    [
        ("It is 1.87<!--= gain --> as good.", Mark("1.87", "gain", 1.87, 0.006)),
        ("**93 %**<!--= 100 * acc -->", Mark("93 %**", "100 * acc", 93.0, 0.6)),
        ("about .3<!--= low ± .05 -->", Mark(".3", "low", 0.3, 0.05)),
        ("$-0.02$<!--= d -->", Mark("-0.02$", "d", -0.02, 0.006)),
        ("−6 points<!--= d -->", Mark("−6 points", "d", -6.0, 0.6)),
        ("4,840 drawings<!--= len(x) -->", Mark("4,840 drawings", "len(x)", 4840.0, 0.6)),
        ("most<!--? a > b -->", Mark("most", "a > b")),
    ],
)
def test_marks_are_read(text, mark):
    (found,) = marks_of(text)
    assert (found.text, found.expression, found.said) == (mark.text, mark.expression, mark.said)
    assert found.room == (None if mark.room is None else pytest.approx(mark.room))


@pytest.mark.parametrize(
    "text", ["none<!--= x -->", "1<!--= x +-->", "1<!--= 1 + -->", "1<!--=x-->", "1<!--= 1 -->"]
)
def test_a_mark_that_cannot_be_is_refused(text):
    with pytest.raises(ValueError):
        marks_of(text)


@pytest.mark.parametrize(
    "text, found",
    [
        ("It is 1.87 and 93 %.", ["1.87", "93"]),
        ("It is 1.87<!--= a -->, 93 %<!--= b --> and .5", [".5"]),
        ("`0.5`, $x = 0.5$, [a](b.5), layer4.0, a 95 % interval, 18 of 20", []),
        ("from $0.5$<!--= a --> to 4", []),
    ],
)
def test_numbers_without_a_mark_are_found(text, found):
    assert unmarked(text) == found


@pytest.mark.slow
@pytest.mark.parametrize(
    "text, wrong", [("1.5", ""), ("1.6", "1.6"), ("2 of<!--? x > 2 --> 1.5", "x > 2")]
)
def test_a_run_holds_the_marks_against_the_kernel(tmp_path, text, wrong):
    lesson = checked(notebook(code("x = 1.504"), new_markdown_cell(f"It is {text}<!--= x -->.")))
    client = NotebookClient(lesson, resources={"metadata": {"path": str(tmp_path)}})
    if not wrong:
        client.execute()
        return
    with pytest.raises(CellExecutionError, match=wrong):
        client.execute()
