"""The README's moving picture, lab 00's keyhole moved by keys: `pytest tests/browser/movie.py`."""

import io

from driving import cell_at, open_notebook, run_all
from making import ROOT
from PIL import Image

from labkit.course import copies, editions

LAB, CELL = "00_start_here", "slider"
TARGET = ROOT / "notebooks" / "images" / "keyhole.gif"
# Slider (0: left to right, 1: down, 2: window), key, how often.
PATH = [(1, "ArrowUp", 6), (2, "ArrowLeft", 1), (0, "ArrowLeft", 6), (1, "ArrowDown", 7)]
PATH += [(0, "ArrowRight", 7), (1, "ArrowDown", 6), (2, "ArrowRight", 6), (1, "ArrowUp", 6)]


def test_movie(page, server):
    copies.copy_labs(server.folder, labs=[LAB])
    page.set_viewport_size({"width": 900, "height": 1000})
    open_notebook(page, server, f"{LAB}.ipynb")
    run_all(page)
    cells = editions.make(LAB, "student").cells
    cell = cell_at(page, next(i for i, c in enumerate(cells) if c.id == CELL))
    widget = cell.locator(".jupyter-widgets.widget-vbox").first
    widget.scroll_into_view_if_needed()
    frames = [shot(widget)]
    for slider, key, times in PATH:
        cell.locator("[role=slider]").nth(slider).focus()
        for _ in range(times):
            page.keyboard.press(key)
            page.wait_for_timeout(500)
            frames.append(shot(widget))
    colours = frames[0].quantize(128)
    few = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames]
    few[0].save(TARGET, save_all=True, append_images=few[1:], duration=260, loop=0, optimize=True)
    assert TARGET.stat().st_size < 2_000_000


def shot(widget) -> Image.Image:
    """What the widget looks like now."""
    frame = Image.open(io.BytesIO(widget.screenshot())).convert("RGB")
    return frame.crop((0, 0, min(frame.width, 480), frame.height))
