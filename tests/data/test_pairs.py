"""Pairs, triplets and batches: what they promise, by seed, and faster than the network."""

import time

import pytest
import torch

from labkit import data, siamese

LABELS = torch.tensor([5, 2, 2, 9, 5, 2, 9, 9, 9, 5, 5, 2, 0, 0])


def test_pairs_are_half_same_and_never_twice_the_same_image():
    first, second, same = data.make_pairs(LABELS, count=4001, seed=1)
    assert torch.equal(LABELS[first] == LABELS[second], same)
    assert abs(int(same.sum()) - 2000) <= 1
    assert not (first == second).any()
    assert same[:100].float().mean() not in (0.0, 1.0)  # in mixed order


def test_pairs_reach_every_image_and_every_partner_evenly():
    first, second, same = data.make_pairs(LABELS, count=60_000, seed=2)
    assert (first.bincount() / 60_000 - 1 / 14).abs().max() < 0.01
    mates = second[same & (first == 1)]  # image 1 is a 2; the others are 2, 5 and 11
    assert set(mates.tolist()) == {2, 5, 11}
    assert (mates.bincount()[[2, 5, 11]] / len(mates) - 1 / 3).abs().max() < 0.05
    others = second[~same & (first == 1)].bincount(minlength=14) / (~same & (first == 1)).sum()
    assert (others[LABELS != 2] - 0.1).abs().max() < 0.03 and others[LABELS == 2].sum() == 0


def test_triplets_are_what_they_say():
    anchor, positive, negative = data.make_triplets(LABELS, count=3000, seed=3)
    assert (LABELS[anchor] == LABELS[positive]).all() and (anchor != positive).all()
    assert (LABELS[anchor] != LABELS[negative]).all()


@pytest.mark.parametrize("draw", [data.make_pairs, data.make_triplets])
def test_seed_decides_and_the_global_state_stays(draw):
    before = torch.random.get_rng_state()
    one, same, other = (draw(LABELS, count=50, seed=seed) for seed in (4, 4, 5))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert torch.equal(before, torch.random.get_rng_state())


def test_balanced_batches():
    batches = list(data.balanced_batches(LABELS, steps=30, classes=3, per_class=2, seed=6))
    assert len(batches) == 30
    for rows in batches:
        kinds = LABELS[rows].view(3, 2)
        assert (kinds[:, :1] == kinds).all() and len(kinds[:, 0].unique()) == 3
        assert len(rows.unique()) == 6
    assert set(torch.cat(batches).tolist()) == set(range(14))
    again = list(data.balanced_batches(LABELS, steps=30, classes=3, per_class=2, seed=6))
    assert all(torch.equal(a, b) for a, b in zip(batches, again, strict=True))


def test_fewer_classes_than_asked_for_are_all_taken():
    (rows,) = data.balanced_batches(LABELS, steps=1, classes=10, per_class=2)
    assert set(LABELS[rows].tolist()) == {0, 2, 5, 9}


@pytest.mark.parametrize(
    "labels, message",
    [
        (torch.zeros(5, dtype=torch.long), "all images have the label 0"),
        (torch.tensor([1, 1, 4]), "a single image of class 4"),
        (torch.zeros(0, dtype=torch.long), "the set is empty"),
        (torch.zeros(4), "whole numbers"),
        (torch.zeros(4, 2, dtype=torch.long), "whole numbers"),
    ],
)
def test_sets_without_pairs(labels, message):
    for draw in (data.make_pairs, data.make_triplets):
        with pytest.raises(ValueError, match=message):
            draw(labels, count=3)
    with pytest.raises(ValueError, match=message):
        data.balanced_batches(labels, steps=1, per_class=2)


def test_other_mistakes():
    with pytest.raises(TypeError, match="a tensor"):
        data.make_pairs([0, 0, 1, 1], count=3)
    with pytest.raises(ValueError, match="count must be"):
        data.make_pairs(LABELS, count=0)
    with pytest.raises(ValueError, match="class 0 has 2 images, a batch needs 3"):
        data.balanced_batches(LABELS, steps=1, per_class=3)
    with pytest.raises(ValueError, match="per_class must be"):
        data.balanced_batches(LABELS, steps=1, per_class=1)


def test_drawing_costs_less_than_the_network():
    """A batch's rows and images against one step of the smallest net, by CPU time."""
    train, _ = data.load_digits()
    net = siamese.EmbeddingNet(dim=2)
    siamese.embed(net, train.images[:100])

    def cpu(run):
        start = time.process_time()
        for _ in range(20):
            run()
        return time.process_time() - start

    def step():
        siamese.batch_hard(net(train.images[:100]), train.labels[:100]).backward()

    step()
    network = cpu(step)
    batches = data.balanced_batches(train.labels, steps=1000)
    assert cpu(lambda: train.images[next(batches)]) < network / 2
    assert cpu(lambda: data.make_pairs(train.labels, count=1000)) < network / 2
    assert cpu(lambda: data.make_triplets(train.labels, count=1000)) < network / 2


def test_split_classes():
    images = torch.arange(14.0).view(14, 1, 1, 1)
    rest, out = data.split_classes(data.Labelled(images, LABELS), held_out=[9, 0])
    assert set(rest.labels.tolist()) == {2, 5} and set(out.labels.tolist()) == {0, 9}
    assert torch.equal(LABELS[out.images.flatten().long()], out.labels)
    refused = [([3], r"no images of class \[3\]"), ([], "some of"), ([0, 2, 5, 9], "some of")]
    for wrong, message in refused:
        with pytest.raises(ValueError, match=message):
            data.split_classes(data.Labelled(images, LABELS), held_out=wrong)
