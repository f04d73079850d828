"""Every lab: its form; its student edition run from top to bottom where there is no browser.

The source notebooks, which are the solution edition, are run by nbval, the student editions by a
real browser (make test).
"""

import ast
import re

import pytest
from running import LABS, check_nothing_solved, run_offline, tagged, time_table

from labkit.course import copies, editions, live_edition
from labkit.course.browser import find_browser
from labkit.grading import slices

TAGS = {"exercise", "check", "claim", "widget", "picture", "live", "result", "answer"}
TAGS |= {"raises-exception", "verdict"}
# Prose below an emptied cell with numbers that stand nowhere above, and that tell no result.
NO_RESULT = {
    "predict": "the size of the photo and of ImageNet",
    "vote-text": "the students in the paper",
    "lime-ask-text": "a setting",
    "table-text": "a setting",
    "many-cars-text": "how many photos there are",
}
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
lab = pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def is_start(path):
    return path.name.startswith("00")


def test_the_labs_are_there():
    assert [path.name[:2] for path in LABS[:3]] == ["00", "01", "02"]


@lab
def test_a_lab_is_stored_without_outputs(path):
    notebook = editions.read(path)
    for cell in notebook.cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None, cell.id
        assert "execution" not in cell.metadata, cell.id
    assert "widgets" not in notebook.metadata


