"""The way the labs are driven, tried on a notebook of three cells."""

import nbformat
import pytest
from driving import cell_at, focus_slider, open_notebook, press_and_wait, run_all
from making import code, notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDGET = """\
import io
import ipywidgets as w
import numpy as np
from PIL import Image

def png(value):
    file = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), value * 20, np.uint8)).save(file, "PNG")
    return file.getvalue()

slider, picture = w.IntSlider(0, 0, 10), w.Image(value=png(0), width=80)
"""
WORKS = "slider.observe(lambda c: setattr(picture, 'value', png(c.new)), 'value')\n"
BROKEN = "slider.observe(lambda c: 1 / 0, 'value')\n"


def open_and_run(page, server, *cells):
    nbformat.write(notebook(*cells), server.folder / "tiny.ipynb")
    open_notebook(page, server, "tiny.ipynb")
    run_all(page, seconds=60)


def test_a_key_press_changes_the_picture(page, server, tell):
    widget = code(WIDGET + WORKS + "w.VBox([slider, picture])", tags=["widget"])
    open_and_run(page, server, nbformat.v4.new_markdown_cell("# Tiny"), widget, code("1 + 1"))
    cell = cell_at(page, 1)
    focus_slider(cell)
    waits = [press_and_wait(page, cell) for _ in range(3)]
    assert None not in waits
    tell(f"tiny notebook: key press to new picture: {sorted(waits)[1]:.0f} ms")
    assert page.seen.errors == [] and page.seen.abroad == []


def test_a_broken_callback_is_noticed(page, server):
    widget = code(WIDGET + BROKEN + "w.VBox([slider, picture])", tags=["widget"])
    open_and_run(page, server, widget)
    cell = cell_at(page, 0)
    focus_slider(cell)
    assert press_and_wait(page, cell, seconds=2) is None


def test_the_kernel_is_offline(page, server):
    fetch = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 3)\n"
    fetch += "except OSError as error:\n    print(error)"
    open_and_run(page, server, code(fetch))
    assert "offline: this run may not reach '192.0.2.1'" in cell_at(page, 0).inner_text()


def test_an_error_on_the_page_and_a_request_abroad_are_noticed(page, server):
    html = "from IPython.display import HTML\nHTML('<img src=\"http://192.0.2.1/a.png\">')"
    open_and_run(page, server, code(html))
    page.evaluate("console.error('something broke')")
    assert set(page.seen.abroad) == {"http://192.0.2.1/a.png"}
    assert any("something broke" in text for text in page.seen.errors)
