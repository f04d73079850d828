"""The live edition before a class: Ctrl+Enter keeps the figure in sight, results unfold."""

import nbformat
import pytest
from driving import cell_at, open_notebook
from making import code, notebook
from test_live_coding import active, go_to, text_of, wait_output, wait_text

from labkit.course import editions

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIGURE = """\
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(6, 4))
ax.plot([1, 2])
print("drawn")"""
TOLD = "A line, since $2 - 1 = 1$."
_IN_SIGHT = """img => { const { top, bottom } = img.getBoundingClientRect();
  const seen = img.closest('.jp-WindowedPanel-outer').getBoundingClientRect();
  return top >= seen.top && bottom <= seen.bottom; }"""


@pytest.fixture
def lesson(page, teaching):
    """Cells: 0 title, 1 keys, 2 heading, 3 a demo, 4 its result, 5 another demo, 6 much text."""
    prose = nbformat.v4.new_markdown_cell
    made = notebook(
        prose("# Lesson"),
        prose("## One"),
        code(FIGURE),
        prose(f"{TOLD}\n\n**Predict**: and 3?", metadata={"tags": ["result"]}),
        code("print('next')"),
        prose("\n\n".join(f"Paragraph {number}." for number in range(40))),
    )
    nbformat.write(editions.live(made), teaching.folder / "lesson.ipynb")
    page.set_viewport_size({"width": 1024, "height": 768})
    open_notebook(page, teaching, "lesson.ipynb")
    yield page
    for session in teaching.api("sessions"):
        teaching.api(f"sessions/{session['id']}", "DELETE")
    assert page.seen.errors == [] and page.seen.abroad == []


def run_and_stay(page):
    page.keyboard.press("Control+Enter")


def test_ctrl_enter_reveals_and_runs_and_stays(lesson, tmp_path, tell):
    go_to(lesson, 3)
    lesson.keyboard.press("Enter")
    lesson.keyboard.type("%reveal")
    run_and_stay(lesson)
    wait_text(lesson, 3, FIGURE)
    run_and_stay(lesson)
    wait_output(lesson, 3, "drawn")
    figure = cell_at(lesson, 3).locator(".jp-OutputArea-output img")
    figure.wait_for()
    lesson.wait_for_timeout(1000)
    lesson.screenshot(path=tmp_path / "ctrl-enter.png")
    tell(f"screenshot: {tmp_path}/ctrl-enter.png")
    assert active(lesson) == 3 and text_of(lesson, 3) == FIGURE
    assert figure.evaluate(_IN_SIGHT)


def test_a_result_unfolds_once_its_cell_has_run(lesson):
    told = cell_at(lesson, 4).locator(".jp-RenderedMarkdown").get_by_text("A line, since")
    lesson.wait_for_timeout(1500)
    assert not told.is_visible()
    go_to(lesson, 3)
    lesson.keyboard.press("Enter")
    lesson.keyboard.type("print('mine')")
    run_and_stay(lesson)
    wait_output(lesson, 3, "mine")
    told.wait_for()
    cell_at(lesson, 4).locator("summary").click()
    lesson.wait_for_timeout(1500)
    assert not told.is_visible(), "who folds it again keeps it folded"


def test_ctrl_enter_steps(lesson):
    go_to(lesson, 3)
    lesson.keyboard.press("Enter")
    lesson.keyboard.type("%reveal --step")
    run_and_stay(lesson)
    first, second = FIGURE.split("\n")[:2]
    wait_text(lesson, 3, f"%%reveal --step 1/4\n{first}")
    run_and_stay(lesson)
    wait_text(lesson, 3, f"%%reveal --step 2/4\n{first}\n{second}")
    assert active(lesson) == 3


def test_a_result_is_one_click_away_and_the_question_is_there(lesson, tmp_path, tell):
    result = cell_at(lesson, 4).locator(".jp-RenderedMarkdown")
    assert not result.get_by_text("A line, since").is_visible()
    assert result.get_by_text("and 3?").is_visible()
    result.get_by_text("What came out").click()
    result.get_by_text("A line, since").wait_for()
    formula = result.locator("mjx-container")
    formula.wait_for()
    assert formula.bounding_box()["width"] > 20
    lesson.screenshot(path=tmp_path / "result.png")
    tell(f"screenshot: {tmp_path}/result.png")
