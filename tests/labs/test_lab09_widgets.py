"""Widgets of lab 09, by their numbers and texts."""

import re

import numpy as np
import pytest
import torch

from labkit import sound, widgets
from labkit.widgets.sound import _loudest


@pytest.fixture(scope="module")
def tiny():
    """A network that learned nothing, and a listener."""
    model = sound.WaveNet(width=4, layers=3, sounds=len(sound.LETTERS), seed=0)
    return model, sound.Listener(sound.quantised(sound.clips(3, seconds=0.3, seed=0)))


@pytest.mark.parametrize(
    "layers, doubling, size, count",
    [(5, "doubled", 2, 32), (5, "always 1", 2, 6), (3, "doubled", 3, 15), (1, "doubled", 2, 2)],
)
def test_the_tree_counts_what_a_guess_sees(layers, doubling, size, count):
    picture, text = widgets.Tree().draw(layers, doubling, size)
    dilations = [2**i if doubling == "doubled" else 1 for i in range(layers)]
    assert count == sound.receptive_field(size, dilations)
    assert picture.dtype == np.uint8 and f"depends on {count} samples" in text


def test_the_tree_fits_its_picture():
    """What lies beyond the left edge isn't drawn, so the widest tree must have room or say so."""
    for layers in range(1, 6):
        for size in (2, 3):
            picture, text = widgets.Tree().draw(layers, "doubled", size)
            wide = sound.receptive_field(size, [2**i for i in range(layers)])
            assert (wide > widgets.sound.SHOWN) == ("left of the picture" in text)


def test_a_fake_is_shown_heard_and_played(tiny):
    imitator = widgets.Imitator(*tiny, seconds=0.3)
    picture, text = imitator.draw(1, 2, 1.0)
    assert "told: high, oo" in text and "the listener hears" in text and "<audio" in text
    other, told = imitator.draw(0, 2, 1.0)
    assert "told: low, oo" in told and not np.array_equal(picture, other)
    assert np.array_equal(picture, imitator.draw(1, 2, 1.0)[0])
    assert len(imitator.made) == 1  # all eight at once
    assert not torch.equal(imitator.clips(0.4), imitator.clips(1.0))


def test_a_word_is_said_and_its_letters_shown(tiny):
    words = widgets.SayWords(tiny[0])
    picture, text = words.draw(" Ma su ", 0, 0.8)
    assert "ma-su" in text and "low voice" in text and "<audio" in text
    assert re.search(r"in dB: m -?\d+, a -?\d+, - -?\d+, s -?\d+, u -?\d+; ", text)
    assert " 0" in text.partition("in dB:")[2]  # the loudest
    assert picture.dtype == np.uint8
    assert len(words.say("ma", 0)) < len(words.say("mamama", 0))


def test_letters_that_it_cannot_say_are_named_under_the_picture(tiny):
    box = widgets.say_words(tiny[0], text="mo")
    field, picture = box.children[0], box.children[-1]
    field.value = "hello"
    assert "a word is made of the letters" in picture.note
    field.value = "mamamamamamamama"
    assert "twelve letters at most" in picture.note
    field.value = "so"
    assert "so" in picture.note and "<audio" in picture.note


def test_the_line_under_a_word_is_in_decibels():
    tone = torch.sin(2 * torch.pi * 100 / sound.RATE * torch.arange(1200))
    clip = tone * torch.tensor([0.5] * 600 + [0.05] * 600)
    letters = torch.tensor([sound.LETTERS.index("a")] * 600 + [sound.LETTERS.index("t")] * 600)
    assert "a 0, t -20; a pitch of 100 Hz" in _loudest(clip, letters)