@lab
def test_a_lab_has_format_kernel_and_ids(path):
    notebook = editions.read(path)
    ids = [cell.id for cell in notebook.cells]
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len(set(ids)) == len(ids)
    assert not [i for i in ids if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", i)], "not readable"


@lab
def test_no_cell_shows_the_axes_that_it_drew(path):
    for cell in editions.read(path).cells:
        if cell.cell_type == "code" and not cell.source.lstrip().startswith("%"):
            last = ast.parse(cell.source).body[-1:]
            drawn = [ast.unparse(line) for line in last if isinstance(line, ast.Expr)]
            shown = drawn and drawn[0].startswith("plot.") and not cell.source.endswith(";")
            assert not shown, f"{cell.id}: end it with a semicolon"


@lab
def test_tags_are_spelt_right(path):
    for cell in editions.read(path).cells:
        assert tags(cell) <= TAGS, cell.id


@lab
def test_a_lab_has_one_title(path):
    prose = [cell.source for cell in editions.read(path).cells if cell.cell_type == "markdown"]
    text = re.sub(r"^```.*?^```", "", "\n".join(prose), flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", text, flags=re.MULTILINE)) == 1


@lab
def test_a_lab_has_exercises_widget_and_claim(path):
    notebook = editions.read(path)
    assert len(tagged(notebook, "exercise")) >= (1 if is_start(path) else 3)
    assert is_start(path) or tagged(notebook, "widget")
    assert is_start(path) or any("assert" in cell.source for cell in tagged(notebook, "claim"))


@lab
def test_only_an_exercise_binds_its_name(path):
    """Else `labkit check` runs the cell that binds it, and all that this needs, as a part of it."""
    cells = [cell for cell in editions.read(path).cells if cell.cell_type == "code"]
    found, _ = slices.statements([cell.source for cell in cells])
    for cell in (cell for cell in cells if "exercise" in tags(cell)):
        name = re.findall(r"^def (\w+)", cell.source, flags=re.MULTILINE)[-1]
        assert {cells[s.cell].id for s in found if name in s.binds} == {cell.id}, name


@lab
def test_labkit_is_imported_before_torch(path):
    """So that what it sets for torch (OMP_WAIT_POLICY) is there in time."""
    code = "\n".join(c.source for c in editions.read(path).cells if c.cell_type == "code")
    imported = re.findall(r"^(?:from|import) (\w+)", code, flags=re.MULTILINE)
    assert imported.index("labkit") < imported.index("torch")


@lab
def test_predictions_are_recorded_compared_and_counted(path):
    cells = [cell for cell in editions.read(path).cells if "live" not in tags(cell)]
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    asked = set(re.findall(r"^(\w+) = predict\(", code, flags=re.MULTILINE))
    votes = {"before", "after"} if path.stem.startswith("03") else set()  # no truth to them
    assert len(asked) >= 2 and "\nmy_predictions()" in f"\n{code}"
    assert asked == votes | set(re.findall(r"^(\w+)\.compare\(", code, flags=re.MULTILINE))
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown" and re.search(r"^\*\*Predict", cell.source, re.MULTILINE):
            following = (c.source for c in cells[index:] if c.cell_type == "code")
            assert "predict(" in next(following), cell.id


@lab
def test_a_lab_leads_on(path):
    prose = [cell.source for cell in editions.read(path).cells if cell.cell_type == "markdown"]
    doubts = next(text for text in prose if "## What you now doubt" in text)
    linked = re.findall(r"\]\((\w+\.ipynb)\)", "\n".join(prose))
    assert re.search(r"\]\(\w+\.ipynb\)", doubts)
    assert {name for name in linked} <= {lab.name for lab in LABS}
    assert is_start(path) or "**Builds on**" in prose[0] or "Builds on [" in prose[0]


@lab
def test_each_exercise_is_followed_by_its_check(path):
    order = [
        tag
        for cell in editions.read(path).cells
        for tag in ("exercise", "check")
        if tag in tags(cell)
    ]
    assert order == ["exercise", "check"] * (len(order) // 2)


@lab
def test_nbgrader_knows_exercises_and_checks(path):
    notebook = editions.read(path)
    for cell in tagged(notebook, "exercise"):
        assert cell.metadata.nbgrader.solution is True, cell.id
    for cell in tagged(notebook, "check"):
        assert cell.metadata.nbgrader.grade is True, cell.id
        assert cell.metadata.nbgrader.points >= 1, cell.id
    graded = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    names = [entry.grade_id for entry in graded]
    assert len(set(names)) == len(names)
    assert {entry.schema_version for entry in graded} == {3}


@lab
def test_every_exercise_has_a_solution_region_that_goes(path):
    given = {cell.id: cell for cell in editions.make(path, "student").cells}
    for cell in tagged(editions.read(path), "exercise"):
        assert editions.BEGIN in cell.source, cell.id
        assert "raise NotImplementedError()" in given[cell.id].source, cell.id
        assert re.search(r"^\s*def ", given[cell.id].source, flags=re.MULTILINE), cell.id


@lab
def test_notes_are_prose_for_the_speakers_page_only(path):
    source = editions.read(path)
    notes = tagged(source, "live")
    assert {cell.cell_type for cell in notes} <= {"markdown"}
    for edition in editions.EDITIONS:
        held = {cell.id for cell in editions.make(path, edition).cells}
        assert not held & {cell.id for cell in notes}
    page = editions.speakers_notes(path)
    assert page.count("<strong>Why</strong>") == sum("**Why**" in cell.source for cell in notes)


@lab
def test_results_are_prose_that_the_live_edition_folds(path):
    results = [cell for cell in editions.read(path).cells if live_edition.tells_result(cell)]
    assert results and {cell.cell_type for cell in results} == {"markdown"}
    live = {cell.id: cell.source for cell in editions.make(path, "live").cells}
    for cell in results:
        assert live[cell.id].startswith("<details><summary>What came out</summary>"), cell.id
    for edition in ("student", "solution"):
        cells = editions.make(path, edition).cells
        assert not any(live_edition.tells_result(cell) for cell in cells)


@lab
def test_the_student_edition_folds_what_gives_a_prediction_away(path):
    source, given = editions.read(path), editions.make(path, "student").cells
    answers = {cell.id for cell in tagged(source, "answer")}
    folded = {cell.id for cell in given if "<summary>What came out</summary>" in cell.source}
    assert folded == answers
    compared = [cell.id for cell in source.cells if ".compare(" in cell.source]
    order = [cell.id for cell in source.cells]
    for cell in compared:
        after = source.cells[order.index(cell) + 1 :]
        told = next((c.id for c in after if c.cell_type == "markdown" and "live" not in tags(c)), 0)
        assert told in answers, f"{cell}: the text after a prediction's result has the tag `answer`"


@lab
def test_no_empty_cell_of_the_live_edition_stands_above_its_own_numbers(path):
    """Such prose has the tag `result`; seen by numbers that stand nowhere above it."""
    above, below_empty = set(), False
    for cell in editions.make(path, "live").cells:
        numbers = set(NUMBER.findall(cell.source))
        if cell.cell_type == "code":
            numbers |= set(NUMBER.findall(cell.metadata.get("labkit", {}).get("prepared", "")))
        elif below_empty and not live_edition.tells_result(cell) and cell.id not in NO_RESULT:
            folded, _, _ = live_edition.with_result_folded(cell.source).rpartition("</details>")
            assert set(NUMBER.findall(folded)) <= above, f"{cell.id}: a result without its tag?"
        below_empty = "labkit" in cell.metadata
        above |= numbers


@lab
def test_solutions_pasted_into_the_student_edition_give_the_solution_edition(path):
    """So that nbval's run of the source is a run of the solved student edition."""
    solved, given = editions.make(path, "solution"), editions.make(path, "student")
    sources = {cell.id: cell for cell in editions.read(path).cells}
    for answer, cell in zip(solved.cells, given.cells, strict=True):
        if answer.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answer.source
        hidden, told = editions.BEGIN_HIDDEN in answer.source, "answer" in tags(sources[cell.id])
        want = live_edition.with_result_folded(answer.source) if told else answer.source
        assert hidden or cell.source == want, cell.id
        assert (cell.id, cell.cell_type) == (answer.id, answer.cell_type)


@lab
@pytest.mark.slow
@pytest.mark.skipif(find_browser() is not None, reason="a real browser does this (tests/browser)")
def test_student_edition_runs_with_nothing_solved_and_offline(path, tmp_path, tell):
    copies.copy_labs(tmp_path, labs=[path.stem])
    notebook = run_offline(editions.read(tmp_path / path.name), tmp_path)
    tell(time_table(path.stem, notebook))
    opened = (tmp_path / "opened.txt").read_text(encoding="utf-8", errors="replace")
    check_nothing_solved(path, notebook, opened)
