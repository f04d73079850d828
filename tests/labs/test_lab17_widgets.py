"""Widgets of lab 17, by their numbers, texts and files."""

import math

import ipywidgets
import numpy as np
import pytest
import torch

from labkit import widgets
from labkit.labels import crowd, read_answers

DIGITS = "0123456789"


@pytest.fixture
def ticks():
    """A clock that tells the times in its list `now`."""

    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def typing(tmp_path, ticks):
    images = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return widgets.Labeller(images, DIGITS, folder=tmp_path, annotator="Ann B.", clock=ticks)


def test_each_key_is_a_label_and_is_saved_at_once(typing, ticks, tmp_path):
    typing.take("7")
    ticks.now += 1.5
    assert "2 saved in labels_Ann_B_1.csv, 1.5 s each" in typing.take("71")
    kept = read_answers(tmp_path / "labels_Ann_B_1.csv")
    assert [a.label for a in kept.values()] == ["7", "1"] and list(kept) == ["0", "1"]
    assert math.isnan(kept["0"].seconds) and kept["1"].seconds == 1.5
    assert {a.annotator for a in kept.values()} == {"Ann B."}


def test_backspace_takes_one_back(typing, ticks, tmp_path):
    for text in ("7", "71", "7", "72"):
        typing.take(text)
        ticks.now += 1
    assert [a.label for a in typing.answers] == ["7", "2"]
    assert typing.answers[1].seconds == 1
    typing.take("")
    assert read_answers(typing.path) == {}


def test_what_is_no_key_does_not_count(typing):
    assert typing.keys_in("7 x,1") == "71" and typing.keys_in("1234567") == "1234"
    assert typing.take("not good") == "" and typing.path is None  # no file either
    assert "no key: &lt; x" in typing.draw("7 x<")[1]


def test_no_file_is_ever_overwritten(typing, tmp_path):
    taken = tmp_path / "labels_Ann_B_1.csv"
    taken.write_text("mine")
    typing.take("3")
    assert taken.read_text() == "mine" and typing.path.name == "labels_Ann_B_2.csv"
    assert sorted(p.name for p in tmp_path.iterdir()) == [taken.name, typing.path.name]


def test_a_folder_that_is_gone_is_told(tmp_path):
    lost = widgets.Labeller(torch.rand(2, 3, 8, 8), ["wolf", "husky"], folder=tmp_path / "none")
    assert "not saved" in lost.take("1")
    assert [a.label for a in lost.answers] == ["wolf"]


def test_the_picture_follows_the_keys(typing):
    pictures = [typing.draw(text) for text in ("", "7", "71", "7171")]
    assert len({p.tobytes() for p, _ in pictures}) == 4
    assert [note.split(" ")[0] for _, note in pictures] == ["0", "1", "2", "4"]
    assert pictures[0][0].dtype == np.uint8


def test_photos_have_numbered_keys():
    photos = widgets.Labeller(torch.rand(2, 3, 16, 16), ["wolf", "husky"], paths=["a.png", "b.png"])
    assert photos.classes == {"1": "wolf", "2": "husky"}
    assert photos.draw("12")[0].shape == photos.draw("")[0].shape
    with pytest.raises(ValueError, match="nine at most"):
        widgets.Labeller(torch.rand(2, 3, 16, 16), [f"kind {i}" for i in range(10)])
    with pytest.raises(ValueError, match="all different"):
        widgets.Labeller(torch.rand(2, 3, 16, 16), "aa")


def test_the_field_tells_what_was_saved(typing):
    box = typing.widget()
    told, field, picture = box.children
    assert isinstance(field, ipywidgets.Text) and field.continuous_update
    field.value = "3"
    assert "1 saved" in told.value and "1 of 4" in picture.note


def test_the_crowd_turns_dawid_and_skene_round():
    game = widgets.CrowdGame(things=200)
    plain, true, found = game.found(3, 1, 0)
    assert plain[1] > plain[0] + 0.05 and true.shape == found.shape == (10,)
    against, *_ = game.found(1, 5, 0)
    rescued, *_ = game.found(1, 5, 30)
    assert against[1] < against[0] and rescued[1] > 0.8
    looks = [
        game.draw(*where) for where in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (3, 3, 0), (3, 3, 15))
    ]
    assert len({picture.tobytes() for picture, _ in looks}) == 5
    assert "4 good, 3 lazy, 3 adversaries: majority" in looks[3][1]
    assert len(widgets.crowd_game(things=50).children) == 4


def test_the_crowd_takes_the_students_e_step():
    seen = []

    def e_step(votes, prior, confusion):
        seen.append(len(votes))
        return crowd.e_step(votes, prior, confusion)

    widgets.CrowdGame(e_step=e_step, things=20).draw(1, 1, 0)
    assert set(seen) == {20}


def test_two_views_are_of_one_digit():
    images = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    shown = widgets.TwoViews(images, {"pixels": torch.nn.Flatten()})
    views = shown.views(2, 0, 1.0)
    assert views.shape == (2, 1, 28, 28) and not torch.equal(*views)
    looks = [shown.draw(*where) for where in ((2, 0, 1.0), (3, 0, 1.0), (2, 1, 1.0), (2, 0, 2.0))]
    assert len({picture.tobytes() for picture, _ in looks}) == 4
    same = images[2].expand(2, -1, -1, -1)
    assert shown.nearer("pixels", same, 2) == 0
    assert "of 5 other digits" in looks[0][1]
    assert len(widgets.two_views(images, {"pixels": torch.nn.Flatten()}).children) == 4
