"""Spoken digits on request: made-up WAV files, odd ones too; the real ones where they lie."""

import hashlib
import random
import struct
import wave

import numpy as np
import pytest
import torch
from making import ROOT

from labkit import data
from labkit.data import spoken
from labkit.data.pins import Pin, load_pins

MIRROR = ROOT.parent / "shared" / "mirror" / "spoken-digits"


def write(path, content, *, width=2, channels=1, rate=8000):
    """A WAV file of these bytes, as the standard library writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(content)
    return path


def riff(code, content, *, bits=16, channels=1, rate=8000, before=b""):
    """The bytes of a WAV file with any format code, which `wave` would not write."""
    size = channels * bits // 8
    head = struct.pack("<HHIIHH", code, channels, rate, rate * size, size, bits)
    parts = b"fmt " + struct.pack("<I", len(head)) + head
    parts += before + b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WAVE" + parts


SOUND = np.array([0, 16384, -32768, 32767], "<i2").tobytes()


# --- one file ---


def test_sixteen_bits_by_hand(tmp_path):
    clip, rate = data.read_wav(write(tmp_path / "a.wav", SOUND, rate=11025))
    assert clip.tolist() == [0, 0.5, -1, 32767 / 32768] and clip.dtype == torch.float32
    assert rate == 11025
    clip.zero_()  # the reader's own: it can be changed


@pytest.mark.parametrize(
    "width, content",
    [
        (1, bytes([128, 192, 0, 64])),  # unsigned: silence is 128
        (2, struct.pack("<4h", 0, 1 << 14, -1 << 15, -1 << 14)),
        (3, b"\0\0\0" + b"\0\0\x40" + b"\0\0\x80" + b"\0\0\xc0"),
        (4, struct.pack("<4i", 0, 1 << 30, -1 << 31, -1 << 30)),
    ],
)
def test_the_same_sound_in_other_widths(tmp_path, width, content):
    path = write(tmp_path / "a.wav", content, width=width)
    assert data.read_wav(str(path))[0].tolist() == [0, 0.5, -1, -0.5]


def test_the_lowest_byte_of_24_bits_counts(tmp_path):
    clip, _ = data.read_wav(write(tmp_path / "a.wav", b"\1\0\0" + b"\xff\xff\xff", width=3))
    assert clip.tolist() == [2.0**-23, -(2.0**-23)]


def test_stereo_becomes_the_mean(tmp_path):
    both = np.array([[16384, 0], [-16384, 16384], [32767, 32767]], "<i2")
    clip, _ = data.read_wav(write(tmp_path / "a.wav", both.tobytes(), channels=2))
    assert clip.tolist() == [0.25, 0, 32767 / 32768]


def test_what_stands_beside_the_sound_is_passed_over(tmp_path):
    note = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    path = tmp_path / "noted.wav"
    path.write_bytes(riff(1, SOUND, before=note) + note)
    assert data.read_wav(path)[0].tolist() == [0, 0.5, -1, 32767 / 32768]


ODD = {
    "text": (b"this is a letter to a friend, not a sound", "not start with RIFF"),
    "nothing": (b"", "it breaks off"),
    "header cut": (riff(1, SOUND)[:30], "it breaks off|missing"),
    "only the form": (riff(1, SOUND)[:12], "missing"),
    "another form": (riff(1, SOUND).replace(b"WAVE", b"AVI "), "not a WAVE"),
    "sound cut": (riff(1, SOUND)[:-3], "cut off after 2 of 4 samples"),
    "length unknown": (riff(1, SOUND)[:40] + b"\xff" * 4 + SOUND, "cut off after 4 of 2147483647"),
    "length leads out": (riff(1, SOUND, before=b"LIST" + b"\xff" * 4), "plain samples"),
    "sound missing": (riff(1, SOUND).replace(b"data", b"junk"), "missing"),
    "no sound": (riff(1, b""), "it holds no sound"),
    "floating point": (riff(3, bytes(16), bits=32), "plain samples .unknown format: 3"),
    "mu-law": (riff(7, bytes(16), bits=8), "unknown format: 7"),
    "ADPCM": (riff(2, bytes(16), bits=4, channels=2), "unknown format: 2"),
    "three channels": (riff(1, bytes(12), channels=3), "3 channels, not one or two"),
    "no channel": (riff(1, SOUND, channels=0), "bad # of channels"),
    "40 bits": (riff(1, bytes(20), bits=40), "40 bits a sample at 8000 Hz"),
    "no bits": (riff(1, SOUND, bits=0), "bad sample width"),
    "no rate": (riff(1, SOUND, rate=0), "16 bits a sample at 0 Hz"),
}


@pytest.mark.parametrize("content, message", ODD.values(), ids=ODD)
def test_odd_files_are_told_in_one_line(tmp_path, content, message):
    path = tmp_path / "odd.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        data.read_wav(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and "\n" not in said
    assert said.endswith("; save it anew as WAV, PCM of 16 bits, mono or stereo")


def test_bytes_gone_wrong_are_read_or_told(tmp_path):
    """Whatever stands in the header: a ValueError or a sound, never another error."""
    rng, path, told = random.Random(0), tmp_path / "bad.wav", 0
    for width, channels in [(8, 1), (16, 2), (24, 1), (32, 2)] * 100:
        content = bytearray(riff(1, bytes(48), bits=width, channels=channels))
        for _ in range(rng.randint(1, 3)):
            content[rng.randrange(44)] = rng.choice([0, 1, 2, 127, 128, 255, rng.randrange(256)])
        path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
        try:
            clip, rate = data.read_wav(path)
            assert len(clip) and clip.abs().max() <= 1 and rate > 0
        except ValueError as error:
            assert str(error).startswith(f"{path}: ")
            told += 1
    assert 100 < told < 400


def test_no_file_is_no_wrong_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.wav"):
        data.read_wav(tmp_path / "none.wav")


# --- the set ---

PEOPLE = ("mia", "ben")  # the order of the pins, not of the alphabet
TAKES = (0, 1, 2, 10)


def loudness(person, digit, take):
    """A sample value that no other recording has."""
    return 1000 * (1 + PEOPLE.index(person)) + 100 * digit + take


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Two people, two digits, four takes; the length of a clip is its digit + 3."""
    keys = [(who, digit, take) for who in PEOPLE for digit in (0, 7) for take in TAKES]
    pins = []
    for who, digit, take in keys:
        samples = np.full(digit + 3, loudness(who, digit, take), "<i2")
        path = f"{who}/{digit}_{take}.wav"
        content = write(tmp_path / "spoken-digits" / path, samples.tobytes()).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        pins.append(Pin(who, path, len(content), sha256, f"https://x.invalid/{path}", "any"))
    monkeypatch.setattr(spoken, "load_pins", lambda name: pins)
    monkeypatch.setattr("labkit.data.downloads.load_pins", lambda name: pins)
    return tmp_path


