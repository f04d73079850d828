"""Controls, training and random features, against known answers and invariants."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn

from labkit import data, overfit
from labkit.nets.train import accuracy


@pytest.fixture(scope="module")
def digits():
    return data.load_digits()


def same_state(function):
    before = torch.random.get_rng_state()
    result = function()
    assert torch.equal(before, torch.random.get_rng_state())
    return result


# --- labels


def test_random_labels_are_the_same_in_another_order():
    labels = torch.arange(1000) % 10
    drawn = same_state(lambda: overfit.random_labels(labels, 3))
    assert torch.equal(drawn.bincount(), labels.bincount())
    assert torch.equal(drawn, overfit.random_labels(labels, 3))
    assert not torch.equal(drawn, overfit.random_labels(labels, 4))
    assert 0.05 < (drawn == labels).double().mean() < 0.15


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 1.0])
def test_noisy_labels_are_wrong_where_they_changed(share):
    labels = torch.arange(500) % 10
    noisy = same_state(lambda: overfit.noisy_labels(labels, share, seed=1))
    changed = noisy != labels
    assert changed.sum() == round(share * 500) and noisy.min() >= 0 and noisy.max() <= 9
    more = overfit.noisy_labels(labels, min(share + 0.1, 1), seed=1)
    assert torch.equal(noisy[changed], more[changed])


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="0 to 1"):
        overfit.noisy_labels(torch.zeros(3, dtype=torch.long), 20, seed=0)


def test_each_variant_takes_away_what_it_says(digits):
    train, test = ((part.images[:200], part.labels[:200]) for part in digits)
    made = {k: overfit.variant(k, train, test, seed=2) for k in overfit.VARIANTS}
    for kind, (known, asked) in made.items():
        assert torch.equal(asked[1], test[1]) and known[0].shape == train[0].shape
        assert torch.equal(known[1], train[1]) == (kind != "random labels")
    moved, moved_test = (part[0].flatten(1) for part in made["shuffled pixels"])
    rows, back = train[0].flatten(1), moved.sort(1).values
    assert torch.equal(back, rows.sort(1).values)
    sums = (part.sum(0).sort().values for part in (moved, rows))
    torch.testing.assert_close(*sums)  # one order for all
    tests = test[0].flatten(1)
    sums = (part.sum(0).sort().values for part in (moved_test, tests))
    torch.testing.assert_close(*sums)
    each = made["random pixels"][0][0].flatten(1)
    assert torch.equal(each.sort(1).values, rows.sort(1).values)
    assert each.mean(0).std() < 0.3 * rows.mean(0).std()
    noise = made["noise"][0][0]
    assert noise.mean() == pytest.approx(float(rows.mean()), abs=0.01)
    assert noise.std() == pytest.approx(float(rows.std()), abs=0.01)
    assert not torch.equal(noise, made["noise"][1][0])
    with pytest.raises(ValueError, match="must be one of"):
        overfit.variant("rotated", train, test, seed=0)


def test_the_shuffle_of_labels_may_be_ones_own(digits):
    train, test = digits
    (_, labels), _ = overfit.variant(
        "random labels", train, test, seed=0, shuffle=lambda labels, seed: labels.flip(0)
    )
    assert torch.equal(labels, train.labels.flip(0))


# --- training


def test_training_measures_what_evaluate_measures(digits):
    few = digits[0].images[:100], digits[0].labels[:100]
    test = digits[1].images[:200], digits[1].labels[:200]
    net = overfit.mlp(32, seed=1)
    curves = same_state(lambda: overfit.learn(net, few, {"test": test}, epochs=4, seed=1))
    assert list(curves.epochs) == [1, 2, 3, 4] and not net.training
    assert curves.error["training"][-1] == pytest.approx(1 - accuracy(net, few))
    assert curves.error["test"][-1] == pytest.approx(1 - accuracy(net, test))
    assert curves.loss["training"][-1] < curves.loss["training"][0]
    again = overfit.learn(overfit.mlp(32, seed=1), few, {"test": test}, epochs=4, seed=1)
    assert again.loss == curves.loss


def test_training_stops_at_the_first_epoch_without_an_error(digits):
    few = digits[0].images[:60], digits[0].labels[:60]
    curves = overfit.learn(overfit.mlp(64), few, epochs=100, lr=3e-3, until_zero=True)
    errors = curves.error["training"]
    assert len(errors) < 100 and overfit.zero_epoch(errors) == len(errors)


@pytest.mark.parametrize("option", [{"shift": 2}, {"weight_decay": 1.0}])
def test_what_is_said_to_help_changes_the_training(digits, option):
    few = digits[0].images[:100], digits[0].labels[:100]
    plain, other = (
        overfit.learn(overfit.mlp(16), few, epochs=3, **kind).loss["training"]
        for kind in ({}, option)
    )
    assert plain != other


def test_dropout_is_off_when_it_is_measured(digits):
    few = digits[0].images[:50], digits[0].labels[:50]
    net = overfit.mlp(16, dropout=0.5)
    curves = overfit.learn(net, few, epochs=2)
    assert curves.error["training"][-1] == pytest.approx(1 - accuracy(net, few))
    assert [type(layer) for layer in net].count(nn.Dropout) == 1


@pytest.mark.parametrize("width", [0, 2.5])
def test_a_width_must_be_a_number_of_neurons(width):
    with pytest.raises(ValueError, match="whole number"):
        overfit.mlp(width)


def test_the_first_weights_depend_on_the_seed_alone():
    one, same, other = (same_state(lambda s=s: overfit.mlp(4, seed=s)[1].weight) for s in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


# --- fits


@pytest.mark.parametrize("n, count", [(12, 5), (5, 12), (6, 6)])
def test_min_norm_is_numpys_lstsq(n, count):
    features, targets = torch.randn(n, count).double(), torch.randn(n, 3).double()
    want = np.linalg.lstsq(features.numpy(), targets.numpy(), rcond=None)[0]
    torch.testing.assert_close(overfit.min_norm(features, targets), torch.from_numpy(want))


@pytest.mark.parametrize("n, count", [(12, 5), (5, 12)])
def test_ridge_is_scikit_learns_and_ends_in_min_norm(n, count):
    features, targets = torch.randn(n, count).double(), torch.randn(n, 3).double()
    model = Ridge(alpha=0.3, fit_intercept=False).fit(features, targets)
    ours = overfit.ridge_fit(features, targets, 0.3)
    torch.testing.assert_close(ours, torch.from_numpy(model.coef_.T))
    little = overfit.ridge_fit(features, targets, 1e-9)
    torch.testing.assert_close(little, overfit.min_norm(features, targets), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="min_norm"):
        overfit.ridge_fit(features, targets, 0.0)


def test_condition_is_numpys():
    for shape in ((5, 9), (9, 5), (4, 4), (3, 1)):
        features = torch.randn(shape).double()
        assert overfit.condition(features) == pytest.approx(np.linalg.cond(features.numpy()))
    assert overfit.condition(torch.zeros(2, 2)) == float("inf")


def test_more_directions_go_on_where_few_end():
    few, many = (same_state(lambda n=n: overfit.directions(n, seed=5)) for n in (3, 7))
    assert few.shape == (784, 3) and torch.equal(few, many[:, :3])
    assert overfit.directions(500).std() == pytest.approx(0.1, abs=0.003)


def test_targets_are_centred():
    goal = overfit.targets(torch.tensor([2, 0]))
    assert goal[0, 2] == 0.9 and goal[0, 3] == -0.1 and goal.sum(1).abs().max() < 1e-12


# --- descents


@pytest.fixture(scope="module")
def curve(digits):
    return overfit.descent(
        *digits, n=60, sizes=[10, 60, 300], ridges=[0.0, 0.01], noises=[0.0, 0.2], seeds=[0, 1]
    )


@pytest.mark.parametrize("ridge", [0.0, 0.01])
def test_a_descent_is_what_the_single_fits_give(digits, curve, ridge):
    train, test = digits
    chosen = torch.randperm(4000, generator=torch.Generator().manual_seed(1))[:60]
    labels = overfit.noisy_labels(train.labels[chosen], 0.2, seed=1)
    at = overfit.directions(300, seed=2)
    known, asked = (
        overfit.relu_features(overfit.pixels(x), at) for x in (train.images[chosen], test.images)
    )
    goal = overfit.targets(labels)
    fit = overfit.ridge_fit(known, goal, ridge) if ridge else overfit.min_norm(known, goal)
    setting = {"ridge": ridge, "noise": 0.2}
    wrong = ((asked @ fit).argmax(1) != test.labels).double().mean()
    assert curve.at("error", 300, **setting)[1] == pytest.approx(float(wrong), abs=0.002)
    assert curve.at("norm", 300, **setting)[1] == pytest.approx(float(fit.norm()), rel=1e-6)
    loss = (known @ fit - goal).square().sum(1).mean()
    assert curve.at("train_loss", 300, **setting)[1] == pytest.approx(float(loss), abs=1e-7)
    missed = ((known @ fit).argmax(1) != labels).double().mean()
    assert curve.at("train_error", 300, **setting)[1] == pytest.approx(float(missed))
    assert curve.condition[1, 2] == pytest.approx(overfit.condition(known), rel=1e-6)


def test_the_error_peaks_where_features_are_as_many_as_digits(curve):
    at = [curve.at("error", size).mean() for size in curve.sizes]
    assert at[1] > at[0] and at[1] > at[2] + 0.2
    assert (curve.at("train_loss", 60) < 1e-9).all() and (curve.at("train_loss", 10) > 0.1).all()
    assert curve.error.shape == curve.norm.shape == (2, 3, 2, 2)
    with pytest.raises(ValueError):
        curve.at("error", 61)


@pytest.mark.parametrize("bad", [{"ridges": [-1.0]}, {"n": 0}, {"n": 5000}])
def test_a_descent_that_cannot_be_is_refused(digits, bad):
    with pytest.raises(ValueError, match="ridges must be"):
        overfit.descent(*digits, sizes=[10], **bad)
