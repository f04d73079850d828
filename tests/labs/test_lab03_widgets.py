"""Widgets, plots and coloured digits of lab 03, by their numbers, texts and artists."""

import time

import numpy as np
import pytest
import torch

from labkit import data, plot, widgets

GROUNDS = ["snow", "grass"]


@pytest.fixture
def explored():
    generator = torch.Generator().manual_seed(0)

    def heats():
        return {g: torch.randn(3, 224, 224, generator=generator) for g in GROUNDS}

    images = {g: torch.rand(3, 3, 224, 224, generator=generator) for g in GROUNDS}
    masks = torch.zeros(3, 224, 224, dtype=torch.bool)
    masks[:, 60:160, 60:160] = True
    first = heats()
    first["snow"][0] = (~masks[0]).float() + 0.01 * first["snow"][0]
    answers = {g: torch.tensor([0.9, 0.2, 0.5]) for g in GROUNDS}
    return images, masks, {"LIME": first, "edges": heats()}, answers


def test_explorer_says_answer_and_share_on_the_ground(explored):
    explorer = widgets.SceneExplorer(*explored)
    pixels, text = explorer.draw(1, "snow", "LIME", 10)
    assert pixels.dtype == np.uint8 and pixels.shape == (250, 696, 3)
    assert "wolf: 90%" in text and "100% lies on the ground" in text and "is 80% of" in text


def test_explorer_is_quick(explored):
    explorer = widgets.SceneExplorer(*explored)
    start = time.perf_counter()
    for _ in range(10):
        explorer.draw(2, "grass", "edges", 20)
    assert (time.perf_counter() - start) / 10 < 0.1  # about 5 ms on a quiet machine


def test_every_slider_changes_the_picture(explored):
    widget = widgets.scene_explorer(*explored)
    *controls, picture = widget.children
    assert [c.description for c in controls] == [
        "scene",
        "ground",
        "method",
        "hottest share, %",
    ]
    for control in controls:
        before = picture.value
        step = getattr(control, "step", None)
        control.value = control.value + step if step else control.options[1]
        assert picture.value != before, control.description
    assert "outline" in picture.alt and "Of the hottest" in picture.note


def test_heats_over_shares_one_scale_and_outlines():
    heats = torch.stack([torch.full((8, 8), 1.0), torch.full((8, 8), -3.0)])
    masks = torch.zeros(2, 8, 8)
    masks[:, 2:5, 2:5] = 1
    axes = plot.heats_over(torch.rand(2, 3, 8, 8), heats, masks=masks, titles=["a", "b"])
    assert axes.shape == (2, 2) and [ax.get_title() for ax in axes[0]] == ["a", "b"]
    assert axes[1, 0].images[1].get_clim() == axes[1, 1].images[1].get_clim() == (-3, 3)
    assert axes[1, 0].collections


def test_dots_show_mean_and_interval():
    ax = plot.dots({"one": torch.tensor([1.0, 2, 3]), "two": torch.tensor([2.0])}, chance=1)
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
