"""Fréchet distance against hand-computed Gaussians and scipy's matrix root; coverage, nearest."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from labkit.gan import frechet
from labkit.gan.frechet import Gaussian
from labkit.nets.models import LeNet


def random_gaussian(dim, seed, rank=None):
    random = np.random.default_rng(seed)
    half = random.normal(size=(dim, rank or dim))
    return Gaussian(torch.tensor(random.normal(size=dim)), torch.tensor(half @ half.T))


def by_scipy(a, b):
    root = sqrtm(a.covariance.numpy() @ b.covariance.numpy())
    spread = a.covariance.trace() + b.covariance.trace() - 2 * np.trace(root).real
    return float((a.mean - b.mean).square().sum() + spread)


@pytest.mark.parametrize("dim", [1, 2, 5, 20])
def test_distance_is_scipys(dim):
    a, b = random_gaussian(dim, 1), random_gaussian(dim, 2)
    assert frechet.distance(a, b) == pytest.approx(by_scipy(a, b), rel=1e-6)
    assert frechet.distance(a, b) == pytest.approx(frechet.distance(b, a), rel=1e-9)


def test_distance_by_hand():
    def gauss(mean, *sds):
        return Gaussian(torch.tensor(mean).double(), torch.diag(torch.tensor(sds).double() ** 2))

    assert frechet.distance(gauss([0.0], 2.0), gauss([0.0], 5.0)) == pytest.approx(9)
    assert frechet.distance(gauss([1.0, 2], 1, 3), gauss([4.0, 6], 1, 3)) == pytest.approx(25)
    assert frechet.distance(gauss([0.0, 0], 1, 2), gauss([1.0, 0], 3, 2)) == pytest.approx(1 + 4)


def test_the_same_gaussian_is_at_distance_zero_even_when_singular():
    for rank in (3, 8):
        a = random_gaussian(8, 0, rank)
        assert frechet.distance(a, a) == pytest.approx(0, abs=1e-5)
    flat = Gaussian(torch.zeros(3).double(), torch.zeros(3, 3).double())
    b = random_gaussian(3, 0)
    expected = b.mean.square().sum() + b.covariance.trace()
    assert frechet.distance(flat, b) == pytest.approx(expected.item())


def test_mean_and_covariance_are_numpys():
    x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    got = frechet.gaussian(x)
    assert np.allclose(got.mean, x.double().mean(0))
    assert np.allclose(got.covariance, np.cov(x.double().numpy().T))
    assert frechet.gaussian(x[:, :1]).covariance.shape == (1, 1)


def test_features_are_the_penultimate_layer():
    judge, images = LeNet(seed=0), torch.rand(7, 1, 28, 28)
    got = frechet.features(judge, images, batch_size=3)
    assert got.shape == (7, 84) and not got.requires_grad
    assert torch.allclose(judge.logits(got), judge(images), atol=1e-5)


def test_frechet_grows_with_the_damage():
    judge = LeNet(seed=0)
    images = torch.rand(200, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    others = torch.rand(200, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    floor, dark, black = (frechet.frechet(judge, images, others * k) for k in (1, 0.7, 0.1))
    assert 0 < floor < dark < black


def test_coverage_counts_what_the_judge_says():
    class Says(torch.nn.Module):
        def forward(self, images):
            return torch.nn.functional.one_hot(images[:, 0, 0, 0].long(), 10).float()

    images = torch.zeros(4, 1, 28, 28)
    images[:, 0, 0, 0] = torch.tensor([3.0, 3, 7, 0])
    shares = frechet.coverage(Says(), images)
    assert shares.tolist() == [0.25, 0, 0, 0.5, 0, 0, 0, 0.25, 0, 0]


def test_nearest_by_hand_and_for_exact_copies():
    others = torch.rand(50, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    gap, row = frechet.nearest(others[[4, 31]], others)
    assert row.tolist() == [4, 31] and gap.tolist() == [0, 0]
    spot = others[[9]].clone()
    spot[0, 0, 0, 0] += 0.5
    gap, row = frechet.nearest(spot, others)
    assert row.item() == 9 and gap.item() == pytest.approx(0.5, abs=1e-5)


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="N at least 2, not .1, 4."):
        frechet.gaussian(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="not finite"):
        frechet.gaussian(torch.full((5, 2), torch.nan))
    with pytest.raises(ValueError, match="different numbers of features: 2 and 3"):
        frechet.distance(random_gaussian(2, 0), random_gaussian(3, 0))
