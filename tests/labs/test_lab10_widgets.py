"""Widgets of lab 10, by their pictures, numbers and texts."""

import re

import numpy as np
import pytest
import torch

from labkit import translate, widgets
from labkit.data import Seasons


@pytest.fixture(scope="module")
def places():
    random = torch.Generator().manual_seed(0)
    summer, winter = torch.rand(2, 3, 3, 16, 16, generator=random)
    covers = torch.zeros(3, 1, 16, 16)
    covers[..., 4:9, 4:9] = 1
    return Seasons(summer, winter, covers, torch.zeros(3, dtype=torch.long))


def test_a_translation_stands_beside_its_truth_with_both_errors(places):
    half = torch.where(places.covers == 1, places.winter, places.winter + 0.1)
    board = widgets.Translations({"truth": places.winter, "half": half}, places)
    picture, text = board.draw("truth", 1)
    assert picture.shape == (200, 4 * 184 - 8, 3) and picture.dtype == np.uint8
    assert "ground 0.000, on the animal 0.000" in text
    _, text = board.draw("half", 2)
    ground = float(re.search(r"ground ([\d.]+)", text)[1])
    assert 0.05 < ground <= 0.1 and "animal 0.000" in text


def test_a_perfect_error_map_is_dark_and_a_wrong_one_bright(places):
    board = widgets.Translations({"truth": places.winter, "summer": places.summer}, places)
    maps = [board.draw(name, 0)[0][30:, -170:].astype(int).sum(2) for name in board.translated]
    assert maps[0].std() < 1 and maps[1].mean() > maps[0].mean() + 30


def test_the_widget_begins_with_the_last_translator(places):
    box = widgets.translations({"first": places.summer, "last": places.winter}, places)
    assert box.children[0].value == "last" and "ground 0.000" in box.children[-1].note


def test_training_is_watched_in_the_output(places, capsys):
    watch = widgets.LiveTranslation(places, [0, 2], every=2)
    translate.fit_pairs(places.summer, places.winter, steps=5, watch=watch)
    assert watch.steps == [0, 2, 4] and len(watch.errors) == 3
    alone = watch.draw(6, translate.Translator())
    both = watch.draw(7, translate.Both(translate.Translator(), translate.Translator()))
    assert both.shape[0] == alone.shape[0] + 100 and both.shape[1] == alone.shape[1]
    assert watch.errors[-1][1] >= 0


def test_noise_and_blur_touch_the_fake_only(places):
    def same(images):
        return images

    board = widgets.HiddenMessage(translate.Both(same, same), places)
    plain, noise, blur = (
        board.draw(1, *how)[1] for how in ((0.0, False), (0.1, False), (0.0, True))
    )
    numbers = [[float(x) for x in re.findall(r"\d\.\d{3}", text)] for text in (plain, noise, blur)]
    assert numbers[0][0] == 0 and 0.05 < numbers[1][0] < 0.1 and numbers[2][0] > 0.1
    assert numbers[0][1] == numbers[1][1] == numbers[2][1] > 0.2


def test_the_hidden_message_has_its_sliders(places):
    both = translate.Both(translate.Translator(seed=0), translate.Translator(seed=1))
    box = widgets.hidden_message(both, places)
    place, noise, blur = box.children[:3]
    assert (place.max, noise.max, blur.value) == (2, 0.1, False)
    assert "back from this fake" in box.children[-1].note
