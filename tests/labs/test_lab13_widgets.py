"""Widgets of lab 13, by their numbers, texts and artists."""

import numpy as np
import pytest
import torch

from labkit import data, overfit, widgets


@pytest.fixture(scope="module")
def found():
    sizes, ridges, noises = [10, 40, 200], [0.0, 0.01], [0.0, 0.2]
    some = {"sizes": sizes, "ridges": ridges, "noises": noises, "seeds": [0, 1], "n": 40}
    return overfit.descent(*data.load_digits(), **some)


def test_the_curve_builds_up_to_the_number_of_features(found):
    shown = widgets.DescentCurve(found)
    pictures = [shown.draw(size, 0.0, 0.0) for size in found.sizes]
    assert len({picture.tobytes() for picture, _ in pictures}) == 3
    assert list(shown.lines["error"].get_xdata()) == found.sizes
    want = found.error[:, :, 0, 0]
    np.testing.assert_allclose(shown.lines["error"].get_ydata(), want.mean(0))
    np.testing.assert_allclose(shown.dots["error"].get_ydata(), want.flatten())
    assert list(shown.dots["error"].get_xdata()) == found.sizes * 2
    norm = found.at("norm", 40).mean()
    assert "40 features for 40 digits" in pictures[1][1] and f"{norm:,.0f}" in pictures[1][1]
    shown.draw(40, 0.0, 0.0)
    assert len(shown.lines["norm"].get_xdata()) == 2


@pytest.mark.parametrize("setting", [(0.01, 0.0), (0.0, 0.2), (0.01, 0.2)])
def test_ridge_and_noise_change_picture_and_note(found, setting):
    shown = widgets.DescentCurve(found)
    plain, other = shown.draw(200, 0.0, 0.0), shown.draw(200, *setting)
    assert not np.array_equal(plain[0], other[0]) and plain[1] != other[1]
    want = found.at("error", 200, ridge=setting[0], noise=setting[1]).mean()
    assert f"test error {want:.2f}" in other[1]


def test_the_sliders_start_at_their_first_step(found):
    *controls, picture = widgets.descent_curve(found).children
    assert [control.value for control in controls] == [10, 0.0, 0.0]
    assert [control.label for control in controls] == ["10", "0", "0%"]
    before = picture.value
    controls[0].value = 40
    assert picture.value != before and "40 features" in picture.note


@pytest.fixture
def shown():
    images = torch.zeros(30, 1, 28, 28)
    truth = torch.arange(30) % 10
    given = torch.where(torch.arange(30) < 20, (truth + 1) % 10, truth)
    board = widgets.ByHeart(images, truth, given)
    board.said = [truth[:20], torch.cat([truth[:10], given[10:20]]), (truth[:20] + 2) % 10]
    return board


def test_only_digits_with_a_wrong_label_are_shown(shown):
    assert len(shown.images) == 20
    assert shown.share(shown.truth) == [1.0, 0.5, 0.0]
    assert shown.share(shown.given) == [0.0, 0.5, 0.0]
    texts = [shown.draw(epoch)[1] for epoch in (1, 2, 3)]
    assert "true digit for 100%" in texts[0] and "wrong label for 50%" in texts[1]
    pictures = [shown.draw(epoch)[0] for epoch in (1, 2, 3)]
    has = [
        [bool((picture == np.array(colour)).all(2).any()) for picture in pictures]
        for colour in ((0, 114, 178), (213, 94, 0))  # blue, orange
    ]
    assert has == [[True, True, False], [False, True, False]]


def test_it_keeps_what_the_network_says(shown):
    net = overfit.mlp(4, seed=1).train()
    board = widgets.ByHeart(torch.rand(9, 1, 28, 28), torch.zeros(9).long(), torch.ones(9).long())
    with pytest.raises(ValueError, match="watch"):
        widgets.by_heart(board)
    board.keep(1, net)
    assert torch.equal(board.said[0], net(board.images).argmax(1)) and net.training
    widget = widgets.by_heart(board)
    assert widget.children[0].max == 1 and "epoch 1" in widget.children[-1].note


def test_a_training_is_kept_epoch_by_epoch():
    few = torch.rand(20, 1, 28, 28), torch.arange(20) % 10
    board = widgets.ByHeart(few[0], few[1].roll(1), few[1])
    overfit.learn(overfit.mlp(4), few, epochs=3, watch=board.keep)
    assert len(board.said) == 3
