"""A lab runs once, with what its widgets can show, and again when it has changed."""

import executing
import nbformat
import pages
import pytest
from harvest import MIME
from nbformat.v4 import new_code_cell, new_notebook

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
        new_code_cell(DRAW, id="ask"),
        new_code_cell("guess.compare('that')", id="told"),
        new_code_cell(MORE, id="more"),
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
    executing.run(path, folder)
    return folder


def test_records_stand_among_the_outputs_and_pictures_beside(path, kept):
    ran, frames = executing.run(path, kept)
    found = {cell.id: [o.get("data", {}).get(MIME) for o in cell.outputs] for cell in ran.cells}
    records = {name: next(filter(None, values)) for name, values in found.items()}
    assert records["ask"]["question"] == "Which?" and records["told"]["questions"] == ["Which?"]
    assert records["slide"]["controls"][0]["words"] == ["0", "1", "2"]
    assert {p.name for p in frames.iterdir()} == {"01_tiny-1.js", "01_tiny-1.webp"}


def test_each_question_is_recorded_where_it_is_asked_and_answered(path, kept):
    ran, _ = executing.run(path, kept)
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

    monkeypatch.setattr(executing, "_executed", stop)
    assert executing.is_kept(path, kept)
    executing.run(path, kept)
    changed = path.read_text(encoding="utf-8").replace("'that'", "'this'")
    other = kept.parent / "01_tiny.ipynb"
    other.write_text(changed, encoding="utf-8")
    assert not executing.is_kept(other, kept)
    with pytest.raises(InterruptedError):
        executing.run(other, kept)
    assert executing.is_kept(path, kept), "a run that failed leaves the last one"


def test_more_widgets_have_less_room_each(path, monkeypatch, tmp_path):
    rooms = []

    def execute(client, env):
        rooms.append(int(env["LABKIT_HARVEST_ROOM"]))

    monkeypatch.setattr(executing.NotebookClient, "execute", lambda self, env: execute(self, env))
    lab = nbformat.read(path, 4)
    many = tmp_path / "02_many.ipynb"
    lab.cells += [new_code_cell("1", id=f"w{i}", metadata={"tags": ["widget"]}) for i in range(8)]
    nbformat.write(lab, many)
    for one in (path, many):
        executing._executed(one, tmp_path)
    assert rooms == [executing.ROOM, executing.PAGE // 9]
