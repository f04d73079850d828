"""Hearing a sound in a notebook: JupyterLab, VS Code and Binder play a WAV file in the page."""

from __future__ import annotations

import io
import wave
from base64 import b64encode
from html import escape

import numpy as np
import torch
from torch import Tensor

from labkit.sound.voices import RATE

PLAYED = 8000  # browsers play nothing slower


def wav(sound: Tensor, rate: int = RATE) -> bytes:
    """A sound (T,) in [-1, 1] as a WAV file, 16 bits, at 8,000 samples a second or more.

    A slower sound gets samples in between, by its spectrum, so it sounds the same and isn't made
    louder. ValueError for what is no such sound.
    """
    sound = torch.as_tensor(sound).detach().float().cpu()
    if sound.dim() != 1 or not len(sound) or not bool(torch.isfinite(sound).all()):
        raise ValueError(f"a sound is (T,), finite numbers, not {tuple(sound.shape)}")
    times = -(-PLAYED // rate)
    samples = _between(sound, times).clamp(-1, 1) if times > 1 else sound.clamp(-1, 1)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate * times)
        out.writeframes((samples * 32767).round().short().numpy().astype("<i2").tobytes())
    return file.getvalue()


class Player:
    """A sound with its controls and a caption, for `display`."""

    def __init__(self, sound: Tensor, rate: int, caption: str):
        self.data, self.caption = wav(sound, rate), caption

    def _repr_html_(self) -> str:
        return audio(self.data, self.caption)


def player(sound: Tensor, rate: int = RATE, *, caption: str) -> Player:
    """Controls that play a sound (T,); `caption` says in words what is to be heard."""
    return Player(sound, rate, caption)


def audio(data: bytes, caption: str) -> str:
    """A WAV file as HTML: controls and a caption."""
    address = "data:audio/wav;base64," + b64encode(data).decode()
    label = escape(caption, quote=True)
    return f'<audio controls preload="auto" src="{address}" aria-label="{label}"></audio> {label}'


def _between(sound: Tensor, times: int) -> Tensor:
    """`times` as many samples, the same below half the old rate: zeros added to the spectrum."""
    count, faded = len(sound), sound.clone()
    ramp = min(20, count // 2)  # no click at the ends
    if ramp:
        faded[:ramp] *= torch.linspace(0, 1, ramp)
        faded[-ramp:] *= torch.linspace(1, 0, ramp)
    spectrum = np.fft.rfft(faded.double().numpy())
    return torch.from_numpy(np.fft.irfft(spectrum, count * times) * times).float()
