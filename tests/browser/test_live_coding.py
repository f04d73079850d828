"""Live coding in a real JupyterLab, by keyboard alone: %reveal, a restart, all of lab 03."""

import nbformat
import pytest
from driving import cell_at, error_names, open_notebook
from making import code, notebook

from labkit import cli
from labkit.course import editions

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SUM = "a = 1\n# the second\nb = 2\nprint(a + b)"
EXERCISE = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"

_ACTIVE = """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')]
  .findIndex(cell => cell.classList.contains('jp-mod-active'))"""
_TEXT = "i => jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.getSource()"


def active(page):
    return page.evaluate(_ACTIVE)


def text_of(page, index):
    return page.evaluate(_TEXT, index)


def wait_active(page, index, *, seconds=60):
    page.wait_for_function(f"i => ({_ACTIVE})() === i", arg=index, timeout=seconds * 1000)


def wait_text(page, index, text, *, seconds=900):
    page.wait_for_function(
        f"([i, text]) => ({_TEXT})(i) === text", arg=[index, text], timeout=seconds * 1000
    )
    wait_active(page, index)  # the selection, which had moved on, is back


def wait_output(page, index, text):
    cell_at(page, index).locator(".jp-OutputArea-output", has_text=text).first.wait_for()


def type_and_run(page, *lines):
    """Enter the active cell, type, run."""
    page.keyboard.press("Enter")
    for number, line in enumerate(lines):
        if number:
            page.keyboard.press("Enter")
        page.keyboard.type(line)
    page.keyboard.press("Shift+Enter")


def go_to(page, index):
    """Select a cell with the arrow keys."""
    page.keyboard.press("Escape")
    while (here := active(page)) != index:
        page.keyboard.press("ArrowUp" if here > index else "ArrowDown")
        page.wait_for_function(f"i => ({_ACTIVE})() !== i", arg=here)


def restart(page):
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    page.keyboard.press("0")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_text("| Idle").first.wait_for(timeout=60_000)


@pytest.fixture
def classroom(teaching):
    yield teaching
    for session in teaching.api("sessions"):
        teaching.api(f"sessions/{session['id']}", "DELETE")


@pytest.fixture
def tiny(page, classroom):
    """Cells: 0 title, 1 keys, 2 set-up, 3 heading, 4 to 6 demos, 7 heading, 8 exercise, 9 text."""
    prose = nbformat.v4.new_markdown_cell
    made = notebook(
        prose("# Tiny"),
        code("import math"),
        prose("## One"),
        code(SUM),
        code("print('second')"),
        code("print('third')"),
        prose("## Two"),
        code(EXERCISE, tags=["exercise"], solution=True, grade=False, grade_id="f"),
        prose("The end."),
    )
    nbformat.write(editions.live(made), classroom.folder / "tiny.ipynb")
    open_notebook(page, classroom, "tiny.ipynb")
    yield page
    assert page.seen.errors == [] and page.seen.abroad == []


def test_type_shift_enter_shift_enter(tiny):
    go_to(tiny, 4)
    type_and_run(tiny, "%reveal")  # in a kernel in which no cell has run yet
    wait_text(tiny, 4, SUM)
    assert "3" not in cell_at(tiny, 4).locator(".jp-OutputArea").inner_text()
    tiny.keyboard.press("Shift+Enter")
    wait_output(tiny, 4, "3")
    assert active(tiny) == 5


def test_step_by_step_through_a_restart(tiny):
    go_to(tiny, 4)
    type_and_run(tiny, "%reveal --step")
    wait_text(tiny, 4, "%%reveal --step 1/3\na = 1")
    restart(tiny)
    go_to(tiny, 4)
    tiny.keyboard.press("Shift+Enter")
    wait_text(tiny, 4, "%%reveal --step 2/3\na = 1\n# the second\nb = 2")
    tiny.keyboard.press("Shift+Enter")
    wait_text(tiny, 4, SUM)
    tiny.keyboard.press("Shift+Enter")
    wait_output(tiny, 4, "3")


def test_a_section_at_once_leaves_typed_cells_and_exercises_alone(tiny):
    go_to(tiny, 5)
    type_and_run(tiny, "print('by hand')")
    wait_output(tiny, 5, "by hand")
    go_to(tiny, 4)
    type_and_run(tiny, "%reveal --all")
    wait_text(tiny, 4, SUM)
    wait_text_of_other(tiny, 6, "print('third')")
    assert text_of(tiny, 5) == "print('by hand')"
    assert "raise NotImplementedError()" in text_of(tiny, 8)
    go_to(tiny, 8)
    type_and_run(tiny, "%reveal", "")  # a line above the stub
    wait_text(tiny, 8, "def f(x):\n    return 2 * x")


