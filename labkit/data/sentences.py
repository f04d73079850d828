"""Sentences made from templates, with "not" in many of them, about words that people rated.

Every sentence says of a thing that it is good or bad. The adjectives are from VADER's lexicon and
carry its sign; those of the test sentences never occur in training. It reads and downloads nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

KINDS = ("plain", "negated", "corrected")
NOUNS = tuple(
    "film plot story acting ending music hotel room meal service food lecture book camera trip "
    "speech".split()
)
POSITIVE = tuple(
    """calm clear clean smart special nice funny gentle good safe useful playful pleasant lively
    helpful hilarious honest elegant exciting enjoyable entertaining impressive inspiring
    interesting charming delightful wonderful brilliant excellent superb great fantastic fascinating
    magnificent marvelous gorgeous glorious awesome amazing beautiful perfect lovely splendid
    outstanding stunning sweet clever creative cute graceful powerful romantic original robust
    remarkable rich radiant heroic heavenly divine delicious thrilling triumphant terrific
    sophisticated successful superior strong thoughtful vibrant wise worthy innovative inspirational
    optimistic passionate pleasing peaceful popular positive precious pretty satisfying sincere
    soothing spirited stimulating valuable adorable amusing attractive adventurous beneficial bright
    cheerful comforting convincing cool courageous daring dynamic earnest efficient encouraging
    engaging fabulous fair favorable flawless fresh generous grand ideal intelligent meaningful neat
    novel reassuring relaxing serene sparkling stable welcoming""".split()
)
NEGATIVE = tuple(
    """awful terrible horrible dreadful boring dull bad worse ugly sad pathetic stupid poor cruel
    brutal vile nasty annoying repetitive disappointing embarrassing frustrating disturbing
    offensive outrageous ridiculous useless worthless meaningless hopeless miserable grim harsh rude
    savage wicked evil sinister hostile violent messy lazy lame weak flawed inferior defective
    faulty broken damaged dirty gross crude rotten sick poisonous painful unpleasant unfair
    unacceptable uncomfortable unhappy unsuccessful unfortunate problematic misleading fraudulent
    fake insulting humiliating irritating intimidating threatening terrifying frightening scary
    shocking horrific tragic traumatic disastrous catastrophic devastating destructive damaging
    dangerous fatal chaotic bizarre odd childish foolish naive ignorant arrogant selfish greedy
    cynical sarcastic bitter angry negative inadequate incapable obsolete tired weary tense
    troubled unstable uncertain doubtful dubious suspicious questionable melancholy somber
    disgusting oppressive severe insane mad dumb irrational careless reckless""".split()
)
TEMPLATES = {
    "plain": (
        "the {n} was {a}",
        "i found the {n} {a}",
        "what a {a} {n}",
        "the {n} was really {a}",
        "this was a very {a} {n}",
        "everyone called the {n} {a}",
    ),
    "negated": (
        "the {n} was not {b}",
        "i did not find the {n} {b}",
        "the {n} was never {b}",
        "nothing about the {n} was {b}",
        "this was not a very {b} {n}",
        "nobody called the {n} {b}",
    ),
    "corrected": (
        "the {n} was not {b} but {a}",
        "the {n} was {a} and not {b}",
        "i found the {n} {a} , never {b}",
        "nobody called the {n} {b} , everyone called it {a}",
        "not a {b} {n} but a {a} one",
        "this was a {a} {n} , not a {b} one",
    ),
}
NEW_NEGATORS = ("the {n} was hardly {b}", "the {n} was barely {b}", "the {n} was anything but {b}")
TEST_SIZE, TEST_WORDS = 600, 40


class Sentences(NamedTuple):
    """Texts (N), labels int64 (N,), 1 for praise and 0 for blame, and the kind of each."""

    texts: tuple[str, ...]
    labels: Tensor
    kinds: tuple[str, ...]

    def is_kind(self, kind: str) -> Tensor:
        """Which sentences are of a kind: bool (N,)."""
        return torch.tensor([k == kind for k in self.kinds])


class SentenceParts(NamedTuple):
    """train; known: new sentences of training words; unseen: of words that training never has."""

    train: Sentences
    known: Sentences
    unseen: Sentences
    negators: Sentences  # training words behind "hardly", "barely", "anything but"


def load_sentences(*, train_size: int = 1000, seed: int = 0) -> SentenceParts:
    """Make the sentences: half of the training ones plain, a quarter negated, a quarter corrected.

    plain: "the film was dull"; negated: "the film was not dull"; corrected: "the film was not dull
    but clever". The parts `known` and `unseen` have 200 of each kind, `negators` 200. In every kind
    half are praise, and corrected sentences come in pairs of the same words with opposite labels.
    `unseen` uses 40 + 40 adjectives that `train` does not have; they and all sentences depend on
    `seed` alone. ValueError unless train_size is a multiple of 8.

    >>> load_sentences().train.texts[:2]
    ('the ... was ...', ...)
    """
    if isinstance(train_size, bool) or not isinstance(train_size, int):
        raise TypeError(f"train_size is a number of sentences, such as 1000; got {train_size!r}")
    if train_size < 8 or train_size % 8 or train_size > 8000:
        raise ValueError(f"train_size must be a multiple of 8 from 8 to 8000, got {train_size}")
    rng = random.Random(seed)
    good, bad = (rng.sample(words, len(words)) for words in (POSITIVE, NEGATIVE))
    new, old = [w[:TEST_WORDS] for w in (good, bad)], [w[TEST_WORDS:] for w in (good, bad)]
    seen: set[str] = set()
    shares = dict(zip(KINDS, (train_size // 2, train_size // 4, train_size // 4), strict=True))
    thirds = dict.fromkeys(KINDS, TEST_SIZE // 3)
    train = _make(shares, old, rng, seen)
    known, unseen = _make(thirds, old, rng, seen), _make(thirds, new, rng, seen)
    templates = {"negated": NEW_NEGATORS}
    negators = _make({"negated": TEST_SIZE // 3}, old, rng, seen, templates=templates)
    return SentenceParts(train, known, unseen, negators)


def _make(counts, words, rng: random.Random, seen: set[str], *, templates=TEMPLATES) -> Sentences:
    """So many sentences of each kind, none of them in `seen`, to which they are added."""
    rows = []
    for kind, count in counts.items():
        made = 0
        while made < count:
            pair = list(_pair(rng.choice(templates[kind]), words, rng))
            if not seen & {text for text, _ in pair}:
                seen |= {text for text, _ in pair}
                rows += [(text, label, kind) for text, label in pair]
                made += 2
    texts, labels, kinds = zip(*rows, strict=True)
    return Sentences(texts, torch.tensor(labels), kinds)


def _pair(template: str, words, rng: random.Random) -> Iterator[tuple[str, int]]:
    """Praise and blame by the same template: `a` has the sign of the label, `b` the other one."""
    noun, good, bad = rng.choice(NOUNS), rng.choice(words[0]), rng.choice(words[1])
    yield template.format(n=noun, a=good, b=bad), 1
    yield template.format(n=noun, a=bad, b=good), 0
