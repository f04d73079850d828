"""LIME over several cuts: pairs, passes paid, and a region that is the only reason."""

import pytest
import torch
from explaining import Linear
from torch import nn

from labkit import explain
from labkit.explain import cuts
from labkit.explain.score import average_precision


class Corner(nn.Module):
    """One output: how far a region of the image is from grey; counts the images that it sees."""

    def __init__(self, region):
        super().__init__()
        self.region, self.seen = region, 0

    def forward(self, images):
        self.seen += len(images)
        return ((images - 0.5).abs().mean(1) * self.region).sum((1, 2))[:, None]


@pytest.fixture
def images():
    """Two images of 48 pixels with coloured squares of 8 pixels."""
    squares = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(3)).round()
    return squares.repeat_interleave(8, 2).repeat_interleave(8, 3)


def test_each_superpixel_is_hidden_as_often_as_shown():
    on = cuts.complementary(65, 7, seed=1)
    assert on.shape == (64, 7) and torch.equal(on[32:], ~on[:32])
    assert on.float().mean(0).tolist() == [0.5] * 7
    assert not torch.equal(on, cuts.complementary(64, 7, seed=2))


@pytest.mark.parametrize(
    "samples, kept", [(256, [12, 20, 30]), (64, [12, 20]), (40, [12]), (93, [12, 20, 30])]
)
def test_the_finest_cuts_are_left_out_where_samples_are_few(samples, kept):
    assert cuts.affordable((30, 12, 20), samples) == kept


def test_too_few_samples_are_refused(images):
    with pytest.raises(ValueError, match="12 samples for cuts into .12, 20. superpixels"):
        explain.lime_cuts(Linear((3, 48, 48)), images, 0, samples=12, counts=(12, 20))


def test_a_region_that_is_the_only_reason_is_found_within_the_budget(images):
    region = torch.zeros(48, 48)
    region[:24, 24:] = 1
    model = Corner(region)
    heat = explain.lime_cuts(model, images, 0, samples=100)
    assert model.seen == 2 * 100  # two cuts, twenty-five pairs each
    chance = region.mean()
    assert average_precision(heat, region.expand(2, -1, -1)).min() > 0.9 > 3 * chance
    assert heat.mean((1, 2)).abs().max() < 1e-5  # standardized, so their mean is 0, too


def test_seed_and_place_in_the_batch_decide(images):
    model = Linear((3, 48, 48))
    first = explain.lime_cuts(model, images, 0, samples=64, seed=1)
    assert torch.equal(first, explain.lime_cuts(model, images, 0, samples=64, seed=1))
    assert not torch.equal(first, explain.lime_cuts(model, images, 0, samples=64, seed=2))
    assert torch.allclose(first[:1], explain.lime_cuts(model, images[:1], 0, samples=64, seed=1))
