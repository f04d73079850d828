"""Lab 08: for each exercise the right answer, and the wrong ones that usual mistakes give.

Each function returns (right answer, {message: wrong answer}); `labkit.checks.lab08` compares.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from labkit.checks.core import CheckFailed


def kl_divergence(mean: Tensor, log_variance: Tensor) -> tuple[Tensor, dict]:
    """The right divergence (B,), and wrong ones."""
    m, logs = mean.double(), log_variance.double()
    each = (m**2 + logs.exp() - 1 - logs) / 2
    right = each.sum(1)

    def total(terms: Tensor) -> Tensor:
        return (terms / 2).sum(1)

    return right, {
        "the sign is turned: this is the ELBO's minus KL. Return the divergence, which is never "
        "negative.": -right,
        "the factor 1/2 of the formula is missing.": 2 * right,
        "this is the mean over the numbers of a code. Its numbers are drawn apart, so their "
        "divergences add up: .sum(1).": each.mean(1),
        "these are the divergences of single numbers. Sum over the numbers of each code.": each,
        "this is one number for the batch. Sum over the numbers of each code only, .sum(1): one "
        "divergence an image.": right.sum(),
        "this is one number, the mean of the batch. Return one divergence an image, (B,).": (
            right.mean()
        ),
        "the sum runs over the images, not over the numbers of a code: .sum(1).": each.sum(0),
        "the log-variance l is taken for a standard deviation (l^2 in place of exp(l)).": total(
            m**2 + logs**2 - 1 - (logs**2).clamp_min(1e-12).log()
        ),
        "the log-variance l is taken for the variance itself. The variance is exp(l), its "
        "logarithm l.": total(m**2 + logs - 1 - logs.log()),
        "exp(l) is the variance already, so it isn't squared: exp(l), not exp(2 l).": total(
            m**2 + (2 * logs).exp() - 1 - logs
        ),
        "exp(l / 2) is the standard deviation. The formula wants the variance, exp(l).": total(
            m**2 + (logs / 2).exp() - 1 - logs
        ),
        "the mean is not squared: mean**2.": total(m + logs.exp() - 1 - logs),
        "the term mean**2 is missing.": total(logs.exp() - 1 - logs),
        "the 1 is missing: the standard cloud itself should have divergence 0.": total(
            m**2 + logs.exp() - logs
        ),
        "the last term has the wrong sign: minus log_variance.": total(
            m**2 + logs.exp() - 1 + logs
        ),
        "the last term, minus log_variance, is missing.": total(m**2 + logs.exp() - 1),
        "this is the divergence the other way round, from the standard Gaussian to the cloud.": (
            total(logs + (1 + m**2) / logs.exp() - 1)
        ),
        "this is in bits (a logarithm to base 2). The loss is in nats.": right / math.log(2),
    }


def refuse_other_noise(drawn: list[Tensor], mean: Tensor, log_variance: Tensor) -> None:
    """CheckFailed unless two draws (N, 3) of equal clouds have their mean and spread, at random."""
    noise = [(codes - mean) / (log_variance / 2).exp() for codes in drawn]
    if torch.equal(drawn[0], mean):
        raise CheckFailed("The codes are the means: nothing is drawn. Add sd * noise.")
    if torch.equal(drawn[0], drawn[1]):
        raise CheckFailed(
            "Two calls give the same codes. Draw new noise at each call, without a fixed seed."
        )
    if (noise[0].std(0) < 1e-3).all():
        raise CheckFailed(
            "All images get the same noise: draw as many numbers as there are in `mean`, "
            "torch.randn_like(mean)."
        )
    if (noise[0] - noise[0].mean(1, keepdim=True)).abs().max() < 1e-3:
        raise CheckFailed(
            "All numbers of a code get the same noise: draw one for each, torch.randn_like(mean)."
        )
    _refuse_spread(drawn[0] - mean, log_variance[0])
    _refuse_shape(noise[0])


def _refuse_spread(off: Tensor, log_variance: Tensor) -> None:
    """What is added to the mean has the standard deviation exp(l / 2)."""
    spread, sd = off.std(0), (log_variance / 2).exp()
    uniform = math.sqrt(1 / 12)
    wrong = {
        "the noise is scaled by exp(log_variance), the variance. The standard deviation is its "
        "root, exp(log_variance / 2).": log_variance.exp(),
        "the noise is scaled by the log-variance itself. The standard deviation is "
        "exp(log_variance / 2).": log_variance.abs(),
        "the noise is not scaled: multiply it by exp(log_variance / 2).": torch.ones(3),
        "the noise is scaled by exp(-log_variance / 2): the sign is turned.": 1 / sd,
        "the noise is uniform (torch.rand). Draw it from a Gaussian, torch.randn_like.": (
            uniform * sd
        ),
        "the noise is scaled by half of exp(log_variance). The half belongs inside: "
        "exp(log_variance / 2).": log_variance.exp() / 2,
    }
    if _near(spread, sd):
        return
    for message, other in wrong.items():
        if _near(spread, other.double()):
            raise CheckFailed(f"The codes' spread is wrong: {message}")
    raise CheckFailed(
        "For log-variances "
        f"{', '.join(f'{v:g}' for v in log_variance.tolist())} the codes should scatter with "
        f"standard deviations {_said(sd)}, but theirs are {_said(spread)}."
    )


def _refuse_shape(noise: Tensor) -> None:
    """Standard noise: mean 0, and as much in its tails as a Gaussian has."""
    middle = noise.mean(0)
    if (middle.abs() > 0.1).any():
        raise CheckFailed(
            f"The codes scatter around another place than their mean: off by {_said(middle)} "
            "standard deviations. Is the noise standard normal (torch.randn_like)?"
        )
    if abs(float((noise**4).mean()) - 3) > 0.6:
        raise CheckFailed(
            "The codes have mean and spread of the cloud, but not the shape of a Gaussian: draw "
            "the noise with torch.randn_like."
        )
    together = (noise.T @ noise / len(noise)).fill_diagonal_(0)
    neighbours = (noise[1:] * noise[:-1]).mean(0)
    if together.abs().max() > 0.1 or neighbours.abs().max() > 0.1:
        raise CheckFailed("The noise of one number follows that of another: draw each by itself.")


def _near(spread: Tensor, other: Tensor) -> bool:
    return bool(((spread / other - 1).abs() < 0.07).all())


def _said(values: Tensor) -> str:
    return ", ".join(f"{value:.2f}" for value in values.tolist())


def mask(size: int, centre: bool) -> Tensor:
    """1 above and to the left, and in the centre if allowed."""
    order = torch.arange(size * size).view(size, size)
    middle = size * size // 2
    return (order <= middle if centre else order < middle).double()


def causal_mask(size: int, centre: bool) -> tuple[Tensor, dict]:
    """The right mask (size, size), and wrong ones."""
    right, half = mask(size, centre), size // 2
    above, row = torch.zeros(size, size), torch.zeros(size, size)
    above[:half], row[half] = 1, 1
    left = torch.zeros(size, size)
    left[:, : half + centre] = 1
    seen = "with it the guess would see the very pixel that it is to guess."
    needed = "without it the later layers can't use what the layers before found at this pixel."
    return right, {
        (
            f"the centre is 1 though centre=False: {seen}"
            if not centre
            else f"the centre is 0 though centre=True: {needed}"
        ): mask(size, not centre),
        "it looks at the right-hand side of the middle row, at pixels that come later.": (
            (above + row).double() - (0 if centre else 1) * _only_centre(size)
        ),
        "the whole middle row is open, and with it pixels that come later.": above + row,
        "only the rows above are open. The pixels to the left in the same row come earlier, too.": (
            above.double() + (_only_centre(size) if centre else 0)
        ),
        "only the middle row is open. The rows above come earlier, too.": row * right,
        "this is everything to the left, in all rows: the rows below come later, and above the "
        "right half may be seen, too.": left,
        "rows and columns are swapped: the first index is the row.": right.T,
        "1 and 0 are swapped: 1 is where the kernel may look.": 1 - right,
        "only what lies above AND to the left is open. The rows above are open as a whole.": (
            torch.tril(torch.ones(size, size)) * right
        ),
        "it is upside down: row 0 is the top.": right.flip(0),
        "it is the wrong way round: it opens what comes later.": right.flip(0, 1),
        "everything is open.": torch.ones(size, size),
    }


def _only_centre(size: int) -> Tensor:
    point = torch.zeros(size, size, dtype=torch.float64)
    point[size // 2, size // 2] = 1
    return point


def bits_per_pixel(nats: Tensor, pixels: int) -> tuple[Tensor, dict]:
    """The right bits per pixel, and wrong ones."""
    ln2 = math.log(2)
    return nats / ln2 / pixels, {
        "these are nats per pixel: a bit is ln 2 nats, so divide by ln 2.": nats / pixels,
        "these are the bits of the whole image: divide by the number of pixels.": nats / ln2,
        "it is divided by the number of pixels twice.": nats / ln2 / pixels**2,
        "it is multiplied by ln 2. An image of so many nats has more bits than that: divide.": (
            nats * ln2 / pixels
        ),
        "it is divided by 2, not by ln 2 (math.log(2) = 0.693).": nats / 2 / pixels,
        "the logarithm of the nats is taken. Only the unit changes: divide by ln 2.": (
            nats.clamp_min(1e-9).log2() / pixels
        ),
        "784 is fixed: use the argument `pixels`.": nats / ln2 / 784,
        "this is one number for all images. Return one for each.": (nats / ln2 / pixels).mean(),
        "log10(2) is not ln 2: use math.log(2).": nats / math.log10(2) / pixels,
    }
