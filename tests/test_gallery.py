"""The pictures of README and lab 00 come out of the labs themselves."""

import io

import gallery
import numpy as np
import pytest
from making import ROOT, code, notebook
from PIL import Image

from labkit.course import editions

DRAW = "import matplotlib.pyplot as plt\nplt.imshow([[0, 1]]);"


def test_the_notebook_is_cut_behind_its_last_picture():
    made = notebook(code("a = 1"), code(DRAW, tags=["picture"]), code("1 / 0"))
    assert len(gallery.picture_part(made).cells) == 2
    assert gallery.picture_part(notebook(code("a = 1"))) is None


@pytest.mark.slow
def test_the_picture_is_what_the_cell_shows():
    png = gallery.run(notebook(code("a = 1"), code(DRAW, tags=["picture"])))
    assert Image.open(io.BytesIO(png)).width > 100
    with pytest.raises(ValueError, match="shows no picture"):
        gallery.run(notebook(code("1", tags=["picture"])))


def test_pictures_are_made_small(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (900, 1300, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "png")
    gallery.save_small(file.getvalue(), tmp_path / "images" / "lab.png")
    assert Image.open(tmp_path / "images" / "lab.png").size == (640, 443)


def test_every_lab_has_its_picture_and_the_readme_shows_it():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in editions.lab_paths():
        picture = ROOT / "notebooks" / "images" / f"{path.stem}.png"
        assert picture.is_file() and picture.stat().st_size < 400_000, path.stem
        assert f"notebooks/images/{path.stem}.png" in readme
