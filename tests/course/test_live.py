"""The live edition and %reveal: what is prepared, what comes, what is left alone."""

import ast
import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from kernels import Kernel, live_kernel
from making import ROOT, SOLVED, code, notebook

from labkit.course import editions, lab_server, live, live_edition

LABS = sorted((ROOT / "notebooks").glob("*.ipynb"))
lab = pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
prose = nbformat.v4.new_markdown_cell

THREE = "a = 1\n\n# the second\nb = 2  # b\nprint(a + b)\n# the end"
STUB = 'def double(x):\n    """Twice x."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
DECORATED = """\
import functools

@functools.cache
def f(x):
    \"\"\"A text
    of two lines.\"\"\"
    y = '''not
# a comment
'''
    return y"""
MAGICS = "%matplotlib inline\nx = !ls\n# time it\n%time sum(range(3))\nfor i in x:\n    %time i\nx"


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("", []),
        ("  \n", []),
        ("# only a comment", ["# only a comment"]),
        ("def f(): return 1", ["def f(): return 1"]),
        (THREE, ["a = 1", "\n# the second\nb = 2  # b", "print(a + b)\n# the end"]),
        ("a = 1; b = 2;\nc = 3;", ["a = 1; b = 2;", "c = 3;"]),
        (
            "for i in x:\n    a(i)\nelse:\n    b()\nc",
            ["for i in x:\n    a(i)\nelse:\n    b()", "c"],
        ),
        ("plot(\n    a,\n    b,\n);", ["plot(\n    a,\n    b,\n);"]),
        ("%%html\n<b>1</b>\n<b>2</b>", ["%%html\n<b>1</b>\n<b>2</b>"]),
        ("a = (\n", ["a = (\n"]),
    ],
)
def test_code_is_cut_behind_each_statement(source, pieces):
    assert live.statements(source) == pieces


def test_decorators_and_texts_of_several_lines_stay_whole():
    first, head, text, end = live.statements(DECORATED)
    assert first == "import functools"
    assert head.startswith("\n@functools.cache\ndef f") and head.endswith('lines."""')
    assert text == "    y = '''not\n# a comment\n'''" and end == "    return y"


def test_line_magics_are_statements():
    pieces = live.statements(MAGICS)
    assert pieces[:3] == ["%matplotlib inline", "x = !ls", "# time it\n%time sum(range(3))"]
    assert pieces[3:] == ["for i in x:\n    %time i", "x"]


@lab
def test_statements_joined_are_the_cell_and_each_beginning_is_python(path):
    for cell in editions.read(path).cells:
        if cell.cell_type == "code":
            pieces = live.statements(cell.source)
            assert "\n".join(pieces) == cell.source, cell.id
            for count in range(1, len(pieces)):
                ast.parse("\n".join(pieces[:count]))


def test_the_whole_cell_comes_into_an_empty_one():
    assert live.revealed("%reveal", THREE) == THREE
    assert live.revealed("\n  %reveal  \n", THREE) == THREE


def step_through(prepared, *, code="%reveal --step", **options):
    """All texts of a cell in which --step is run again and again."""
    texts = []
    while code.lstrip().startswith(("%reveal", "%%reveal")):
        place = code.split("\n")[0].partition("--step")[2].strip()
        code = live.revealed(code, prepared, step=place, **options)
        texts.append(code)
    return texts


def test_steps_bring_one_statement_each_and_end_with_the_cell():
    assert step_through(THREE) == [
        "%%reveal --step 1/3\na = 1",
        "%%reveal --step 2/3\na = 1\n\n# the second\nb = 2  # b",
        THREE,
    ]
    assert step_through("one") == ["one"]


@lab
def test_stepping_through_any_cell_of_a_lab_gives_the_cell(path):
    for cell in editions.read(path).cells:
        if cell.cell_type == "code":
            assert step_through(cell.source)[-1] == cell.source, cell.id


def test_an_edit_between_two_steps_stays():
    edited = "%%reveal --step 1/3\na = 7  # mine"
    after = live.revealed(edited, THREE, step="1/3")
    assert after == "%%reveal --step 2/3\na = 7  # mine\n\n# the second\nb = 2  # b"
    half = "%%reveal --step 2/3\na = 7\nb = ("
    assert live.revealed(half, THREE, step="2/3") == "a = 7\nb = (\nprint(a + b)\n# the end"


def test_prepared_statements_that_stand_are_counted():
    assert (
        live.revealed("a = 1  \n%reveal", THREE)
        == "a = 1  \n\n# the second\n" + THREE[len("a = 1\n\n# the second\n") :]
    )
    assert live.revealed("a = 1\n%reveal --step", THREE, step="").startswith("%%reveal --step 2/3")
    assert live.revealed(THREE + "\n%reveal", THREE) == THREE


@pytest.mark.parametrize("typed", ["a = 2", "print('mine')", "a = 1\nc = 3", "a =", "# mine"])
@pytest.mark.parametrize("step", [None, ""])
def test_a_cell_typed_by_hand_is_left_alone(typed, step):
    with pytest.raises(live.LeftAlone, match="code of its own"):
        live.revealed(f"{typed}\n%reveal", THREE, step=step)


