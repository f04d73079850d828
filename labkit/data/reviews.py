"""Real film reviews and GloVe vectors, once they have been fetched; IMDb from its own archive.

`labkit fetch reviews` and `labkit fetch glove` bring the first two (see `labkit.data.downloads`);
`load_imdb` reads the archive that the reader has downloaded. It reads files and downloads nothing.
"""

from __future__ import annotations

import hashlib
import re
import struct
import tarfile
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.data.downloads import fetched
from labkit.data.pins import download_folder, load_pins
from labkit.data.words import WordVectors

HEADER = struct.Struct("<8sHHIHH")  # magic, version, dimension, words, scale, flags
MAGIC = b"RDGLVQ8\0"
IMDB_SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"
IMDB_URL = "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"


class Texts(NamedTuple):
    """Texts (N) and labels int64 (N,): 1 for liked, 0 for not liked."""

    texts: tuple[str, ...]
    labels: Tensor


def load_reviews(*, test_size: int = 1000, seed: int = 0, folder=None) -> tuple[Texts, Texts]:
    """Load the fetched sentences of film reviews (Pang and Lee, 2005) as (train, test).

    5,331 + 5,331 sentences; half of the test ones are liked. The split depends on `seed` alone.
    `folder` as for `fetch`. FileNotFoundError, with the command to type, unless both files are
    there and whole; ValueError for a test_size that is odd or too large.

    >>> try:
    ...     load_reviews(folder="no/such/folder")
    ... except FileNotFoundError as error:
    ...     print("labkit fetch reviews" in str(error))
    True
    """
    place = _fetched("reviews", folder)
    files = {Path(pin.path).suffix: place / pin.path for pin in load_pins("reviews")}
    return split_texts([read_lines(files[".neg"]), read_lines(files[".pos"])], test_size, seed)


def load_glove(*, folder=None) -> WordVectors:
    """Load the fetched 50,000 GloVe vectors (Pennington et al., 2014), (50000, 50), length 1.

    FileNotFoundError, with the command to type, unless the file is there and whole.

    >>> try:
    ...     load_glove(folder="no/such/folder")
    ... except FileNotFoundError as error:
    ...     print("labkit fetch glove" in str(error))
    True
    """
    return read_glove(_fetched("glove", folder) / load_pins("glove")[0].path)


def read_lines(path) -> list[str]:
    """The sentences of a file of latin-1 text, one a line; empty lines are left out."""
    lines = Path(path).read_bytes().decode("latin-1").split("\n")  # no splitlines: \x85 is a sign
    return [line.strip() for line in lines if line.strip()]


def read_glove(path) -> WordVectors:
    """Read vectors packed as int8: a header, then for each word its length, the word, its numbers.

    The header is `<8sHHIHH`: b"RDGLVQ8", version 1, dimension, number of words, scale, 0. A number
    n stands for n / scale. ValueError for a file of another kind, or one that is cut off.
    """
    data = Path(path).read_bytes()
    if len(data) < HEADER.size or data[:8] != MAGIC:
        raise ValueError(f"{path} is no file of packed word vectors")
    _, version, width, count, scale, _ = HEADER.unpack_from(data)
    if version != 1 or not width or not scale:
        raise ValueError(f"{path}: version {version}, dimension {width}, scale {scale}: unknown")
    words, numbers, at = [], bytearray(), HEADER.size
    for _ in range(count):
        size = int.from_bytes(data[at : at + 2], "little")
        end = at + 2 + size + width
        if end > len(data):
            raise ValueError(f"{path} is cut off after {len(words)} of {count} words")
        words.append(data[at + 2 : at + 2 + size].decode("utf-8"))
        numbers += data[end - width : end]
        at = end
    table = torch.frombuffer(numbers, dtype=torch.int8) if words else torch.zeros(0)
    return WordVectors(words, table.view(len(words), width).float() / scale)


def load_imdb(path, *, n: int = 2000, seed: int = 0) -> tuple[Texts, Texts]:
    """Read n training and n test reviews of IMDb (Maas et al., 2011) from aclImdb_v1.tar.gz.

    `path` is the archive as downloaded (84 MB, IMDB_URL); it is checked by its SHA-256 and read
    without unpacking it, which takes about half a minute. Half of the reviews are liked; which
    ones come depends on `seed`. FileNotFoundError if it is not there, ValueError if it is damaged.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; download it with a browser from {IMDB_URL}")
    with open(path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != IMDB_SHA256:
            raise ValueError(f"{path.name} is not whole, or another file: download it again")
    found = _read_imdb(path)
    parts = [[found[part, sign] for sign in ("neg", "pos")] for part in ("train", "test")]
    return tuple(split_texts(part, n, seed)[1] for part in parts)


def split_texts(classes: list[list[str]], test_size: int, seed: int) -> tuple[Texts, Texts]:
    """Texts of class 0 and class 1 -> (train, test), shuffled, half of each class in test."""
    half, generator = test_size // 2, torch.Generator().manual_seed(seed)
    if test_size % 2 or half < 1 or half > min(map(len, classes)):
        have = " and ".join(str(len(texts)) for texts in classes)
        raise ValueError(f"test_size must be even, half a class; got {test_size} of {have} texts")
    test, train = [], []
    for label, texts in enumerate(classes):
        order = torch.randperm(len(texts), generator=generator).tolist()
        rows = [(texts[i], label) for i in order]
        test, train = test + rows[:half], train + rows[half:]
    return _shuffled(train, generator), _shuffled(test, generator)


def _shuffled(rows: list[tuple[str, int]], generator: torch.Generator) -> Texts:
    rows = [rows[i] for i in torch.randperm(len(rows), generator=generator).tolist()]
    return Texts(tuple(text for text, _ in rows), torch.tensor([label for _, label in rows]))


def _read_imdb(path: Path) -> dict[tuple[str, str], list[str]]:
    found = {(part, sign): [] for part in ("train", "test") for sign in ("neg", "pos")}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            match = re.fullmatch(r"aclImdb/(train|test)/(neg|pos)/\d+_\d+\.txt", member.name)
            if match and member.isfile():
                text = archive.extractfile(member).read().decode("utf-8")
                found[match.groups()].append(text.replace("<br />", " "))
    return found


def _fetched(name: str, folder) -> Path:
    place = fetched(name, folder=folder)
    if place is None:
        option = f' --dir "{download_folder(folder)}"' if folder else ""
        raise FileNotFoundError(
            f"the {name} are not (all) in {download_folder(folder) / name}; with a network, type "
            f"in a terminal: labkit fetch {name}{option}"
        )
    return place
