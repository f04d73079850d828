"""Sound in a real JupyterLab: a player and a widget's clip can be played, and stay in the page."""

import nbformat
import pytest
from driving import cell_at, open_notebook
from making import code, notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SOURCE = """\
import torch
from IPython.display import display
from labkit import sound, widgets

display(sound.player(sound.vowel(0, 0, seconds=0.5), caption="a low voice says ah"))
model = sound.WaveNet(width=4, layers=3, sounds=len(sound.LETTERS), seed=0)
widgets.say_words(model, text="ma")"""
LENGTH = """async (audio) => {
  if (audio.readyState < 1) await new Promise((done) => (audio.onloadedmetadata = done));
  await audio.play();
  audio.pause();
  return audio.duration;
}"""


def test_clips_are_played_and_another_word_is_another_clip(page, server):
    nbformat.write(notebook(code(SOURCE)), server.folder / "sound.ipynb")
    open_notebook(page, server, "sound.ipynb")
    page.keyboard.press("Escape")
    cell_at(page, 0).click()
    page.keyboard.press("Shift+Enter")
    cell = cell_at(page, 0)
    cell.locator("img.labkit-picture").wait_for(timeout=90_000)
    player, clip = cell.locator("audio").first, cell.locator(".labkit-note audio")
    cell.locator(".jp-OutputArea").get_by_text("a low voice says ah").wait_for()
    assert player.evaluate(LENGTH) == pytest.approx(0.5, abs=0.01)
    short = clip.evaluate(LENGTH)
    field = cell.locator("input[type=text]").first
    field.fill("mamama")
    field.press("Enter")
    cell.get_by_text("'mamama', low voice").wait_for()
    assert clip.evaluate(LENGTH) > 2 * short > 0.2
    assert page.seen.errors == [] and page.seen.abroad == []