@pytest.mark.parametrize("prepared", ["", "  \n"])
def test_a_cell_without_prepared_code_is_left_alone(prepared):
    with pytest.raises(live.LeftAlone, match="Nothing is prepared"):
        live.revealed("%reveal", prepared)


@pytest.mark.parametrize("step", ["x", "2", "2/", "-1/3"])
def test_a_place_that_is_none_is_named(step):
    with pytest.raises(live.LeftAlone, match="such as 2/5"):
        live.revealed("%reveal", THREE, step=step)
    assert live.revealed("%%reveal --step 9/3\na", THREE, step="9/3") == "a"


def test_an_untouched_stub_gives_way_and_a_begun_one_does_not():
    assert live.revealed(f"%reveal\n{STUB}", "answer", given=STUB) == "answer"
    assert live.revealed(f"{STUB}\n%reveal", "answer", given=STUB) == "answer"
    with pytest.raises(live.LeftAlone):
        live.revealed(f"%reveal\n{STUB}  # begun", "answer", given=STUB)


# The live edition


def demo_lab():
    """Set-up, knobs, two demos, a note, a check, an empty cell."""
    return notebook(
        prose("# Tiny"),
        code("import torch\ntorch.manual_seed(0)"),
        code("KNOB = 3"),
        code("x = KNOB\nx"),
        prose("**Why**: because", metadata={"tags": ["live"]}),
        prose("## Part\n\n```\n# no heading\n```"),
        code("import math"),
        code(SOLVED, tags=["exercise"], grade_id="d", solution=True, grade=False),
        code("assert double(2) == 4", tags=["check"], grade_id="c", grade=True, solution=False),
        prose("text"),
        code(""),
        code("print(1)", tags=["widget"]),
    )


@pytest.fixture
def made():
    """Live edition of demo_lab: cells by id."""
    return {cell.id: cell for cell in editions.live(demo_lab()).cells}


def test_prose_set_up_and_checks_stay_and_demos_are_empty(made):
    kept = ["cell-0", "cell-1", "cell-2", "cell-5", "cell-8", "cell-9"]
    full = {cell.id: cell.source for cell in demo_lab().cells}
    assert all(made[name].source == full[name] for name in kept)
    assert all("labkit" not in made[name].metadata for name in kept)
    assert [made[name].source for name in ("cell-3", "cell-6", "cell-10", "cell-11")] == [""] * 4
    assert made["cell-6"].metadata.labkit.prepared == "import math"
    assert "raises-exception" in made["cell-8"].metadata.tags


def test_an_exercise_shows_its_stub_and_carries_the_solution_without_markers(made):
    cell = made["cell-7"]
    assert cell.source == cell.metadata.labkit.given == STUB
    assert "SOLUTION" not in cell.metadata.labkit.prepared
    assert "return y" in cell.metadata.labkit.prepared


def test_cells_under_one_heading_share_their_section(made):
    sections = [made[f"cell-{i}"].metadata.labkit.section for i in (3, 6, 7, 11)]
    assert sections == ["cell-0", "cell-5", "cell-5", "cell-5"]


def test_the_room_gets_the_keys_and_no_notes(made):
    assert "cell-4" not in made
    assert made["live-keys"].source.startswith("<details><summary>Keys</summary>")
    assert "%load_ext labkit" in made["live-keys"].source
    for edition in (editions.student(demo_lab()), editions.solution(demo_lab())):
        assert not {"cell-4", "live-keys"} & {cell.id for cell in edition.cells}


FOLDED = "<details><summary>What came out</summary>\n\n{}\n\n</details>"


@pytest.mark.parametrize(
    ("told", "goes_on"),
    [
        ("It is 7.", ""),
        ("It is 7.\n\n- so\n- and so", ""),
        ("It is 7.", "**Predict**: and now?\n\nRun it."),
        ("It is 7.", "Another one. **Predict** its size."),
        ("It is 7.", "### Next\n\nText."),
        ("", "**Look** at two things."),
    ],
)
def test_a_result_is_folded_up_to_what_goes_on(told, goes_on):
    text = "\n\n".join(part for part in (told, goes_on) if part)
    parts = [FOLDED.format(told)] * bool(told) + [goes_on] * bool(goes_on)
    assert live_edition.with_result_folded(text) == "\n\n".join(parts)


def test_only_the_live_edition_folds_results_and_only_those_with_the_tag():
    lab = notebook(code("1"), prose("It is 1.", metadata={"tags": ["result"]}), prose("Next."))
    assert [c.source for c in editions.live(lab).cells if c.cell_type == "markdown"][1:] == [
        FOLDED.format("It is 1."),
        "Next.",
    ]
    for edition in (editions.student(lab), editions.solution(lab)):
        assert edition.cells[1].source == "It is 1." and "tags" not in edition.cells[1].metadata
    lab.cells[1].metadata["tags"] = ["a", "result", "b"]
    assert editions.student(lab).cells[1].metadata["tags"] == ["a", "b"]


