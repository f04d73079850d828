"""Widgets of lab 18, by their numbers, texts and artists."""

import numpy as np
import pytest
import torch
from torch import nn

from labkit import fads, widgets


@pytest.fixture(scope="module")
def found():
    images, labels = torch.rand(8, 1, 28, 28), torch.arange(8)
    kinds = ("plain", "skip, from zero")
    return {
        depth: {kind: fads.signals(fads.deep(kind, depth), images, labels) for kind in kinds}
        for depth in (2, 6)
    }


def test_lines_follow_the_depth(found):
    shown = widgets.SignalsByDepth(found)
    pictures = [shown.draw(depth) for depth in (2, 6)]
    assert not np.array_equal(pictures[0][0], pictures[1][0])
    forward, back = found[6]["plain"]
    np.testing.assert_allclose(shown.lines[0]["plain"].get_ydata(), forward)
    np.testing.assert_allclose(shown.lines[1]["plain"].get_ydata(), back)
    assert list(shown.lines[1]["plain"].get_xdata()[[0, -1]]) == [0, 1]
    ratio = forward[-1] / forward[0]
    assert "6 convolutions" in pictures[1][1] and f"plain {ratio:.2g}" in pictures[1][1]


def test_a_gradient_of_0_has_no_place_on_a_logarithmic_axis(found):
    shown = widgets.SignalsByDepth(found)
    shown.draw(6)
    assert (found[6]["skip, from zero"].back == 0).sum() == 3
    assert len(shown.lines[1]["skip, from zero"].get_ydata()) == 1 + 6 - 3


def test_the_slider_of_depths_draws(found):
    depth, picture = widgets.signals_by_depth(found).children
    before = picture.value
    depth.value = 6
    assert picture.value != before and "6 convolutions" in picture.note


@pytest.fixture
def walk():
    images = torch.zeros(3, 1, 10, 10)
    images[:, :, 4, 2] = 1.0
    flat = nn.Sequential(nn.Flatten(), nn.Linear(100, 10, bias=False))
    with torch.no_grad():
        flat[1].weight.zero_()
        flat[1].weight[range(10), range(40, 50)] = 5.0  # says in which column of row 4 the dot is
    return widgets.ShiftWalk(images, torch.tensor([2, 2, 5]), {"where": flat.train()}, most=4)


def test_a_walk_shows_the_label_over_the_steps(walk):
    first, text = walk.draw(0, 0)
    assert "a 2, 0 pixels" in text and "where: 2" in text
    second, text = walk.draw(0, 3)
    assert "where: 5" in text and not np.array_equal(first, second)
    line, dot = walk.lines["where"]
    want = torch.tensor([5.0] + [0.0] * 9).softmax(0)
    np.testing.assert_allclose(line.get_ydata(), [want[0], *[want[1]] * 4], rtol=1e-5)
    assert list(dot.get_xdata()) == [3] and walk.nets["where"].training
    walk.draw(2, 3)
    assert float(dot.get_ydata()[0]) == pytest.approx(float(want[0]))


def test_the_sliders_of_the_walk(walk):
    box = widgets.shift_walk(walk.images, walk.labels, walk.nets, most=4)
    digit, step, picture = box.children
    assert (digit.max, step.max) == (2, 4)
    step.value = 2
    assert "2 pixels" in picture.note and "say where: 4" in picture.note
