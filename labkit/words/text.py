"""From sentences to numbers: words, a vocabulary, padding, and what undoes the padding.

A sentence becomes a row of ids; shorter ones are filled up with 0, the padding. Everything here
is a small pure function of tensors, or of texts and a score of texts, which it audits; the network
that reads the ids is in `labkit.words.models_text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data.words import WordVectors

PADDING, UNKNOWN = 0, 1
GROUP = "GROUP"  # stands in a letter for the name of a group
_TOKEN = re.compile(r"\w+(?=n't)|n't|'\w+|\w+|[^\w\s]")


def tokenize(sentence: str) -> list[str]:
    """A sentence in small letters, cut into words and signs; "n't" becomes the word "not".

    >>> tokenize("It isn't GOOD, is it?")
    ['it', 'is', 'not', 'good', ',', 'is', 'it', '?']
    """
    if not isinstance(sentence, str):
        raise TypeError(f"a sentence is a string, not {type(sentence).__name__}")
    found = _TOKEN.findall(sentence.lower().replace("\u2019", "'"))
    return ["not" if token == "n't" else token for token in found]


class Vocabulary:
    """Numbers for words: 0 is padding, 1 any unknown word, the given words from 2 on.

    >>> vocabulary = Vocabulary(["the", "film", "was", "good"])
    >>> vocabulary.encode(["The film was good", "good zzz"])
    tensor([[2, 3, 4, 5],
            [5, 1, 0, 0]])
    """

    def __init__(self, words: Sequence[str]):
        self.words = tuple(dict.fromkeys(words))
        self.ids = {word: number for number, word in enumerate(self.words, start=2)}

    @classmethod
    def of(cls, sentences: Sequence[str]) -> Vocabulary:
        """The vocabulary of all words in some sentences, in the order of the alphabet."""
        return cls(sorted({word for sentence in sentences for word in tokenize(sentence)}))

    def __len__(self) -> int:
        """How many ids there are, padding and unknown among them."""
        return len(self.words) + 2

    def encode(self, sentences: Sequence[str], *, longest: int | None = None) -> Tensor:
        """Sentences -> ids, int64 (N, T), filled up with 0; words after the first `longest` go.

        ValueError for an empty sentence or no sentence at all; TypeError for a single string.
        """
        if isinstance(sentences, str):
            raise TypeError(f"give a list of sentences, such as [{sentences[:40]!r}]")
        rows = [self._ids(i, sentence)[:longest] for i, sentence in enumerate(sentences)]
        if not rows:
            raise ValueError("there is no sentence to encode")
        ids = torch.full((len(rows), max(map(len, rows))), PADDING)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
        return ids

    def unknown(self, sentences: Sequence[str]) -> list[str]:
        """The words of some sentences that the vocabulary does not have, each once."""
        found = [word for sentence in sentences for word in tokenize(sentence)]
        return [word for word in dict.fromkeys(found) if word not in self.ids]

    def table(self, vectors: WordVectors) -> Tensor:
        """A vector for each id, (len(self), D); 0 for padding and for words without a vector."""
        table = torch.zeros(len(self), vectors.vectors.shape[1])
        known = [word for word in self.words if word in vectors]
        if known:
            table[[self.ids[word] for word in known]] = vectors.of(known)
        return table

    def _ids(self, number: int, sentence: str) -> list[int]:
        words = tokenize(sentence)
        if not words:
            raise ValueError(f"sentence {number} is empty ({sentence!r}): it has no word to read")
        return [self.ids.get(word, UNKNOWN) for word in words]


def lengths(ids: Tensor) -> Tensor:
    """How many words each row of ids (N, T) has, padding not counted: int64 (N,)."""
    return (ids != PADDING).sum(1)


def nearest_rows(vectors: Tensor, row: int, k: int) -> Tensor:
    """The k other rows of (V, D) with the largest cosine to this one, nearest first: (k,)."""
    unit = F.normalize(vectors, dim=1)
    cosines = unit @ unit[row]
    cosines[row] = -2.0
    return cosines.topk(k).indices


def direction(vectors: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (D,) from the mean of label 0 to that of label 1, bias 0 halfway; (N, D), (N,)."""
    praise, blame = vectors[labels == 1].mean(0), vectors[labels == 0].mean(0)
    return praise - blame, -(praise + blame) / 2 @ (praise - blame)


def mean_vectors(table: Tensor, ids: Tensor) -> Tensor:
    """The mean vector of each sentence's words, its bag of words: (N, D).

    table: (V, D), a vector for each id; ids: (N, T). Padding does not count; a row of nothing but
    padding gives zeros. The order of the words makes no difference.

    >>> table = torch.tensor([[9.0], [0.0], [2.0], [4.0]])
    >>> mean_vectors(table, torch.tensor([[2, 3, 0], [3, 0, 0]])).flatten()
    tensor([3., 4.])
    """
    real = (ids != PADDING).unsqueeze(2)  # (N, T, 1)
    total = (table[ids] * real).sum(1)  # (N, D)
    return total / real.sum(1).clamp_min(1)


def last_states(outputs: Tensor, lengths: Tensor) -> Tensor:
    """The output after each sentence's own last word, (N, H).

    outputs: (N, T, H), one a word; lengths: (N,), 1 to T.

    >>> last_states(torch.arange(6.0).view(2, 3, 1), torch.tensor([3, 1])).flatten()
    tensor([2., 3.])
    """
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


def scores_by_group(
    score: Callable[[list[str]], Tensor], letters: Sequence[str], groups: Sequence[str]
) -> Tensor:
    """The score of each letter with each group's name in place of the word GROUP: (G, N).

    score: a function, a list of N texts -> (N,). ValueError for a letter without GROUP.

    >>> length = lambda texts: torch.tensor([float(len(text)) for text in texts])
    >>> scores_by_group(length, ["a GROUP", "GROUP, GROUP"], ["cat", "horse"])
    tensor([[ 5.,  8.],
            [ 7., 12.]])
    """
    for letter in letters:
        if GROUP not in letter:
            raise ValueError(f"a letter needs the word {GROUP}, where the name goes: {letter!r}")
    return torch.stack([score([text.replace(GROUP, name) for text in letters]) for name in groups])


def group_gaps(
    score: Callable[[list[str]], Tensor], letters: Sequence[str], groups: Sequence[str]
) -> Tensor:
    """An audit: each group's mean score over the letters, minus the mean over all groups, (G,).

    Arguments as in `scores_by_group`. Only the name changes, so nothing else can make a gap.

    >>> length = lambda texts: torch.tensor([float(len(text)) for text in texts])
    >>> group_gaps(length, ["a GROUP", "one GROUP"], ["cat", "horse"])
    tensor([-1.,  1.])
    """
    means = scores_by_group(score, letters, groups).mean(1)
    return means - means.mean()
