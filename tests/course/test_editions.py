"""Editions from one source: what students see is what nbgrader would give them."""

import ast

import nbformat
import pytest
from making import SOLVED, code, notebook, tiny_lab

from labkit.course import editions

STUB = '''\
def double(x):
    """Twice x."""
    # YOUR CODE HERE
    raise NotImplementedError()'''
BARE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


def solution_cell(source):
    return notebook(code(source, grade_id="a", solution=True, grade=False))


def test_student_edition_has_the_stub_in_place_of_the_solution():
    made = editions.student(tiny_lab())
    assert made.cells[1].source == STUB


def test_student_edition_drops_hidden_tests():
    assert editions.student(tiny_lab()).cells[2].source == "assert double(2) == 4"


def test_check_cells_may_fail_in_the_student_edition_only():
    assert editions.student(tiny_lab()).cells[2].metadata.tags == ["check", "raises-exception"]
    assert editions.solution(tiny_lab()).cells[2].metadata.tags == ["check"]
    assert editions.student(tiny_lab()).cells[1].metadata.tags == ["exercise"]


def test_solution_edition_is_the_source():
    assert editions.solution(tiny_lab()) == tiny_lab()


def test_outputs_counts_and_widget_state_are_stripped():
    lab = tiny_lab()
    lab.cells[1].execution_count = 3
    lab.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    lab.cells[1].metadata["execution"] = {"iopub.status.busy": "2026-01-01"}
    lab.metadata["widgets"] = {"state": {}}
    assert editions.solution(lab) == tiny_lab()


def test_the_input_is_left_alone():
    lab = tiny_lab()
    editions.student(lab)
    assert lab == tiny_lab()


def test_same_input_same_bytes(tmp_path):
    path = tmp_path / "01_lab.ipynb"
    nbformat.write(tiny_lab(), path)
    first, second = (editions.to_bytes(editions.make(path, "student")) for _ in range(2))
    assert first == second
    assert first.endswith(b"}\n") and not first.endswith(b"\n\n")


# Expected sources were made with nbgrader 0.9's ClearSolutions.
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SOLVED, STUB),
        (
            "### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
            "# YOUR CODE HERE\nraise NotImplementedError()",
        ),
        ("x = 1", BARE_STUB),
        (
            "a = 0\n\t### BEGIN SOLUTION  \n\tb\n  ### END SOLUTION\nc = 1",
            "a = 0\n\t# YOUR CODE HERE\n\traise NotImplementedError()\nc = 1",
        ),
        (
            "def f():\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION\n\n"
            "def g():\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION\n    # after",
            "def f():\n    # YOUR CODE HERE\n    raise NotImplementedError()\n\n"
            "def g():\n    # YOUR CODE HERE\n    raise NotImplementedError()\n    # after",
        ),
    ],
)
def test_stub_is_nbgraders(source, expected):
    assert editions.student(solution_cell(source)).cells[0].source == expected


def test_written_answers_get_nbgraders_text_stub():
    cell = nbformat.v4.new_markdown_cell("My answer", metadata={"nbgrader": {"solution": True}})
    assert editions.student(notebook(cell)).cells[0].source == "YOUR ANSWER HERE"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("### BEGIN SOLUTION\nx", "begins and never ends"),
        ("x\n### END SOLUTION", "ends without having begun"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "nested"),
        ("# BEGIN SOLUTION\nx\n### END SOLUTION", "exactly as '### BEGIN SOLUTION'"),
        ("### begin solution\nx\n### END SOLUTION", "exactly as"),
    ],
)
def test_broken_markers_name_notebook_and_cell(source, message):
    with pytest.raises(ValueError, match=rf"^05_lab.ipynb, cell 0 \(cell-0\).*{message}"):
        editions.student(solution_cell(source), name="05_lab.ipynb")


def test_broken_hidden_test_markers_are_named_too():
    lab = notebook(code("### BEGIN HIDDEN TESTS\nx", grade_id="a", solution=False, grade=True))
    with pytest.raises(ValueError, match="hidden tests begins and never ends"):
        editions.student(lab)


def test_a_solution_in_a_cell_nbgrader_does_not_know_is_refused():
    with pytest.raises(ValueError, match="solution: true"):
        editions.student(notebook(code(SOLVED, tags=["exercise"])))
    hidden = "### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS"
    with pytest.raises(ValueError, match="grade: true"):
        editions.student(notebook(code(hidden, tags=["check"])))


def test_student_edition_still_parses():
    for cell in editions.student(tiny_lab()).cells[1:]:
        ast.parse(cell.source)


@pytest.mark.parametrize("name", ["1", "01", "01_derivative", "01_derivative.ipynb", "deriv"])
def test_labs_are_found_by_number_or_name(labs, name):
    assert editions.find_lab(name).name == "01_derivative.ipynb"


@pytest.mark.parametrize("name", ["7", "01_nonsense", "", "_"])
def test_an_unknown_lab_is_named_with_the_ones_there_are(labs, name):
    with pytest.raises(editions.UnknownLab, match="00_start_here, 01_derivative"):
        editions.find_lab(name)


def test_an_unknown_edition_is_refused(labs):
    with pytest.raises(ValueError, match="choose from student, solution"):
        editions.make("01", "teacher")


@pytest.mark.parametrize("text", ["", "not json", "[1]", '{"a": 1}', '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_named(tmp_path, text):
    path = tmp_path / "01_broken.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="01_broken.ipynb"):
        editions.make(path, "student")


def test_cells_without_ids_get_the_same_ones_each_time(tmp_path):
    lab = tiny_lab()
    del lab.cells[0]["id"], lab.cells[1]["id"]
    path = tmp_path / "01_lab.ipynb"
    path.write_bytes(editions.to_bytes(lab))
    ids = [cell.id for cell in editions.read(path).cells]
    assert ids == [cell.id for cell in editions.read(path).cells] and len(set(ids)) == len(ids)
    assert ids[:2] == ["cell-0", "double"]  # nbgrader's name for it
