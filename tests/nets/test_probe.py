"""The probe: logistic regression on a layer's features, against scikit-learn and by hand."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from labkit import explain
from labkit.nets.folding import folded
from labkit.nets.probe import Probe, Together, logistic_regression


@pytest.fixture
def backbone():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential()
        model.add_module("first", nn.Conv2d(3, 5, 3, padding=1))
        model.add_module("second", nn.Conv2d(5, 4, 3, padding=1))
    return model.eval().requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(24, 3, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels(images):
    return (images[:, 0].mean((1, 2)) > images[:, 0].mean()).long()


@pytest.mark.parametrize("C", [0.01, 0.1, 10.0])
def test_weights_equal_scikit_learns(C):
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(30, 7, generator=generator)
    y = (x[:, 0] + torch.randn(30, generator=generator) > 0).long()
    weights, bias = logistic_regression(x, y, C=C)
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=5000).fit(x.numpy(), y.numpy())
    assert torch.allclose(weights.double(), torch.as_tensor(theirs.coef_[0]).double(), atol=1e-3)
    assert bias.item() == pytest.approx(theirs.intercept_[0], abs=1e-3)


def test_features_are_channel_means_of_the_layer(backbone, images):
    want = backbone.first(images).mean((2, 3))
    assert torch.allclose(Probe(backbone, "first").features(images), want, atol=1e-6)
    assert Probe(backbone, "second", grid=3).features(images).shape == (24, 36)


def test_logits_are_opposite_and_separate_the_classes(backbone, images, labels):
    probe = Probe(backbone, "first").fit(images, labels, C=100.0)
    logits = probe(images)
    assert logits.shape == (24, 2) and torch.allclose(logits.sum(1), torch.zeros(24), atol=1e-5)
    assert (probe.predict(images) == labels).float().mean() > 0.85
    assert torch.allclose(probe.answer(probe.features(images)), logits, atol=1e-5)


def test_every_explanation_applies(backbone, images, labels):
    probe = Probe(backbone, "first").fit(images, labels)
    some = images[:2]
    for heat in (
        explain.gradient(probe, some, 1),
        explain.grad_cam(probe, some, 1, layer="first"),
        explain.occlusion(probe, some, 1, patch=4, stride=4),
        explain.lime(probe, some, 1, samples=40),
    ):
        assert heat.shape == (2, 12, 12) and heat.isfinite().all()


def test_the_backbone_and_the_seed_are_left_alone(backbone, images, labels):
    before, state = torch.random.get_rng_state(), backbone.first.weight.clone()
    first = Probe(backbone, "first").fit(images, labels)
    again = Probe(backbone, "first").fit(images, labels)
    assert torch.equal(first(images), again(images))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(state, backbone.first.weight)


def test_before_fit_all_logits_are_zero(backbone, images):
    assert not Probe(backbone, "first")(images).any()


def test_a_channel_that_never_changes_does_no_harm(backbone, images, labels):
    features = torch.cat([Probe(backbone, "first").features(images), torch.ones(24, 1)], 1)
    probe = Probe(backbone, "first").fit_features(features, labels)
    assert probe.answer(features).isfinite().all()


def test_mistakes_are_named(backbone, images, labels):
    with pytest.raises(ValueError, match="no layer"):
        Probe(backbone, "third")
    with pytest.raises(ValueError, match="grid must be 1 or more"):
        Probe(backbone, "first", grid=0)
    with pytest.raises(ValueError, match="both must occur"):
        Probe(backbone, "first").fit(images, torch.zeros(24, dtype=torch.int64))
    with pytest.raises(ValueError, match="C must be more than 0"):
        Probe(backbone, "first").fit(images, labels, C=0)


def test_probes_together_answer_as_each_alone(backbone, images, labels):
    one, two = Probe(backbone, "first"), Probe(backbone, "first")
    one.fit(images, labels), two.fit(images, 1 - labels)
    both = Together([one, two])
    want = torch.cat([one(images), two(images)], 1)
    assert torch.allclose(both(images), want, atol=1e-5)
    assert torch.allclose(folded(both)(images), want, atol=1e-4)
