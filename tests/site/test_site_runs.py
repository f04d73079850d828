"""A lab runs once, for the pages or for the tests, and again when it has changed."""

import json
import os
import subprocess
import sys

import build
import everything
import nbformat
import pages
import prose
import pytest
import runs
from harvest import MIME
from making import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

DRAW = """\
import numpy as np
from labkit import predict, widgets
def draw(level):
    return np.full((8, 8, 3), level, np.uint8)
guess = predict("Which?", ["this", "that"])
guess
"""
MORE = """\
more = {name: predict(f"{name}?", ["yes", "no"]) for name in "AB"}
display(*more.values())
for name in "BA":
    more[name].compare("no")
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    cells = [
        new_markdown_cell("# Tiny", id="title"),
        new_code_cell(DRAW, id="ask"),
        new_code_cell("guess.compare('that')", id="told"),
        new_code_cell(MORE, id="more"),
        new_markdown_cell("It asks 2<!--= len(more) --> more.", id="said"),
        new_code_cell("shown = display('before', display_id=True)", id="early"),
        new_code_cell("shown.update('after')", id="late"),
        new_code_cell("2 + 1;", id="quiet"),
        new_code_cell("1 / 0", id="fails", metadata={"tags": ["raises-exception"]}),
        new_code_cell(
            "widgets.live(draw, alt='a grey', level=widgets.slider('level', 0, 2))",
            id="slide",
            metadata={"tags": ["widget"]},
        ),
    ]
    path = tmp_path_factory.mktemp("labs") / "01_tiny.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory, path):
    """A folder that keeps the lab's run."""
    folder = tmp_path_factory.mktemp("site") / "executed"
    runs.run(path, folder)
    return folder


def test_records_stand_among_the_outputs_and_pictures_beside(path, kept):
    ran, frames = runs.run(path, kept)
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    found = {cell.id: [o.get("data", {}).get(MIME) for o in cell.outputs] for cell in code}
    records = {name: next(filter(None, values), None) for name, values in found.items()}
    assert records["ask"]["question"] == "Which?" and records["told"]["questions"] == ["Which?"]
    assert records["slide"]["controls"][0]["words"] == ["0", "1", "2"]
    assert {p.name for p in frames.iterdir()} == {"01_tiny-1.js", "01_tiny-1.webp"}


def test_each_question_is_recorded_where_it_is_asked_and_answered(path, kept):
    ran, _ = runs.run(path, kept)
    (cell,) = [cell for cell in ran.cells if cell.id == "more"]
    records = [o["data"][MIME] for o in cell.outputs if MIME in o.get("data", {})]
    assert [r["question"] for r in records if r["kind"] == "question"] == ["A?", "B?"]
    assert [r["questions"] for r in records if r["kind"] == "compared"] == [["B?"], ["A?"]]
    made = pages.page(path, ran, kept.parent / "pictures", there=set())
    text = str(next(cell for cell in made.cells if cell.id == "more").outputs)
    assert text.index("A?") < text.index("B?") and text.count("came out") >= 2


def test_what_ran_is_kept_until_it_changes(path, kept, monkeypatch):
    def stop(*_):
        raise InterruptedError("it runs")

    monkeypatch.setattr(runs, "_execute", stop)
    assert runs.is_kept(path, kept)
    runs.run(path, kept)
    changed = path.read_text(encoding="utf-8").replace("'that'", "'this'")
    other = kept.parent / "01_tiny.ipynb"
    other.write_text(changed, encoding="utf-8")
    assert not runs.is_kept(other, kept)
    with pytest.raises(InterruptedError):
        runs.run(other, kept)
    assert runs.is_kept(path, kept), "a run that failed leaves the last one"


