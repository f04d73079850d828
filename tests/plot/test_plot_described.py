"""Alternative texts of figures: what they say, and that nothing is drawn twice for them."""

import base64

import matplotlib.pyplot as plt
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from labkit import plot
from labkit.plot import described


@pytest.fixture
def shell(monkeypatch):
    """An IPython that shows figures as PNG, as a notebook's kernel does."""
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    formatter = shell.display_formatter
    formatter.active_types = list(formatter.formatters)
    drawn = []

    def draw(figure):
        drawn.append(figure)
        return base64.b64encode(b"PNG").decode() + "\n"

    formatter.formatters["image/png"].for_type(plt.Figure, draw)
    described.install()
    return formatter, drawn


def test_panels_axes_and_names_are_told():
    _, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], label="forward")
    left.plot([2, 1], label="central")
    left.legend()
    left.set(title="Errors", xlabel="nudge $h$", ylabel="error")
    right.imshow([[0, 1], [1, 0]])
    right.set_axis_off()
    right.set_title("a map")
    left.figure.colorbar(right.images[0])
    left.figure.suptitle("Both")
    words = described.describe(left.figure)
    lines = "Errors: lines (forward, central), error, over nudge h"
    assert words == f"Figure of 2 panels: Both; {lines}; a map: an image."


def test_many_panels_are_counted():
    axes = plot.grid(torch.rand(20, 3, 4, 4), titles=[f"t{i}" for i in range(20)])
    words = described.describe(axes.flat[0].figure)
    assert "t0: an image" in words and words.endswith("; and 8 more.") and "t12" not in words


def test_ipython_shows_the_description_and_draws_once(shell):
    formatter, drawn = shell
    ax = plt.subplots()[1]
    ax.set_title('<b>"loss"</b>')
    data, _ = formatter.format(ax.figure)
    assert drawn == [ax.figure]
    assert 'alt="Figure: &lt;b&gt;&quot;loss&quot;&lt;/b&gt;."' in data["text/html"]
    assert 'src="data:image/png;base64,UE5H"' in data["text/html"]
    assert data["image/png"].strip() == "UE5H"
    formatter.format(ax.figure)  # it may have changed: it is drawn anew
    assert len(drawn) == 2


def test_without_png_nothing_is_added(shell):
    formatter, _ = shell
    formatter.formatters["image/png"].pop(plt.Figure)
    assert "text/html" not in formatter.format(plt.figure())[0]


def test_it_survives_that_inline_figures_are_turned_on(shell):
    formatter, drawn = shell
    for one in formatter.formatters.values():
        one.pop(plt.Figure, None)
    formatter.formatters["image/png"].for_type(plt.Figure, lambda figure: "UE5H")
    formatter.parent.events.trigger("post_execute")
    assert "UE5H" in formatter.format(plt.figure())[0]["text/html"]
