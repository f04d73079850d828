"""%reveal by the notebook's file: which cell is meant, and catching up with what stands above."""

import re

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from kernels import Kernel, live_kernel
from making import SOLVED, code, notebook

from labkit.course import editions, live, live_file

prose = nbformat.v4.new_markdown_cell
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


def lab():
    """Live edition: code cells 1 set-up, 2 and 3 demos, 4 exercise, 5 check, 6 demo, 7 typed."""
    made = notebook(
        prose("# Tiny"),
        code("import math\nRAN = ['set-up']"),
        prose("## One\n\ntext\n\n```\n# no heading\n```"),
        code("RAN.append('first')\nprint('loud')\nprint('louder')"),
        code("RAN.append('second')\nRAN"),
        prose("## Two"),
        code(SOLVED, tags=["exercise"], grade_id="d", solution=True, grade=False),
        code("RAN.append('check')", tags=["check"], grade_id="c", grade=True, solution=False),
        code("RAN.append(double(2))"),
        prose("## Three"),
        code("RAN.append('last')"),
    )
    return editions.live(made)


def at(made, number):
    """The code cell of this number."""
    return [cell for cell in made.cells if cell.cell_type == "code"][number - 1]


def request(text="%reveal", cell_id=""):
    metadata = {"cellId": cell_id} if cell_id else {}
    return {"metadata": metadata, "content": {"code": text}}


def found(made, *, name=None, **sent):
    """Number of the code cell that is meant."""
    index = live_file.find_cell(made.cells, name, request(**sent))
    return sum(cell.cell_type == "code" for cell in made.cells[: index + 1])


