"""Notebooks from other programs: one reader for check, progress and start."""

import json

import pytest
from classroom import solved, write

from labkit.course import copies, editions, progress, reading
from labkit.grading import labs, slices, submissions


def plain(notebook):
    return json.loads(json.dumps(notebook))


def without_ids(notebook):
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"].pop("nbgrader", None)
    return notebook | {"nbformat_minor": 4}


def one_without(notebook):
    cell = next(c for c in notebook["cells"] if c["source"].startswith("check."))
    del cell["id"]
    cell["metadata"].pop("nbgrader", None)
    return notebook


def colab(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {"id": cell.pop("id")}
    return notebook | {"nbformat_minor": 0, "metadata": {"colab": {"provenance": []}}}


def format_3(notebook):
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            outputs = [{**o, "stream": o.get("name")} for o in cell["outputs"]]
            source = cell["source"].splitlines(True)
            cells.append({"cell_type": "code", "input": source, "outputs": outputs})
        else:
            cells.append({"cell_type": "heading", "level": 2, "source": "A heading"})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


FORMS = {"as it is": plain, "no ids": without_ids, "one without": one_without, "colab": colab,
         "format 3": format_3}  # fmt: skip


@pytest.fixture
def done():
    """Lab 06 solved, with the output of its first check."""
    notebook = solved("06")
    cell = next(c for c in notebook.cells if c.source.startswith("check."))
    cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "✓ right\n"}]
    return notebook


@pytest.mark.parametrize("bom", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("form", FORMS)
def test_check_progress_and_start_read_it(tmp_path, done, form, bom):
    text = json.dumps(FORMS[form](plain(done)))
    path = write(tmp_path, "work.ipynb", text.encode(bom))
    cells = submissions.code_cells(submissions.text_of(path))
    found, broken = slices.statements([cell["source"] for cell in cells])
    lab = labs.identify(cells, found, path.name, labs.released_labs())
    assert lab.name.startswith("06") and not broken
    assert all(slices.needed(found, exercise.name) for exercise in lab.exercises)
    (shown,) = [one for one in progress.progress(tmp_path) if one.lab.startswith("06")]
    assert list(shown.exercises.values()) == ["solved", "open", "open", "open"]
    before = path.read_bytes()
    copies.copy_labs(tmp_path, labs=["06"])
    assert path.read_bytes() == before
    read = editions.read(path)
    assert len({cell.id for cell in read.cells}) == len(read.cells) == len(done.cells)


def test_ids_that_are_made_are_no_ids_of_others():
    cells = [{"cell_type": "code", "source": "1"}, {"cell_type": "code", "id": "cell-0"}]
    made = [cell["id"] for cell in reading.notebook(json.dumps({"cells": cells}))["cells"]]
    assert made == ["cell-0-", "cell-0"]


def test_cells_of_wrong_kinds_do_no_harm():
    cells = [{"cell_type": 3, "source": 3, "metadata": []}, None, {"cell_type": "code",
             "outputs": [3, {"output_type": "stream"}], "execution_count": "x"}]  # fmt: skip
    read = reading.notebook(json.dumps({"cells": cells, "metadata": 3}))
    assert [cell["cell_type"] for cell in read["cells"]] == ["raw", "code"]
    assert read["cells"][1]["outputs"] == [{"output_type": "stream"}]


def test_what_is_nested_too_deep_is_passed_over(tmp_path):
    deep = '{"cells": [], "metadata": {"x": ' + "[" * 900 + "]" * 900 + "}}"
    write(tmp_path, "deep.ipynb", deep)
    assert progress.progress(tmp_path)
