"""Widgets of lab 09: what a stack of layers sees, a voice that can be chosen, words to be said."""

from __future__ import annotations

import math
from collections.abc import Mapping

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit import plot, sound
from labkit.widgets.core import Canvas, live, slider

SEEN, ASKED, UNSEEN = "#0072B2", "#D55E00", "#D8D8D8"
COLUMN, ROW = 22, 62  # screen pixels between samples, between layers
SHOWN = 34  # samples that the tree has room for


class Tree:
    """What one guess depends on, layer by layer: `draw(layers, doubling, size)`."""

    def draw(self, layers: int, doubling: str, size: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; `size` samples in each kernel."""
        dilations = [2**i if doubling == "doubled" else 1 for i in range(layers)]
        rows = self._seen(dilations, size)
        page = Image.new("RGB", (COLUMN * SHOWN + 120, ROW * layers + 60), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
        height = [30 + ROW * (layers - depth) for depth in range(layers + 1)]
        for depth, dilation in enumerate(dilations):  # from the samples up
            for here in rows[depth + 1]:
                for back in range(size):
                    ends = here - back * dilation, here
                    line = [self._at(ends[0]), height[depth], self._at(here), height[depth + 1]]
                    pen.line(line, fill=SEEN, width=2)
            text = f"looks {dilation} back" if size == 2 else f"steps of {dilation}"
            where = (COLUMN * SHOWN + 14, height[depth + 1] + 20)
            pen.text(where, text, fill="black", font=font)
        for depth, seen in enumerate(rows):
            for place in range(SHOWN):
                colour = SEEN if -place in seen else UNSEEN
                colour = ASKED if depth == layers and place == 0 else colour
                x, y = self._at(-place), height[depth]
                pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=colour)
        pen.text(
            (6, height[0] + 10), "samples, the present one on the right", fill="black", font=font
        )
        count = 1 - min(rows[0])
        milliseconds = 1000 * count / sound.RATE
        text = (
            f"<b>the guess depends on {count} samples</b>, {milliseconds:.1f} ms at "
            f"{sound.RATE:,} samples a second; a low voice repeats itself every 8 ms"
        )
        text += "; some lie left of the picture" if count > SHOWN else ""
        return np.asarray(page), text

    @staticmethod
    def _seen(dilations: list[int], size: int) -> list[set[int]]:
        """For each layer, from the samples to the guess, the places that count (0, -1, ...)."""
        rows = [{0}]
        for dilation in reversed(dilations):
            rows.insert(0, {here - back * dilation for here in rows[0] for back in range(size)})
        return rows

    @staticmethod
    def _at(place: int) -> int:
        return 14 + COLUMN * (SHOWN - 1 + place)


def tree() -> ipywidgets.VBox:
    """Sliders for the layers and the kernel, and whether each layer looks twice as far back."""
    return live(
        Tree().draw,
        alt="Dots for samples and layers; lines from a guess down to all samples it depends on.",
        layers=slider("layers", 1, 5, value=2),
        doubling=ipywidgets.ToggleButtons(
            options=["doubled", "always 1"], description="steps", value="always 1"
        ),
        size=slider("samples in a kernel", 2, 3),
    )


class Imitator:
    """A WaveNet's clips, eight at a time: `draw(voice, vowel, temperature)`, with sound.

    `model` was trained on the vowels of `sound.clips`; the `listener` says what it hears.
    """

    def __init__(self, model: sound.WaveNet, listener: sound.Listener, *, seconds: float = 0.6):
        self.model, self.listener, self.samples = model, listener, round(seconds * sound.RATE)
        self.made: dict[float, Tensor] = {}
        self.canvas = None

    def clips(self, temperature: float) -> Tensor:
        """All eight kinds, (8, T), a row for voice 0 or 1 and each vowel."""
        temperature = round(temperature, 2)
        if temperature not in self.made:
            kinds = torch.arange(2).repeat_interleave(4), torch.arange(4).repeat(2)
            codes = sound.speak(self.model, *kinds, self.samples, temperature=temperature)
            self.made[temperature] = sound.from_mu_law(codes)
        return self.made[temperature]

    def draw(self, voice: int, vowel: int, temperature: float) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, of wave and spectrogram; the text plays the clip."""
        clip = self.clips(temperature)[4 * voice + vowel]
        if self.canvas is None:
            self.canvas = _Pages(clip)
        heard = _heard(clip, self.listener)
        told = f"told: {sound.VOICES[voice]}, {sound.VOWELS[vowel]}"
        return self.canvas.pixels(clip), f"{_played(clip, told)}<br>{heard}"


def imitator(model: sound.WaveNet, listener: sound.Listener) -> ipywidgets.VBox:
    """Voice and vowel to choose, a slider for the temperature: picture and sound of a fake."""
    return live(
        Imitator(model, listener).draw,
        alt="Wave and spectrogram of a clip that the network made.",
        voice=_choice("voice", sound.VOICES),
        vowel=_choice("vowel", sound.VOWELS),
        temperature=_temperature(1.0),
    )


class SayWords:
    """Words said by the shipped network: `draw(text, voice, temperature)`, with sound.

    It says `text` where it is asked for nothing.
    """

    def __init__(self, model: sound.WaveNet, text: str = "mama"):
        self.model, self.text = model, text

    def say(self, text: str, voice: int, temperature: float = 1.0) -> Tensor:
        """The network's sound (T,) of a word; ValueError for letters that it can't say."""
        if len(text) > 12:
            raise ValueError(f"twelve letters at most, please; {text!r} has {len(text)}")
        letters = sound.word(text, voice).letters
        options = {"temperature": temperature, "seed": len(text)}
        told = torch.tensor([voice]), letters[None]
        return sound.from_mu_law(sound.speak(self.model, *told, len(letters), **options)[0])

    def draw(self, text: str, voice: int, temperature: float) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, with the letters above their time; the text plays it."""
        text = text.strip().lower().replace(" ", "-") or self.text
        said = self.say(text, voice, temperature)
        letters = sound.word(text, voice).letters
        page = _Pages(said, letters=letters)
        caption = f"{text!r}, {sound.VOICES[voice]} voice"
        return page.pixels(said), f"{_played(said, caption)}<br>{_loudest(said, letters)}"


def say_words(model: sound.WaveNet, *, text: str = "mama") -> ipywidgets.VBox:
    """A field for a word of `sound.LETTERS`, voice and temperature: picture and sound."""
    field = ipywidgets.Text(text, description="say", continuous_update=False)
    return live(
        SayWords(model, text).draw,
        alt="Wave and spectrogram of a word that the network said, its letters above.",
        text=field,
        voice=_choice("voice", sound.VOICES),
        temperature=_temperature(1.0),
    )


def _temperature(value: float) -> ipywidgets.FloatSlider:
    """Four temperatures: each takes the network a second or two."""
    return slider("temperature", 0.4, 1.3, value=value, step=0.3)


class _Pages:
    """Wave and spectrogram of clips of one length; only what differs is drawn anew."""

    def __init__(self, clip: Tensor, *, letters: Tensor | None = None):
        figure = Figure(figsize=(7.6, 3.9), layout="constrained")
        top, bottom = figure.subplots(2, 1, height_ratios=[1, 1.5])
        plot.wave(clip, ax=top)
        top.set(ylim=(-1, 1), xlabel="")
        plot.spectrogram(clip, ax=bottom)
        if letters is not None:
            _write_letters(top, letters)
        self.canvas = Canvas(figure, moving=[top.lines[0], bottom.images[0]])
        self.line, self.image = self.canvas.moving

    def pixels(self, clip: Tensor) -> np.ndarray:
        self.line.set_ydata(clip.numpy())
        self.image.set_data(sound.spectrogram(clip).numpy())
        return self.canvas.pixels()


def _write_letters(ax, letters: Tensor) -> None:
    """Each letter above the middle of its time, a line where the next begins."""
    begins = [0, *(letters.diff().nonzero()[:, 0] + 1).tolist(), len(letters)]
    for begin, end in zip(begins[:-1], begins[1:], strict=True):
        middle, letter = 500 * (begin + end) / sound.RATE, sound.LETTERS[letters[begin]]
        ax.text(middle, 0.75, letter, ha="center", fontsize=12, weight="bold")
        ax.axvline(1000 * begin / sound.RATE, color="#B0B0B0", linewidth=0.8)


def _loudest(clip: Tensor, letters: Tensor) -> str:
    """How loud each letter gets, in decibels below the loudest, and the pitch: for the eye."""
    _, counts = torch.unique_consecutive(letters, return_counts=True)
    parts = zip(clip.split(counts.tolist()), letters.split(counts.tolist()), strict=True)
    peaks = [(sound.LETTERS[code[0]], float(part.abs().max())) for part, code in parts]
    top = max(peak for _, peak in peaks) + 1e-9
    said = ", ".join(f"{x} {20 * math.log10(peak / top + 1e-4):.0f}" for x, peak in peaks)
    hertz = float(sound.pitch(clip).nanmedian())
    pitch = "no pitch" if hertz != hertz else f"a pitch of {hertz:.0f} Hz"
    return f"loudest moment of each letter, in dB: {said}; {pitch}"


def _choice(description: str, names: Mapping | tuple) -> ipywidgets.ToggleButtons:
    options = [(name, place) for place, name in enumerate(names)]
    style = {"button_width": "70px"}
    return ipywidgets.ToggleButtons(options=options, description=description, style=style)


def _heard(clip: Tensor, listener: sound.Listener) -> str:
    voice, vowel = map(int, listener.hears(clip[None]))
    hertz = float(sound.pitch(clip).nanmedian())
    pitch = "no pitch" if hertz != hertz else f"a pitch of {hertz:.0f} Hz"
    heard = f"{sound.VOICES[voice]}, {sound.VOWELS[vowel]}"
    return f"the listener hears: {heard}, with {pitch}"


def _played(clip: Tensor, caption: str) -> str:
    return sound.audio(sound.wav(clip), caption)
