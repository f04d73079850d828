"""Widgets and plots of lab 19, by their numbers and texts."""

import numpy as np
import pytest
import torch

from labkit import plot, widgets
from labkit.detective import pipeline


@pytest.fixture(scope="module")
def cases():
    bugs = {"A": None, "B": "turned", "C": "mislabelled", "D": "leak", "E": "overflow"}
    return {letter: pipeline.run(bug, seed=1) for letter, bug in bugs.items()} | {
        "F": pipeline.run("sorted", seed=1),
        "G": pipeline.run("unscaled", seed=1),
    }


def test_a_bug_is_seen_at_its_step_and_nowhere_before(cases):
    shown = widgets.Inspector(cases)
    for letter in "BCDEFG":
        wrong = cases[letter].wrong_step
        for step in pipeline.STEPS:
            picture, sound = (shown.draw(which, step)[0] for which in (letter, "A"))
            if step == wrong:
                assert not np.array_equal(picture, sound), (letter, step)
                break
            assert np.array_equal(picture, sound), (letter, step)


def test_no_caption_names_the_bug(cases):
    shown = widgets.Inspector(cases)
    for step in pipeline.STEPS:
        texts = {shown.draw(letter, step)[1].replace(f"case {letter}", "") for letter in cases}
        assert len(texts) == 1 and f"step {1 + pipeline.STEPS.index(step)} of 6" in texts.pop()


def test_the_inspector_has_two_controls(cases):
    widget = widgets.inspector(cases)
    case, step, picture = widget.children
    assert "case A, step 1 of 6, load" in picture.note
    step.value = "split"
    case.value = "D"
    assert "case D, step 3 of 6, split" in picture.note and picture.alt


def test_a_preview_tells_both_ratios():
    shown = widgets.InProgress()
    before, same, now = shown.so_far(12, "slow first", 20, 3)
    assert (len(before), len(same), len(now)) == (40, 12, 12)
    assert np.isin(same, before).all() and same.mean() > before.mean()
    _, text = shown.draw(12, "slow first", 20, 3)
    assert f"{now.mean() / before.mean():.2f} times HW2" in text
    assert f"{now.mean() / same.mean():.2f} times their own HW2" in text
    assert text.startswith("12 of 40 answers")
    before, same, _ = shown.so_far(40, "fast first", 0, 0)
    assert sorted(before) == sorted(same)


def test_each_control_of_the_preview_changes_the_picture():
    widget = widgets.in_progress()
    *controls, picture = widget.children
    assert [c.value for c in controls] == [12, "at random", 0, 0]
    shown = widgets.InProgress()
    first = shown.draw(12, "at random", 0, 0)
    for other in ((13, "at random", 0, 0), (12, "slow first", 0, 0), (12, "at random", 20, 0)):
        assert not np.array_equal(shown.draw(*other)[0], first[0])
    assert not np.array_equal(shown.draw(12, "at random", 0, 1)[0], first[0])
    assert np.array_equal(shown.draw(12, "at random", 0, 0)[0], first[0])


def test_histograms_leave_out_what_has_no_number():
    ax = plot.hours({"HW1": [5.0, 7.0, float("nan")], "HW2": np.array([90.0])})
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told == ["HW1: 2 answers, mean 6.0 h", "HW2: 1 answers, mean 90.0 h"]
    assert [line.get_xdata()[0] for line in ax.lines] == [6, 40]


def test_values_and_batches():
    ax = plot.values({"training": torch.tensor([0.0, 0.5, 1]), "test": torch.tensor([0, 255.0])})
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told == ["training: 0.5 to 1", "test: 255 to 255"]
    labels = torch.arange(12).view(3, 4) % 10
    assert np.array_equal(plot.batches(labels).images[0].get_array(), labels)


def test_a_dot_of_the_reliability_is_a_bin():
    sure, right, share = (
        torch.tensor(x) for x in ([0.5, 0.0, 0.9], [0.4, 0.0, 1.0], [0.2, 0, 0.8])
    )
    dots = plot.reliability(sure, right, share).collections[0]
    assert np.allclose(dots.get_offsets(), [[0.5, 0.4], [0.9, 1.0]])
    small, large = dots.get_sizes()
    assert large > small
