"""Words rated by ten people each, and pretrained word vectors; nothing is downloaded.

The ratings are VADER's lexicon (Hutto and Gilbert, 2014), read where the package vaderSentiment
keeps it, without importing it. The vectors, the input layer of all-MiniLM-L6-v2, ship with labkit;
the pack is written by `python -m labkit.words.pack`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.paths import data_dir

LEXICON = ("vaderSentiment", "vader_lexicon.txt", "vaderSentiment")
VECTORS = ("word_vectors_1.safetensors", "word_vectors_2.safetensors")  # in data/
REMEDY = "run `labkit doctor`, or install labkit again"
RATERS, DIMENSIONS = 10, 384


class RatedWords(NamedTuple):
    """N words and ten ratings of each, int8 (N, 10), from -4 (most negative) to 4."""

    words: tuple[str, ...]
    ratings: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean rating of each word, float32 (N,)."""
        return self.ratings.float().mean(1)

    @property
    def labels(self) -> Tensor:
        """1 where the mean rating is above 0, else 0: int64 (N,)."""
        return (self.mean > 0).long()


class WordVectors:
    """Words and a vector for each: `.words` (V strings), `.vectors` float32 (V, D).

    >>> vectors = WordVectors(["hot", "warm", "ice"], torch.tensor([[2.0, 0], [1, 0], [-1, 0]]))
    >>> "hot" in vectors, vectors.nearest("hot", k=1)
    (True, [('warm', 1.0)])
    """

    def __init__(self, words: Sequence[str], vectors: Tensor):
        if len(words) != len(vectors):
            raise ValueError(f"{len(words)} words for {len(vectors)} vectors")
        self.words, self.vectors = tuple(words), vectors
        self.index = {word: row for row, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def of(self, words: Sequence[str]) -> Tensor:
        """The vectors of some words, (N, D). ValueError that names the first unknown one."""
        if isinstance(words, str):
            raise TypeError(f"give a list of words, such as [{words!r}]")
        return self.vectors[[self._row(word) for word in words]]

    def nearest(self, word: str, *, k: int = 10) -> list[tuple[str, float]]:
        """The k other words with the largest cosine to this one, and the cosines."""
        row = self._row(word)
        cosines = self._unit @ self._unit[row]
        cosines[row] = -2.0
        values, rows = cosines.topk(min(k, len(self) - 1))
        return [(self.words[i], v) for i, v in zip(rows.tolist(), values.tolist(), strict=True)]

    def randomized(self, *, seed: int = 0) -> WordVectors:
        """The control: the same words with vectors of length 1 in random directions."""
        generator = torch.Generator().manual_seed(seed)
        vectors = torch.randn(self.vectors.shape, generator=generator)
        return WordVectors(self.words, F.normalize(vectors, dim=1))

    @cached_property
    def _unit(self) -> Tensor:
        return F.normalize(self.vectors, dim=1)

    def _row(self, word: str) -> int:
        if word not in self.index:
            close = get_close_matches(str(word).lower(), self.words, n=3)
            hint = f"; near: {', '.join(close)}" if close else ""
            raise ValueError(f"{word!r} is none of the {len(self):,} words with a vector{hint}")
        return self.index[word]


def load_word_vectors() -> WordVectors:
    """Load 21,745 English words with pretrained vectors of length 1, float32 (V, 384).

    The vectors are the frozen first layer of all-MiniLM-L6-v2 (Wang et al., 2020; Reimers and
    Gurevych, 2019), scaled to length 1 and stored with 8 bits a number (the cosine to the original
    is above 0.9996); of its 30,522 pieces of words those that are plain words (small letters a to
    z). FileNotFoundError or ValueError, with the mend, where a file is missing or damaged. The
    tensor is shared between calls: do not change it in place.

    >>> vectors = load_word_vectors()
    >>> vectors.vectors.shape[1], "school" in vectors
    (384, True)
    """
    return _vectors()


def load_rated_words() -> RatedWords:
    """Load the 2,237 words that both VADER's lexicon and the word vectors have.

    Ten people rated each from -4 to 4 without seeing it in a sentence (Hutto and Gilbert, 2014);
    words on which they differed too much (sd 2.5 or more) are not in the lexicon. Emoticons,
    numbers and words of several pieces are left out. FileNotFoundError or ValueError as above.

    >>> rated = load_rated_words()
    >>> rated.ratings.shape, "abandon" in rated.words
    (torch.Size([2237, 10]), True)
    """
    return _rated()


def package_file(module: str, inside: str, package: str) -> Path:
    """A file of an installed package, found without importing it; else FileNotFoundError."""
    spec = find_spec(module)
    roots = spec.submodule_search_locations if spec else None
    path = Path(roots[0], inside) if roots else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"{Path(inside).name} of the package {package} is missing; run `labkit doctor`, or "
            f"reinstall {package}"
        )
    return path


