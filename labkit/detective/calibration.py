"""Does a network that is 90 % sure err once in ten times? Calibration error and temperature."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

BINS = 10


def bins_of(
    probabilities: Tensor, labels: Tensor, *, bins: int = BINS
) -> tuple[Tensor, Tensor, Tensor]:
    """By bin of confidence: mean confidence, share right, share of the rows, each (bins,).

    Bin i has the confidences above i / bins up to (i + 1) / bins; an empty one has three zeros.
    """
    sure, said = probabilities.double().max(1)
    right = (said == labels).double()
    number = (sure * bins - 1e-9).long().clamp(0, bins - 1)
    count = number.bincount(minlength=bins).double()
    means = (number.bincount(x, minlength=bins) / count.clamp_min(1) for x in (sure, right))
    return *means, count / len(labels)


def ece(probabilities: Tensor, labels: Tensor, *, bins: int = BINS) -> float:
    """Expected calibration error (Naeini and others, 2015): |confidence - share right|, averaged.

    probabilities (N, K), labels (N,). Each bin counts by its share of the rows. 0 is perfect.

    >>> ece(torch.tensor([[0.95, 0.05], [0.9, 0.1]]), torch.tensor([0, 1]))  # doctest: +ELLIPSIS
    0.47...
    """
    sure, right, share = bins_of(probabilities, labels, bins=bins)
    return float((share * (sure - right).abs()).sum())


def temperature(logits: Tensor, labels: Tensor) -> float:
    """The T for which softmax(logits / T) has the smallest cross entropy (Guo and others, 2017)."""
    candidates = torch.arange(0.5, 6.01, 0.1)
    losses = [float(F.cross_entropy(logits / t, labels)) for t in candidates]
    return float(candidates[losses.index(min(losses))])
