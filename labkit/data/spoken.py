"""Digits that three people spoke, once `labkit fetch spoken-digits` has brought them; WAV files.

The Free Spoken Digit Dataset (Jackson et al., 2018), 20 takes of each digit and person: 8 kHz, 16
bits, mono. It reads files and downloads nothing; it neither plays nor resamples them. These are
real people's voices: data/README.md says what they must not be used for.
"""

from __future__ import annotations

import io
import re
import wave
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from labkit.data.downloads import fetched
from labkit.data.faces import absent
from labkit.data.pins import load_pins

NAME = "spoken-digits"
WIDTHS = (1, 2, 3, 4)  # bytes of a sample


class Recordings(NamedTuple):
    """Recordings of spoken digits, row by row.

    clips: N tensors float32 (T,) in [-1, 1], each as long as it took; digits, people and
    take_numbers int64 (N,): what was said, the speaker's number in `names`, and which take of this
    digit and person it is; rate: samples a second, in Hz.
    """

    clips: list[Tensor]
    digits: Tensor
    people: Tensor
    names: list[str]
    rate: int
    take_numbers: Tensor

    def split(self, takes: int = 4) -> tuple[Recordings, Recordings]:
        """(training, held out): the last `takes` takes of each digit and person are held out.

        So both parts have every digit and person in equal shares, and nothing is drawn. It asks for
        another take of a voice that is known, not for a new voice. ValueError unless a take of each
        remains to train on.
        """
        same = (self.digits == self.digits[:, None]) & (self.people == self.people[:, None])
        fewest = int(same.sum(1).min())
        if not isinstance(takes, Integral) or not 0 < takes < fewest:
            raise ValueError(f"hold out 1 to {fewest - 1} takes of the {fewest}, not {takes!r}")
        later = same & (self.take_numbers > self.take_numbers[:, None])  # [i, j]: is j after i?
        out = later.sum(1) < takes
        return self._only(~out), self._only(out)

    def _only(self, chosen: Tensor) -> Recordings:
        """The rows where `chosen`, bool (N,), is true; names keep their numbers."""
        return self._replace(
            clips=[clip for clip, kept in zip(self.clips, chosen.tolist(), strict=True) if kept],
            digits=self.digits[chosen],
            people=self.people[chosen],
            take_numbers=self.take_numbers[chosen],
        )


def load_spoken_digits(*, folder=None) -> Recordings:
    """Load the fetched recordings, in the order of the pins.

    600: ten digits, 20 takes each, of three people, 8,000 Hz. `folder` as for `fetch`.
    FileNotFoundError, with the command to type, unless all files are there and whole.

    >>> try:
    ...     load_spoken_digits(folder="no/such/folder")
    ... except FileNotFoundError as error:
    ...     print("labkit fetch spoken-digits" in str(error))
    True
    """
    keys = {pin.path: _key(pin.path) for pin in load_pins(NAME)}
    names = list(dict.fromkeys(person for person, _, _ in keys.values()))
    place = fetched(NAME, folder=folder)
    if place is None:
        raise FileNotFoundError(absent(NAME, "recordings", folder))
    clips, rates = zip(*(read_wav(place / path) for path in keys), strict=True)
    rows = torch.tensor([(digit, names.index(who), take) for who, digit, take in keys.values()])
    digits, speakers, takes = rows.unbind(1)
    return Recordings(list(clips), digits, speakers, names, rates[0], takes)


def read_wav(path) -> tuple[Tensor, int]:
    """Read a WAV file: float32 (T,) in [-1, 1], and its rate in Hz. Stereo becomes the mean.

    PCM of 8 (unsigned), 16, 24 or 32 bits: sample n of b bits is n / 2^(b - 1). ValueError, one
    line with the path and what to do, for what is no WAV, compressed, floating point, empty or cut
    off, or has more than two channels; OSError where no file is.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "two.wav"
    >>> with wave.open(str(path), "wb") as file:
    ...     file.setparams((1, 2, 8000, 2, "NONE", None))
    ...     file.writeframes(np.array([16384, -32768], "<i2").tobytes())
    >>> read_wav(path)
    (tensor([ 0.5000, -1.0000]), 8000)
    """
    try:
        with wave.open(io.BytesIO(Path(path).read_bytes())) as file:
            sound, content = file.getparams(), file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a length that leads out
        reason = str(error) or "it breaks off"
        raise _odd(path, f"no WAV file of plain samples ({reason})") from error
    size = sound.nchannels * sound.sampwidth
    if sound.nchannels > 2:
        raise _odd(path, f"{sound.nchannels} channels, not one or two")
    if sound.sampwidth not in WIDTHS or sound.framerate < 1:
        raise _odd(path, f"{8 * sound.sampwidth} bits a sample at {sound.framerate} Hz")
    if sound.nframes < 1:
        raise _odd(path, "it holds no sound")
    if len(content) < sound.nframes * size:
        raise _odd(path, f"cut off after {len(content) // size} of {sound.nframes} samples")
    samples = _samples(content, sound.sampwidth).reshape(-1, sound.nchannels).mean(1)
    return torch.from_numpy(samples.astype(np.float32)), sound.framerate


def _samples(content: bytes, width: int) -> np.ndarray:
    """Little-endian samples of `width` bytes, float64 in [-1, 1), channels still interleaved."""
    wide = np.zeros((len(content) // width, 4), np.uint8)
    wide[:, 4 - width :] = np.frombuffer(content, np.uint8).reshape(-1, width)
    if width == 1:
        wide[:, 3] ^= 128  # bytes are unsigned, silence is 128
    return wide.view("<i4")[:, 0] / 2**31


def _odd(path, reason: str) -> ValueError:
    return ValueError(f"{path}: {reason}; save it anew as WAV, PCM of 16 bits, mono or stereo")


def _key(path: str) -> tuple[str, int, int]:
    """(person, digit, take) of theo/7_12.wav."""
    found = re.fullmatch(r"([^/]+)/(\d)_(\d+)\.wav", path)
    if not found:
        raise ValueError(f"the pins of {NAME!r} are damaged ({path!r}): install labkit again")
    return found[1], int(found[2]), int(found[3])