def split_words(
    labels: Tensor, n: int, *, test: int = 1000, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Rows to train on (n,) and to test on (test,): no row in both, half of each label in both.

    labels: (N,), 0 or 1. The test rows depend on `seed` alone, not on `n`, and more training rows
    contain the fewer. ValueError for odd numbers, one class only, or too few words.

    >>> train, unseen = split_words(load_rated_words().labels, 50)
    >>> len(train), len(unseen)
    (50, 1000)
    """
    generator = torch.Generator().manual_seed(seed)
    rows = [(labels == k).nonzero().flatten() for k in (0, 1)]
    for name, number in {"n": n, "test": test}.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 2 or number % 2:
            raise ValueError(f"{name} must be even and 2 or more, half a class; got {number!r}")
    if min(map(len, rows)) < (n + test) // 2:
        have = " and ".join(f"{len(r)} of class {k}" for k, r in enumerate(rows))
        raise ValueError(f"{(n + test) // 2} words of each class are needed, but there are {have}")
    rows = [r[torch.randperm(len(r), generator=generator)] for r in rows]
    train = torch.cat([r[test // 2 : (test + n) // 2] for r in rows])
    return train, torch.cat([r[: test // 2] for r in rows])


@lru_cache(maxsize=1)
def _vectors() -> WordVectors:
    parts = [_read(data_dir() / name) for name in VECTORS]
    words = [word for some, _ in parts for word in some]
    rows = torch.cat([rows for _, rows in parts])
    return WordVectors(words, F.normalize(rows.float(), dim=1))  # a row's scale does not matter


def _read(path: Path) -> tuple[list[str], Tensor]:
    """Words of one file and their rows, int8 (N, D)."""
    from safetensors import safe_open

    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {REMEDY}")
    try:
        with safe_open(path, framework="pt") as file:
            words, rows = (file.get_tensor(name) for name in ("words", "vectors"))
        words = bytes(words.tolist()).decode("ascii").split("\n")
    except Exception as error:  # a cut-off file raises SafetensorError, another one nearly anything
        raise ValueError(f"{path} is damaged ({error}): {REMEDY}") from error
    if rows.shape != (len(words), DIMENSIONS):
        shape = tuple(rows.shape)
        raise ValueError(f"{path} is damaged ({len(words)} words, rows of shape {shape}): {REMEDY}")
    return words, rows


@lru_cache(maxsize=1)
def _rated() -> RatedWords:
    known, found, path = _vectors(), {}, package_file(*LEXICON)
    try:
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                word, _, _, ratings = line.split("\t")
                if word in known and word not in found:  # three words stand there twice
                    found[word] = json.loads(ratings)
        ratings = torch.tensor(list(found.values()), dtype=torch.int8)
    except ValueError as error:
        raise ValueError(_damaged(path, LEXICON[2], error)) from error
    if ratings.dim() != 2 or ratings.shape[1] != RATERS:
        raise ValueError(_damaged(path, LEXICON[2], f"ratings of shape {tuple(ratings.shape)}"))
    signed = ratings.sum(1, dtype=torch.int64) != 0
    words = [word for word, keep in zip(found, signed.tolist(), strict=True) if keep]
    return RatedWords(tuple(words), ratings[signed])


def _damaged(path: Path, package: str, why) -> str:
    return f"{path.name} of {package} is damaged ({why}); reinstall {package}"
