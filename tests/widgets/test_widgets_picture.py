"""Pictures drawn ahead: which, when, how many are kept, what the browser is told."""

import asyncio

import ipywidgets
import numpy as np
import pytest

from labkit.widgets import live, slider
from labkit.widgets import picture as module
from labkit.widgets.frames import (
    Frame,
    Frames,
    along,
    around,
    setting_of,
    settings,
    state_name,
)


@pytest.fixture
def controls():
    return {
        "digit": slider("digit", 0, 9, value=8),
        "kind": ipywidgets.Dropdown(options=[("first", "a"), ("second", "b")], value="a"),
        "on": ipywidgets.Checkbox(value=True),
        "share": slider("share", 0.0, 1.0, value=0.3, step=0.1),
    }


def values(plan, name):
    return [one[name] for one in plan]


def test_a_slider_goes_on_in_its_direction_first(controls):
    assert values(along(controls, "digit", -1), "digit") == [7, 6, 5, 4, 3, 2, 9]
    assert values(along(controls, "digit", 0), "digit") == [9, 7, 6]
    assert values(along(controls, "share", 1), "share")[:3] == [0.4, 0.5, 0.6]  # no 0.6000000001


def test_choices_and_switches_have_neighbours(controls):
    assert values(along(controls, "kind", 1), "kind") == ["b"]
    assert values(along(controls, "on"), "on") == [False]


def test_the_other_controls_take_one_step_then_the_moved_one_jumps(controls):
    plan = list(around(controls, "digit"))
    now = {name: control.value for name, control in controls.items()}
    moved = [[name for name in one if one[name] != now[name]] for one in plan]
    assert moved == [["kind"], ["on"], ["share"], ["share"], ["digit"], ["digit"], ["digit"]]
    assert values(plan, "digit")[-3:] == [3, 0, 9]


def test_a_control_without_steps_has_no_neighbours():
    controls = {"text": ipywidgets.Text("x"), "many": ipywidgets.SelectMultiple(options=[1, 2])}
    assert not list(along(controls, "text")) and not list(around(controls, "many"))


def test_settings_are_what_the_browser_has(controls):
    assert [state_name(c) for c in controls.values()] == ["value", "index", "value", "value"]
    assert setting_of(controls["kind"], "b") == 1 and setting_of(controls["kind"], "c") is None
    assert setting_of(controls["share"], 0.1 + 0.2) == 0.3
    assert setting_of(controls["on"], False) is False


def test_frames_are_bounded_and_the_oldest_goes():
    kept = Frames(most=3, room=100)
    for key in "abc":
        kept[key] = Frame(b"x" * 30, "", 1)
    assert kept.get("a") is not None and kept.bytes == 90
    kept["d"] = Frame(b"x" * 10, "", 1)
    assert list(kept) == ["c", "a", "d"] and kept.bytes == 70
    kept["e"] = Frame(b"x" * 200, "", 1)  # too large for the room: it alone is kept
    assert list(kept) == ["e"]
    kept.clear()
    assert len(kept) == kept.bytes == 0


class Browser:
    """A widget of one slider whose messages are kept, and what its draw was asked for."""

    def __init__(self, monkeypatch, *, value=5, rest=0.0):
        monkeypatch.setattr(module, "REST", rest)
        self.drawn, self.sent, self.told = [], [], []
        self.level = slider("level", 0, 20, value=value)
        self.other = slider("other", 0, 3)
        widget = live(self._draw, alt="", level=self.level, other=self.other)
        self.picture = widget.children[-1]
        monkeypatch.setattr(self.picture, "send", lambda m, buffers=None: self.sent.append(m))
        monkeypatch.setattr(self.picture, "send_state", self.told.append)

    def _draw(self, level, other):
        self.drawn.append((level, other))
        if level == 9:
            raise ValueError("nine")
        return np.full((4, 4, 3), 10 * level + other, np.uint8), f"level {level}"

    def near(self, place=0):
        self.picture._told(None, {"near": place}, [])

    def ahead(self):
        return [tuple(message["ahead"]["values"]) for message in self.sent if "ahead" in message]


def run(monkeypatch, story, **options):
    async def main():
        browser = Browser(monkeypatch, **options)
        await story(browser)
        return browser

    return asyncio.run(main())


def test_a_new_value_ends_what_was_being_drawn_ahead(monkeypatch):
    async def story(browser):
        browser.near()
        while not browser.ahead():
            await asyncio.sleep(0)
        browser.level.value = 15  # when one picture next to 5 is drawn
        await asyncio.sleep(0.3)

    ahead = run(monkeypatch, story).ahead()
    assert ahead[0] == (6, 0) and (16, 0) in ahead
    assert not {(3, 0), (4, 0), (7, 0)} & set(ahead)


