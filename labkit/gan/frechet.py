"""How good are the fakes? Fréchet distance, coverage of the classes, nearest real image.

All of them look through a judge: a `LeNet` trained on real digits. The distance is that of the
Fréchet inception distance (Heusel et al. 2017) with this judge in place of Inception. Nothing here
trains a generator.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit.nets.models import LeNet

FEATURES = "relu4"  # LeNet's penultimate layer, 84 numbers an image


class Gaussian(NamedTuple):
    """Mean (D,) and covariance (D, D) of features, float64."""

    mean: Tensor
    covariance: Tensor


def train_judge(train: tuple[Tensor, Tensor], *, seed: int = 0, epochs: int = 10) -> LeNet:
    """A LeNet trained on real digits, in eval mode and without gradients: about 6 seconds."""
    from labkit.nets.train import fit

    judge = LeNet(seed=seed)
    fit(judge, train, train, epochs=epochs, seed=seed, progress=False)
    return judge.eval().requires_grad_(False)


@torch.no_grad()
def features(judge: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """The judge's penultimate features of images (N, 1, 28, 28) in [0, 1]: (N, 84)."""
    from labkit.nets.features import until

    body = until(judge, FEATURES)
    return torch.cat([body(part) for part in images.split(batch_size)])


def gaussian(features: Tensor) -> Gaussian:
    """Mean and covariance (divided by N - 1) of features (N, D), N at least 2, in float64."""
    if features.dim() != 2 or len(features) < 2:
        raise ValueError(f"features must be (N, D) with N at least 2, not {tuple(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("some features are not finite: look at the images for nan")
    x = features.double()
    return Gaussian(x.mean(0), torch.cov(x.T).reshape(x.shape[1], x.shape[1]))


def distance(a: Gaussian, b: Gaussian) -> float:
    """Fréchet distance of two Gaussians (squared, as is usual): 0 for the same, in features^2.

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)) with covariances A and B (Dowson & Landau
    1982). The trace of the root is the sum of the roots of the eigenvalues of A^(1/2) B A^(1/2).

    >>> one = Gaussian(torch.zeros(1), torch.tensor([[4.0]]))
    >>> distance(one, Gaussian(torch.ones(1), torch.tensor([[9.0]])))
    2.0
    """
    if a.mean.shape != b.mean.shape:
        shapes = f"{len(a.mean)} and {len(b.mean)}"
        raise ValueError(f"the two have different numbers of features: {shapes}")
    values, vectors = torch.linalg.eigh(a.covariance)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    overlap = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp_min(0).sqrt().sum()
    spread = a.covariance.trace() + b.covariance.trace() - 2 * overlap
    return float((a.mean - b.mean).square().sum() + spread.clamp_min(0))


def frechet(judge: nn.Module, images: Tensor, others: Tensor) -> float:
    """Fréchet distance of two sets of images (N, 1, 28, 28) and (M, 1, 28, 28), by the judge.

    Not 0 for two samples of the same kind: few images give a rough covariance. Compare with
    `frechet(judge, real, other_real)` of the same sizes, the floor.
    """
    return distance(*(gaussian(features(judge, part)) for part in (images, others)))


def coverage(judge: nn.Module, images: Tensor, *, classes: int = 10) -> Tensor:
    """The share of the images (N, 1, 28, 28) that the judge takes for each digit: (classes,)."""
    with torch.no_grad():
        guess = torch.cat([judge(part).argmax(1) for part in images.split(500)])
    return torch.bincount(guess, minlength=classes) / len(guess)


def nearest(images: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """For each image (N, ...) the nearest of `others` (M, ...), in pixels.

    Returns the distances (N,), Euclidean over all pixels, and the row numbers, int64 (N,).

    >>> nearest(torch.zeros(1, 1, 1, 2), torch.tensor([[[[3.0, 4]]], [[[1, 0]]]]))
    (tensor([1.]), tensor([1]))
    """
    mode = "donot_use_mm_for_euclid_dist"  # the quick way is rough for images that are nearly equal
    return tuple(torch.cdist(images.flatten(1), others.flatten(1), compute_mode=mode).min(1))
