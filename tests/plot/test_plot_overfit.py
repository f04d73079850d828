"""Plots of lab 13, by their artists."""

import pytest

from labkit import overfit, plot


@pytest.fixture
def curves():
    found = overfit.Curves()
    for name in ("training", "validation", "test"):
        for epoch in range(3):
            found.add(name, 0.3 - 0.1 * epoch, 1.0 + epoch)
    return found


def test_features_are_drawn_on_a_logarithmic_axis_with_n_dotted():
    ax = plot.over_features([10, 100], {"test": [0.5, 0.9]}, n=100, ylabel="error", title="t")
    assert ax.get_xscale() == "log" and ax.get_yscale() == "linear" and ax.get_title() == "t"
    curve, dotted = ax.lines
    assert list(curve.get_ydata()) == [0.5, 0.9] and list(dotted.get_xdata()) == [100, 100]
    assert dotted.get_linestyle() == ":" and ax.get_ylabel() == "error"
    assert plot.over_features([1, 2], {"x": [1, 2]}, n=1, log=True).get_yscale() == "log"


def test_errors_and_losses_lie_side_by_side(curves):
    error, loss = plot.errors_and_losses(curves, marks={"none left": 2})
    assert [ax.get_title() for ax in (error, loss)] == ["Error", "Mean loss"]
    assert list(error.lines[0].get_ydata()) == pytest.approx([0.3, 0.2, 0.1])
    assert list(loss.lines[1].get_ydata()) == [1.0, 2.0, 3.0]
    assert [text.get_text() for text in error.texts] == ["none left"]
    assert error.get_legend_handles_labels()[1] == ["training", "validation"]
    assert list(error.lines[0].get_xdata()) == [1, 2, 3]