def test_more_widgets_have_less_room_each(path, monkeypatch, tmp_path):
    rooms = []

    def execute(client, env):
        rooms.append(int(env["LABKIT_HARVEST_ROOM"]))

    monkeypatch.setattr(runs.NotebookClient, "execute", lambda self, env: execute(self, env))
    lab = nbformat.read(path, 4)
    many = tmp_path / "02_many.ipynb"
    lab.cells += [new_code_cell("1", id=f"w{i}", metadata={"tags": ["widget"]}) for i in range(8)]
    nbformat.write(lab, many)
    for one in (path, many):
        runs.run(one, tmp_path / "kept")
    assert rooms == [runs.ROOM, runs.PAGE // 9]


def nbval(path, kept, *more):
    """Test a lab as `make test` does, with more cells at its end; what passed is kept."""
    lab = nbformat.read(path, 4)
    lab.cells += [new_code_cell(source) for source in more]
    copy = path.parent / "copy" / path.name
    copy.parent.mkdir(exist_ok=True)
    nbformat.write(prose.checked(lab), copy)
    options = [*everything.NBVAL, "-p", "no:cacheprovider"]
    where = [f"--labs={path.parent}", f"--leave={kept}", str(copy)]
    paths = os.pathsep.join([str(ROOT / "site"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *where],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=copy.parent,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def left(path, tmp_path_factory):
    """A folder in which the tests left the lab's run."""
    folder = tmp_path_factory.mktemp("left")
    ran = nbval(path, folder)
    assert ran.returncode == 0, ran.stdout
    return folder


@pytest.fixture
def plain(tmp_path):
    """A lab that needs nothing."""
    path = tmp_path / "02_plain.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import os", id="one")]), path)
    return path


def test_what_the_tests_ran_is_kept_as_what_the_builder_ran(path, kept, left):
    assert runs.is_kept(path, left) and [p.name for p in left.iterdir()] == [path.stem]
    (built, pictures), (ran, others) = (runs.run(path, folder) for folder in (kept, left))
    assert [cell.id for cell in ran.cells] == [cell.id for cell in built.cells]
    assert [told(cell) for cell in ran.cells] == [told(cell) for cell in built.cells]
    assert ran.metadata["language_info"] == built.metadata["language_info"]
    cells = {cell.id: cell for cell in ran.cells}
    assert [output.data["text/plain"] for output in cells["early"].outputs] == ["'after'"]
    assert [output.ename for output in cells["fails"].outputs] == ["ZeroDivisionError"]
    assert not cells["quiet"].outputs
    files = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in (pictures, others)]
    assert files[0] == files[1] and len(files[0]) == 2


def told(cell):
    """A cell's source and outputs, without what differs from run to run."""
    outputs = json.loads(json.dumps(cell.get("outputs", [])))
    for output in outputs:
        for name in ("execution_count", "traceback"):  # nbval doesn't count
            output.pop(name, None)
        output.get("data", {}).pop(pages.VIEW, None)
        for name in ("seconds", "model"):
            output.get("data", {}).get(MIME, {}).pop(name, None)
    return cell.source, outputs


def test_a_page_is_made_of_what_the_tests_left(path, left, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "_execute", None)  # nothing runs
    build.prepare([path], tmp_path / "pages", kept=left)
    assert build.render(tmp_path / "pages", tmp_path / "html") == 0
    page = (tmp_path / "html" / "01_tiny.html").read_text(encoding="utf-8")
    assert "a grey" in page and "Which?" in page and "marks" not in page


def test_tests_that_fail_leave_nothing(plain, tmp_path):
    ran = nbval(plain, tmp_path / "kept", "assert 'LABKIT_HARVEST' not in os.environ")
    assert ran.returncode == 1 and "1 failed, 1 passed" in ran.stdout, ran.stdout
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_lab_that_is_kept_is_tested_alone(plain, tmp_path):
    with runs.Run(plain, tmp_path / "kept") as going:
        going.keep()
    ran = nbval(plain, tmp_path / "kept", "assert 'LABKIT_HARVEST' not in os.environ")
    assert ran.returncode == 0 and "2 passed" in ran.stdout, ran.stdout
    assert runs.is_kept(plain, tmp_path / "kept")
