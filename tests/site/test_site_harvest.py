"""What a widget can show is drawn setting by setting, and its controls are told as they are."""

import json
import random

import controls
import harvest
import ipywidgets
import numpy as np
import pytest
import torch
from composing import composed

from labkit import widgets


def bar(level, kind="red", wide=False):
    """A bar; a shape that cannot be drawn at 3."""
    if level == 3:
        raise ValueError("no <three>")
    page = np.full((20, 50 + 10 * wide, 3), 255, np.uint8)
    page[5:9, : 5 + 10 * level] = {"red": (200, 0, 0), "blue": (0, 0, 200)}[kind]
    return page, f"level {level}"


def made(**controls):
    box = widgets.live(bar, alt="a bar", **controls)
    return harvest.Harvest(box, box.children[-1])


def pairs(left, right):
    """Two places; a line above or below each, once there is an answer for it."""
    page = np.full((30, 60, 3), 255, np.uint8)
    for place, answer in enumerate((left, right)):
        if answer:
            page[3 if answer == "up" else 26, 30 * place + 4 : 30 * place + 12] = 0
    return page


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Function: a harvest's record and what it wrote."""
    monkeypatch.setenv("LABKIT_HARVEST_ROOM", "1000000")

    def store(one):
        record = one.store(tmp_path)
        text = (tmp_path / f"{record['name']}.js").read_text()
        head = f'labkitFrames("{record["name"]}",'
        assert text.startswith(head) and (tmp_path / f"{record['name']}.webp").is_file()
        return record, json.loads(text[len(head) :].strip()[:-1])

    return store


def test_each_setting_has_its_picture_and_note(stored):
    kind = ipywidgets.Dropdown(options=["red", "blue"], value="blue")
    wide = ipywidgets.Checkbox(description="wide")
    record, found = stored(made(level=widgets.slider("level", 0, 4), kind=kind, wide=wide))
    assert record["all"] == record["kept"] == len(found["states"]) == 20
    settings = [(n, k, w) for n in range(5) for k in ("red", "blue") for w in (False, True)]
    for (level, colour, broad), (number, note) in zip(settings, found["states"], strict=True):
        if level == 3:
            assert number == -1 and "no &lt;three&gt;" in found["notes"][note]
            continue
        assert np.array_equal(composed(found, number), bar(level, colour, broad)[0])
        assert found["notes"][note] == f"level {level}"
    level, kind, wide = record["controls"]
    assert (level["kind"], level["label"], level["start"]) == ("IntSlider", "level", 0)
    assert kind["words"] == ["red", "blue"] and kind["start"] == 1 and kind["label"] == "kind"
    assert wide["words"] == ["no", "yes"]


def test_too_many_controls_are_drawn_one_at_a_time(stored, monkeypatch):
    def draw(**values):
        page = np.full((24, 24, 3), 255, np.uint8)
        for row, value in enumerate(values.values()):
            page[2 * row, : 4 * value] = 0
        return page, str(sum(values.values()))

    monkeypatch.setattr(harvest, "MOST", 60)
    many = {f"c{i}": widgets.slider(f"c{i}", 0, 4, value=1) for i in range(10)}
    box = widgets.live(draw, alt="lines", **many)
    record, found = stored(harvest.Harvest(box, box.children[-1]))
    assert record["alone"] and len(found["alone"]) == 10 and record["all"] == 5**10
    assert record["kept"] == 50
    start = dict.fromkeys(many, 1)
    for name, states in zip(many, found["alone"], strict=True):
        assert len(states) == 5
        for value, (number, note) in enumerate(states):
            pixels, text = draw(**start | {name: value})
            assert np.array_equal(composed(found, number), pixels)
            assert found["notes"][note] == text
    assert len(record["again"]) == harvest.AGAIN


def test_what_is_typed_stays_as_it_is_and_is_told(stored):
    field = ipywidgets.Text("red", description="colour")
    record, found = stored(made(level=widgets.slider("level", 0, 2), kind=field))
    assert [c["typed"] for c in record["controls"]] == [False, True]
    assert len(found["states"]) == 3


