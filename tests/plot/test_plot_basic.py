"""Plots by their artists and data, never by pixels."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labkit import plot
from labkit.nets.train import History, Row


def test_image_shows_the_numbers_it_was_given():
    image = torch.rand(3, 5, 7)
    ax = plot.image(image, title="noise")
    assert np.allclose(ax.images[0].get_array(), image.permute(1, 2, 0)) and not ax.axison
    assert ax.get_title() == "noise"
    assert plot.image(torch.rand(1, 5, 7)).images[0].get_clim() == (0, 1)


def test_heat_with_a_sign_is_centred_and_sizes_start_at_zero():
    heat = torch.linspace(-1, 2, 12).reshape(3, 4)
    shown = plot.heat(heat, unit="logit").images[0]
    assert shown.get_clim()[0] == -shown.get_clim()[1] and shown.get_cmap().name == "RdBu_r"
    sizes = plot.heat(heat.abs()).images[0]
    assert sizes.get_clim()[0] == 0 and sizes.get_cmap().name == "viridis"


def test_heat_has_a_labelled_colour_bar_and_can_lie_over_an_image():
    ax = plot.heat(torch.rand(6, 6), image=torch.rand(3, 12, 12), unit="logit per brightness")
    labels = [a.get_ylabel() for a in ax.figure.axes]
    assert "logit per brightness" in labels and len(ax.images) == 2
    assert ax.images[0].get_extent() == ax.images[1].get_extent()


def test_one_hot_pixel_does_not_hide_the_rest():
    heat = torch.rand(50, 50)
    heat[3, 3] = 1000
    for ends, one in {"max": heat, "both": heat - 0.5, "neither": 0 * heat}.items():
        ax = plot.heat(one)
        assert ax.images[0].get_clim()[1] < 2
        assert ax.figure.axes[1]._colorbar.extend == ends


def test_an_all_zero_heat_is_drawn():
    assert plot.heat(torch.zeros(4, 4)).images[0].get_clim()[1] > 0


def test_grid_has_a_place_for_every_image():
    axes = plot.grid(torch.rand(7, 1, 4, 4), titles=list("abcdefg"), columns=3)
    assert axes.shape == (3, 3)
    assert [ax.get_title() for ax in axes.flat][:7] == list("abcdefg")
    assert [len(ax.images) for ax in axes.flat] == [1] * 7 + [0] * 2


def test_curves_with_repeats_show_mean_and_interval():
    repeats = torch.tensor([[1.0, 2.0], [3.0, 2.0]])
    ax = plot.curves([0, 1], {"one": [1.0, 2.0], "two": repeats}, xlabel="x", ylabel="y")
    assert np.allclose(ax.lines[1].get_ydata(), [2, 2]) and len(ax.collections) == 1
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one", "two"]
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(2 + 12.7062 * np.sqrt(2) / np.sqrt(2), abs=1e-4)


def test_bars_first_on_top_and_coloured_by_sign():
    ax = plot.bars({"up": 2.0, "down": -1.0}, signed=True, xlabel="change")
    assert [bar.get_width() for bar in ax.patches] == [2, -1]
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert ax.yaxis_inverted()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["up", "down"]


def test_history_marks_the_best_epoch():
    rows = [Row(1, 2.0, 1.5, 0.3), Row(2, 1.0, 0.9, 0.6), Row(3, 0.5, 1.1, 0.5)]
    ax = plot.history(History(rows))
    assert ax.lines[0].get_ydata().tolist() == [2.0, 1.0, 0.5]
    assert ax.lines[2].get_xdata() == [2, 2]


def test_given_axes_are_used_and_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("show() was called"))
    fig, ax = plt.subplots()
    before = set(plt.get_fignums())
    for draw in (
        lambda: plot.image(torch.rand(3, 4, 4), ax=ax),
        lambda: plot.bars({"a": 1}, ax=ax),
    ):
        assert draw() is ax
    assert set(plt.get_fignums()) == before


def test_every_public_name_exists():
    assert all(callable(getattr(plot, name)) for name in dir(plot))
    with pytest.raises(AttributeError, match="No labkit.plot attribute nothing"):
        plot.nothing  # noqa: B018


def test_colours_are_the_okabe_ito_set():
    from labkit.plot.basic import COLOURS

    assert all(matplotlib.colors.is_color_like(c) for c in COLOURS) and len(set(COLOURS)) == 7


def test_intervals_are_students():
    assert plot.interval([1.0, 2, 3]) == (2.0, pytest.approx(4.302653 / 3**0.5))
    assert plot.interval([2.0]) == (2.0, 0.0)
    assert plot.interval(torch.arange(1000.0))[1] == pytest.approx(17.92, abs=0.01)


def test_an_interval_of_three_draws_holds_the_mean_as_often_as_it_says():
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(2000, 3, generator=generator)
    held = [abs(mean) <= half for mean, half in map(plot.interval, draws)]
    assert 0.94 < np.mean(held) < 0.96
