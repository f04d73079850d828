"""Checks of lab 05: solutions pass, usual mistakes are named."""

import pytest
import torch
from torch import nn

from labkit.checks import CheckFailed
from labkit.checks import lab05 as check


def new_last_layer(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(net.logits.in_features, classes)
    return list(net.logits.parameters())


def cached_features(body, images):
    training = body.training
    body.eval()
    with torch.no_grad():
        parts = [body(some) for some in images.split(16)]
    body.train(training)
    return torch.cat(parts)


def balanced_accuracy(said, labels):
    return torch.stack([(said[labels == k] == k).float().mean() for k in labels.unique()]).mean()


@pytest.mark.parametrize("name", ["new_last_layer", "cached_features", "balanced_accuracy"])
def test_the_solution_passes(name, capsys):
    getattr(check, name)(globals()[name])
    assert f"✓ {name} is right" in capsys.readouterr().out


def test_other_right_ways_pass():
    def by_loop(net, classes):
        for weight in net.parameters():
            weight.requires_grad = False
        net.logits = nn.Linear(net.logits.in_features, classes)
        return [w for w in net.parameters() if w.requires_grad]

    check.new_last_layer(by_loop)
    check.new_last_layer(lambda net, k: iter(new_last_layer(net, k)))
    check.balanced_accuracy(lambda s, y: float(balanced_accuracy(s, y)))


def not_frozen(net, classes):
    net.logits = nn.Linear(net.logits.in_features, classes)
    return list(net.logits.parameters())


def frozen_last(net, classes):
    net.logits = nn.Linear(net.logits.in_features, classes)
    net.requires_grad_(False)
    return list(net.logits.parameters())


def wrong_inputs(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(1280, classes)
    return list(net.logits.parameters())


def everything(net, classes):
    new_last_layer(net, classes)
    return list(net.parameters())


def pairs(net, classes):
    new_last_layer(net, classes)
    return list(net.logits.named_parameters())


def reset(net, classes):
    net[0][0].reset_parameters()
    return new_last_layer(net, classes)


def without_bias(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(net.logits.in_features, classes, bias=False)
    return list(net.logits.parameters())


def not_a_number(net, classes):
    weights = new_last_layer(net, classes)
    weights[0].data.fill_(float("nan"))
    return weights


def in_double(net, classes):
    new_last_layer(net, classes)
    return list(net.logits.double().parameters())


def body_by_name(net, classes):
    net.body.requires_grad_(False)
    net.logits = nn.Linear(net.logits.in_features, classes)
    return list(net.logits.parameters())


@pytest.mark.parametrize(
    "answer, message",
    [
        (not_frozen, "nothing is frozen"),
        (frozen_last, "The new layer is frozen too"),
        (lambda net, k: new_last_layer(net, k + 1), "one output a class"),
        (wrong_inputs, "takes 1280 numbers, but"),
        (everything, "of which 2 can learn"),
        (pairs, "named_parameters gives pairs"),
        (reset, "not those that came in"),
        (lambda net, k: list(net.logits.parameters()), "still the old layer"),
        (lambda net, k: new_last_layer(net, k)[:1], "its weight and its bias"),
        (lambda net, k: new_last_layer(net, k) and None, "should return the list"),
        (without_bias, "has no bias"),
        (not_a_number, "not finite"),
        (in_double, "float64, the rest of the network in torch.float32"),
        (body_by_name, "body"),
    ],
)
def test_mistakes_of_new_last_layer(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.new_last_layer(answer)


def in_its_mode(body, images):
    with torch.no_grad():
        return torch.cat([body(some) for some in images.split(16)])


def with_graph(body, images):
    training = body.training
    body.eval()
    parts = [body(some) for some in images.split(16)]
    body.train(training)
    return torch.cat(parts)


def left_in_eval(body, images):
    body.eval()
    return in_its_mode(body, images)


def at_once(body, images):
    training = body.training
    with torch.no_grad():
        found = body.eval()(images)
    body.train(training)
    return found


def last_batch(body, images):
    training = body.training
    body.eval()
    for some in images.split(16):
        with torch.no_grad():
            found = body(some)
    body.train(training)
    return found


@pytest.mark.parametrize(
    "answer, message",
    [
        (in_its_mode, r"Call .eval\(\) first"),
        (with_graph, "still hang on the network's graph"),
        (left_in_eval, "came in train mode and is left in eval mode"),
        (last_batch, "only the last batch is left"),
        (at_once, "33 images at once"),
        (lambda b, x: cached_features(b, x).mean(0), "each keeps its own row"),
        (lambda b, x: cached_features(b, x)[:1], "only the first image"),
    ],
)
def test_mistakes_of_cached_features(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.cached_features(answer)


def precision(said, labels):
    return torch.stack([(labels[said == k] == k).float().mean() for k in said.unique()]).mean()


def counting_absent(said, labels):
    classes = range(int(max(said.max(), labels.max())) + 1)
    shares = [
        (said[labels == k] == k).float().mean() if (labels == k).any() else torch.tensor(0.0)
        for k in classes
    ]
    return torch.stack(shares).mean()


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda s, y: (s == y).float().mean(), "plain accuracy"),
        (precision, "how often a class is said"),
        (lambda s, y: 100 * balanced_accuracy(s, y), "in percent"),
        (lambda s, y: 1 - balanced_accuracy(s, y) * (1 + 1e-3), "share that is wrong|should be"),
        (counting_absent, "counts as 0 here"),
        (
            lambda s, y: torch.stack([(s[y == k] == k).float().mean() for k in y.unique()]),
            "the mean over them",
        ),
    ],
)
def test_mistakes_of_balanced_accuracy(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.balanced_accuracy(answer)
