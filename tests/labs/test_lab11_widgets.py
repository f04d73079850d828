"""Widgets of lab 11's deepfakes, by their numbers and texts."""

import numpy as np
import pytest
import torch

from labkit import data, deepfake, widgets


@pytest.fixture(scope="module")
def known():
    return [deepfake.faces(data.load_portraits(a, "test")) for a in ("wolf", "husky")]


@pytest.fixture(scope="module")
def net(known):
    """A forger that learned nothing."""
    return deepfake.Forger(known).eval()


@pytest.fixture(scope="module")
def film():
    return data.load_film()


def test_the_film_shows_scene_fake_and_truth(net, film, known):
    shown = widgets.SwappedFilm(net, film, known[1])
    picture, text = shown.draw(3, 2, False)
    assert picture.dtype == np.uint8 and "frame 3" in text
    forged = shown.forged(2)
    outside = torch.ones(160, 160, dtype=torch.bool)
    outside[48:112, 48:112] = False
    assert torch.equal(forged[..., outside], film.wolf[..., outside])
    assert not torch.equal(forged, film.wolf)
    assert not np.array_equal(picture, shown.draw(3, 6, False)[0])
    assert not np.array_equal(picture, shown.draw(3, 2, True)[0])
    assert not np.array_equal(picture, shown.draw(4, 2, False)[0])


def test_the_film_takes_the_students_functions(net, film, known):
    widget = widgets.swapped_film(
        net, film, known[1], swap=lambda net, x, a, o: x, blend=lambda s, f, m, t, c, w: s
    )
    shown = widgets.SwappedFilm(net, film, known[1], blend=lambda scene, *rest: scene)
    assert torch.equal(shown.forged(2), film.wolf)
    assert type(widget.children[0]).__name__ == "Play"


def test_the_detector_is_asked_about_what_is_shown():
    def brightness(images):
        return images.mean((1, 2, 3))[:, None] - 0.5

    fakes, real = torch.full((2, 3, 64, 64), 0.9), torch.rand(2, 3, 64, 64) * 0.2
    board = widgets.Suspects(torch.nn.Module(), fakes, real, real)
    board.detector = brightness
    picture, text = board.draw("fake", 0, 0.0, 0.0, 0.0)
    assert picture.shape == (256, 256, 3) and "detector says fake" in text and "wrong" not in text
    assert "detector says real" in board.draw("real", 1, 1.0, 0.1, 1.0)[1]
    assert torch.equal(board.touched("real", 0, 0.0, 0.0, 0.0), real[:1])
    assert torch.equal(
        board.touched("real", 1, 0.0, 0.0, 1.0), deepfake.detailed(real, real, 1)[1:]
    )
    assert not torch.equal(board.touched("fake", 0, 0.0, 0.0, 1.0), fakes[:1])


def test_one_byte_breaks_the_signature():
    image = data.load_portraits("husky", "test").images[0]
    board = widgets.FlipByte(image)
    picture, text = board.draw(9, 8, 0)
    assert "as it was" in text and "256 of the hash's 256" in text
    other, text = board.draw(9, 8, 1)
    assert "not what was signed" in text and picture.shape == other.shape == (256, 256, 3)
    assert (picture != other).any(2).sum() == 16  # one pixel, four times as large
    assert "as it was" in widgets.FlipByte(image, verify=lambda *a: True).draw(9, 8, 1)[1]


def test_faces_are_lined_up_in_colour():
    real = torch.zeros(3, 3, 64, 64)
    real[:, 2] = 1  # blue
    forged = torch.zeros(3, 3, 64, 64)
    forged[:, 0] = 1
    quiz = widgets.FaceLineup(real, forged, seed=1)
    picture = quiz.draw(**quiz.picks)
    colours = {tuple(pixel) for pixel in picture[::9, ::9].reshape(-1, 3)}
    assert {(255, 0, 0), (0, 0, 255)} <= colours
    found = quiz.suspected(lambda images: images[:, :1].mean((2, 3)) - 0.5)
    assert found == quiz.forged


def test_the_training_shows_itself(net):
    asked = deepfake.faces(data.load_portraits("wolf", "test"))
    live = widgets.LiveSwap(net, asked, data.load_portraits("husky", "test"))
    picture = live.draw(20)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3 and picture.shape[1] > 600
    live(7)  # no picture is due
    assert live.handle is None


def test_the_chosen_byte_is_framed_before_it_changes():
    board = widgets.FlipByte(torch.full((3, 16, 16), 0.5))
    here, there = (board.draw(row, 4, 0) for row in (5, 9))
    assert not (here[0] == there[0]).all() and here[1] == there[1]
    assert "as it was" in here[1]