def test_nothing_is_drawn_ahead_unless_a_browser_asks(monkeypatch):
    async def story(browser):
        browser.level.value = 6
        await asyncio.sleep(0.1)

    browser = run(monkeypatch, story)
    assert browser.drawn == [(5, 0), (6, 0)] and not browser.sent


def test_without_an_event_loop_nothing_is_drawn_ahead(monkeypatch):
    browser = Browser(monkeypatch)
    browser.near()
    assert browser.drawn == [(5, 0)] and not browser.sent


def test_neighbours_come_when_a_reader_is_near(monkeypatch):
    async def story(browser):
        browser.near()
        await asyncio.sleep(0.3)

    ahead = run(monkeypatch, story).ahead()
    assert ahead[:4] == [(6, 0), (7, 0), (4, 0), (3, 0)] and (5, 1) in ahead
    assert len(ahead) == len(set(ahead))


def test_a_key_whose_picture_is_there_draws_nothing_and_sends_no_bytes(monkeypatch):
    async def story(browser):
        browser.near()
        await asyncio.sleep(0.3)
        browser.drawn.clear(), browser.sent.clear()
        browser.level.value = 6
        assert browser.drawn == [] and browser.told == ["frame"]
        assert browser.picture.note == "level 6" and not browser.picture.frame["fresh"]
        await asyncio.sleep(0.3)

    assert (8, 0) in run(monkeypatch, story).ahead()


def test_a_new_value_ends_what_was_being_drawn(monkeypatch):
    async def story(browser):
        browser.near()
        browser.level.value = 15
        browser.sent.clear()
        await asyncio.sleep(0.2)

    browser = run(monkeypatch, story, rest=10)
    assert {level for level, _ in browser.ahead()} == {16, 17, 18, 19, 20, 14, 13}


def test_a_draw_that_fails_ahead_is_silent_until_it_is_asked_for(monkeypatch):
    async def story(browser):
        browser.near()
        await asyncio.sleep(0.3)
        assert (9, 0) in browser.drawn and "nine" not in browser.picture.note
        browser.level.value = 9
        assert "nine" in browser.picture.note and not browser.picture.frame["drawn"]

    assert (9, 0) not in run(monkeypatch, story, value=8).ahead()


def test_a_page_that_has_no_frames_gets_them_again(monkeypatch):
    async def story(browser):
        browser.near()
        await asyncio.sleep(0.3)
        first = browser.ahead()
        browser.drawn.clear(), browser.sent.clear()
        browser.picture._told(None, {"hello": True, "near": 0}, [])
        await asyncio.sleep(0.3)
        assert set(browser.ahead()) >= set(first) and not browser.drawn
        assert browser.told[-1] == ["value", "frame"]

    run(monkeypatch, story)


def test_what_was_drawn_is_forgotten_when_it_may_have_changed(monkeypatch):
    async def story(browser):
        browser.near()
        await asyncio.sleep(0.3)
        browser.picture.forget()
        assert browser.sent[-1] == {"forget": True}
        browser.drawn.clear()
        browser.level.value = 6
        assert browser.drawn == [(6, 0)] and browser.told[-1] == ["value", "frame"]

    run(monkeypatch, story)


def test_the_browser_is_told_everything_when_it_opens_a_page():
    picture = live(lambda level: np.zeros((2, 2, 3), np.uint8), alt="black", level=slider("", 0, 1))
    state = picture.children[-1].get_state()
    assert {"value", "frame", "alt", "controls", "states", "_esm"} <= set(state)
    assert set(picture.children[-1].get_state("frame")) == {"frame"}
    assert "import" not in state["_esm"] and "http" not in state["_esm"]


@pytest.mark.parametrize(
    ("control", "values"),
    [
        (ipywidgets.IntSlider(min=-2, max=3, step=2), [-2, 0, 2]),
        (ipywidgets.FloatSlider(min=0, max=0.3, step=0.1), [0.0, 0.1, 0.2, 0.3]),
        (ipywidgets.Checkbox(), [False, True]),
        (ipywidgets.Dropdown(options=["a", "b"]), ["a", "b"]),
        (ipywidgets.SelectionSlider(options=[("one", 1), ("two", 2)]), [1, 2]),
        (ipywidgets.Text("free"), None),
    ],
    ids=lambda part: type(part).__name__,
)
def test_all_settings_of_a_control_are_told_in_order(control, values):
    assert settings(control) == values
