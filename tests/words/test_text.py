"""Words, padding, the mean without it, the sentiment network, freezing."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit.data.words import WordVectors
from labkit.nets import train
from labkit.words import models_text, text


@pytest.fixture
def table():
    return torch.randn(12, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def ids():
    return torch.tensor([[3, 8, 1, 2], [5, 0, 0, 0], [7, 7, 0, 0]])


# --- words


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("It isn't good.", "it is not good ."),
        ("Don\u2019t!", "do not !"),
        ("it's the 21st century's best", "it 's the 21st century 's best"),
        ("well-made, caf\xe9", "well - made , caf\xe9"),
        ("  \n ", ""),
    ],
)
def test_tokenize(sentence, words):
    assert text.tokenize(sentence) == words.split()


def test_tokenize_wants_a_string():
    with pytest.raises(TypeError, match="a sentence is a string, not int"):
        text.tokenize(3)


def test_encode_pads_and_marks_unknown_words():
    vocabulary = text.Vocabulary(["good", "film", "good"])
    assert len(vocabulary) == 4 and vocabulary.words == ("good", "film")
    ids = vocabulary.encode(["Good film", "a good good film"])
    assert ids.tolist() == [[2, 3, 0, 0], [1, 2, 2, 3]]
    assert text.lengths(ids).tolist() == [2, 4]
    assert vocabulary.unknown(["a film", "a zzz"]) == ["a", "zzz"]
    assert vocabulary.encode(["good film film"], longest=2).tolist() == [[2, 3]]


def test_encode_refuses_what_cannot_be_read():
    vocabulary = text.Vocabulary.of(["a good film"])
    assert vocabulary.words == ("a", "film", "good")
    with pytest.raises(ValueError, match="sentence 1 is empty"):
        vocabulary.encode(["good", "  "])
    with pytest.raises(ValueError, match="no sentence"):
        vocabulary.encode([])
    with pytest.raises(TypeError, match="list of sentences"):
        vocabulary.encode("good film")


def test_table_has_zeros_for_padding_and_for_words_without_vector():
    vectors = WordVectors(["good"], torch.ones(1, 3))
    table = text.Vocabulary(["zzz", "good"]).table(vectors)
    assert table.tolist() == [[0] * 3, [0] * 3, [0] * 3, [1] * 3]
    assert text.Vocabulary(["zzz"]).table(vectors).abs().sum() == 0


def test_mean_vectors_against_a_loop(table, ids):
    for row, mean in zip(ids, text.mean_vectors(table, ids), strict=True):
        assert torch.allclose(mean, table[row[row != 0]].mean(0), atol=1e-6)
    assert text.mean_vectors(table, torch.zeros(1, 3, dtype=torch.long)).abs().sum() == 0


def test_last_states_by_hand():
    outputs = torch.arange(12.0).view(2, 3, 2)
    assert text.last_states(outputs, torch.tensor([1, 3])).tolist() == [[0, 1], [10, 11]]


# --- the network


def test_rnn_equals_reading_each_sentence_alone(table, ids):
    net = models_text.SentimentRNN(table, hidden=5)
    for row, logits in zip(ids, net(ids), strict=True):
        words = table[row[row != 0]][None]
        alone = net.logits(net.gru(words)[0][0, -1])
        assert torch.allclose(alone, logits, atol=1e-6)


def test_padding_makes_no_difference(table, ids):
    net = models_text.SentimentRNN(table)
    wider = F.pad(ids, (0, 7))
    assert torch.allclose(net(ids), net(wider), atol=1e-6)
    order = torch.tensor([2, 0, 1])
    assert torch.allclose(net(ids)[order], net(ids[order]), atol=1e-6)


def test_read_ends_where_forward_does(table, ids):
    net = models_text.SentimentRNN(table)
    said = net.read(table[ids[0]])
    assert said.shape == (4, 2) and torch.allclose(said[-1], net(ids)[0], atol=1e-6)


def test_an_empty_sentence_is_refused(table):
    net = models_text.SentimentRNN(table)
    for empty in (torch.tensor([[3, 4], [0, 0]]), torch.zeros(0, 4, dtype=torch.long)):
        with pytest.raises(ValueError, match="no word in it"):
            net(empty)


def test_same_seed_same_weights_and_global_seed_left_alone(table):
    before = torch.get_rng_state()
    for kind in (models_text.SentimentRNN, models_text.WordClassifier):
        one, two, other = kind(table, seed=1), kind(table, seed=1), kind(table, seed=2)
        assert torch.equal(one.logits.weight, two.logits.weight)
        assert not torch.equal(one.logits.weight, other.logits.weight)
        assert one.embedding.weight.data_ptr() != table.data_ptr()
    assert torch.equal(before, torch.get_rng_state())


# --- freezing


@pytest.mark.parametrize("frozen", [True, False])
def test_only_a_free_table_travels_and_only_its_training_rows(table, ids, frozen):
    net = models_text.SentimentRNN(table, freeze=frozen)
    start, data = copy.deepcopy(net), (ids, torch.tensor([0, 1, 1]))
    train.fit(net, data, data, epochs=3, progress=False)
    ways = models_text.travelled(net, start)
    assert list(ways) == ["embedding", "gru", "logits"]
    assert (ways["embedding"] == 0) == frozen and ways["gru"] > 0 and ways["logits"] > 0
    moved = (net.embedding.weight != table).any(1).nonzero().flatten().tolist()
    assert moved == ([] if frozen else [1, 2, 3, 5, 7, 8])


def test_travelled_by_hand():
    start = models_text.WordClassifier(torch.tensor([[3.0, 4.0]]))
    net = copy.deepcopy(start)
    net.embedding.weight.data += torch.tensor([[0.0, 1.0]])
    assert models_text.travelled(net, start) == pytest.approx({"embedding": 0.2, "logits": 0})
    assert models_text.travelled(nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU())) == {"0": 0}


def test_freeze_keeps_the_rest(table):
    net = models_text.SentimentRNN(table, freeze=False)
    left = models_text.freeze(net, "embedding", "logits")
    assert {id(p) for p in left} == {id(p) for p in net.gru.parameters()}
    with pytest.raises(AttributeError):
        models_text.freeze(net, "nose")


def test_nearest_rows_are_the_nearest_words():
    vectors = torch.randn(30, 6, generator=torch.Generator().manual_seed(0))
    table = WordVectors([str(i) for i in range(30)], vectors)
    near = [int(word) for word, _ in table.nearest("4", k=5)]
    assert text.nearest_rows(vectors, 4, 5).tolist() == near


def length(texts):
    return torch.tensor([float(len(one)) for one in texts])


def test_group_gaps_by_hand_and_every_name_at_every_place():
    letters, groups = ["a GROUP", "GROUP or GROUP"], ["ox", "cat", "horse"]
    want = [[4, 8], [5, 10], [7, 14]]
    assert text.scores_by_group(length, letters, groups).tolist() == want
    gaps = text.group_gaps(length, letters, groups)
    assert gaps.tolist() == [-2, -0.5, 2.5] and letters[0] == "a GROUP"
    assert text.group_gaps(length, letters, groups[:1]).tolist() == [0]


def test_a_letter_without_a_place_for_the_name_is_refused():
    with pytest.raises(ValueError, match="needs the word GROUP"):
        text.group_gaps(length, ["a GROUP", "a group"], ["ox"])
