"""Widgets of lab 14, by their numbers and texts."""

import numpy as np
import pytest
import torch

from labkit import adversarial, models, render, widgets

BUS, PLOW = 779, 803  # ImageNet's numbers


@pytest.fixture(scope="module")
def model():
    return models.load_pretrained()


@pytest.fixture(scope="module")
def image():
    return render.bus(yaw=40, seed=1).image


def test_the_bus_turns_and_the_network_answers(model):
    board = widgets.TurnedBus(model, seed=1)
    assert (model.category("school bus"), model.category("snowplow")) == (BUS, PLOW)
    picture, text = board.draw(40, 0, 0, "road")
    assert picture.dtype == np.uint8 and picture.shape == (224, 224, 3)
    assert "<b>school bus</b>" in text and "(school bus" not in text
    for other in ((55, 0, 0, "road"), (40, 15, 0, "road"), (40, 0, 15, "road"), (40, 0, 0, "snow")):
        assert not np.array_equal(board.draw(*other)[0], picture), other
    assert "(school bus: " in board.draw(40, 0, 90, "road")[1]


def test_controls_are_sliders_and_a_list_that_begins_at_its_first(model):
    widget = widgets.turned_bus(model)
    *controls, picture = widget.children
    assert [c.value for c in controls] == [45, 0, 0, "road"]
    assert picture.alt and "network" in picture.note
    controls[2].value = 180
    assert "network" in picture.note


def test_the_change_is_as_large_as_it_says(model, image):
    board = widgets.UnseenChange(
        model, image, label=BUS, wanted=PLOW,
        fgsm=adversarial.fgsm, targeted=adversarial.targeted,
    )  # fmt: skip
    still, text = board.draw("to snowplow", 0, "none")
    assert "at most 0 of 255" in text and "<b>school bus</b>" in text
    picture, text = board.draw("to snowplow", 1, "none")
    assert "<b>snowplow</b>" in text and "at most 1 of 255" in text and "(school bus" in text
    assert picture.shape == still.shape and not np.array_equal(picture, still)
    seen = board.changed("to snowplow", 1)
    assert (seen - board.image).abs().max() < 1.01 / 255
    assert "<b>school bus</b>" in board.draw("to snowplow", 1, 75)[1]
    assert "<b>school bus</b>" in board.draw("coin flips", 2, "none")[1]
    assert "of 255" in board.draw("one step away", 4, 95)[1]


def test_the_students_functions_are_used(model, image):
    def unmoved(model, images, classes, *rest):
        return images

    functions = {"fgsm": unmoved, "targeted": unmoved}
    board = widgets.UnseenChange(model, image, label=BUS, wanted=PLOW, **functions)
    for kind in ("to snowplow", "one step away"):
        assert torch.equal(board.changed(kind, 8), board.image)
    widget = widgets.unseen_change(model, image, label=BUS, wanted=PLOW)
    assert [c.value for c in widget.children[:-1]] == ["to snowplow", 1, "none"]
    notes = {widget.children[-1].note}
    for kind in widget.children[0].options[1:]:
        widget.children[0].value = kind
        notes.add(widget.children[-1].note)
    assert len(notes) == 3  # each option shows
