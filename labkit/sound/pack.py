"""Makes what ships with lab 09: `python -m labkit.sound.pack speaker | people [FOLDER]`.

`speaker` trains the WaveNet that says words (some minutes). `people` trains one on real people's
digits (`labkit fetch spoken-digits`), measures it and writes a table (half an hour); the weights,
which would imitate a person, are thrown away.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from labkit import sound
from labkit.nets.shipped import write_weights
from labkit.paths import data_dir
from labkit.sound.shipped import SPEAKER

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


if __name__ == "__main__":
    make = {"speaker": pack_speaker}[sys.argv[1]]
    print(make(Path(sys.argv[2]) if len(sys.argv) > 2 else data_dir()))
