"""Random ReLU features, the smallest weights that fit, and how fragile such a fit is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data.digits import CLASSES

TINY = 1e-10  # singular values below this share of the largest count as 0
SPREAD = 10.0  # directions are divided by it, so that a digit's features are about 1


def directions(count: int, *, size: int = 784, seed: int = 0) -> Tensor:
    """Random directions (size, count) in the space of pixels, float64, Gaussian, by `seed`.

    The first columns are the same however many are asked for.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, size, generator=generator, dtype=torch.float64)
    return drawn.div_(SPREAD).T


def relu_features(pixels: Tensor, directions: Tensor) -> Tensor:
    """Random ReLU features (Rahimi and Recht, 2007): pixels (B, D), directions (D, N) -> (B, N).

    The positive part of each product, divided by the root of N.

    >>> relu_features(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, -1.0], [0.0, 0.0]]))
    tensor([[0.7071, 0.0000]])
    """
    scale = torch.tensor(directions.shape[1], dtype=pixels.dtype).sqrt()
    return torch.einsum("bd,dn->bn", pixels, directions).clamp_min_(0).div_(scale)


def targets(labels: Tensor) -> Tensor:
    """What a fit of digits aims at (N, 10), float64: 0.9 for the label, -0.1 for the others."""
    return F.one_hot(labels, CLASSES).double() - 1 / CLASSES


def min_norm(features: Tensor, targets: Tensor) -> Tensor:
    """Weights (N, K) of least squares; of all that are best, the ones with the smallest norm.

    features (n, N), targets (n, K). By singular values; those near 0 are left out.

    >>> min_norm(torch.tensor([[3.0, 4.0]]), torch.tensor([[5.0]]))
    tensor([[0.6000],
            [0.8000]])
    """
    u, s, vt = torch.linalg.svd(features, full_matrices=False)
    kept = s > s.max() * max(TINY, 10 * torch.finfo(s.dtype).eps)
    turned = u.mT[kept] @ targets
    return vt[kept].mT @ (turned / s[kept, None])


def ridge_fit(features: Tensor, targets: Tensor, ridge: float) -> Tensor:
    """Weights (N, K) that make squared error + ridge x squared norm smallest; ridge above 0.

    Solves the smaller of the two square systems.
    """
    if ridge <= 0:
        raise ValueError(f"ridge must be above 0, not {ridge!r}; for 0 there is min_norm")
    n, count = features.shape
    eye = ridge * torch.eye(min(n, count), dtype=features.dtype)
    if count <= n:
        return torch.linalg.solve(features.mT @ features + eye, features.mT @ targets)
    return features.mT @ torch.linalg.solve(features @ features.mT + eye, targets)


def condition(features: Tensor) -> float:
    """The condition number of a matrix (n, N): its largest singular value over its smallest.

    inf where the smallest is 0.

    >>> condition(torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.5, 0.0]]))
    6.0
    """
    smallest, largest = torch.linalg.svdvals(features).aminmax()
    return float(largest / smallest) if smallest else float("inf")
