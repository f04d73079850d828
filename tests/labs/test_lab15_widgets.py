"""Widgets of lab 15, by their numbers and texts."""

import numpy as np
import pytest
import torch
from torch import nn

from labkit import lifelong, widgets


class Says(nn.Module):
    """Always the same answer."""

    def __init__(self, digit):
        super().__init__()
        self.digit = digit

    def forward(self, images):
        return torch.eye(10)[self.digit].expand(len(images), -1)


@pytest.fixture(scope="module")
def film():
    """Learning that jumps from 0 to 3 to 9; frames at steps 0, 2 and 4."""
    film = widgets.ForgettingFilm(lifelong.split_digits("class"), every=2)
    for number, digit in enumerate((0, 3, 5, 7, 9)):
        for _ in range(2):
            film.keep(Says(digit), number)
    return film


def test_the_film_keeps_what_it_is_told(film):
    assert film.steps == [0, 2, 4, 6, 8] == film.starts and film.learning == [0, 1, 2, 3, 4]
    assert torch.allclose(film.accuracy, torch.eye(5) / 2, atol=1e-6)
    picture, text = film.draw(1, 0)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    assert "step 2, learning 2/3" in text and "0% are right" in text and "is 3 (100%)" in text


def test_frame_and_sample_change_the_picture(film):
    first = film.draw(0, 0)
    for other in (film.draw(1, 0), film.draw(0, 1)):
        assert not np.array_equal(first[0], other[0])
    assert np.array_equal(film.draw(0, 0)[0], first[0]) and "50% are right" in first[1]


def test_the_film_at_a_glance(film):
    ax = film.plot(title="a film")
    assert ax.get_title() == "a film"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == film.names
    assert ax.get_legend_handles_labels()[0][2].get_xdata().tolist() == [4, 6, 8]


def test_the_film_starts_at_its_first_frame(film):
    frame, sample, _ = widgets.forgetting_film(film).children
    assert (frame.value, frame.max, sample.max) == (0, 4, 19)
    with pytest.raises(ValueError, match="nothing was kept"):
        widgets.forgetting_film(widgets.ForgettingFilm(lifelong.split_digits("class")))


CURVES = {
    "EWC": ([0, 10, 100], torch.tensor([[0.3, 0.9], [0.6, 0.8], [0.9, 0.2]])),
    "plain L2": ([0, 1, 2], torch.tensor([[0.3, 0.9], [0.4, 0.7], [0.5, 0.3]])),
}


def test_each_notch_and_curve_moves_the_dot():
    dial = widgets.StrengthDial(CURVES)
    shown = [dial.draw(curve, notch) for curve in CURVES for notch in range(3)]
    pictures = {picture.tobytes() for picture, _ in shown}
    assert len(pictures) == 6
    assert shown[1][1] == "<b>EWC, strength 10</b>: old task 0.60, new 0.80"
    assert dial.dot.get_xdata() == [0.5] and dial.bars[1].get_height() == pytest.approx(0.3)


def test_the_dial_starts_weak():
    curve, notch, picture = widgets.strength_dial(CURVES).children
    assert (curve.value, notch.value, notch.max) == ("EWC", 0, 2)
    assert "strength 0" in picture.note
    with pytest.raises(ValueError, match="as many strengths"):
        widgets.StrengthDial(CURVES | {"short": ([0], torch.ones(1, 2))})