def test_the_input_is_left_alone_and_the_result_is_the_same_each_time():
    source = demo_lab()
    first, second = editions.live(source), editions.live(source)
    assert source == demo_lab()
    assert editions.to_bytes(first) == editions.to_bytes(second)


@lab
def test_prepared_code_of_all_cells_is_the_source(path):
    solved = [cell for cell in editions.make(path, "solution").cells if cell.cell_type == "code"]
    prepared = [cell for cell in editions.make(path, "live").cells if cell.cell_type == "code"]
    for full, empty in zip(solved, prepared, strict=True):
        carried = empty.metadata.get("labkit", {}).get("prepared", empty.source)
        marked = [line for line in full.source.split("\n") if "SOLUTION" not in line]
        assert carried == "\n".join(marked) and empty.id == full.id
    assert sum("labkit" in cell.metadata for cell in prepared) > len(prepared) / 3


# In a kernel


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A kernel manager and its client; the kernel is the one found with the environment."""
    with live_kernel(tmp_path_factory.mktemp("ipython")) as started:
        yield started


@pytest.fixture
def kernel(running):
    return Kernel(running[1])


def test_the_kernel_is_this_python(running):
    assert running[0].kernel_spec.argv[0] == "python"
    assert running[0].format_kernel_cmd()[0] == sys.executable


@pytest.mark.slow
def test_reveal_is_there_before_any_cell_ran_and_after_a_restart(running, kernel):
    for _ in range(2):
        assert kernel.run("%reveal", prepared=THREE) == (THREE, "")
        running[0].restart_kernel(now=True)
        running[1].wait_for_ready(timeout=60)
    assert kernel.run("%reveal --step", prepared=THREE)[0] == "%%reveal --step 1/3\na = 1"
    assert kernel.run("%%reveal --step 1/3\na = 1", prepared=THREE)[0].startswith(
        "%%reveal --step 2"
    )
    assert kernel.run("%%reveal\na = 1", prepared=THREE)[0] == THREE


def test_the_kernel_leaves_other_cells_alone(kernel):
    assert kernel.run("own = 5\n%reveal", prepared=THREE)[0] is None
    assert "code of its own" in kernel.run("own = 6\n%reveal", prepared=THREE)[1]
    assert kernel.run("assert own == 6  # and it ran") == (None, "")
    assert "Nothing is prepared" in kernel.run("%reveal", cell_id="new")[1]
    assert "Nothing is prepared" in kernel.run("%reveal --all", prepared="")[1]


def test_steps_do_not_run_the_code(kernel):
    kernel.run("%%reveal --step 1/3\n1 / 0", prepared=THREE)
    assert kernel.run("%reveal", prepared="1 / 0") == ("1 / 0", "")


@pytest.mark.parametrize("line", ["--fast", "'", "--step 1/3 --all --fast", "--step x", "1 2 3"])
def test_wrong_options_are_explained_in_one_line(kernel, line):
    replaced, error = kernel.run(f"%reveal {line}", prepared=THREE)
    assert replaced is None and kernel.shown() == [error]
    assert line.split()[-1] in error and "\n" not in error


@pytest.mark.parametrize("source", ["x = 1\n%reveal", "%reveal\nx = 1", "%%reveal --step\nx = 1"])
def test_that_a_cell_stays_as_it_is_takes_one_line(kernel, source):
    assert kernel.run(source, prepared=THREE) == (None, live.OWN_CODE)
    assert kernel.shown() == [live.OWN_CODE]


def test_a_cell_that_stays_as_it_is_takes_one_line_in_a_terminal(capsys):
    shell = InteractiveShell()
    live.load_ipython_extension(shell)
    shell.run_cell("%reveal\nx = 1")
    shell.run_cell("%reveal --foo")
    said = capsys.readouterr()
    lines = (said.out + said.err).strip().splitlines()
    assert len(lines) == 2 and "--foo" in lines[1]


def test_reveal_where_no_front_end_sends_metadata():
    shell = InteractiveShell()
    live.load_ipython_extension(shell)
    with pytest.raises(live.LeftAlone, match="neither the cell's metadata nor the notebook's name"):
        shell.run_line_magic("reveal", "")


# How JupyterLab is started


def test_live_kernels_stand_in_front_and_others_stay():
    added = lab_server.environment(edition="live", projector=False, base={"JUPYTER_PATH": "/mine"})
    ours, answers, others = added["JUPYTER_PATH"].split(os.pathsep)
    assert Path(answers).name == "answers" and others == "/mine"
    spec = json.loads((Path(ours) / "kernels/python3/kernel.json").read_text())
    assert "--ext=labkit" in spec["argv"]
    plain = lab_server.environment(edition="student", projector=False, base={})
    assert ours not in plain["JUPYTER_PATH"]
    assert lab_server.options(edition="student") == []