def test_a_choice_that_nobody_made_yet_comes_first(stored):
    def draw(pick):
        return np.full((4, 4, 3), {None: 0, "a": 100, "b": 200}[pick], np.uint8)

    pick = ipywidgets.ToggleButtons(options=[("▲", "a"), ("▼", "b")], value=None)
    pick.tooltips = ["the upper", "the lower"]
    box = widgets.live(draw, alt="a patch", pick=pick)
    record, found = stored(harvest.Harvest(box, box.children[-1]))
    assert record["controls"][0]["words"] == ["none yet", "▲", "▼"]
    assert record["controls"][0]["titles"] == ["none yet", "the upper", "the lower"]
    assert [composed(found, n)[0, 0, 0] for n, _ in found["states"]] == [0, 100, 200]


def test_answers_of_a_quiz_lie_over_the_picture_without_any(stored):
    asked = {
        name: ipywidgets.ToggleButtons(options=[("▲", "up"), ("▼", "down")], value=None)
        for name in ("left", "right")
    }
    box = widgets.live(pairs, alt="pairs", **asked)
    record, found = stored(harvest.Harvest(box, box.children[-1]))
    assert record["all"] == record["kept"] == 9 and len(found["answers"]) == 2
    start, down = pairs(None, None), composed(found, found["answers"][1][2])
    assert np.array_equal(down, pairs(None, "down"))
    up = composed(found, found["answers"][0][1])
    both = np.where((up != start), up, down)
    assert np.array_equal(both, pairs("up", "down"))
    small = np.asarray(record["again"]["8"]["small"])  # the last setting: down, down
    assert len(small) == 16 * 16 * 3 and record["again"]["8"]["shape"] == [30, 60, 3]


def test_answers_that_do_not_lie_apart_are_refused(stored):
    def all_at_once(left, right):
        return np.random.default_rng(len(f"{left}{right}")).integers(0, 256, (30, 60, 3), np.uint8)

    asked = {n: ipywidgets.ToggleButtons(options=["a"], value=None) for n in ("left", "right")}
    box = widgets.live(all_at_once, alt="noise", **asked)
    with pytest.raises(ValueError, match="noise: one answer changes more"):
        stored(harvest.Harvest(box, box.children[-1]))


def test_a_player_names_the_control_that_it_moves(stored):
    player = ipywidgets.Play(min=0, max=9, interval=80)
    box = widgets.live(bar, alt="a bar", level=widgets.slider("level", 0, 9))
    box.children = (player, *box.children)
    record, _ = stored(harvest.Harvest(box, box.children[-1]))
    assert record["play"] == {"control": "level", "interval": 80, "repeat": False}


def test_there_is_no_more_than_there_is_room_for(tmp_path, monkeypatch):
    def draw(seed):
        return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    monkeypatch.setenv("LABKIT_HARVEST_ROOM", "200000")  # a picture takes 4,000 or more
    box = widgets.live(draw, alt="noise", seed=widgets.slider("seed", 0, 300, value=7))
    record = harvest.Harvest(box, box.children[-1]).store(tmp_path)
    assert 8 <= record["kept"] < 100
    assert record["bytes"] < 1.5 * 200_000 and record["all"] == 301
    assert record["controls"][0]["words"][record["controls"][0]["start"]] == "7"


@pytest.mark.parametrize("most", [1, 4, 30, 1000])
def test_fewer_settings_keep_the_present_one_and_the_ends(most):
    every = {"a": list(range(30)), "b": ["x", "y", "z"], "c": [False, True]}
    now = {"a": 11, "b": "y", "c": True}
    kept = controls.thinned(every, now, most)
    assert all(set(kept[n]) <= set(every[n]) and now[n] in kept[n] for n in every)
    if most >= 30:
        assert kept["a"][0] == 0 and kept["a"][-1] == 29
        assert len(kept["a"]) * len(kept["b"]) * len(kept["c"]) <= most


def test_what_is_played_keeps_its_values_longest():
    every = {"frame": list(range(24)), "border": list(range(7)), "fine": [False, True]}
    now = {"frame": 0, "border": 2, "fine": False}
    sizes = {
        most: [len(v) for v in controls.thinned(every, now, most, played="frame").values()]
        for most in (400, 200, 50)
    }
    assert sizes == {400: [24, 7, 2], 200: [24, 4, 2], 50: [9, 2, 2]}


def test_random_numbers_go_on_as_if_nothing_had_been_drawn():
    def numbers():
        return random.random(), np.random.random(), torch.rand(1).item()

    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    expected = [numbers(), numbers()]
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    first = numbers()
    with harvest._seeds_kept():
        numbers()
    assert [first, numbers()] == expected
