"""The channel walk: pictures by their pixels' meaning, the widget's controls, speed."""

import time

import numpy as np
import pytest
import torch
from torch import nn

from labkit import widgets
from labkit.widgets import activations as walk_module


class Net(nn.Sequential):
    """Two layers of known maps: "same" passes the photo on, "few" is silent but in one corner."""

    def __init__(self):
        super().__init__()
        self.add_module("same", nn.ReLU())
        self.add_module("few", nn.Conv2d(3, 2, 4, stride=4))
        nn.init.zeros_(self.few.weight)
        nn.init.zeros_(self.few.bias)
        self.few.weight.data[1, 0] = 1 / 16  # channel 0 is dead, channel 1 averages red


@pytest.fixture
def photos():
    images = torch.zeros(2, 3, 16, 16)
    images[0, 0, :8, :8] = 1.0  # red in the upper left corner
    images[1, 1] = 0.5
    return images


@pytest.fixture
def walk(photos):
    return widgets.ChannelWalk(Net(), photos, ["corner", "green"], ["same", "few"])


def panels(pixels):
    side, gap, head = walk_module.SIDE, walk_module.GAP, walk_module.HEAD
    return [pixels[head : head + side, i * (side + gap) :][:, :side] for i in range(3)]


def test_draw_shows_photo_map_and_both(walk):
    pixels, text = walk.draw("corner", "few", 1)
    assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
    photo, colours, both = panels(pixels)
    assert photo[40, 40].tolist() == [255, 0, 0] and photo[200, 200].tolist() == [0, 0, 0]
    assert colours[40, 40].tolist() == walk.viridis[255].tolist()
    assert colours[200, 200].tolist() == walk.viridis[0].tolist()
    assert both[40, 40, 0] == 255
    assert "few, channel 1" in text and "mean 0.250" in text and "corner" in text


def test_a_dead_channel_is_dark_not_an_error(walk):
    pixels, text = walk.draw("green", "few", 0)
    assert (panels(pixels)[1] == walk.viridis[0]).all() and "mean 0.000" in text


def test_strongest_first_sorts_by_this_photo(walk):
    assert "few, channel 1</b>" in walk.draw("corner", "few", 0, strongest_first=True)[1]
    assert "same, channel 1</b>" in walk.draw("green", "same", 0, strongest_first=True)[1]
    assert "same, channel 0</b>" in walk.draw("corner", "same", 0, strongest_first=True)[1]


def test_photos_share_one_scale(walk):
    weak = panels(walk.draw("green", "same", 0)[0])[1]
    assert (weak == walk.viridis[0]).all()  # no red in the green photo


@pytest.mark.parametrize(
    "photo, layer, channel, match",
    [
        ("dog", "few", 0, "no photo 'dog'"),
        ("green", "nose", 0, "no layer"),
        ("green", "few", 2, "0 to 1"),
    ],
)
def test_what_does_not_exist_is_said(walk, photo, layer, channel, match):
    with pytest.raises(ValueError, match=match):
        walk.draw(photo, layer, channel)


def test_names_must_fit_the_photos(photos):
    with pytest.raises(ValueError, match="1 names for 2 photos"):
        widgets.ChannelWalk(Net(), photos, ["corner"], ["few"])


def test_nothing_is_left_in_the_model(photos):
    net = Net().train()
    widgets.ChannelWalk(net, photos, ["corner", "green"], ["few"])
    assert net.training and not any(m._forward_hooks for m in net.modules())


def test_widget_follows_its_controls(photos):
    box = widgets.channel_walk(Net(), photos, ["corner", "green"], ["same", "few"])
    photo, layer, channel, first, picture = box.children
    assert all(c.description for c in (photo, layer, channel, first))
    before = picture.value
    channel.value = 2
    assert "channel 2" in picture.note
    layer.value = "few"  # has fewer channels: the slider moves inside, nothing fails
    assert channel.max == 1 and channel.value == 1 and "few, channel 1" in picture.note
    photo.value = "green"
    assert "<i>green</i>" in picture.note and picture.value != before
    first.value = True
    assert "role=" not in picture.note  # no error stands there
    layer.value = "same"
    assert channel.max == 2


def test_a_draw_is_quick(walk):
    times = []
    for channel in [0, 1, 0, 1, 0, 1, 0, 1]:
        start = time.perf_counter()
        walk.draw("corner", "few", channel)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.03
