"""Teaching a WaveNet two drawn voices, and measuring how near its fakes come to them."""

from __future__ import annotations

from typing import NamedTuple

import torch

from labkit.sound.levels import from_mu_law, mu_law
from labkit.sound.measures import Listener, pitch, predictor_bits, share, voiced_share
from labkit.sound.speaking import speak
from labkit.sound.training import bits, fit
from labkit.sound.voices import Clips, clips
from labkit.sound.wavenet import WaveNet

STEPS, SETTLED = 700, 500  # of training; samples of a fake after which it is measured


class Measured(NamedTuple):
    """What a listener makes of clips: the shares whose voice and vowel it hears as told, the
    median pitch of each voice in Hz, and the share of frames that have a pitch."""

    voice: float
    vowel: float
    low: float
    high: float
    voiced: float


def measured(given: Clips, listener: Listener) -> Measured:
    """Listen to clips, real ones or fakes."""
    pitches = [pitch(sound) for sound in given.sound]
    hertz = torch.stack([frames.nanmedian() for frames in pitches])
    voices, vowels = listener.hears(given.sound)
    return Measured(
        share(voices == given.voices),
        share(vowels == given.vowels),
        *(float(hertz[given.voices == voice].nanmedian()) for voice in range(2)),
        sum(map(voiced_share, pitches)) / len(pitches),
    )


def fakes(model: WaveNet, *, each: int = 5, samples: int = 3000, seed: int = 0, **options) -> Clips:
    """Clips of the model, `each` of every vowel in both voices, without their first samples."""
    voices, vowels = torch.arange(2).repeat_interleave(4 * each), torch.arange(4)
    vowels = vowels.repeat_interleave(each).repeat(2)
    codes = speak(model, voices, vowels, samples, seed=seed, **options)
    return Clips(from_mu_law(codes)[:, SETTLED:], voices, vowels)


def quantised(given: Clips) -> Clips:
    """The clips as 64 levels leave them."""
    return given._replace(sound=from_mu_law(mu_law(given.sound)))


def imitation(*, seed: int, steps: int = STEPS) -> dict[str, float]:
    """Train from a seed, as the lab does, and measure on new clips: one row.

    seed; bits, wrong_voice and predictor (bits per sample of held-out clips: told the right voice,
    the other one, and by the linear predictor), what `Measured` holds of the fakes, and real_low
    and real_high, the pitch of the real voices in Hz.
    """
    train, test = clips(16, seed=seed), clips(4, seed=500 + seed)
    codes, new = mu_law(train.sound), mu_law(test.sound)
    model = WaveNet(seed=seed)
    fit(model, codes, train.voices, train.vowels, steps=steps, seed=seed)
    listener = Listener(quantised(train))
    heard = measured(fakes(model, seed=seed), listener)
    real = measured(quantised(test), listener)
    row = {
        "seed": seed,
        "bits": bits(model, new, test.voices, test.vowels),
        "wrong_voice": bits(model, new, 1 - test.voices, test.vowels),
        "predictor": predictor_bits(new),
        **heard._asdict(),
        "real_low": real.low,
        "real_high": real.high,
    }
    return {name: round(value, 3) for name, value in row.items()}
