"""Widgets, plots and coloured digits of lab 03, by their numbers, texts and artists."""

import numpy as np
import pytest
import torch

from labkit import data, plot, widgets


@pytest.fixture
def pieces():
    """A classifier of brightness; an image, dark but for its upper left quarter; four pieces."""
    image = torch.full((3, 40, 40), 0.2)
    image[:, :20, :20] = 1.0
    segments = torch.zeros(40, 40, dtype=torch.int64)
    segments[:, 20:] += 1
    segments[20:] += 2

    def model(images):
        bright = images.mean((1, 2, 3)) - 0.35
        return torch.stack([-bright, bright], 1)

    return widgets.HidePieces(model, image, segments), (model, image, segments)


def test_hidden_pieces_are_covered_and_the_answer_told(pieces):
    hide, _ = pieces
    pixels, text = hide.draw("", "grey")
    assert pixels.dtype == np.uint8 and pixels.shape == (80, 80, 3)
    assert "logit for wolf: +0.05" in text and "so wolf" in text and "0 of 4 pieces" in text
    pixels, text = hide.draw("0", "grey")
    assert "logit for wolf: -0.07" in text and "so husky" in text and "1 of 4" in text
    assert (pixels[4:36, 4:36] == 128).all() and (pixels[44:, 44:] == 51).all()
    assert "logit for wolf: +0.45" in hide.draw("1, 3", "white")[1]
    assert (hide.draw("0", "black")[0][4:36, 4:36] == 0).all()


def test_what_names_no_piece_is_said(pieces):
    hide, _ = pieces
    pixels, text = hide.draw("1 9 all", "grey")
    assert "1 of 4" in text and "from 0 to 3, not 9, all" in text
    assert "not -1, 0.5" in hide.draw("2,-1; 0.5", "grey")[1]


def test_a_click_hides_a_piece_and_another_shows_it(pieces):
    hide, _ = pieces
    assert hide.toggled("", 0.9, 0.1) == "1"
    assert hide.toggled("3", 0.9, 0.1) == "1 3"
    assert hide.toggled("1 3", 0.99, 1.0) == "1"


def test_a_click_on_the_picture_of_the_widget(pieces):
    widget = widgets.hide_pieces(*pieces[1])
    clicks, cover, hidden, picture = widget.children
    before = picture.value
    clicks.spot = [0.1, 0.1, 1.0]
    assert hidden.value == "0" and picture.value != before and "1 of 4" in picture.note
    clicks.spot = [0.1, 0.1, 2.0]
    assert hidden.value == "" and picture.value == before
    hidden.value = "0"
    grey = picture.value
    cover.value = "white"
    assert picture.value != grey and "pieces" in picture.alt


def test_heats_over_shares_one_scale_and_outlines():
    heats = torch.stack([torch.full((8, 8), 1.0), torch.full((8, 8), -3.0)])
    masks = torch.zeros(2, 8, 8)
    masks[:, 2:5, 2:5] = 1
    axes = plot.heats_over(torch.rand(2, 3, 8, 8), heats, masks=masks, titles=["a", "b"])
    assert axes.shape == (2, 2) and [ax.get_title() for ax in axes[0]] == ["a", "b"]
    values = [float(axes[1, k].images[1].get_array().mean()) for k in (0, 1)]
    assert values == pytest.approx([1 / 3, -1]) and axes[1, 0].collections


def test_several_heats_stand_below_each_other_each_on_its_own_scale():
    heats = {"one": torch.full((3, 8, 8), 5.0), "two": torch.full((3, 8, 8), -0.1)}
    said = {"one": list("abc"), "two": list("def")}
    axes = plot.heats_over(torch.rand(3, 3, 8, 8), heats, said=said, columns=2)
    assert axes.shape == (6, 2)
    assert [ax.get_title() for ax in axes[:, 0]] == ["", "a", "d", "", "c", "f"]
    assert [ax.get_title() for ax in axes[:, 1]] == ["", "b", "e", "", "", ""]
    assert [float(ax.images[1].get_array().mean()) for ax in axes[1:3, 1]] == [1, -1]


def test_dots_show_mean_and_interval():
    ax = plot.dots({"one": torch.tensor([1.0, 2, 3]), "two": torch.tensor([2.0])}, chance=1)
    assert [bar.has_xerr for bar in ax.containers] == [True, False]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "two"]


def test_coloured_digits_follow_the_label_at_the_given_rates():
    train, _ = data.load_digits()
    images, labels = data.coloured_digits(train, 0.1, seed=3)
    colours = (images[:, 1].flatten(1).amax(1) > 0).long()
    assert images.shape == (4000, 2, 28, 28)
    assert torch.equal(images.sum(1, keepdim=True), train.images)
    assert (colours != labels).float().mean().item() == pytest.approx(0.1, abs=0.02)
    noisy = (labels != (train.labels >= 5).long()).float().mean().item()
    assert noisy == pytest.approx(0.25, abs=0.03)
    assert torch.equal(data.coloured_digits(train, 0.1, seed=3).images, images)
    with pytest.raises(ValueError, match="rate is a probability"):
        data.coloured_digits(train, 1.5)