def levels(recordings):
    return [round(32768 * clip[0].item()) for clip in recordings.clips]


def test_recordings_in_the_order_of_the_pins(fetched):
    found = data.load_spoken_digits(folder=fetched)
    assert found.names == ["mia", "ben"] and found.rate == 8000
    assert found.people.tolist() == [0] * 8 + [1] * 8
    assert found.digits.tolist() == ([0] * 4 + [7] * 4) * 2
    assert found.take_numbers.tolist() == [*TAKES] * 4
    for rows in (found.digits, found.people, found.take_numbers):
        assert rows.dtype == torch.int64
    assert [len(clip) for clip in found.clips] == ([3] * 4 + [10] * 4) * 2
    keys = torch.stack([found.people, found.digits, found.take_numbers], 1).tolist()
    assert levels(found) == [loudness(PEOPLE[who], digit, take) for who, digit, take in keys]


def test_the_last_takes_of_each_are_held_out(fetched):
    found = data.load_spoken_digits(folder=fetched)
    training, held_out = found.split(takes=2)
    assert held_out.take_numbers.tolist() == [2, 10] * 4  # 10 comes after 2
    assert training.take_numbers.tolist() == [0, 1] * 4
    for part in (training, held_out):
        assert part.people.tolist() == [0] * 4 + [1] * 4 and part.names == found.names
        assert part.digits.tolist() == [0, 0, 7, 7] * 2 and part.rate == 8000
    assert sorted(levels(training) + levels(held_out)) == sorted(levels(found))


