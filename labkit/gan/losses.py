"""What counterfeiter and cop want, as two functions each: `hinge`, `logistic`, `saturating`.

Scores are float (B,), without bounds: above 0 the cop says "real". Each loss is a pair of
functions: `loss.cop(real, fake)` from the scores of real and of fake images, and
`loss.forger(fake)`, both one number to be made small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F


class Loss(NamedTuple):
    """What each of the two makes small: cop(real, fake), forger(fake); scores (B,) -> a number."""

    cop: Callable[[Tensor, Tensor], Tensor]
    forger: Callable[[Tensor], Tensor]


def hinge_cop(real: Tensor, fake: Tensor) -> Tensor:
    """Wants real scores above 1 and fake ones below -1; beyond that it gains nothing.

    mean max(0, 1 - real) + mean max(0, 1 + fake) (Lim & Ye 2017; Miyato et al. 2018).
    """
    return (1 - real).relu().mean() + (1 + fake).relu().mean()


def hinge_forger(fake: Tensor) -> Tensor:
    """Minus the mean score of the fakes, which should rise."""
    return -fake.mean()


def logistic_cop(real: Tensor, fake: Tensor) -> Tensor:
    """Minus the log-probability of the right answers, real as real and fake as fake.

    With D = sigmoid(score): -mean log D(real) - mean log(1 - D(fake)) (Goodfellow et al. 2014).
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def logistic_forger(fake: Tensor) -> Tensor:
    """-mean log D(fake): steep where the cop is sure, "non-saturating" (Goodfellow et al. 2014)."""
    return F.softplus(-fake).mean()


def saturating_forger(fake: Tensor) -> Tensor:
    """mean log(1 - D(fake)), the cop's loss turned round: flat where the cop is sure."""
    return -F.softplus(fake).mean()


hinge = Loss(hinge_cop, hinge_forger)
logistic = Loss(logistic_cop, logistic_forger)
saturating = Loss(logistic_cop, saturating_forger)
LOSSES = {"hinge": hinge, "logistic": logistic, "saturating": saturating}
