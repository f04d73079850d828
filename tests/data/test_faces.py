"""Faces and letters on request: made-up files in the layout of the real ones."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import data
from labkit.data import faces, omniglot
from labkit.data.pins import Pin, load_pins


def pin(path):
    return Pin("any", path, 0, "", "", "any")


@pytest.fixture
def forty(tmp_path, monkeypatch):
    """Three people, ten photos each, as PGM: brightness by person, a corner by photo."""
    paths = [f"att_faces/s{person}/{photo}.pgm" for person in (1, 2, 10) for photo in range(1, 11)]
    for path in paths:
        person, photo = int(path.split("/")[1][1:]), int(path.split("/")[2][:-4])
        pixels = np.full((112, 92), 20 * person, np.uint8)
        pixels[:8, :8] = 10 * photo
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / path)
        assert (tmp_path / path).read_bytes().startswith(b"P5")
    monkeypatch.setattr(faces, "fetched", lambda name, folder: tmp_path)
    monkeypatch.setattr(faces, "load_pins", lambda name: [pin(path) for path in sorted(paths)])
    return tmp_path


def test_faces_by_person_and_photo(forty):
    images, labels = data.load_faces(size=(112, 92))
    assert images.shape == (30, 1, 112, 92) and images.dtype == torch.float32
    assert labels.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert torch.allclose(
        images[:, 0, 50, 50] * 255, torch.tensor([20.0, 40, 200]).repeat_interleave(10)
    )
    assert torch.allclose(images[:10, 0, 2, 2] * 255, torch.arange(10.0, 101, 10))


def test_faces_smaller(forty):
    images, _ = data.load_faces()
    assert images.shape == (30, 1, 56, 46)
    assert images.min() >= 0 and images.max() <= 1
    assert images[0, 0, 40, 30] == pytest.approx(20 / 255, abs=1e-4)
    with pytest.raises(ValueError, match="size is"):
        data.load_faces(size=(0, 46))


def test_people_of_the_test_are_not_in_training(forty):
    known, new = data.split_classes(data.load_faces(), held_out=[2])
    assert set(known.labels.tolist()) == {0, 1} and set(new.labels.tolist()) == {2}


def test_absent_faces_and_letters_say_what_to_type(tmp_path):
    with pytest.raises(FileNotFoundError, match='labkit fetch faces --dir ".*"'):
        data.load_faces(folder=tmp_path)
    for load in (data.load_omniglot, data.load_omniglot_runs):
        with pytest.raises(FileNotFoundError, match="labkit fetch omniglot"):
            load(folder=tmp_path)


def test_the_pins_have_the_layout_that_is_read():
    paths = [p.path for p in load_pins("faces")]
    people = [faces._numbers(faces.Path(path))[0] for path in paths]
    assert len(paths) == 400 and sorted(set(people)) == list(range(1, 41))
    names = {p.path.split("/")[-1] for p in load_pins("omniglot")}
    assert names == {*omniglot.SETS, omniglot.RUNS}


def png(ink):
    """A drawing as Omniglot has it: 1 bit, 105 x 105, black on white; `ink` dark columns."""
    pixels = np.ones((105, 105), bool)
    pixels[:, :ink] = False
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


ALPHABETS = {
    "images_background_small1.zip": {"Greek": 2, "Latin": 3},
    "images_background_small2.zip": {"Cyrillic": 2, "Greek": 1},  # one letter of Greek is in both
}


@pytest.fixture
def letters(tmp_path, monkeypatch):
    """Two small sets and two runs of three letters, zipped like the real ones."""
    (tmp_path / "python" / "one-shot-classification").mkdir(parents=True)
    for name, alphabets in ALPHABETS.items():
        with zipfile.ZipFile(tmp_path / "python" / name, "w") as archive:
            root = name.removesuffix(".zip")
            archive.writestr(f"__MACOSX/{root}/._x.png", b"")
            for alphabet, count in alphabets.items():
                for letter in range(1, count + 1):
                    for person in range(1, 21):
                        path = f"{alphabet}/character{letter:02}/0{letter:03}_{person:02}.png"
                        archive.writestr(f"{root}/{path}", png(20 * letter))
    with zipfile.ZipFile(
        tmp_path / "python" / "one-shot-classification" / "all_runs.zip", "w"
    ) as archive:
        for run in ("run01", "run02"):
            table = [(3, 1), (1, 2), (2, 3)]  # the item asked, and the class it is
            lines = [f"{run}/test/item{a:02}.png {run}/training/class{b:02}.png" for a, b in table]
            archive.writestr(f"{run}/class_labels.txt", "\n".join(lines) + "\n")
            for asked, known in table:
                archive.writestr(f"{run}/test/item{asked:02}.png", png(25 * known + 2))
                archive.writestr(f"{run}/training/class{known:02}.png", png(25 * known))
    monkeypatch.setattr(omniglot, "fetched", lambda name, folder: tmp_path)
    return tmp_path


def test_letters_by_alphabet(letters):
    found = data.load_omniglot(size=105)
    assert found.names == ["Cyrillic", "Greek", "Latin"]
    assert found.images.shape == (7 * 20, 1, 105, 105)
    assert found.labels.bincount().tolist() == [20] * 7
    assert found.alphabets.bincount().tolist() == [40, 40, 60]
    ink = found.images[::20, 0, 50].sum(1)  # ink is 1 on paper 0
    assert ink.tolist() == [20, 40, 20, 40, 20, 40, 60]


def test_alphabets_of_the_test_are_not_in_training(letters):
    found = data.load_omniglot()
    (known, labels), (new, others) = found.split(held_out=1)
    assert known.shape == (80, 1, 28, 28) and new.shape == (60, 1, 28, 28)
    assert not set(labels.tolist()) & set(others.tolist())
    with pytest.raises(ValueError, match="hold out 1 to 2"):
        found.split(held_out=3)


def test_runs_pair_what_is_asked_with_its_example(letters):
    examples, asked = data.load_omniglot_runs(size=105)
    assert examples.shape == asked.shape == (2, 3, 1, 105, 105)
    assert examples[0, :, 0, 50].sum(1).tolist() == [25, 50, 75]
    assert asked[1, :, 0, 50].sum(1).tolist() == [27, 52, 77]


def test_archives_without_letters(letters):
    for name in omniglot.SETS:
        with zipfile.ZipFile(letters / "python" / name, "w") as archive:
            archive.writestr("readme.txt", "empty")
    with pytest.raises(ValueError, match="hold no <alphabet>"):
        data.load_omniglot()
    (letters / "python" / omniglot.SETS[0]).unlink()
    with pytest.raises(FileNotFoundError, match="small1.zip is missing"):
        data.load_omniglot()
