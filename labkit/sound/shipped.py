"""What ships with lab 09: a WaveNet that speaks drawn words, and two tables of imitations.

`labkit.sound.pack` made these files in `data/`; here they are only read.
"""

from __future__ import annotations

import json

from labkit.nets.shipped import filled, read_numbers, read_weights
from labkit.paths import data_dir
from labkit.sound.wavenet import WaveNet

SPEAKER, IMITATIONS, PEOPLE = "speaker.safetensors", "imitations.csv", "spoken_people.csv"


def load_speaker() -> WaveNet:
    """A WaveNet trained for minutes on drawn words (`sound.word`), in eval mode, frozen.

    It is told a letter of `sound.LETTERS` for each sample. FileNotFoundError or ValueError where
    its file is missing or damaged.
    """
    weights, notes = read_weights(data_dir() / SPEAKER)
    return filled(WaveNet(**json.loads(notes["speaker"])), weights, SPEAKER)


def load_people() -> list[dict[str, float]]:
    """How a WaveNet fared on real people's spoken digits, run beforehand: a row a training time.

    A row has steps and minutes of training; test and predictor, the bits per sample of held-out
    takes, by the network and by the linear predictor; voiced_real and voiced_fake,
    the shares of frames with a pitch; voice_real and voice_fake, the shares whose person a listener
    names rightly, and digit_real and digit_fake likewise.
    """
    return _numbers(PEOPLE)


def load_imitations() -> list[dict[str, float]]:
    """How near the fakes of three networks came, trained as in the lab: rows of `imitation`."""
    return _numbers(IMITATIONS)


def _numbers(name: str) -> list[dict[str, float]]:
    return read_numbers(data_dir() / name)
