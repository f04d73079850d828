"""labkit.finetune: what learns and what does not, cached features, a fair score, clear messages."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from labkit import data, finetune
from labkit.finetune import training
from labkit.finetune.table import SIZES
from labkit.nets import models


class Tiny(nn.Sequential):
    """A network with the children of a real one: something, pool, flatten, dropout, logits."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.norm = nn.BatchNorm2d(8)
            self.relu = nn.ReLU()
            self.pool, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
            self.dropout = nn.Dropout(0.5)
            self.logits = nn.Linear(8, 10)


@pytest.fixture
def tiny():
    return Tiny().eval()


@pytest.fixture
def task():
    """Forty pictures: class 1 has more red in it."""
    images = torch.rand(40, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(40) % 2
    images[labels == 1, 0] = images[labels == 1, 0] * 0.5 + 0.5
    return images, labels


def test_only_the_new_layer_learns(tiny):
    before = {k: v.clone() for k, v in tiny.state_dict().items() if "logits" not in k}
    net, again = tiny, copy.deepcopy(tiny)
    weights = finetune.new_last_layer(net, 3)
    learning = [name for name, w in net.named_parameters() if w.requires_grad]
    assert learning == ["logits.weight", "logits.bias"]
    assert [id(w) for w in weights] == [id(net.logits.weight), id(net.logits.bias)]
    assert net.logits.weight.shape == (3, 8) and not net.norm.training
    assert all(torch.equal(net.state_dict()[k], v) for k, v in before.items())
    finetune.new_last_layer(again, 3)
    assert torch.equal(net.logits.weight, again.logits.weight)


def test_impossible_layers_are_said(tiny):
    with pytest.raises(ValueError, match="classes must be 2 or more, a whole number, not 1"):
        finetune.new_last_layer(tiny, 1)
    with pytest.raises(ValueError, match="no linear layer 'logits' to replace"):
        finetune.new_last_layer(nn.Sequential(nn.Linear(2, 2)), 2)


def test_features_are_those_before_the_layer_whatever_the_mode(tiny, task):
    images, _ = task
    want = tiny(images)
    tiny.train()
    state = {k: v.clone() for k, v in tiny.state_dict().items()}
    seen = finetune.features(tiny, images, batch_size=7)
    assert tiny.training and tiny.norm.training and not seen.requires_grad
    assert all(torch.equal(tiny.state_dict()[k], v) for k, v in state.items())
    torch.testing.assert_close(tiny.logits(seen), want, atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="one image at least, not"):
        finetune.features(tiny, images[:0])


def test_the_layer_is_a_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(2, 3, (60, 4)).astype(np.float32)
    y = (x[:, 0] + rng.normal(0, 2, 60) > 2).astype(int) + (x[:, 1] > 5)
    layer = finetune.fit_layer(nn.Linear(4, 3), torch.tensor(x), torch.tensor(y), decay=0.1)
    scaled = (x - x.mean(0)) / x.std(0)
    oracle = LogisticRegression(C=1 / (0.1 * 60), tol=1e-8, max_iter=500).fit(scaled, y)
    got = layer(torch.tensor(x)).softmax(1).detach().numpy()
    np.testing.assert_allclose(got, oracle.predict_proba(scaled), atol=5e-3)


def test_a_layer_needs_images_of_every_class():
    with pytest.raises(ValueError, match="needs images of each, 0 to 1; there are images of .1."):
        finetune.fit_layer(nn.Linear(2, 2), torch.rand(3, 2), torch.tensor([1, 1, 1]))
    with pytest.raises(ValueError, match="2 labels for 3 images"):
        finetune.fit_layer(nn.Linear(2, 2), torch.rand(3, 2), torch.tensor([0, 1]))


def test_fine_tuning_moves_everything_and_learns(tiny, task):
    net = copy.deepcopy(tiny)
    finetune.new_last_layer(net, 2)
    torch.manual_seed(4)
    state = torch.get_rng_state()
    finetune.fine_tune(net, task, epochs=25, lr=1e-3, layer_lr=1e-2)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(net.conv.weight, tiny.conv.weight)
    assert torch.equal(net.norm.running_mean, tiny.norm.running_mean)
    assert not net.training and not any(w.requires_grad for w in net.parameters())
    said = finetune.predict(net, task[0]).argmax(1)
    assert (said == task[1]).float().mean() > 0.9


def test_rates_are_for_the_new_layer_and_the_rest(tiny):
    new, old = finetune.rates(tiny, lr=1e-4, layer_lr=1e-2)
    assert [id(w) for w in new["params"]] == [id(w) for w in tiny.logits.parameters()]
    assert len(new["params"]) + len(old["params"]) == len(list(tiny.parameters()))


def test_half_of_the_images_come_mirrored_and_none_else_changes():
    images = torch.rand(400, 1, 2, 3)
    got = finetune.mirror_some(images, torch.Generator().manual_seed(5))
    turned = (got == images.flip(3)).flatten(1).all(1)
    kept = (got == images).flatten(1).all(1)
    assert (turned ^ kept).all() and 150 < turned.sum() < 250


def test_training_mirrors_only_if_asked(tiny, task, monkeypatch):
    asked = []
    monkeypatch.setattr(training, "mirror_some", lambda x, _: asked.append(1) or x)
    for mirror in (False, True):
        net = copy.deepcopy(tiny)
        finetune.new_last_layer(net, 2)
        finetune.fine_tune(net, task, epochs=1, mirror=mirror)
        finetune.from_scratch(task, classes=2, steps=2, mirror=mirror)
        assert bool(asked) == mirror


def test_from_scratch_learns_and_depends_on_the_seed_alone(task):
    state = torch.get_rng_state()
    nets = [finetune.from_scratch(task, classes=2, steps=90, seed=s) for s in (0, 0, 1)]
    assert torch.equal(state, torch.get_rng_state())
    large = finetune.from_scratch(task, classes=2, steps=1, side=128)
    assert large.shrink(task[0]).shape[-1] == 128 and large.logits.in_features == 64 * 16
    weights = [net.conv1.weight for net in nets]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    said = finetune.predict(nets[0], task[0]).argmax(1)
    assert (said == task[1]).float().mean() > 0.9


def test_balanced_accuracy_cannot_be_had_by_always_saying_one():
    labels = torch.tensor([0] * 39 + [1] * 168)
    assert finetune.balanced_accuracy(torch.ones(207), labels) == 0.5
    assert finetune.balanced_accuracy(labels, labels) == 1
    said = torch.tensor([0, 2, 2, 0])
    assert finetune.balanced_accuracy(said, torch.tensor([0, 0, 2, 2])) == 0.5


def test_split_keeps_shares_and_says_what_is_too_little():
    labels = torch.tensor([0] * 39 + [1] * 168)
    known, unknown = finetune.split(labels, seed=1)
    assert not set(known.tolist()) & set(unknown.tolist()) and len(known) + len(unknown) == 207
    assert labels[unknown].bincount().tolist() == [12, 50]
    with pytest.raises(ValueError, match="only 1 class among 5 images"):
        finetune.split(torch.zeros(5, dtype=torch.long))
    with pytest.raises(ValueError, match=r"two images or more.*\[1, 4\]"):
        finetune.split(torch.tensor([0, 1, 1, 1, 1]))


# --- what ships ---


def test_cached_features_are_the_networks_own():
    cars = data.load_cars("test", n=4, seed=3)
    cached = finetune.car_features(cars)
    assert cached.shape == (4, 1280) and cached.dtype == torch.float32
    fresh = finetune.features(models.load_pretrained(), cars.images)
    torch.testing.assert_close(cached, fresh, atol=0.02, rtol=0.02)


def test_mirrored_features_are_those_of_mirrored_training_cars():
    cars = data.load_cars("train", n=4, seed=3)
    cached = finetune.car_features(cars, mirrored=True)
    fresh = finetune.features(models.load_pretrained(), cars.images.flip(3))
    torch.testing.assert_close(cached, fresh, atol=0.02, rtol=0.02)
    with pytest.raises(ValueError, match="no features of 2 of these cars ship"):
        finetune.car_features(data.load_cars("test", n=2), mirrored=True)


def test_the_table_says_what_the_lab_says():
    table = finetune.load_table()
    assert set(table["from scratch"]) == set(SIZES)
    assert {30} <= set(table["everything fine-tuned"])
    for by_size in table.values():
        assert all(0.45 < a < 1 for accuracies in by_size.values() for a in accuracies.tolist())
    assert table["everything fine-tuned"][30].mean() > table["from scratch"][30].mean() + 0.1
    assert table["from scratch, 128 pixels"][30].mean() > table["from scratch"][30].mean() + 0.08


def test_a_row_of_the_table_measured_again():
    train, test = data.load_cars("train"), data.load_cars("test")
    again = finetune.measure("from scratch", 10, 0, train, test)
    assert abs(again - float(finetune.load_table()["from scratch"][10][0])) < 0.08
