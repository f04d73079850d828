"""Each lab's student edition in a real JupyterLab: Run All, then the arrow keys on its widgets.

With LABKIT_TEST_WIDGETS set, cells that no widget, exercise or check needs are left empty.
"""

import os

import pytest
from accessible import complaints
from driving import cell_at, open_notebook, run_all, save, unfold
from keyboard import stops_of, summary
from leading import lead_to_widgets
from operating import drive_cell
from running import LABS, check_nothing_solved, time_table

from labkit import cli
from labkit.course import editions

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def opened(page, server, request, tmp_path, tell):
    """The page with the lab run, and the student edition it shows."""
    path = request.param
    copy = ["start", path.stem, "--no-launch", "--dir", str(server.folder)]
    assert cli.main(copy) == 0
    if os.environ.get("LABKIT_TEST_WIDGETS"):
        keep_what_leads_to_widgets(server.folder / path.name)
    server.opened.write_text("")
    open_notebook(page, server, path.name)
    run_all(page, seconds=900)
    unfold(page)
    yield page, path
    page.screenshot(path=tmp_path / f"{path.stem}.png")
    tell(f"screenshot: {tmp_path / path.stem}.png")


def keep_what_leads_to_widgets(path):
    notebook = editions.read(path)
    kept = lead_to_widgets(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.id not in kept:
            cell.source = ""
    path.write_bytes(editions.to_bytes(notebook))


def indices(notebook, tag):
    cells = enumerate(notebook.cells)
    return [i for i, cell in cells if tag in cell.metadata.get("tags", [])]


def check_run(page, server, path, tell):
    """Run All with nothing solved and no network: only the checks failed, as they should."""
    save(page, server.folder / path.name)
    ran = editions.read(server.folder / path.name)
    tell(time_table(path.stem, ran))
    check_nothing_solved(path, ran, server.opened.read_text(encoding="utf-8", errors="replace"))


@pytest.mark.parametrize("opened", LABS, ids=lambda path: path.stem, indirect=True)
def test_run_all_then_drive_the_widgets_by_keyboard(opened, server, tell):
    page, path = opened
    notebook = editions.make(path, "student")
    check_run(page, server, path, tell)
    assert page.locator(".jp-Notebook .jp-Cell").count() == len(notebook.cells)
    for index in indices(notebook, "check"):
        shown = cell_at(page, index).inner_text()
        assert "not done yet" in shown.lower()
        assert "Traceback" not in shown
    driven = [i for i in reversed(range(len(notebook.cells))) if stops_of(cell_at(page, i))]
    assert set(indices(notebook, "widget")) <= set(driven)
    for index in driven:
        found = drive_cell(page, cell_at(page, index), index)
        if found["pressed"]:
            times = f"{summary(found['pressed'])}; held key: {summary(found['held'])}"
            tell(f"{notebook.cells[index].id}: key to picture: {times}")
    assert (found := complaints(page)) == [], "\n".join(found)
    assert page.seen.errors == []
    assert page.seen.abroad == []
