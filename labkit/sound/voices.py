"""Drawn voices: pulses from the throat, noise from the breath, resonances of the mouth.

A source-filter voice (Fant 1960). Pitch and the first two resonances (formants) of the vowels are
the means of 33 men and of 28 women that Peterson and Barney measured in 1952; the consonants are
rough. Nobody's voice is imitated, and what is true of each clip is known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Tensor

RATE = 4000  # samples a second: nothing above 2,000 Hz is kept
VOICES = ("low", "high")
VOWELS = ("ah", "aw", "oo", "er")
PITCH = ((124, 129, 141, 133), (212, 216, 231, 218))  # Hz, a row a voice, a column a vowel
FORMANTS = (
    ((730, 1090), (570, 840), (300, 870), (490, 1350)),
    ((850, 1220), (590, 920), (370, 950), (500, 1640)),
)
WIDTHS = (70, 110)  # Hz: how sharp the two resonances are

LETTERS = "-aouemlstk"  # what `word` can say: a pause, the four vowels, five consonants
FRAME = 20  # samples after which the mouth has moved on: 5 ms


class Clips(NamedTuple):
    """Vowels: sound float32 (N, T) within [-0.5, 0.5]; voices and vowels int64 (N,), their
    places in `VOICES` and `VOWELS`."""

    sound: Tensor
    voices: Tensor
    vowels: Tensor


class Spoken(NamedTuple):
    """A word: sound float32 (T,), and for each sample its letter, int64 (T,), place in LETTERS."""

    sound: Tensor
    letters: Tensor


def vowel(voice: int, vowel: int, *, seconds: float = 1.0, seed: int = 0) -> Tensor:
    """One vowel, float32 (T,), its loudest sample 0.5. Pitch and resonances differ by the seed."""
    return _vowel(voice, vowel, seconds, np.random.default_rng(seed))


def clips(each: int, *, seconds: float = 1.0, seed: int = 0) -> Clips:
    """`each` clips of every vowel in both voices, at `RATE` samples a second."""
    rng = np.random.default_rng(1000 + seed)
    kinds = [(v, w) for v in range(2) for w in range(4) for _ in range(each)]
    sound = torch.stack([_vowel(v, w, seconds, rng) for v, w in kinds])
    voices, vowels = torch.tensor(kinds).T
    return Clips(sound, voices.contiguous(), vowels.contiguous())


def word(text: str, voice: int, *, seed: int = 0) -> Spoken:
    """A word of `LETTERS` (e is said like "er"), about an eighth of a second a letter.

    ValueError for other letters, or for none.

    >>> said = word("mama", 1)
    >>> said.sound.shape == said.letters.shape
    True
    """
    if not text or set(text) - set(LETTERS):
        raise ValueError(f"a word is made of the letters {' '.join(LETTERS)}, not {text!r}")
    rng = np.random.default_rng(seed)
    codes = [LETTERS.index(letter) for letter in text]
    frames = [max(10, round(_LENGTH.get(letter, 28) * rng.uniform(0.85, 1.2))) for letter in text]
    letters = np.repeat(codes, frames)  # one a frame
    pitch = np.mean(PITCH[voice]) * math.exp(rng.normal(0, 0.04))
    fall = np.linspace(1.06, 0.94, len(letters))  # sentences end lower than they begin
    source = _source(np.repeat(pitch * fall, FRAME), rng, softness=(0.5, 0.5))
    breath = rng.normal(0, 1, len(source))
    voiced, hiss, resonances, gains = _mouth(letters, voice)
    drive = source * np.repeat(voiced, FRAME) + breath * np.repeat(hiss, FRAME)
    sound = _through(drive, resonances) * np.repeat(gains, FRAME)
    sound = 0.5 * sound / max(np.abs(sound).max(), 1e-9)
    labels = torch.from_numpy(np.repeat(letters, FRAME)).long()
    return Spoken(torch.tensor(sound, dtype=torch.float32), labels)


def _vowel(voice: int, vowel: int, seconds: float, rng: np.random.Generator) -> Tensor:
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    glide = 1 + 0.03 * np.sin(2 * np.pi * (rng.random() + time * rng.uniform(0.5, 2)))
    pitch = PITCH[voice][vowel] * math.exp(rng.normal(0, 0.04))
    resonances = [f * math.exp(rng.normal(0, 0.02)) for f in FORMANTS[voice][vowel]]
    source = _source(pitch * glide, rng, softness=(0.5, 0.5)) + 0.01 * rng.normal(0, 1, count)
    sound = lfilter([1.0], _poles(resonances, WIDTHS), source)
    return torch.tensor(0.5 * sound / np.abs(sound).max(), dtype=torch.float32)


def _source(pitch: np.ndarray, rng: np.random.Generator, *, softness) -> np.ndarray:
    """A pulse each time the throat opens, `pitch` (T,) times a second."""
    turns = np.floor(np.cumsum(pitch / RATE) + rng.random())
    pulses = (np.diff(turns, prepend=turns[0]) > 0).astype(float)
    return np.convolve(pulses, softness)[: len(pitch)]


def _poles(resonances, widths) -> np.ndarray:
    """The filter that rings at these frequencies, with these widths (all in Hz)."""
    poles = np.ones(1)
    for at, wide in zip(resonances, widths, strict=True):
        shrink = math.exp(-math.pi * wide / RATE)
        turn = 2 * math.cos(2 * math.pi * at / RATE)
        poles = np.convolve(poles, [1, -turn * shrink, shrink**2])
    return poles


_LENGTH = {"t": 20, "k": 20, "-": 20, **dict.fromkeys("aoue", 36)}  # frames; the others 28
_CLICK = np.eye(1, 200)[0]
# consonants: voiced, breath, resonances, widths, loudness
_CONSONANTS = {
    "m": (1.0, 0.002, (250, 1000), (60, 300), 0.4),
    "l": (1.0, 0.002, (360, 1050), (80, 200), 0.5),
    "s": (0.0, 0.1, (1700, 1900), (350, 400), 1.0),
    "t": (0.0, 0.13, (1600, 1900), (400, 400), 1.0),
    "k": (0.0, 0.13, (900, 1500), (200, 400), 1.0),
    "-": (0.0, 0.002, (500, 1500), (200, 300), 1.0),
}
BURST = 4  # frames of noise at the end of t and k; before them the mouth is shut


def _mouth(letters: np.ndarray, voice: int):
    """For each frame: voice and breath (F,), resonances with widths (F, 4), loudness (F,)."""
    rows = np.array([_shape(LETTERS[code], voice) for code in letters])
    for code in (LETTERS.index("t"), LETTERS.index("k")):
        stops = letters == code
        last = np.append(letters[BURST:], [-1] * BURST) != code  # the burst
        rows[stops & ~last, 1] = 0.002
    smooth = np.array([1, 2, 3, 2, 1]) / 9  # the mouth takes 25 ms from one shape to the next
    for column in range(2, rows.shape[1]):
        padded = np.pad(rows[:, column], 2, mode="edge")
        rows[:, column] = np.convolve(padded, smooth, mode="valid")
    return rows[:, 0], rows[:, 1], rows[:, 2:6], rows[:, 6]


def _shape(letter: str, voice: int) -> tuple[float, ...]:
    if letter in _CONSONANTS:
        voiced, breath, resonances, widths, loud = _CONSONANTS[letter]
        return (voiced, breath, *resonances, *widths, loud)
    return (1.0, 0.005, *FORMANTS[voice]["aoue".index(letter)], *WIDTHS, 1.0)


def _through(drive: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """The source through a filter that changes from frame to frame, its ringing kept."""
    out, ringing = np.empty_like(drive), np.zeros(4)
    for frame, (*resonances, first, second) in enumerate(mouth):
        part = slice(frame * FRAME, (frame + 1) * FRAME)
        poles = _poles(resonances, (first, second))
        level = 1 / np.linalg.norm(lfilter([1.0], poles, _CLICK))  # equally loud, however it rings
        out[part], ringing = lfilter([level], poles, drive[part], zi=ringing)
    return out