def base_7(number):
    return base_7(number // 7) + str(number % 7) if number >= 7 else str(number)


def vs_code(made, number):
    """The id that VS Code sends for a cell that was there when it opened the file."""
    digits = base_7(made.cells.index(at(made, number)))
    return (
        f"vscode-notebook-cell:/home/me/tiny.ipynb#{'WXYZ'[len(digits) - 1]}{digits}sZmlsZQ%3D%3D"
    )


# Which cell is meant


def test_a_cell_is_found_by_its_number_and_by_its_id():
    made = lab()
    assert found(made, name="3") == 3
    assert found(made, name=at(made, 6).id) == 6
    assert found(made, cell_id=at(made, 2).id) == 2


@pytest.mark.parametrize("name", ["0", "8", "live-keys", "no-such-id"])
def test_a_name_of_no_cell_is_answered_with_the_numbers_there_are(name):
    with pytest.raises(live.LeftAlone, match=f"No code cell.*'{name}'") as caught:
        found(lab(), name=name)
    assert str(caught.value).splitlines()[1:] == [
        "  One: %reveal 2, %reveal 3",
        "  Two: %reveal 4, %reveal 6",
        "  Three: %reveal 7",
    ]


@pytest.mark.parametrize("number", [2, 3, 6, 7])
def test_vs_code_counts_the_cells_of_the_file_it_opened(number):
    made = lab()
    assert found(made, cell_id=vs_code(made, number)) == number


def test_a_place_that_vs_code_names_is_not_believed_if_another_cell_is_there():
    made = lab()
    sent = vs_code(made, 2)
    made.cells.insert(1, code("a new one"))
    with pytest.raises(live.LeftAlone, match="does not say which cell"):
        found(made, cell_id=sent)
    with pytest.raises(live.LeftAlone, match="does not say which cell"):
        found(made, cell_id="vscode-notebook-cell:/tiny.ipynb#X66sZmlsZQ%3D%3D")


def test_a_cell_is_found_by_its_saved_text_if_no_other_has_it():
    made = lab()
    at(made, 3).source = "%reveal"
    assert found(made) == 3
    at(made, 6).source = "%reveal"
    with pytest.raises(live.LeftAlone, match=r"(?s)Name it by its number.*%reveal 6"):
        found(made)


# What is run of a cell


@pytest.mark.parametrize("text", ["", "%reveal", "\n%reveal --step", "%%reveal --step 1/3\nRAN"])
def test_of_an_empty_or_half_revealed_cell_the_prepared_code(text):
    cell = at(lab(), 2)
    cell.source = text
    assert live_file.code_to_run(cell) == cell.metadata.labkit.prepared


def test_of_a_stub_the_solution_and_of_an_answer_the_answer():
    cell = at(lab(), 4)
    assert "return y" in live_file.code_to_run(cell)
    cell.source = cell.source.replace("    # YOUR", "    begun = 1\n    # YOUR")
    assert "return y" in live_file.code_to_run(cell)
    cell.source = "def double(x):\n    return x + x"
    assert live_file.code_to_run(cell) == cell.source


def test_of_a_typed_cell_what_was_typed():
    cell = at(lab(), 2)
    cell.source = "mine = 1\n%reveal"
    assert live_file.code_to_run(cell) == "mine = 1"
    assert live_file.code_to_run(code("x = 1")) == "x = 1"


# Catching up


@pytest.mark.parametrize("saving", [True, False])
def test_the_editor_is_asked_to_save_first(tmp_path, monkeypatch, capsys, saving):
    path, made = tmp_path / "tiny.ipynb", lab()
    nbformat.write(made, path)

    def save():
        path.write_text("{")  # half of it; the rest a moment later
        monkeypatch.setattr(live_file.time, "sleep", lambda _: nbformat.write(made, path))

    at(made, 2).source = "new"
    cells = live_file.saved_now(path, save if saving else lambda: None, seconds=0.2)
    assert (cells[4].source == "new") == saving
    assert ("as last saved" in capsys.readouterr().out) != saving


def test_vs_code_is_not_waited_for(tmp_path, monkeypatch, shell, capsys):
    nbformat.write(lab(), tmp_path / "tiny.ipynb")
    shell.user_ns["__vsc_ipynb_file__"] = str(tmp_path / "tiny.ipynb")
    path = live_file.find_path()
    assert live_file.saved_now(path, lambda: None, seconds=1e9) == lab().cells
    assert "tiny.ipynb as last saved" in capsys.readouterr().out


@pytest.fixture
def shell():
    shell = InteractiveShell.instance()
    shell.reset()
    yield shell
    shell.reset()


def test_all_above_runs_unseen_with_a_line_for_each_heading(shell, capsys):
    live_file.catch_up(shell, lab().cells[:-1])
    assert shell.user_ns["RAN"] == ["set-up", "first", "second", 4]
    said = capsys.readouterr().out
    assert re.sub(r"\d+\.\d s", "? s", said).splitlines() == [
        "Tiny: 1 cell, ? s",
        "One: 2 cells, ? s",
        "Two: 2 cells, ? s",
    ]
    assert shell.execution_count == 1


def test_an_error_stops_and_its_cell_is_named(shell, capsys):
    made = lab()
    at(made, 3).source = "\nRAN.append(1 / 0)"
    with pytest.raises(live.LeftAlone, match=r"'One'.*'RAN.append\(1 / 0\)'.*ZeroDivisionError"):
        live_file.catch_up(shell, made.cells)
    assert shell.user_ns["RAN"] == ["set-up", "first"]
    assert "One: stopped" in capsys.readouterr().out


# In a kernel


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A kernel of tiny.ipynb, and that file."""
    path = tmp_path_factory.mktemp("my-labs") / "tiny.ipynb"
    with live_kernel(tmp_path_factory.mktemp("i"), JPY_SESSION_NAME=str(path)) as (_, client):
        yield Kernel(client), path


@pytest.fixture
def kernel(started):
    nbformat.write(lab(), started[1])
    started[0].run("%reset -f")
    return started[0]


def test_a_kernel_catches_up_with_its_notebook(kernel):
    made = lab()
    assert kernel.run("%reveal --until-here", cell_id=at(made, 6).id) == ("", "")
    first, *others = kernel.shown()
    assert re.fullmatch(r"tiny.ipynb as last saved, \d\d:\d\d:\d\d", first)
    assert [line.partition(":")[0] for line in others] == ["Tiny", "One", "Two"]
    assert kernel.run("assert RAN == ['set-up', 'first', 'second'], RAN") == (None, "")
    stub = at(made, 4).source
    assert kernel.run(f"%reveal --until-here\n{stub}", cell_id=at(made, 4).id)[0] == stub


def test_a_kernel_stops_catching_up_with_the_traceback_of_that_cell(kernel, started):
    made = lab()
    at(made, 3).source = "1 / 0"
    nbformat.write(made, started[1])
    replaced, error = kernel.run("%reveal --until-here", cell_id=at(made, 7).id)
    assert replaced is None and "'1 / 0' stops with ZeroDivisionError" in error
    shown = kernel.shown()
    assert shown[-1] == error and any("ZeroDivisionError" in text for text in shown[:-1])


def test_a_cell_whose_metadata_does_not_come_is_found_in_the_file(kernel):
    made = lab()
    sent = vs_code(made, 2)
    prepared = at(made, 2).metadata.labkit.prepared
    assert kernel.run("%reveal", cell_id=sent) == (prepared, "")
    first = kernel.run("%reveal --step", cell_id=sent)[0]
    assert first == "%%reveal 2 --step 1/3\nRAN.append('first')"
    second = kernel.run(first)[0]  # replaced by VS Code, a cell has another id
    assert second == first.replace("1/3", "2/3") + "\nprint('loud')"
    assert kernel.run(second)[0] == prepared
    assert kernel.run("%reveal 3")[0] == "RAN.append('second')\nRAN"
    assert "Name it by its number" in kernel.run("%reveal")[1]


def test_a_notebook_that_is_not_there_or_broken_is_named(kernel, started):
    started[1].write_text("{")
    assert "is not a readable Jupyter notebook" in kernel.run("%reveal")[1]
    started[1].unlink()
    for line in ("%reveal", "%reveal --until-here"):
        error = kernel.run(line)[1]
        assert f"{started[1]}, which is not there" in error and "restart the kernel" in error
