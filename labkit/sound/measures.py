"""A voice in numbers: spectrogram, pitch, what a listener hears; and bits of simple guesses."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from labkit.sound.levels import edges, from_mu_law
from labkit.sound.voices import RATE, Clips

WINDOW = 256  # samples that a spectrum looks at


def spectrogram(sound: Tensor, *, window: int = WINDOW, hop: int = 32) -> Tensor:
    """Loudness in decibels of each frequency at each time, (window / 2 + 1, frames), for (T,).

    0 is the loudest place. Row k is k * rate / window Hz, column j is at j * hop samples.
    """
    power = _power(sound, window, hop)
    return 10 * (power / power.max().clamp_min(1e-20)).clamp_min(1e-8).log10()


def pitch(sound: Tensor, rate: int = RATE, *, low: float = 75, high: float = 330) -> Tensor:
    """Pitch in Hz of frames of 50 ms, every 25 ms, nan where a frame is soft or has none: (F,).

    By the normalised autocorrelation, between `low` and `high`; for a sound (T,).
    """
    sound = torch.as_tensor(sound).double()
    window, hop, longest = rate // 20, rate // 40, round(rate / low)
    if len(sound) < window + longest + 1:
        return torch.full((0,), torch.nan)
    lags = torch.arange(round(rate / high), longest + 1)
    pieces = sound.unfold(0, window + longest + 1, hop)  # (F, window + longest + 1)
    now = _centred(pieces[:, :window])
    later = _centred(pieces.unfold(1, window, 1)[:, lags])  # (F, lags, window)
    size = now.norm(dim=1, keepdim=True) * later.norm(dim=2)
    match = (later @ now[..., None])[..., 0] / size.clamp_min(1e-12)
    best = match.max(1, keepdim=True).values
    tops = _tops(match)  # the shortest lag that does about as well as the best one
    good = tops > 0.85 * tops.max(1, keepdim=True).values
    first = torch.where(good.any(1), good.float().argmax(1), match.argmax(1))
    hertz = _between(match, first, lags, rate)
    loud = pieces[:, :window].pow(2).mean(1).sqrt() > 0.3 * sound.pow(2).mean().sqrt()
    return torch.where(loud & (best[:, 0] > 0.6), hertz, torch.nan).float()


def voiced_share(hertz: Tensor) -> float:
    """Share of the frames of `pitch` (F,) that have one."""
    return share(~hertz.isnan())


def share(right: Tensor) -> float:
    """How often it is true: bool (N,) -> from 0 to 1."""
    return float(right.float().mean())


class Listener:
    """Tells voice and vowel of a sound by how loud its frequencies are, on average.

    Logistic regression on two dozen bands. Let it learn from clips as the levels leave them
    (`quantised`), so that it has heard their hiss before.
    """

    def __init__(self, clips: Clips):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        def fitted(labels: Tensor):
            model = LogisticRegression(C=0.1, max_iter=500)
            return make_pipeline(StandardScaler(), model).fit(heard, labels.numpy())

        heard = _all_bands(clips.sound)
        self._voice, self._vowel = fitted(clips.voices), fitted(clips.vowels)

    def hears(self, sound: Tensor | list[Tensor]) -> tuple[Tensor, Tensor]:
        """Voice and vowel of each sound (N, T), or of a list of (T,): int64 (N,) both."""
        bands = _all_bands(sound)
        heard = (model.predict(bands) for model in (self._voice, self._vowel))
        return tuple(torch.from_numpy(labels) for labels in heard)


def histogram_bits(train: Tensor, test: Tensor, levels: int = 64) -> float:
    """Bits per sample of levels (N, T) if each is guessed by how frequent it is in `train`."""
    often = torch.bincount(train.flatten(), minlength=levels).double() + 1
    return float(-(often / often.sum())[test.flatten()].log2().mean())


def previous_bits(train: Tensor, test: Tensor, levels: int = 64) -> float:
    """Bits per sample if each is guessed from the one before, by a table of what followed."""
    pairs = (levels * train[:, :-1] + train[:, 1:]).flatten()
    table = torch.bincount(pairs, minlength=levels**2).view(levels, levels).double()
    often = torch.bincount(train.flatten(), minlength=levels).double() + 1
    table = table + 5 * often / often.sum()
    table = table / table.sum(1, keepdim=True)
    return float(-table[test[:, :-1], test[:, 1:]].log2().mean())


def predictor_bits(test: Tensor, levels: int = 64, *, order: int = 16, skip: int = 256) -> float:
    """Bits per sample of levels (N, T) by the linear predictor of telephones, fitted to each clip.

    Each sample is guessed as a weighted sum of the `order` before it. The weights, and of six ways
    to say how sure the guess is the best, are chosen on the very clip: more than a network gets.
    """
    return float(np.mean([_one_predictor(clip, levels, order, skip) for clip in test]))


def _one_predictor(codes: Tensor, levels: int, order: int, skip: int) -> float:
    sound = from_mu_law(codes, levels).double()
    past, now = sound.unfold(0, order, 1)[:-1], sound[order:]
    guess = past @ torch.linalg.lstsq(past, now[:, None]).solution[:, 0]
    off, mean = (now - guess).abs().numpy(), float((now - guess).abs().mean())
    lately = np.convolve(np.append(0.0, off[:-1]), 0.2 * 0.8 ** np.arange(30))[: len(off)]
    bounds, best = edges(levels), math.inf
    level = codes[order:]
    for scale in (0.4, 0.6, 0.8):
        for spread in (np.full(len(off), mean), 0.3 * mean + 0.7 * lately):
            wide = torch.from_numpy(scale * spread)
            upper = torch.sigmoid((bounds[level + 1] - guess) / wide)
            lower = torch.sigmoid((bounds[level] - guess) / wide)
            cost = -(upper - lower + 1e-5).log2()[skip:].mean()
            best = min(best, float(cost))
    return best


def _power(sound: Tensor, window: int, hop: int) -> Tensor:
    shape = torch.hann_window(window)
    sound = torch.as_tensor(sound).float()
    return torch.stft(sound, window, hop, window=shape, return_complex=True).abs() ** 2


def _all_bands(sound: Tensor) -> np.ndarray:
    return np.stack([_bands(one) for one in sound])


def _bands(sound: Tensor, bands: int = 24) -> np.ndarray:
    """Mean and spread over time of the loudness of each band, in the loud frames."""
    power = _power(sound, WINDOW, 128)
    whole = power.sum(0)
    power = power[:, whole > 0.1 * whole.max()]
    ends = np.unique(np.round(np.geomspace(2, WINDOW // 2, bands + 1)).astype(int))
    rows = [power[a:b].mean(0) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    loud = (torch.stack(rows) + 1e-8).log()
    loud = loud - loud.mean(0, keepdim=True)
    return torch.cat([loud.mean(1), loud.std(1, correction=0)]).numpy()


def _centred(pieces: Tensor) -> Tensor:
    return pieces - pieces.mean(-1, keepdim=True)


def _tops(match: Tensor) -> Tensor:
    """How high each peak is between the lags, by a parabola; -1 where there is none, (F, L)."""
    left, middle, right = match[:, :-2], match[:, 1:-1], match[:, 2:]
    bend = (left - 2 * middle + right).clamp_max(-1e-9)
    height = middle - (left - right) ** 2 / (8 * bend)
    tops = torch.where((middle >= left) & (middle >= right), height, -1.0)
    return torch.nn.functional.pad(tops, (1, 1), value=-1.0)


def _between(match: Tensor, at: Tensor, lags: Tensor, rate: int) -> Tensor:
    """Pitch of the peak at lag number `at`, finer than a sample, by a parabola through three."""
    inner = at.clamp(1, len(lags) - 2)
    a, b, c = (match.gather(1, (inner + i)[:, None])[:, 0] for i in (-1, 0, 1))
    bend = (a - 2 * b + c).clamp_max(-1e-9)
    shift = (0.5 * (a - c) / bend).clamp(-0.5, 0.5)
    shift = torch.where(at == inner, shift, 0.0)
    return rate / (lags[at] + shift)
