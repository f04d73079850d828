"""Each lab's student edition in a real JupyterLab: Run All, then the arrow keys on its widgets."""

import pytest
from driving import PICTURE, SLIDER, cell_at, focus_slider, open_notebook, press_and_wait, run_all
from making import ROOT

from labkit import cli, editions

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LABS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def opened(page, server, request, tmp_path, tell):
    """The page with the lab run, and the student edition it shows."""
    path = request.param
    copy = ["start", path.stem, "--no-launch", "--dir", str(server.folder)]
    assert cli.main(copy) == 0
    open_notebook(page, server, path.name)
    run_all(page, seconds=300)
    yield page, editions.make(path, "student")
    page.screenshot(path=tmp_path / f"{path.stem}.png")
    tell(f"screenshot: {tmp_path / path.stem}.png")


def indices(notebook, tag):
    cells = enumerate(notebook.cells)
    return [i for i, cell in cells if tag in cell.metadata.get("tags", [])]


@pytest.mark.parametrize("opened", LABS, ids=lambda path: path.stem, indirect=True)
def test_run_all_then_drive_the_widgets_by_keyboard(opened, tell):
    page, notebook = opened
    assert page.locator(".jp-Notebook .jp-Cell").count() == len(notebook.cells)
    for index in indices(notebook, "check"):
        shown = cell_at(page, index).inner_text()
        assert "not done yet" in shown.lower()
        assert "Traceback" not in shown
    for index in indices(notebook, "widget"):
        tell(drive(page, notebook.cells[index].id, cell_at(page, index)))
    assert page.seen.errors == []
    assert page.seen.abroad == []


def drive(page, name, cell):
    """Move each slider of the widget; its picture must follow. Says how fast it did."""
    cell.locator(PICTURE).first.wait_for(state="visible", timeout=30_000)
    sliders = cell.locator(SLIDER).count()
    assert sliders, f"{name}: no slider to drive"
    waits = []
    for number in range(sliders):
        focus_slider(cell, number)
        wait = press_and_wait(page, cell, "ArrowRight", seconds=5)
        if wait is None:  # it may stand at its end
            wait = press_and_wait(page, cell, "ArrowLeft", seconds=5)
        assert wait is not None, f"{name}: slider {number} moves and no picture changes"
        waits.append(wait)
    return f"{name}: key press to new picture {', '.join(f'{w:.0f}' for w in waits)} ms"
