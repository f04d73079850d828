"""A prediction in a real JupyterLab: answered by keyboard, kept over a restart, compared."""

import json

import nbformat
import pytest
from driving import cell_at, open_notebook, run_all
from making import code, notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ASK = """\
from labkit import predict
guess = predict("On which ground is a husky called wolf?", ["snow", "grass"])
guess"""
_FOCUSED = "() => [document.activeElement.type, document.activeElement.closest('label')?.innerText]"


def tab_to(page, option):
    for _ in range(20):
        page.keyboard.press("Tab")
        kind, label = page.evaluate(_FOCUSED)
        if kind == "radio" and option in (label or ""):
            return
    pytest.fail(f"no Tab leads to {option!r}")


def test_a_prediction_by_keyboard(page, server, tmp_path, tell):
    made = notebook(
        nbformat.v4.new_markdown_cell("# Ask"), code(ASK), code("guess.compare('snow')")
    )
    nbformat.write(made, server.folder / "ask.ipynb")
    open_notebook(page, server, "ask.ipynb")
    run_all(page)
    assert "No prediction was made" in cell_at(page, 2).inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    tab_to(page, "grass")
    page.keyboard.press("Space")
    assert cell_at(page, 1).get_by_role("radio", name="grass").is_checked()
    page.keyboard.press("Escape")
    run_all(page)  # the question, too: the answer is kept
    shown = cell_at(page, 2).locator(".jp-OutputArea-output", has_text="You predicted: grass")
    shown.wait_for()
    assert cell_at(page, 1).get_by_role("radio", name="grass").is_checked()
    stored = (server.folder / ".ask.predictions.json").read_text(encoding="utf-8")
    assert list(json.loads(stored).values()) == [{"answer": "grass", "truth": "snow", "options": 2}]
    assert not cell_at(page, 1).get_by_role("radio", name="snow").is_enabled()  # it commits
    page.screenshot(path=tmp_path / "predict.png")
    tell(f"screenshot: {tmp_path}/predict.png")
    assert page.seen.errors == [] and page.seen.abroad == []
