"""The mechanism of the widgets: pictures follow controls, errors are shown, artists move."""

import io

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from labkit.widgets import Canvas, Still, live, slider, to_pixels, to_png


def grey(level):
    if level == 13:
        raise ValueError("no <luck> at 13")
    return np.full((20, 30, 3), level, np.uint8), f"level {level}"


def pixels_of(picture):
    return np.asarray(Image.open(io.BytesIO(picture.value)))


@pytest.fixture
def widget():
    return live(grey, alt="a grey patch", level=slider("level", 0, 255, value=7))


def test_the_picture_follows_the_control(widget):
    level, picture = widget.children
    assert (pixels_of(picture) == 7).all() and picture.note == "level 7"
    level.value = 200
    assert (pixels_of(picture) == 200).all() and picture.note == "level 200"
    assert picture.alt == "a grey patch" and picture.width == 30


def test_a_broken_draw_is_shown_and_the_last_picture_stays(widget):
    level, picture = widget.children
    level.value = 13
    assert "no &lt;luck&gt; at 13" in picture.note and 'role="alert"' in picture.note
    assert (pixels_of(picture) == 7).all() and picture.width == 30
    level.value = 14
    assert picture.note == "level 14" and (pixels_of(picture) == 14).all()


def test_a_draw_that_fails_at_once_raises():
    with pytest.raises(ValueError, match="luck"):
        live(grey, alt="", level=slider("level", 0, 255, value=13))


def test_png_round_trip():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(to_png(pixels)))) == pixels).all()


def test_to_pixels_enlarges_without_mixing():
    image = torch.tensor([0.0, 1.0]).expand(3, 1, 2)
    pixels = to_pixels(image, width=8)
    assert pixels.shape == (4, 8, 3)
    assert (pixels[:, :4] == 0).all() and (pixels[:, 4:] == 255).all()


def test_sliders_of_whole_numbers_and_others():
    assert type(slider("n", 0, 9)).__name__ == "IntSlider"
    assert type(slider("x", 0.0, 1.0, step=0.1)).__name__ == "FloatSlider"
    assert slider("n", 2, 9).value == 2


def test_canvas_moves_only_what_moves_and_equals_a_full_draw():
    def figure(x):
        fig = Figure(figsize=(2, 2), dpi=100)
        ax = fig.subplots()
        ax.set(xlim=(0, 1), ylim=(0, 1))
        return fig, ax.plot([x], [0.5], "o", zorder=9)[0]

    fig, dot = figure(0.2)
    canvas = Canvas(fig, moving=[dot])
    first = canvas.pixels()
    dot.set_data([0.8], [0.5])
    moved = canvas.pixels()
    other, other_dot = figure(0.8)
    assert moved.shape == (200, 200, 3) and (moved != first).any()
    assert (moved == Canvas(other, moving=[other_dot]).pixels()).all()
    dot.set_data([0.2], [0.5])
    assert (canvas.pixels() == first).all()


def test_a_still_picture_is_larger_on_a_projector(monkeypatch):
    pixels = np.zeros((10, 100, 3), np.uint8)
    assert 'width="100"' in Still(pixels, alt="black")._repr_mimebundle_()["text/html"]
    monkeypatch.setenv("LABKIT_PROJECTOR", "1.5")
    assert 'width="150"' in Still(pixels, alt="black")._repr_mimebundle_()["text/html"]
