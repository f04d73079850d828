"""Widget and plots of lab 05, by their numbers, texts and artists."""

import time

import numpy as np
import pytest
import torch

from labkit import plot, widgets


@pytest.fixture
def explored():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 128, 128, generator=generator)
    outlines = torch.zeros(3, 128, 128, dtype=torch.bool)
    outlines[:, 40:80, 30:90] = True
    heats = {n: torch.randn(3, 128, 128, generator=generator) for n in (10, 30)}
    opinions = {
        "pretrained": {10: torch.tensor([0.2, 0.9, 0.4]), 30: torch.tensor([0.1, 0.95, 0.7])},
        "from scratch": {10: torch.tensor([0.6, 0.4, 0.5]), 30: torch.tensor([0.6, 0.4, 0.5])},
    }
    return images, torch.tensor([0, 1, 1]), outlines, heats, opinions, ["smooth", "grille"]


def test_explorer_says_who_is_right(explored):
    explorer = widgets.CarExplorer(*explored)
    pixels, text = explorer.draw(1, 10)
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[1] > 400
    assert "pretrained: 80% smooth, right" in text
    assert "from scratch: 60% grille, <b>wrong</b>" in text
    assert "after 10 images of each class" in text
    assert "pretrained: 70% grille, right" in explorer.draw(3, 30)[1]


def test_bars_lean_to_the_class_that_is_named(explored):
    explorer = widgets.CarExplorer(*explored)
    pixels = explorer.draw(1, 10)[0][-60:].astype(int)  # pretrained says smooth, the other grille
    blue, orange = ((pixels == colour).all(2) for colour in [(0, 114, 178), (213, 94, 0)])
    assert blue[:26].any() and not orange[:26].any()
    assert orange[-34:].any() and not blue[-34:].any()
    assert blue.nonzero()[1].max() <= orange.nonzero()[1].min()


def test_explorer_is_quick(explored):
    explorer = widgets.CarExplorer(*explored)
    start = time.process_time()
    for _ in range(10):
        explorer.draw(2, 30)
    assert (time.process_time() - start) / 10 < 0.1  # about 3 ms on a quiet machine


def test_every_slider_changes_the_picture(explored):
    widget = widgets.car_explorer(*explored)
    car, sizes, picture = widget.children
    assert [car.description, sizes.description] == ["car", "images of each class"]
    before = picture.value
    car.value = 2
    assert picture.value != before
    before = picture.value
    sizes.value = 30
    assert picture.value != before
    assert "outline" in picture.alt


def test_learning_curves_show_means_on_a_log_axis():
    curves = {
        "frozen": {10: torch.tensor([0.6, 0.7]), 100: torch.tensor([0.9, 0.9])},
        "scratch": {10: torch.tensor([0.5, 0.6])},
    }
    ax = plot.learning_curves(curves, title="cars")
    assert ax.get_xscale() == "log" and [t.get_text() for t in ax.get_xticklabels()] == [
        "10",
        "100",
    ]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["frozen", "scratch"]
    means = ax.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(means, [65, 90], rtol=1e-5)
    assert "%" in ax.get_ylabel() and ax.get_title() == "cars"
    assert ax.get_ylim()[1] <= 101  # the interval over two draws is far wider


def test_stacked_shares_fill_the_bar():
    shares = {"one": {"front": 0.2, "rest": 0.8}, "two": {"front": 0.5, "rest": 0.5}}
    ax = plot.stacked_shares(shares)
    assert [round(patch.get_width(), 2) for patch in ax.patches] == [0.2, 0.8, 0.5, 0.5]
    assert ax.get_xlim() == (0, 1)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "two"]
