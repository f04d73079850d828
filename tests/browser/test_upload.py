"""A student's own photos by the upload button of a real JupyterLab, as lab 03 asks for them."""

import nbformat
import pytest
from driving import cell_at, open_notebook
from making import code, notebook
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUTTON = """\
from ipywidgets import FileUpload
from labkit import data
upload = FileUpload(accept="image/*", multiple=True, description="photos")
upload"""
LOADED = """\
photos = data.load_uploads(upload.value)
print(*(path.name for path in photos.paths), tuple(photos.images.shape))
print(photos.skipped)"""


def test_photos_come_through_the_button(page, server, tmp_path):
    Image.new("RGB", (300, 200), "red").save(tmp_path / "husky.jpg")
    Image.new("CMYK", (90, 120)).save(tmp_path / "wolf.jpg")
    (tmp_path / "notes.png").write_text("no picture")
    nbformat.write(notebook(code(BUTTON), code(LOADED)), server.folder / "upload.ipynb")
    open_notebook(page, server, "upload.ipynb")
    page.keyboard.press("Escape")
    cell_at(page, 0).click()
    page.keyboard.press("Shift+Enter")
    button = cell_at(page, 0).get_by_role("button", name="photos")
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files([tmp_path / name for name in ("husky.jpg", "wolf.jpg", "notes.png")])
    cell_at(page, 0).get_by_text("(3)").wait_for()  # the button counts its files
    cell_at(page, 1).click()
    page.keyboard.press("Control+Enter")
    said = cell_at(page, 1).locator(".jp-OutputArea")
    said.get_by_text("husky.jpg wolf.jpg (2, 3,").wait_for()
    assert "notes.png" in said.inner_text(), "what cannot be read is named, the rest goes on"
    assert page.seen.abroad == []
