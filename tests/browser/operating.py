"""Every kind of control, worked as its keys work it; the picture must follow.

Each function stands at a control that has the keyboard and leaves it there.
"""

from keyboard import focused, go_to_cell, looks, pressed, stops_of, waits

SLOW, HELD = 0.15, 0.03  # seconds between two presses: one by one, and a key that is held


def drive_cell(page, cell, index: int) -> dict[str, list[float]]:
    """Tab through a cell's controls and work each; key-to-picture in ms by pace of pressing."""
    go_to_cell(page, index)
    times = {"pressed": [], "held": []}
    pictures = cell.locator("img.labkit-picture").count()
    for _ in range(10):
        if focused(page)["inside"]:
            break
        page.keyboard.press("Tab")
    met = 0
    while (here := focused(page))["inside"] and here["cell"] == index:
        met += 1
        assert here["name"].strip(), f"a {here['kind']} without a name"
        work = WORK.get(here["kind"])
        assert work, f"{here['name']}: nobody knows how to work a {here['kind']}"
        work(page, cell, here["name"], times if pictures else None)
        page.keyboard.press("Tab")
    assert met == stops_of(cell), f"Tab came to {met} of {stops_of(cell)} controls"
    return times


def slider(page, cell, name, times) -> None:
    """Arrows, Home, End, Page Up; three sliders of a widget are timed."""
    forth, back = ("ArrowRight", "ArrowLeft")
    if not pressed(page, cell, forth):  # it may stand at its end
        forth, back = back, forth
        assert pressed(page, cell, forth), f"{name}: a key moves it and no picture changes"
    if len(times["held"]) < 30:
        page.wait_for_timeout(300)
        times["pressed"] += waits(page, cell, forth, times=6, pace=SLOW)
        times["held"] += waits(page, cell, back, times=10, pace=HELD)
    start = focused(page)["now"]
    page.keyboard.press("Home")
    first = focused(page)["now"]
    page.keyboard.press("End")
    last = focused(page)["now"]
    assert first != last, f"{name}: Home and End are the same, {first}"
    looks(cell)
    page.keyboard.press("PageDown")
    assert focused(page)["now"] != last, f"{name}: Page Down does nothing"
    page.keyboard.press("Home")
    for _ in range(400):
        if focused(page)["now"] == start:
            break
        page.keyboard.press("ArrowRight")
    looks(cell)


def readout(page, cell, name, times) -> None:
    """The slider's number: it may be typed over; what is no number is put right."""
    before = focused(page)["now"]
    page.keyboard.press("Control+A")
    page.keyboard.type(before)
    page.keyboard.press("Enter")
    assert focused(page)["kind"] == "textbox"


def dropdown(page, cell, name, times) -> None:
    """Down and up among the options."""
    assert pressed(page, cell, "ArrowDown"), f"{name}: an option is chosen and no picture changes"
    assert pressed(page, cell, "ArrowUp"), f"{name}: back, and no picture changes"


def checkbox(page, cell, name, times) -> None:
    """Space switches it on, and off."""
    assert pressed(page, cell, "Space"), f"{name}: switched, and no picture changes"
    assert pressed(page, cell, "Space"), f"{name}: switched back, and no picture changes"


def text(page, cell, name, times) -> None:
    """Typed, then Enter; and emptied again."""
    typed, emptied = (*"not good", "Enter"), ("Control+A", "Delete", "Enter")
    assert pressed(page, cell, *typed), f"{name}: typed, and neither picture nor words change"
    assert pressed(page, cell, *emptied), f"{name}: emptied, and neither picture nor words change"


def radio(page, cell, name, times) -> None:
    """Space takes this answer."""
    page.keyboard.press("Space")
    assert focused(page)["now"] == "true", f"{name}: Space does not choose it"


def button(page, cell, name, times) -> None:
    """Space presses it. Of a player: it plays until it is paused, a step is one picture."""
    if cell.locator(".widget-play").count() == 0:
        return page.keyboard.press("Space")
    before = looks(cell)
    page.keyboard.press("Space")
    page.wait_for_timeout(600)
    label = name.strip().lower()
    if any(word in label for word in ("play", "next", "forward")):
        assert looks(cell) != before, f"{name}: pressed, and no picture changes"
    if "play" in label:  # it plays: the same button pauses
        page.keyboard.press("Space")
        page.wait_for_timeout(300)
        paused = looks(cell)
        page.wait_for_timeout(400)
        assert looks(cell) == paused, "paused, and it goes on"


def audio(page, cell, name, times) -> None:
    """Space plays it; Tab goes through its own controls and out again."""
    page.keyboard.press("Space")
    page.wait_for_function("() => document.activeElement.currentTime > 0")
    for _ in range(12):
        page.keyboard.press("Tab")
        if (here := focused(page))["kind"] != "audio" or not here["inside"]:
            return page.keyboard.press("Shift+Tab")
    raise AssertionError(f"{name}: Tab does not lead out of it")


WORK = {"slider": slider, "textbox": readout, "select": dropdown, "checkbox": checkbox,
        "text": text, "radio": radio, "button": button, "audio": audio}  # fmt: skip
