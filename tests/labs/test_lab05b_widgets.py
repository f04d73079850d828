"""Widgets and plots of lab 05, part 2, by their numbers, texts and artists."""

import ipywidgets
import numpy as np
import pytest
import torch

from labkit import plot, widgets
from labkit.data.words import WordVectors
from labkit.widgets.words import SentenceReader, WordNeighbours
from labkit.words import models_text

WORDS = "the film was good bad not never hardly service but i found book nothing about it".split()


@pytest.fixture
def vectors():
    table = torch.randn(len(WORDS), 4, generator=torch.Generator().manual_seed(0))
    return WordVectors(WORDS, table)


@pytest.fixture
def lines():
    line = torch.tensor([1.0, 0, 0, 0])
    return {20: (line, torch.tensor(0.0)), 50: (-line, torch.tensor(0.0))}


@pytest.fixture
def neighbours(vectors, lines):
    tables = {"pretrained": vectors, "random": vectors.randomized()}
    return WordNeighbours(tables, dict.fromkeys(tables, lines), {"good": 1.9})


@pytest.fixture
def reader(vectors, lines):
    return SentenceReader(models_text.SentimentRNN(torch.zeros(3, 4)), vectors, lines[20])


def test_neighbours_picture_says_what_it_shows(neighbours, vectors):
    pixels, said = neighbours.draw("good", 20)
    praise = torch.sigmoid(vectors.of(["good"])[0, 0]).item()
    assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
    assert f"({praise:.0%})" in said and "people gave it +1.9" in said
    assert "nobody rated it" in neighbours.draw("bad", 20)[1]


def test_each_control_changes_the_neighbours_picture(neighbours):
    start = neighbours.draw("good", 20)[0]
    for values in (
        ("bad", 20),
        ("good", 50),
        ("good", 20, "random"),
        ("good", 20, "pretrained", "film"),
    ):
        assert (neighbours.draw(*values)[0] != start).any()
    typed = neighbours.draw("good", 20, "pretrained", " FILM ")[0]
    assert (typed == neighbours.draw("film", 20)[0]).all()


def test_a_typed_word_without_vector_is_named(neighbours):
    with pytest.raises(ValueError, match="'goodd' is none of .* near: good"):
        neighbours.draw("bad", 20, "pretrained", "goodd")


def test_word_widget_follows_its_controls(vectors, lines):
    tables = {"pretrained": vectors, "random": vectors.randomized()}
    widget = widgets.word_neighbours(tables, dict.fromkeys(tables, lines), {}, ["good", "bad"])
    word, labelled, kind, own, picture = widget.children
    assert all(isinstance(w, ipywidgets.SelectionSlider) for w in (word, labelled, kind))
    assert labelled.options == (20, 50) and all(w.description for w in (word, labelled, kind, own))
    before = picture.value
    word.value = "bad"
    assert picture.value != before and "<b>bad</b>" in picture.note
    own.value = "<i>zzz"
    assert 'role="alert"' in picture.note and "<i>" not in picture.note


def test_reader_says_what_the_network_says(reader, vectors):
    words = "the film was not good".split()
    said, bag = reader.praise(words)
    want = reader.model.read(vectors.of(words)).softmax(1)[:, 1]
    assert said == pytest.approx(want.tolist())
    mean = vectors.of(words).mean(0)[0]
    assert bag == pytest.approx(torch.sigmoid(mean).item())
    pixels, text = reader.draw("the film was", "not", "good", "(none)")
    assert "<b>the film was not good</b>" in text and f"says {bag:.0%}" in text
    assert pixels.shape[2] == 3


def test_reader_takes_own_sentences_and_names_words_without_vector(reader):
    text = reader.draw("the film was", "not", "good", "(none)", "A bad <b>film</b>, isn't it?")[1]
    assert "without a vector: a, b, is" in text and "<b>film" not in text
    with pytest.raises(ValueError, match="at least one word"):
        reader.draw("the film was", "not", "good", "(none)", "zzz yyy")
    long = reader.draw("", "", "", "", "the film was good " * 40)[0]
    assert long.shape == reader.draw("the film was", "not", "good", "(none)")[0].shape


def test_sentence_widget_changes_with_each_slider(reader, vectors, lines):
    widget = widgets.sentence_reader(reader.model, vectors, lines[20], ["good", "bad"])
    sliders = [w for w in widget.children if isinstance(w, ipywidgets.SelectionSlider)]
    picture = widget.children[-1]
    assert len(sliders) == 4
    for slider in sliders:
        before = picture.value
        slider.index = 1
        assert picture.value != before, slider.description


# --- plots


def test_closest_draws_a_bar_for_each_word():
    axes = plot.closest({"good": [("great", 0.8), ("fine", 0.5)], "bad": [("poor", 0.6)]})
    assert [ax.get_title() for ax in axes] == ["good", "bad"]
    assert [bar.get_width() for bar in axes[0].patches] == [0.8, 0.5]
    assert [t.get_text() for t in axes[1].get_yticklabels()] == ["poor"]


def test_ratings_draw_each_persons_dot_and_the_mean():
    ax = plot.ratings(["good", "odd"], torch.tensor([[2, 2, 3], [-1, 0, 4]]))
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in dots) == 6
    bars = [line.get_xdata()[0] for line in ax.lines if line.get_linewidth() == 1.6]
    assert bars == pytest.approx([7 / 3, 1])


def test_scores_colour_agreement_and_name_words():
    ax = plot.scores(
        torch.tensor([1.0, -1, 2]), torch.tensor([1.0, 1, -2]), ["a", "b", "c"], named=["b"]
    )
    right, wrong = ax.lines[:2]
    assert right.get_xdata().tolist() == [1] and wrong.get_xdata().tolist() == [-1, 2]
    assert [t.get_text() for t in ax.texts] == ["b"]
