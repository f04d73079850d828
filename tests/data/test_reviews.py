"""Readers of real reviews, GloVe and IMDb, tried on small files in the same formats."""

import hashlib
import io
import struct
import tarfile

import pytest
import torch

from labkit import data
from labkit.data import reviews


def packed(words, numbers, *, scale=127, version=1, magic=b"RDGLVQ8\0"):
    head = struct.pack("<8sHHIHH", magic, version, len(numbers[0]), len(words), scale, 0)
    body = b""
    for word, row in zip(words, numbers, strict=True):
        raw = word.encode()
        body += struct.pack("<H", len(raw)) + raw + struct.pack(f"<{len(row)}b", *row)
    return head + body


@pytest.fixture
def glove(tmp_path):
    path = tmp_path / "glove.bin"
    path.write_bytes(packed(["the", "café", "$"], [[127, 0], [-127, 64], [0, -128]]))
    return path


def test_glove_is_read(glove):
    vectors = reviews.read_glove(glove)
    assert vectors.words == ("the", "café", "$")
    want = torch.tensor([[127.0, 0], [-127, 64], [0, -128]]) / 127
    assert torch.allclose(vectors.vectors, want)


def test_a_glove_file_that_is_none_or_cut_off_is_refused(tmp_path, glove):
    whole, path = glove.read_bytes(), tmp_path / "bad.bin"
    for content, said in [
        (b"", "no file of packed word vectors"),
        (b"PK\3\4" + whole, "no file of packed word vectors"),
        (whole[:-1], "cut off after 2 of 3 words"),
        (whole[:21], "cut off after 0 of 3 words"),
        (packed(["a"], [[1, 2]], version=2), "version 2"),
        (packed(["a"], [[1, 2]], scale=0), "scale 0"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=said):
            reviews.read_glove(path)


def test_reviews_are_latin_1_one_a_line(tmp_path):
    path = tmp_path / "rt.neg"
    path.write_bytes("caf\xe9 dull .\n\nwell \x85 no\n".encode("latin-1"))
    assert reviews.read_lines(path) == ["caf\xe9 dull .", "well \x85 no"]


@pytest.fixture
def fetched(tmp_path, monkeypatch, glove):
    """A folder that counts as fetched, with small files under the pinned names."""
    for name in ("reviews", "glove"):
        for pin in reviews.load_pins(name):
            path = tmp_path / name / pin.path
            path.parent.mkdir(parents=True, exist_ok=True)
            word = "good" if path.suffix == ".pos" else "bad"
            path.write_bytes("".join(f"a {word} film {i}\n" for i in range(30)).encode())
    (tmp_path / "glove" / reviews.load_pins("glove")[0].path).write_bytes(glove.read_bytes())
    monkeypatch.setattr(reviews, "fetched", lambda name, folder=None: tmp_path / name)
    return tmp_path


def test_fetched_reviews_are_split_and_balanced(fetched):
    train, test = data.load_reviews(test_size=20)
    assert (len(train.texts), len(test.texts)) == (40, 20)
    assert test.labels.sum() == 10 and not set(train.texts) & set(test.texts)
    for text, label in zip(*test, strict=True):
        assert ("good" in text) == bool(label)
    assert data.load_reviews(test_size=20, seed=1)[1].texts != test.texts
    assert data.load_glove().words[0] == "the"


@pytest.mark.parametrize("size", [0, 3, 62])
def test_a_test_size_that_does_not_split_is_refused(fetched, size):
    with pytest.raises(ValueError, match="even, half a class; got .* of 30 and 30"):
        data.load_reviews(test_size=size)


@pytest.mark.parametrize("name", ["reviews", "glove"])
def test_without_the_files_the_command_is_named(tmp_path, name):
    load = {"reviews": data.load_reviews, "glove": data.load_glove}[name]
    with pytest.raises(FileNotFoundError, match=f"labkit fetch {name} --dir"):
        load(folder=tmp_path)


@pytest.fixture
def imdb(tmp_path, monkeypatch):
    path = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for part in ("train", "test"):
            for sign in ("pos", "neg", "unsup"):
                for i in range(6):
                    raw = f"{part} {sign} {i}<br />end".encode()
                    info = tarfile.TarInfo(f"aclImdb/{part}/{sign}/{i}_7.txt")
                    info.size = len(raw)
                    archive.addfile(info, io.BytesIO(raw))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(reviews, "IMDB_SHA256", digest)
    return path


def test_imdb_is_read_from_its_archive(imdb):
    train, test = data.load_imdb(imdb, n=8)
    assert len(train.texts) == len(test.texts) == 8 and train.labels.sum() == 4
    for text, label in zip(*train, strict=True):
        assert text.startswith(f"train {'pos' if label else 'neg'}") and "<br" not in text
    assert all(text.startswith("test") for text in test.texts)


def test_imdb_that_is_absent_or_damaged_is_refused(imdb):
    with pytest.raises(FileNotFoundError, match="download it with a browser from http"):
        data.load_imdb(imdb.parent / "nothing.tar.gz")
    imdb.write_bytes(imdb.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not whole, or another file"):
        data.load_imdb(imdb)
