"""Makes what ships with lab 09: `python -m labkit.sound.pack speaker | imitations | people`.

`speaker` trains the WaveNet that says words (ten minutes). `imitations` trains one on vowels, as
the lab does, from three seeds, and writes how near its fakes come. `people` does the same on real
people's digits (`labkit fetch spoken-digits`), for a quarter of an hour in all; those weights,
which would imitate a person, are thrown away.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch
from torch import Tensor

from labkit import data, sound
from labkit.nets.shipped import write_rows, write_weights
from labkit.paths import data_dir
from labkit.sound.imitating import imitation
from labkit.sound.measures import share
from labkit.sound.shipped import IMITATIONS, PEOPLE, SPEAKER

MADE = {"width": 40, "layers": 9, "sounds": len(sound.LETTERS), "seed": 0}


def pack_speaker(folder: Path, *, steps: int = 3000, seed: int = 0) -> Path:
    """Train on babble in both drawn voices; write the weights, float16."""
    codes, voices, letters = babble(160, seed=seed)
    model = sound.WaveNet(**MADE)

    def report(step: int) -> None:
        if step % 500 == 0:
            print(step, sound.bits(model, *babble(8, seed=seed + 1)), flush=True)

    options = {"steps": steps, "length": 1024, "batch_size": 6, "fade": 0.5, "seed": seed}
    sound.fit(model, codes, voices, letters, watch=report, **options)
    report(0)
    notes = {"speaker": json.dumps(MADE)}
    return write_weights(folder / SPEAKER, model, torch.float16, notes)


def babble(each: int, *, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Random syllables, `each` clips a voice: levels (N, T), voices (N,), letters (N, T)."""
    rng = np.random.default_rng(7000 + seed)
    voices = torch.arange(2).repeat_interleave(each)
    seeds = rng.integers(2**31, size=len(voices))
    spoken = [
        sound.word(_syllables(rng), int(v), seed=int(s)) for v, s in zip(voices, seeds, strict=True)
    ]
    length = min(len(one.sound) for one in spoken)
    codes = torch.stack([sound.mu_law(one.sound[:length]) for one in spoken])
    return codes, voices, torch.stack([one.letters[:length] for one in spoken])


def _syllables(rng: np.random.Generator, letters: int = 12) -> str:
    """Consonant and vowel in turn, now and then a pause or two of a kind."""
    text = ""
    while len(text) < letters:
        kind = rng.random()
        text += "-" if kind < 0.1 else ""
        text += rng.choice(list("mlstk")) if kind < 0.85 else ""
        text += rng.choice(list("aoue"))
        text += rng.choice(list("mlstk")) if kind > 0.7 else ""
    return text[:letters]


def pack_imitations(folder: Path) -> Path:
    """Three networks on drawn vowels; no setting was chosen with these seeds."""
    return write_rows(folder / IMITATIONS, (imitation(seed=seed) for seed in (10, 11, 12)))


PERSON = {"layers": 10, "voices": 3, "sounds": 10, "seed": 0}  # sees 128 ms


def pack_people(folder: Path) -> Path:
    """The same network on recordings of three people, for ever more steps; rows as they come."""
    train, test = data.load_spoken_digits().split()
    rows = (_one_of_people(train, test, steps) for steps in (300, 1200, 4800))
    return write_rows(folder / PEOPLE, rows)


def _one_of_people(train: data.Recordings, test: data.Recordings, steps: int) -> dict:
    begin = process_time()
    model = sound.WaveNet(**PERSON)
    options = {"steps": steps, "length": 2048, "batch_size": 4}
    sound.fit(model, *_as_rows(train), **options)
    minutes = (process_time() - begin) / 60
    held_out = _as_rows(test)
    people, digits = torch.arange(3).repeat_interleave(20), torch.arange(10).repeat(6)
    codes = sound.speak(model, people, digits, 4000)  # half a second each
    fakes = sound.Clips(sound.from_mu_law(codes), people, digits)
    listener = sound.Listener(_heard(train))
    row = {
        "steps": steps,
        "minutes": minutes,
        "test": sound.bits(model, *held_out),
        "predictor": sound.predictor_bits(held_out[0]),
    }
    for name, clips in {"real": _heard(test), "fake": fakes}.items():
        voiced = [sound.voiced_share(sound.pitch(clip, train.rate)) for clip in clips.sound]
        people, digits = listener.hears(clips.sound)
        row[f"voiced_{name}"] = float(np.mean(voiced))
        row[f"voice_{name}"] = share(people == clips.voices)
        row[f"digit_{name}"] = share(digits == clips.vowels)
    return {k: round(v, 3) for k, v in row.items()}


def _loud(clip: Tensor) -> Tensor:
    """A recording (T,) without silence before and after, its loudest sample 0.9."""
    clip = 0.9 * clip / clip.abs().max()
    places = (clip.abs() > 0.03).nonzero()[:, 0]
    return clip[max(int(places[0]) - 200, 0) : int(places[-1]) + 200]


def _heard(recordings: data.Recordings) -> sound.Clips:
    """Recordings as the levels leave them, a list; the person as voice, the digit as vowel."""
    coded = [sound.from_mu_law(sound.mu_law(_loud(clip))) for clip in recordings.clips]
    return sound.Clips(coded, recordings.people, recordings.digits)


def _as_rows(recordings: data.Recordings, length: int = 4096) -> tuple[Tensor, Tensor, Tensor]:
    """All recordings of a person end to end, cut into rows: levels, persons, digit of a sample."""
    rows = []
    for person in range(3):
        mine = (recordings.people == person).nonzero()[:, 0].tolist()
        clips = [_loud(recordings.clips[i]) for i in mine]
        digits = [recordings.digits[i].repeat(len(c)) for i, c in zip(mine, clips, strict=True)]
        whole = torch.stack([sound.mu_law(torch.cat(clips)), torch.cat(digits)])
        rows.append(whole[:, : whole.shape[1] // length * length].unflatten(1, (-1, length)))
    people = torch.cat([torch.full((part.shape[1],), i) for i, part in enumerate(rows)])
    codes, digits = torch.cat(rows, 1)
    return codes, people, digits


if __name__ == "__main__":
    makers = {"speaker": pack_speaker, "imitations": pack_imitations, "people": pack_people}
    print(makers[sys.argv[1]](data_dir()))
