"""Widgets and plots of lab 16, by their numbers and texts."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labkit import plot, programs, search, widgets


class Forgetful(torch.nn.Module):
    """Says yes to every bit, or what the first bit was."""

    def __init__(self, first):
        super().__init__()
        self.first = first

    def forward(self, bits):
        return torch.ones(bits.shape) if self.first else 2.0 * bits - 1


@pytest.fixture(scope="module")
def table():
    return search.load_table()


def test_a_longer_string_shows_more_and_says_when_it_errs():
    shown = widgets.LongString({"parity": Forgetful(False), "majority": Forgetful(True)}, seed=3)
    picture, text = shown.draw("parity", 10, 0)
    assert picture.dtype == np.uint8 and picture.ndim == 3
    wrong = (programs.parity(shown.bits[0]) != shown.bits[0]).nonzero()[0].item() + 1
    assert f"first wrong after bit {wrong};" in text and "in 300 strings: " in text
    seen = {shown.draw(t, n, i)[1] for t in shown.nets for n in (10, 20, 30) for i in (0, 1)}
    assert len(seen) > 6
    for other in (("parity", 20, 0), ("parity", 10, 1), ("majority", 10, 0)):
        assert not np.array_equal(shown.draw(*other)[0], picture), other


def test_controls_of_the_string_begin_short():
    widget = widgets.long_string({"parity": Forgetful(True), "majority": Forgetful(False)})
    *controls, picture = widget.children
    assert [c.value for c in controls] == ["parity", 10, 0] and "10 bits" in picture.note
    controls[1].value = 200
    assert "200 bits" in picture.note and picture.alt


def test_a_winner_among_guessers_has_no_skill(table):
    shown = widgets.Winners(table)
    valid, test = shown.scores("guessers", 200, 100, 0)
    assert valid.max() > 0.15 and abs(test[valid.argmax()] - 0.1) < 0.02
    assert len(shown.scores("guessers", 5, 100, 0)[0]) == 5
    more = shown.scores("guessers", 200, 900, 0)[0]
    assert more.max() < valid.max()
    valid, test = shown.scores("networks", 200, 100, 1)
    assert 0.8 < test[valid.argmax()] < 0.95 and abs((valid - test).mean()) < 0.05


def test_each_control_of_the_winners_changes_the_picture(table):
    widget = widgets.winners(table)
    *controls, picture = widget.children
    assert [c.value for c in controls] == ["guessers", 1, 100, 0]
    seen = {picture.note}
    for control, value in zip(controls, ("networks", 50, 300, 4), strict=True):
        control.value = value
        seen.add(picture.note)
    assert len(seen) == 5 and "points" in picture.note


def test_plots_hold_what_they_are_given():
    bits, right = torch.tensor([1, 0, 1]), torch.tensor([1, 1, 0])
    ax = plot.answers(bits, right, torch.tensor([True, False, False]))
    assert ax.images[0].get_array().tolist() == [[1, 0, 1], [1, 1, 0], [1, 0, 0], [0, 2, 0]]
    ax = plot.winner(torch.tensor([0.2, 0.5, 0.5]), torch.tensor([0.2, 0.3, 0.9]), title="three")
    best, worth = ax.lines[1], ax.lines[2]
    assert best.get_xydata().tolist() == [[2, 0.5]] and ax.get_title() == "three"
    np.testing.assert_allclose(worth.get_xydata(), [[2, 0.3]], rtol=1e-6)
    plt.close("all")
