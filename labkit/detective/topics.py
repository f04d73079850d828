"""Comments of students, sorted by what they are about: by word vectors, or by their words alone.

All 48 comments were written by one author, for this lab, twelve on each of four topics. That is a
weak test: real comments are longer, have several topics, and spell otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from labkit.data.words import WordVectors

COMMENTS = {
    "time": [
        "took far too many hours",
        "I spent the whole weekend on it",
        "longer than the first one",
        "two nights without sleep",
        "question three ate all my evening",
        "finished quickly, half an afternoon",
        "please give us another week",
        "the deadline was too early",
        "I needed four days",
        "it was shorter than expected",
        "so much waiting for results",
        "not enough time before the exam",
    ],
    "computer": [
        "my laptop ran out of memory",
        "the notebook crashed twice",
        "could not install the package",
        "python version error",
        "training on my old machine is slow",
        "kernel died again and again",
        "the server was down",
        "needed a graphics card",
        "downloading the files failed",
        "windows path problems",
        "import error all morning",
        "the browser froze",
    ],
    "clarity": [
        "the instructions were confusing",
        "I did not understand question two",
        "unclear what to hand in",
        "the wording was ambiguous",
        "what does the last part ask for?",
        "please explain the formula better",
        "the notation differs from the slides",
        "hints would help",
        "the example was hard to follow",
        "I was lost at the start",
        "definitions are missing",
        "the description is vague",
    ],
    "liked": [
        "great fun, thanks",
        "loved the pictures",
        "really enjoyed the last part",
        "best homework so far",
        "very interesting topic",
        "nice to see it work",
        "wonderful dataset",
        "happy with what I learned",
        "cool visualizations",
        "thank you, excellent",
        "I like the game",
        "beautiful plots, good job",
    ],
}
STOP = set(
    "the i it to of on in a and was were is are my me we us did not could so too for at with what "
    "would be from that this please all very really do does".split()
)


def words_of(comment: str) -> list[str]:
    """The words of a comment in small letters, without the most frequent ones (`STOP`)."""
    return [word for word in re.findall(r"[a-z]+", comment.lower()) if word not in STOP]


def by_vectors(comments: Sequence[str], vectors: WordVectors) -> np.ndarray:
    """Comments as the mean of their words' vectors, brought to length 1: (N, D).

    The mean of all vectors is taken off first. A comment without a known word is a row of zeros.
    """
    table = vectors.vectors - vectors.vectors.mean(0)
    rows = np.zeros((len(comments), table.shape[1]))
    for row, comment in zip(rows, comments, strict=True):
        known = [vectors.index[word] for word in words_of(comment) if word in vectors]
        if known:
            row[:] = table[known].mean(0).numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-9)


def by_words(comments: Sequence[str]) -> np.ndarray:
    """Comments by the words they contain, rare ones count more: tf-idf, (N, words)."""
    return TfidfVectorizer(analyzer=words_of).fit_transform(comments).toarray()


def group(points: np.ndarray, groups: int = 4, *, seed: int = 0) -> np.ndarray:
    """A group, 0 to groups - 1, for each row of points (N, D): k-means."""
    return KMeans(groups, n_init=10, random_state=seed).fit_predict(points)


def purity(groups: np.ndarray, topics: Sequence[int]) -> float:
    """Share of rows (N,) whose topic is the most frequent one of their group."""
    topics = np.asarray(topics)
    kept = [np.bincount(topics[groups == one]).max() for one in np.unique(groups)]
    return float(sum(kept) / len(topics))
