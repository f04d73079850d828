"""What ships for lab 09: the speaker says what it is told, and the tables are whole."""

import pytest
import torch

from labkit import data, sound
from labkit.paths import data_dir
from labkit.sound import imitating, pack, shipped


def test_the_shipped_speaker_says_its_vowels_in_both_voices():
    assert (data_dir() / shipped.SPEAKER).stat().st_size < 300_000
    model = sound.load_speaker()
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    codes, voices, letters = pack.babble(3, seed=90)
    told = sound.bits(model, codes, voices, letters)
    assert told < 2.1 and sound.bits(model, codes, 1 - voices, letters) > told + 0.3
    listener = sound.Listener(sound.quantised(sound.clips(8, seconds=0.5, seed=3)))
    kinds = torch.arange(2).repeat_interleave(8), torch.arange(4).repeat(4)
    places = torch.tensor([sound.LETTERS.index(x) for x in "aoue"])[kinds[1]]
    spoken = sound.from_mu_law(sound.speak(model, kinds[0], places, 2400, seed=5))[:, 400:]
    heard = sound.measured(sound.Clips(spoken, *kinds), listener)
    assert heard.voice >= 0.9 and heard.vowel >= 0.75
    assert abs(heard.low / 132 - 1) < 0.1 and abs(heard.high / 219 - 1) < 0.1


def test_the_tables_are_whole():
    imitations, people = sound.load_imitations(), sound.load_people()
    assert [row["seed"] for row in imitations] == [10, 11, 12]
    assert all(0 < row[key] <= 1 for row in imitations for key in ("voice", "vowel", "voiced"))
    assert [row["steps"] for row in people] == sorted(row["steps"] for row in people)
    assert len(people) == 3 and all(row["predictor"] > row["test"] > 0 for row in people)


def test_an_imitation_comes_out_the_same_again(monkeypatch):
    seeds, told, real = [], [], (imitating.clips, imitating.bits)
    monkeypatch.setattr(
        imitating, "clips", lambda n, seed: seeds.append(seed) or real[0](n, seed=seed)
    )
    monkeypatch.setattr(imitating, "bits", lambda *given: told.append(given) or real[1](*given))
    one, other = (imitating.imitation(seed=4, steps=2) for _ in range(2))
    assert seeds == [4, 504] * 2, "learned from and tested on other clips"
    assert torch.equal(told[0][1], told[1][1]) and torch.equal(told[0][2], 1 - told[1][2])
    assert set(one) == set(sound.load_imitations()[0])
    assert one == other or one["low"] != one["low"]  # without a pitch it is nan


def test_people_are_measured_beside_held_out_takes():
    """The table's machinery on drawn voices: three "people", two "digits", three takes."""
    kinds = [(who, digit, take) for who in range(3) for digit in range(2) for take in range(3)]
    clips = [  # the third person speaks like the second, an octave lower
        sound.vowel(min(w, 1), d, seconds=2 if w == 2 else 1, seed=t) for w, d, t in kinds
    ]
    clips = [clip[::2] if w == 2 else clip for clip, (w, _, _) in zip(clips, kinds, strict=True)]
    people, digits, takes = torch.tensor(kinds).T
    recordings = data.Recordings(clips, digits, people, ["a", "b", "c"], 4000, takes)
    row = pack._one_of_people(*recordings.split(1), steps=1)
    assert set(row) == set(sound.load_people()[0])
    assert row["voice_real"] == 1 and row["digit_real"] > 0.6 and row["voiced_real"] > 0.9
    assert row["voice_fake"] < 0.6 and row["voiced_fake"] < 0.2  # nothing learned yet
    assert 5.5 < row["test"] < 6.6 and row["predictor"] < 4


def test_recordings_are_levelled_and_cut_to_the_sound():
    quiet = torch.cat([torch.zeros(3000), 0.01 * torch.ones(800), torch.zeros(5000)])
    loud = pack._loud(quiet)
    assert float(loud.max()) == pytest.approx(0.9) and len(loud) == 800 + 399


def test_missing_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    for load, name in ((sound.load_speaker, "speaker"), (sound.load_people, "spoken_people")):
        with pytest.raises(FileNotFoundError, match=f"{name}.*missing"):
            load()
