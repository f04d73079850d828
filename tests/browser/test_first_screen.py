"""The first screen of `labkit start` in a real JupyterLab with fresh settings: the notebook."""

import nbformat
import pytest
from driving import open_notebook
from making import code, notebook

from labkit.course import copies, paths

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NARROW = {"width": 1024, "height": 768}  # an old projector
_SHARE = "() => document.querySelector('.jp-Notebook').getBoundingClientRect().width / innerWidth"
_ASKED = ".Toastify__toast"


@pytest.fixture
def first_screen(page):
    """A function that opens a notebook of two cells in a narrow window."""

    def show(server):
        page.set_viewport_size(NARROW)
        made = notebook(nbformat.v4.new_markdown_cell("# First"), code("1"))
        nbformat.write(made, server.folder / "first.ipynb")
        open_notebook(page, server, "first.ipynb")
        page.wait_for_timeout(1500)  # for what comes late: a toast, the sidebar
        return page

    yield show
    assert page.seen.errors == [] and page.seen.abroad == []


def test_nothing_is_asked_and_the_files_are_shown(first_screen, server):
    page = first_screen(server)
    assert page.locator(_ASKED).count() == 0
    assert page.locator("#jp-left-stack").is_visible()


def test_the_page_of_a_path_is_shown_and_leads_to_its_labs(page, server):
    copies.copy_labs(server.folder, path="lecture")
    page.goto(server.address(paths.page_name("lecture")))
    shown = page.locator(".jp-MarkdownViewer")
    shown.get_by_role("heading", name="The lecture, in class").wait_for(timeout=60_000)
    shown.get_by_role("link", name="2. The classifier").click()
    page.get_by_role("tab", name="03_wolves_vs_huskies.ipynb").first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook h1", has_text="Lab 03").wait_for(timeout=60_000)
    assert page.seen.errors == [] and page.seen.abroad == []


def test_with_the_projector_the_page_is_the_notebooks(first_screen, teaching, tmp_path, tell):
    page = first_screen(teaching)
    assert page.locator(_ASKED).count() == 0
    assert (share := page.evaluate(_SHARE)) > 0.9
    page.screenshot(path=tmp_path / "projector.png")
    tell(f"notebook: {share:.0%} of 1024 pixels; screenshot: {tmp_path}/projector.png")


def test_a_sidebar_that_was_opened_again_stays(first_screen, teaching):
    page = first_screen(teaching)
    page.keyboard.press("Control+b")
    page.locator("#jp-left-stack").wait_for()
    page.wait_for_timeout(3000)  # JupyterLab saves its layout
    page.goto(page.url.split("&reset")[0].replace("?reset", ""))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_timeout(1500)
    assert page.locator("#jp-left-stack").is_visible()
