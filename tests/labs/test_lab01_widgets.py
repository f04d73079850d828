"""Widgets and plots of lab 01, by their numbers, texts and artists."""

from collections import OrderedDict

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from labkit import plot, widgets
from labkit.checks.lab01 import path_sums
from labkit.nets import hooks


@pytest.fixture
def tiny():
    """The lab's network: 2 inputs, 3 hidden neurons, 2 outputs, weights by hand."""
    layers = OrderedDict(hidden=nn.Linear(2, 3), relu=nn.ReLU(), output=nn.Linear(3, 2))
    model = nn.Sequential(layers).requires_grad_(False)
    model.hidden.weight.data = torch.tensor([[1.0, 0.5], [-1.0, 1.0], [2.0, -1.5]])
    model.output.weight.data = torch.tensor([[2.0, -1.0, 3.0], [-1.0, 1.5, 1.0]])
    model.hidden.bias.data = torch.tensor([-0.5, 0.0, 0.5])
    model.output.bias.data = torch.tensor([0.0, 0.5])
    return model.double()


def parabola(x, y):
    return x**2 + x * y


def parabola_slopes(x, y):
    return 2 * x + y, x


def drawn(tiny, **options):
    """plot.network at the inputs (1, 2)."""
    weights = [tiny.hidden.weight, tiny.output.weight]
    values = [[1, 2], [1.5, 1, 0], [2, 0.5]]
    return plot.network(weights, values, **options)


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_hand_computed_influences_of_the_labs_network(tiny):
    inputs = torch.tensor([[1.0, 2.0]]).double()
    want = {(0, 0): 3, (1, 0): 0, (0, 1): -2.5, (1, 1): 1}
    for (i, j), value in want.items():
        for step in (None, 1e-4):
            got = hooks.influence(tiny, inputs, of=("input", i), on=("output", j), nudge=step)
            assert got.item() == pytest.approx(value, abs=1e-8)


def test_slopes_picture_moves_and_reads_out():
    draw = widgets.slopes_picture(parabola, parabola_slopes)
    here, text = draw(0.0, 0.5)
    assert here.dtype == np.uint8 and here.ndim == 3 and here.shape[2] == 3
    assert "df/dx = 0.50" in text and "df/dy = 0.00" in text and "<b>x</b>" in text
    there, text = draw(1.0, -2.0)
    assert (here != there).any() and "<b>y</b>" in text
    back, _ = draw(0.0, 0.5)
    assert (back == here).all()
    assert "neither" in draw(0.0, 0.0)[1] and "both alike" in draw(2.0, -2.0)[1]


def test_slopes_widget_follows_its_sliders():
    widget = widgets.slopes(parabola, parabola_slopes)
    x, y, picture = widget.children
    assert (x.value, y.value) == (0.0, 0.5) and x.description == "x" and y.description == "y"
    before = picture.value
    x.value = 1.0
    assert picture.value != before and "f(1.00, 0.50) = 1.50" in picture.note
    assert "arrow" in picture.alt


def test_tiny_network_picture_says_all_derivatives(tiny):
    draw = widgets.tiny_network_picture(tiny, path_sums)
    pixels, text = draw(1.0, 2.0)
    assert pixels.shape[2] == 3 and pixels.dtype == np.uint8
    for said in ("dy1/dx1 = 3", "dy1/dx2 = 0", "dy2/dx1 = -2.5", "dy2/dx2 = 1"):
        assert said in text
    other, text = draw(2.0, 2.0)
    assert "dy1/dx2 = -3.5" in text and (other != pixels).any()


def test_tiny_network_widget_has_described_sliders(tiny):
    widget = widgets.tiny_network(tiny, path_sums)
    sliders = [w for w in widget.children if isinstance(w, ipywidgets.FloatSlider)]
    assert [s.description for s in sliders] == ["x1", "x2"]
    sliders[0].value = 2.0
    assert "dy1/dx2 = -3.5" in widget.children[2].note


def test_tiny_network_refuses_another_network():
    with pytest.raises(ValueError, match="Linear, ReLU, Linear"):
        widgets.tiny_network_picture(nn.Sequential(nn.Linear(3, 2)), path_sums)


def test_network_shows_every_number(tiny):
    shown = texts(drawn(tiny, biases=[tiny.hidden.bias, tiny.output.bias]))
    assert {"x1\n1", "h1\n1.5", "h3\n0", "y2\n0.5"} <= set(shown)
    assert {"+0.5", "-1.5", "+3", "bias -0.5"} <= set(shown)
    assert len(shown) == 7 + 12 + 5


def test_network_greys_what_is_off(tiny):
    lines = drawn(tiny).lines
    assert sum(line.get_linestyle() == ":" for line in lines) == 4  # all lines of h3
    assert sum(line.get_linestyle() == "--" for line in lines) == 3  # the negative ones


def test_network_path_keeps_the_lines_between_two_neurons(tiny):
    ax = drawn(tiny, path=(1, 0), title="x2 to y1")
    assert len(ax.lines) == 6 and ax.get_title() == "x2 to y1"
    assert "+3" in texts(ax) and "+2" in texts(ax) and "-2.5" not in texts(ax)


def test_matrix_writes_each_number_and_is_centred_on_zero():
    ax = plot.matrix(torch.tensor([[1.0, -3.0], [0.0, 0.25]]), rows=["a", "b"], columns=["c", "d"])
    assert texts(ax) == ["1", "-3", "0", "0.25"]
    assert ax.images[0].get_clim() == (-3, 3)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["c", "d"]


def test_landscape_shows_the_function_into_given_axes():
    _, given = plt.subplots()
    ax = plot.landscape(parabola, reach=1, ax=given, title="f")
    assert ax is given and ax.get_title() == "f" and ax.get_xlim() == (-1, 1)


def test_heats_shows_photo_and_maps():
    maps = {"one": torch.rand(8, 8), "two": torch.randn(8, 8)}
    axes = plot.heats(maps, image=torch.rand(3, 8, 8), unit="logit")
    assert [ax.get_title() for ax in axes.flat] == ["the photo", "one", "two"]
    low, high = axes.flat[2].images[0].get_clim()
    assert low == -high and axes.flat[1].images[0].get_clim()[0] == 0


def test_heats_together_have_one_scale_and_draw_images_as_they_are():
    maps = {"photo": torch.rand(3, 8, 8), "weak": torch.rand(8, 8), "strong": 5 * torch.rand(8, 8)}
    photo, *drawn = plot.heats(maps, together=True).flat
    assert photo.images[0].get_array().shape == (8, 8, 3)
    limits = [ax.images[0].get_clim() for ax in drawn]
    assert limits[0] == limits[1] and limits[0][0] == 0 and limits[0][1] > 4
    framed = plot.heats({"a": torch.rand(4, 4)}, image=maps["photo"], boxes=[(slice(2, 6),) * 2])
    assert [ax.lines[-1].get_xdata().max() for ax in framed.flat] == [5.5, 2.5]
    low, high = plot.heats({"a": torch.randn(8, 8)}, together=True)[0, 0].images[0].get_clim()
    assert low == -high


def test_derivative_figures_leave_the_network_as_it_was(tiny):
    before = {k: v.clone() for k, v in tiny.state_dict().items()}
    widgets.tiny_network_picture(tiny, path_sums)(0.3, -0.2)
    drawn(tiny)
    assert all(torch.equal(before[k], v) for k, v in tiny.state_dict().items())
    assert not any(m._forward_hooks for m in tiny.modules())
