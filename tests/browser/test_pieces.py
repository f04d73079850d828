"""Pieces of an image hidden by a click in a real JupyterLab, as lab 03 asks for it."""

import nbformat
import pytest
from driving import cell_at, open_notebook
from making import code, notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDGET = """\
import torch
from labkit import widgets

def model(images):
    bright = images.mean((1, 2, 3)) - 0.6
    return torch.stack([-bright, bright], 1)

halves = (torch.arange(64) // 32).expand(64, 64)
widgets.hide_pieces(model, torch.ones(3, 64, 64), halves)"""


def test_a_click_hides_a_piece_and_a_second_shows_it(page, server):
    nbformat.write(notebook(code(WIDGET)), server.folder / "pieces.ipynb")
    open_notebook(page, server, "pieces.ipynb")
    page.keyboard.press("Escape")
    cell_at(page, 0).click()
    page.keyboard.press("Shift+Enter")
    picture, note = cell_at(page, 0).locator("img.labkit-picture"), cell_at(page, 0)
    picture.wait_for()
    note.get_by_text("Hidden: 0 of 2 pieces").wait_for()
    picture.click(position={"x": 100, "y": 40})
    note.get_by_text("Hidden: 1 of 2 pieces").wait_for()
    assert "+0.15" in note.locator(".labkit-note").inner_text()
    assert note.locator("input[type=text]").input_value() == "1"
    picture.click(position={"x": 100, "y": 90})
    note.get_by_text("Hidden: 0 of 2 pieces").wait_for()
    assert page.seen.errors == [] and page.seen.abroad == []