def wait_text_of_other(page, index, text):
    page.wait_for_function(f"([i, text]) => ({_TEXT})(i) === text", arg=[index, text])


def test_catching_up_after_a_restart(tiny, tmp_path, tell):
    """With what was typed and not saved, and what is prepared; cells above stay as they are."""
    go_to(tiny, 4)
    type_and_run(tiny, "a = 41")
    restart(tiny)
    go_to(tiny, 9)
    tiny.keyboard.press("a")  # a cell that is in no file yet
    wait_active(tiny, 9)
    type_and_run(tiny, "%reveal --until-here")
    wait_text(tiny, 9, "", seconds=300)
    for line in ("Tiny: 1 cell,", "One: 3 cells,", "Two: 1 cell,"):
        wait_output(tiny, 9, line)
    tiny.screenshot(path=tmp_path / "caught_up.png")
    tell(f"screenshot: {tmp_path}/caught_up.png")
    assert "last saved" not in cell_at(tiny, 9).inner_text()
    assert "second" not in cell_at(tiny, 9).inner_text() + cell_at(tiny, 5).inner_text()
    tiny.keyboard.type("print(f(a), math.floor(3.9))")
    tiny.keyboard.press("Shift+Enter")
    wait_output(tiny, 9, "82 3")
    assert text_of(tiny, 4) == "a = 41" and text_of(tiny, 5) == ""


def test_that_a_cell_stays_as_it_is_is_one_line(tiny):
    go_to(tiny, 4)
    type_and_run(tiny, "%reveal", "mine = 1")
    wait_output(tiny, 4, "This cell has code of its own")
    assert len(error_names(tiny)) == 1
    shown = cell_at(tiny, 4).locator(".jp-OutputArea-output").inner_text()
    assert shown.strip().startswith("This cell") and "\n" not in shown.strip()


def test_lab_03_from_first_to_last_cell(page, classroom, tmp_path, tell):
    """With a restart of the kernel after the vote; nothing but the keyboard is used."""
    name = "03_wolves_vs_huskies"
    start = ["start", "03", "--edition", "live", "--no-launch", "--dir", str(classroom.folder)]
    assert cli.main(start) == 0
    lab = editions.make(name, "live")
    open_notebook(page, classroom, f"{name}.ipynb")
    page.keyboard.press("Escape")
    restart_at = next(i for i, cell in enumerate(lab.cells) if cell.id == "train-grid")
    for index, cell in enumerate(lab.cells):
        wait_active(page, index)
        if index == restart_at:
            restart(page)
            wait_active(page, index)
        if carried := cell.metadata.get("labkit"):
            type_and_run(page, "%reveal", *[""] * bool(carried["given"]))
            wait_text(page, index, carried["prepared"])
        if index == restart_at:
            run_all_above(page)
            wait_active(page, index)
        page.keyboard.press("Shift+Enter")
    wait_until_all_ran(page, len(lab.cells))
    page.screenshot(path=tmp_path / "live.png")
    tell(f"screenshot: {tmp_path}/live.png")
    assert error_names(page) == []
    assert text_of(page, len(lab.cells) - 1) == lab.cells[-1].source
    assert page.seen.errors == [] and page.seen.abroad == []


def run_all_above(page):
    """By the command palette, since the command has no key of its own."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+C")
    page.locator(".jp-ModalCommandPalette input").wait_for()
    page.keyboard.type("Run All Above Selected Cell")
    page.locator(".lm-CommandPalette-item.lm-mod-active", has_text="Run All Above").wait_for()
    page.keyboard.press("Enter")


def wait_until_all_ran(page, count, *, seconds=900):
    """The first `count` cells: Shift+Enter on the last one has added an empty cell."""
    page.wait_for_function(_ALL_RAN, arg=count, timeout=seconds * 1000, polling=300)
    page.get_by_text("| Idle").first.wait_for(timeout=60_000)


_ALL_RAN = """count => [...document.querySelectorAll('.jp-Notebook .jp-Cell')].slice(0, count)
  .filter(cell => cell.classList.contains('jp-CodeCell'))
  .every(cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent))"""