def test_the_order_of_the_rows_does_not_matter(fetched):
    found = data.load_spoken_digits(folder=fetched)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    mixed = found._replace(
        clips=[found.clips[row] for row in order],
        digits=found.digits[order],
        people=found.people[order],
        take_numbers=found.take_numbers[order],
    )
    for part, other in zip(found.split(1), mixed.split(1), strict=True):
        assert sorted(levels(part)) == sorted(levels(other))


@pytest.mark.parametrize("takes", [0, -1, 4, 1.5, None])
def test_takes_that_cannot_be_held_out(fetched, takes):
    found = data.load_spoken_digits(folder=fetched)
    with pytest.raises(ValueError, match=r"hold out 1 to 3 takes of the 4, not "):
        found.split(takes=takes)


def test_absent_or_damaged_recordings_say_what_to_type(fetched):
    with pytest.raises(FileNotFoundError, match='labkit fetch spoken-digits --dir ".*else"'):
        data.load_spoken_digits(folder=fetched / "else")
    write(fetched / "spoken-digits" / "ben" / "7_1.wav", SOUND)
    with pytest.raises(FileNotFoundError, match="the recordings are not .all. in .*spoken-digits"):
        data.load_spoken_digits(folder=fetched)


def test_the_pins_have_the_layout_that_is_read():
    keys = [spoken._key(pin.path) for pin in load_pins("spoken-digits")]
    assert len(set(keys)) == len(keys) == 600
    people = list(dict.fromkeys(person for person, _, _ in keys))
    assert people == ["jackson", "theo", "nicolas"]
    assert keys == [(who, digit, take) for who in people for digit in range(10)
                    for take in range(20)]  # fmt: skip
    assert all(pin.group == pin.path.split("/")[0] for pin in load_pins("spoken-digits"))
    with pytest.raises(ValueError, match="install labkit again"):
        spoken._key("theo/eleven_1.wav")


@pytest.mark.skipif(not MIRROR.is_dir(), reason="the recordings are not beside this checkout")
def test_the_real_recordings():
    """What the data sheet says of them."""
    found = data.load_spoken_digits(folder=MIRROR.parent)
    assert len(found.clips) == 600 and found.rate == 8000
    assert found.people.bincount().tolist() == [200] * 3
    assert found.digits.bincount().tolist() == [60] * 10
    seconds = torch.tensor([len(clip) / found.rate for clip in found.clips])
    assert seconds.min() == pytest.approx(0.14, abs=0.005)
    assert seconds.median() == pytest.approx(0.39, abs=0.005)
    assert seconds.max() == pytest.approx(2.28, abs=0.005)
    peaks = torch.stack([clip.abs().max() for clip in found.clips])
    assert peaks.min() == pytest.approx(0.012, abs=5e-4)
    assert peaks.max() == pytest.approx(0.817, abs=1e-3)
    theo = found.people == found.names.index("theo")
    assert peaks[theo].max() < 0.06 < 0.09 < peaks[~theo].min()
    coarse = torch.tensor([bool((clip * 128 % 1 == 0).all()) for clip in found.clips])
    assert coarse.tolist() == (found.people == found.names.index("nicolas")).tolist()
    training, held_out = found.split()
    assert (len(training.clips), len(held_out.clips)) == (480, 120)
    assert held_out.take_numbers.unique().tolist() == [16, 17, 18, 19]
