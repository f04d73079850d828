"""Widget and plots of lab 04, by their numbers, texts and artists."""

import math
import time

import numpy as np
import pytest
import torch
from torch import nn

from labkit import plot, widgets


class Brightness(nn.Module):
    """Says "light" when the image's mean is above a half, with six classes to choose from."""

    categories = ["dark", "light", "third", "fourth", "fifth", "sixth"]

    def forward(self, images):
        level = 20 * (images.mean((1, 2, 3)) - 0.5)
        rest = images[:, :, :4].mean((1, 2)).repeat(1, 2)[:, :4] - 5
        return torch.cat([torch.stack([-level, level], 1), rest], 1)


@pytest.fixture
def photo():
    generator = torch.Generator().manual_seed(0)
    return 0.5 + 0.5 * torch.rand(3, 32, 32, generator=generator)


def test_playground_says_what_the_network_says(photo):
    board = widgets.Playground(Brightness(), photo, [1], name="lamp")
    pixels, text = board.draw()
    assert pixels.dtype == np.uint8 and pixels.shape == (288, 840, 3)
    assert "still a lamp" in text and "100.0%" in text
    dark, text = board.draw(brightness=0.2)
    assert "no lamp any more" in text and "0.0%" in text
    assert tuple(pixels[26, 400]) == (0, 158, 115) and tuple(dark[26, 400]) == (213, 94, 0)


def test_playground_perturbs_as_augment_does(photo):
    board = widgets.Playground(Brightness(), photo, [1], name="lamp")
    assert torch.equal(board.perturbed(mirror=True)[0], photo.flip(2))
    assert torch.equal(board.perturbed(angle=90)[0], photo.rot90(1, (1, 2)))
    assert torch.equal(board.perturbed()[0], photo)
    cut = board.perturbed(crop=0.5)[0]
    assert cut[:, 16, 16].sub(photo[:, 16, 16]).abs().max() < 0.5 and cut.min() > 0.4
    assert not torch.equal(board.perturbed(noise=0.1), board.perturbed())
    with pytest.raises(ValueError, match="group is empty"):
        widgets.Playground(Brightness(), photo, [], name="lamp")


def test_every_control_changes_the_picture_and_back(photo):
    widget = widgets.playground(Brightness(), photo, [1], name="lamp")
    *controls, picture = widget.children
    assert [c.description for c in controls][:3] == [
        "mirror",
        "angle, degrees",
        "shift right, share",
    ]
    first = picture.value
    for control in controls:
        start = control.value
        step = getattr(control, "step", 1)
        control.value = (not start) if isinstance(start, bool) else start + step
        if control.value == start:  # it stands at its end
            control.value = start - step
        assert picture.value != first, control.description
        control.value = start
        assert picture.value == first, control.description
    assert "orange" in picture.alt and "still a lamp" in picture.note


def test_playground_is_quick(photo):
    board = widgets.Playground(Brightness(), photo, [1], name="lamp")
    start = time.perf_counter()
    for angle in range(10):
        board.draw(angle=angle, hue=0.1)
    assert (time.perf_counter() - start) / 10 < 0.2  # about 5 ms on a quiet machine


def test_opinions_show_names_and_probabilities():
    tops = [[("tabby", 0.7), ("lynx", 0.2)], [("padlock", 0.9), ("switch", 0.1)]]
    axes = plot.opinions(torch.rand(2, 3, 8, 8), tops, titles=["a", "b"])
    assert axes.shape == (2, 2) and [ax.get_title() for ax in axes[0]] == ["a", "b"]
    assert [bar.get_width() for bar in axes[1, 0].patches] == [0.7, 0.2]
    assert [t.get_text() for t in axes[1, 1].texts] == ["padlock  0.90", "switch  0.10"]
    with pytest.raises(ValueError, match="1 opinions for 2 images"):
        plot.opinions(torch.rand(2, 3, 8, 8), tops[:1])


def test_confusions_are_percent_of_each_row_without_the_diagonal():
    table = torch.tensor([[8, 2, 0], [0, 5, 0], [1, 0, 99]])
    axes = plot.confusions({"one": table, "two": table.T}, marked=[(0, 1)])
    shown = axes[0].images[0].get_array().data
    assert math.isnan(shown[0, 0]) and shown[0, 1] == 20 and shown[2, 0] == 1
    assert (
        axes[0].images[0].get_clim()
        == axes[1].images[0].get_clim()
        == (0, pytest.approx(100 / 9 * 2, rel=1))
    )
    assert [t.get_text() for t in axes[0].texts] == ["20"]
    assert len(axes[0].patches) == 1 and axes[1].get_title() == "two"


def test_over_angles_has_a_line_for_each_and_a_threshold():
    angles = torch.arange(-180.0, 181, 30)
    ys = {"one": torch.rand(13), "five seeds": torch.rand(5, 13)}
    ax = plot.over_angles(angles, ys, ylabel="probability", threshold=0.5)
    assert len(ax.lines) == 3 and len(ax.collections) == 1
    assert ax.get_xlim() == (-180, 180) and -45 in ax.get_xticks() and ax.get_ylim()[1] > 1
    assert ax.lines[2].get_ydata()[0] == 0.5
