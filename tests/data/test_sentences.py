"""The made sentences: balanced, no test word in training, pairs of the same words."""

import pytest
import torch

from labkit import data
from labkit.data import sentences as module
from labkit.words.text import tokenize


@pytest.fixture(scope="module")
def parts():
    return data.load_sentences(seed=1)


def words_of(part):
    return {word for text in part.texts for word in text.split()}


def test_sizes_and_balance(parts):
    assert [len(p.texts) for p in parts] == [1000, 600, 600, 200]
    for part in parts:
        assert len(part.texts) == len(part.labels) == len(part.kinds)
        for kind in set(part.kinds):
            labels = part.labels[part.is_kind(kind)]
            assert labels.float().mean() == 0.5
    assert [int(parts.train.is_kind(k).sum()) for k in module.KINDS] == [500, 250, 250]
    assert [int(parts.unseen.is_kind(k).sum()) for k in module.KINDS] == [200, 200, 200]


def test_test_words_never_occur_in_training(parts):
    adjectives = {*module.POSITIVE, *module.NEGATIVE}
    trained, tested = words_of(parts.train), words_of(parts.unseen)
    assert not adjectives & trained & tested
    assert words_of(parts.known) & adjectives <= adjectives - tested
    assert not words_of(parts.negators) & tested & adjectives


def test_no_sentence_comes_twice(parts):
    texts = [text for part in parts for text in part.texts]
    assert len(set(texts)) == len(texts)


def test_labels_follow_people_and_negation(parts):
    rated = data.load_rated_words()
    people = dict(zip(rated.words, (rated.mean > 0).tolist(), strict=True))
    for text, label, kind in zip(*parts.known, strict=True):
        signs = {people[w] for w in text.split() if w in {*module.POSITIVE, *module.NEGATIVE}}
        if kind != "corrected":
            assert signs == {bool(label) == (kind == "plain")}, text
        else:
            assert signs == {True, False}, text


def test_corrected_sentences_come_in_pairs_of_the_same_words(parts):
    rows = parts.unseen.is_kind("corrected").nonzero().flatten().tolist()
    for one, two in zip(rows[::2], rows[1::2], strict=True):
        assert sorted(parts.unseen.texts[one].split()) == sorted(parts.unseen.texts[two].split())
        assert parts.unseen.labels[[one, two]].tolist() == [1, 0]


def test_adjectives_are_rated_clearly_and_have_vectors():
    rated, vectors = data.load_rated_words(), data.load_word_vectors()
    means = dict(zip(rated.words, rated.mean.tolist(), strict=True))
    assert all(means[w] > 0.9 for w in module.POSITIVE)
    assert all(means[w] < -0.9 for w in module.NEGATIVE)
    assert not set(module.POSITIVE) & set(module.NEGATIVE)
    others = {w for text in data.load_sentences().train.texts for w in tokenize(text)}
    assert {w for w in others if w not in vectors} <= {","}


def test_the_seed_decides_and_the_global_one_is_left_alone():
    import random

    before = random.getstate(), torch.get_rng_state()
    one, two = data.load_sentences(seed=5), data.load_sentences(seed=5)
    assert one.train.texts == two.train.texts
    assert one.train.texts != data.load_sentences(seed=6).train.texts
    assert random.getstate() == before[0] and torch.equal(torch.get_rng_state(), before[1])


def test_sizes_that_do_not_split_are_refused():
    for size in (0, 12, 9000, -8):
        with pytest.raises(ValueError, match="multiple of 8"):
            data.load_sentences(train_size=size)
    for size in ("8", 8.0, True):
        with pytest.raises(TypeError, match="number of sentences"):
            data.load_sentences(train_size=size)
