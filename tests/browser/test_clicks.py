"""Clicks on a picture in a real JupyterLab: pieces are hidden, a pixel asked, a stone dropped."""

import nbformat
import pytest
from driving import cell_at, open_notebook
from making import code, notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PIECES = """\
import torch
from labkit import widgets

def model(images):
    bright = images.mean((1, 2, 3)) - 0.6
    return torch.stack([-bright, bright], 1)

halves = (torch.arange(64) // 32).expand(64, 64)
widgets.hide_pieces(model, torch.ones(3, 64, 64), halves)"""

PIXELS = """\
import torch
from labkit import density, widgets

network = density.RowRNN(memory=8, width=4, seed=0)
widgets.what_it_sees({"row-RNN": network}, torch.ones(2, 1, 28, 28), torch.tensor([3, 1]))"""

BOARD = """\
from labkit import play, widgets

solved = play.solve(play.Board(4, 4))
ask = play.judge(play.TwoHeads(solved.board))
widgets.match(solved, ask, {"empty board": ""})"""


def opened(page, server, source):
    """The picture of the widget that this cell shows, and its cell."""
    nbformat.write(notebook(code(source)), server.folder / "clicks.ipynb")
    open_notebook(page, server, "clicks.ipynb")
    page.keyboard.press("Escape")
    cell_at(page, 0).click()
    page.keyboard.press("Shift+Enter")
    picture = cell_at(page, 0).locator("img.labkit-picture")
    picture.wait_for()
    return picture, cell_at(page, 0)


def test_a_click_hides_a_piece_and_a_second_shows_it(page, server):
    picture, note = opened(page, server, PIECES)
    note.get_by_text("Hidden: 0 of 2 pieces").wait_for()
    picture.click(position={"x": 100, "y": 40})
    note.get_by_text("Hidden: 1 of 2 pieces").wait_for()
    assert "+0.15" in note.locator(".labkit-note").inner_text()
    assert note.locator("input[type=text]").input_value() == "1"
    picture.click(position={"x": 100, "y": 90})
    note.get_by_text("Hidden: 0 of 2 pieces").wait_for()
    assert page.seen.errors == [] and page.seen.abroad == []


def test_a_click_asks_what_a_pixel_sees(page, server):
    picture, note = opened(page, server, PIXELS)
    note.get_by_text("row 14, column 14 sees 406 of the 406").wait_for()
    size = picture.bounding_box()
    picture.click(position={"x": 3.5 / 28 * size["width"], "y": 1.5 / 28 * size["height"]})
    note.get_by_text("row 1, column 3 sees 31 of the 31").wait_for()
    assert page.seen.errors == [] and page.seen.abroad == []


def test_a_click_drops_a_stone(page, server):
    picture, note = opened(page, server, BOARD)
    note.get_by_text("Your turn").wait_for()
    size = picture.bounding_box()
    picture.click(position={"x": 0.8 * size["width"], "y": 0.4 * size["height"]})
    page.wait_for_function("() => document.querySelector('.jp-Cell input[type=text]').value")
    assert note.locator("input[type=text]").input_value() in ("3", "4")
    note.get_by_text("Your turn").wait_for()
    note.locator("input[type=text]").press("9")  # each key is a move, without Enter
    note.get_by_text("'9' is no open column").wait_for()
    assert page.seen.errors == [] and page.seen.abroad == []
