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
    brackets = _other_places(m, logs) | _other_terms(m, logs) | _other_variances(m, logs)
    wrong = _other_sums(each) | {said: terms.sum(1) / 2 for said, terms in brackets.items()}
    return each.sum(1), wrong


def _other_sums(each: Tensor) -> dict[str, Tensor]:
    """Wrong sums, signs and factors of the right terms (B, Z)."""
    right = each.sum(1)
    return {
        "the sign is turned: this is the ELBO's minus KL. Return the divergence, which is never "
        "negative.": -right,
        "the sign is turned, and the factor 1/2 of the formula is missing: multiply by -1/2.": (
            -2 * right
        ),
        "the factor 1/2 of the formula is missing.": 2 * right,
        "it is multiplied by 2. The formula has 1/2: divide.": 4 * right,
        "this is the mean over the numbers of a code. Its numbers are drawn apart, so their "
        "divergences add up: .sum(1).": each.mean(1),
        "this is the mean over the numbers of a code, and the factor 1/2 is missing: "
        ".sum(1) / 2.": 2 * each.mean(1),
        "these are the divergences of single numbers. Sum over the numbers of each code.": each,
        "this is a column, (B, 1): leave out keepdim=True, .sum(1) alone gives (B,).": (
            right[:, None]
        ),
        "this is one number for the batch. Sum over the numbers of each code only, .sum(1): one "
        "divergence an image.": right.sum(),
        "this is one number, the mean of the batch. Return one divergence an image, (B,).": (
            right.mean()
        ),
        "this is one number for the batch, and the factor 1/2 is missing: .sum(1) / 2.": (
            2 * right.sum()
        ),
        "the sum runs over the images, not over the numbers of a code: .sum(1).": each.sum(0),
        "this is in bits (a logarithm to base 2). The loss is in nats.": right / math.log(2),
    }


def _other_places(m: Tensor, logs: Tensor) -> dict[str, Tensor]:
    """Brackets (B, Z) whose half stands in the wrong place; the caller halves them."""
    rest = logs.exp() - 1 - logs
    half = "the factor 1/2 belongs to the whole bracket: "
    return {
        f"{half}mean**2 has none.": 2 * m**2 + rest,
        f"{half}only mean**2 has it.": m**2 + 2 * rest,
        f"{half}only the last term has it.": 2 * (m**2 + logs.exp() - 1) - logs,
        f"{half}the last term has none.": m**2 + logs.exp() - 1 - 2 * logs,
    }


def _other_terms(m: Tensor, logs: Tensor) -> dict[str, Tensor]:
    """Brackets (B, Z) with a wrong term, or one too few."""
    rest = logs.exp() - 1 - logs
    return {
        "the mean is not squared: mean**2.": m + rest,
        "the mean is not squared, its sign is dropped: mean**2, not mean.abs().": m.abs() + rest,
        "the term mean**2 is missing.": rest,
        "the 1 is missing: the standard cloud itself should have divergence 0.": m**2 + rest + 1,
        "the 1 has the wrong sign: minus 1, so that the standard cloud costs 0.": m**2 + rest + 2,
        "the last term has the wrong sign: minus log_variance.": m**2 + logs.exp() - 1 + logs,
        "the last term, minus log_variance, is missing.": m**2 + logs.exp() - 1,
        "mean and log_variance are swapped.": logs**2 + m.exp() - 1 - m,
    }


def _other_variances(m: Tensor, logs: Tensor) -> dict[str, Tensor]:
    """Brackets (B, Z) that take the log-variance for something else."""
    safe = (logs**2).clamp_min(1e-12)
    return {
        "the log-variance l is taken for a standard deviation (l^2 in place of exp(l)).": (
            m**2 + logs**2 - 1 - safe.log()
        ),
        "the log-variance l is taken for the variance itself. The variance is exp(l), its "
        "logarithm l.": m**2 + logs - 1 - logs.log(),
        "the last term is the variance, exp(l), where its logarithm should be: l.": m**2 - 1,
        "exp(l) is the variance already, so it isn't squared: exp(l), not exp(2 l).": (
            m**2 + (2 * logs).exp() - 1 - logs
        ),
        "exp(l / 2) is the standard deviation. The formula wants the variance, exp(l).": (
            m**2 + (logs / 2).exp() - 1 - logs
        ),
        "the variance is exp(l), not exp(-l).": m**2 + (-logs).exp() - 1 - logs,
        "exp is taken twice: exp(l) is the variance already.": m**2 + logs.exp().exp() - 1 - logs,
        "this is the divergence the other way round, from the standard Gaussian to the cloud.": (
            logs + (1 + m**2) / logs.exp() - 1
        ),
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
    _refuse_place(drawn[0], mean[0], (log_variance[0] / 2).exp())
    _refuse_spread(drawn[0] - mean, log_variance[0])
    _refuse_shape(noise[0])


def _refuse_place(codes: Tensor, mean: Tensor, sd: Tensor) -> None:
    """CheckFailed where codes (N, 3) have the middle and the spread of a usual wrong formula."""
    middle, spread, fold = codes.mean(0), codes.std(0), math.sqrt(2 / math.pi)
    wrong = {
        "the mean is left out. Add it: mean + sd * noise.": (0 * mean, sd),
        "the mean is scaled, too, as in (mean + noise) * sd. Only the noise is: "
        "mean + sd * noise.": (mean * sd, sd),
        "mean and standard deviation are swapped: mean + sd * noise, not sd + mean * noise.": (
            (sd, mean.abs())
        ),
        "the noise has lost its minus signs (abs): leave them.": (
            (mean + fold * sd, math.sqrt(1 - fold**2) * sd)
        ),
    }
    for message, (place, width) in wrong.items():
        there = ((middle - place).abs() < 0.1 * torch.maximum(sd, width)).all()
        if there and (spread - width).abs().max() < 0.07 * sd.max():
            raise CheckFailed(f"The codes lie elsewhere: {message}")


def _refuse_spread(off: Tensor, log_variance: Tensor) -> None:
    """What is added to the mean has the standard deviation exp(l / 2)."""
    spread, sd = off.std(0), (log_variance / 2).exp()
    wrong = _other_spreads(log_variance, sd)
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


def _other_spreads(log_variance: Tensor, sd: Tensor) -> dict[str, Tensor]:
    return {
        "the noise is scaled by exp(log_variance), the variance. The standard deviation is its "
        "root, exp(log_variance / 2).": log_variance.exp(),
        "the noise is scaled by exp(2 * log_variance). The standard deviation is the root of the "
        "variance: exp(log_variance / 2).": (2 * log_variance).exp(),
        "the noise is scaled by the log-variance itself. The standard deviation is "
        "exp(log_variance / 2).": log_variance.abs(),
        "the noise is scaled by log_variance / 2. The exp is missing: exp(log_variance / 2).": (
            log_variance.abs() / 2
        ),
        "the noise is scaled by the root of the log-variance's size. The root of the variance is "
        "exp(log_variance / 2).": log_variance.abs().sqrt(),
        "the noise is not scaled: multiply it by exp(log_variance / 2).": torch.ones(3),
        "the noise is scaled by exp(-log_variance / 2): the sign is turned.": 1 / sd,
        "the noise is uniform (torch.rand). Draw it from a Gaussian, torch.randn_like.": (
            math.sqrt(1 / 12) * sd
        ),
        "the noise is uniform between -1 and 1. Draw it from a Gaussian, torch.randn_like.": (
            math.sqrt(1 / 3) * sd
        ),
        "the noise is scaled by half of exp(log_variance). The half belongs inside: "
        "exp(log_variance / 2).": log_variance.exp() / 2,
    }


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
    right = mask(size, centre)
    wrong = _too_open(size, centre) | _too_closed(size, centre) | _turned(right)
    return right, wrong


def _too_open(size: int, centre: bool) -> dict[str, Tensor]:
    above, row, middle = _parts(size)
    left = torch.zeros(size, size)
    left[:, : size // 2 + centre] = 1
    seen = "with it the guess would see the very pixel that it is to guess."
    needed = "without it the later layers can't use what the layers before found at this pixel."
    return {
        (
            f"the centre is 1 though centre=False: {seen}"
            if not centre
            else f"the centre is 0 though centre=True: {needed}"
        ): mask(size, not centre),
        "it looks at the right-hand side of the middle row, at pixels that come later.": (
            above + row - (0 if centre else 1) * middle
        ),
        "in the middle row the right half is open, and the left is not. The left comes "
        "earlier.": above + (row - mask(size, not centre)).clamp_min(0),
        "the whole middle row is open, and with it pixels that come later.": above + row,
        "this is everything to the left, in all rows: the rows below come later, and above the "
        "right half may be seen, too.": left,
        "everything is open.": torch.ones(size, size),
    }


def _too_closed(size: int, centre: bool) -> dict[str, Tensor]:
    right, half = mask(size, centre), size // 2
    above, row, middle = _parts(size)
    short, block = right.clone(), right.clone()
    short[half, half - 1], block[:half, half:] = 0, 0
    few = "a row above the middle is missing: all of them are open, mask[: size // 2] = 1."
    near = torch.arange(size)[:, None] == half - 1
    both = "only what lies above AND to the left is open. The rows above are open as a whole."
    return {
        "only the rows above are open. The pixels to the left in the same row come earlier, too.": (
            above + (middle if centre else 0)
        ),
        "only the middle row is open. The rows above come earlier, too.": row * right,
        both: torch.tril(torch.ones(size, size)) * right,
        f"{both} Their right half, too.": block,
        "the pixel just left of the centre is closed. It comes earlier: the slice in the middle "
        "row ends before size // 2, not before size // 2 - 1.": short,
        few: right * ~near,
        f"{few} It begins with row 0.": right * (torch.arange(size)[:, None] > 0),
        "only the centre is open. The rows above come earlier, and what is left of it.": middle,
        "nothing is open: 1 above, and left in the middle row.": torch.zeros(size, size),
    }


def _turned(right: Tensor) -> dict[str, Tensor]:
    triangle = torch.ones_like(right).tril()
    said = "this is a triangle (tril, triu). 1 above the middle row, and left in it:"
    return {
        "rows and columns are swapped: the first index is the row.": right.T,
        "1 and 0 are swapped: 1 is where the kernel may look.": 1 - right,
        "it is upside down: row 0 is the top.": right.flip(0),
        "it is the wrong way round: it opens what comes later.": right.flip(0, 1),
        "it has four dimensions. The layer adds the others: return (size, size).": (
            right[None, None]
        ),
        f"{said} not below the diagonal.": triangle,
        f"{said} nor strictly below the diagonal.": triangle.tril(-1),
        f"{said} not above the diagonal.": triangle.T,
        f"{said} nor strictly above the diagonal.": triangle.T.triu(1),
    }


def _parts(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The rows above, the middle row, and the centre, each as a mask (size, size)."""
    above, row, middle = torch.zeros(3, size, size, dtype=torch.float64)
    above[: size // 2], row[size // 2], middle[size // 2, size // 2] = 1, 1, 1
    return above, row, middle


def bits_per_pixel(nats: Tensor, pixels: int) -> tuple[Tensor, dict]:
    """The right bits per pixel, and wrong ones."""
    right = nats / math.log(2) / pixels
    return right, _other_units(nats, pixels) | _other_shares(nats / math.log(2), pixels)


def _other_units(nats: Tensor, pixels: int) -> dict[str, Tensor]:
    ln2 = math.log(2)
    return {
        "nothing is done: these are the nats of the whole image. Divide by ln 2 and by the number "
        "of pixels.": nats,
        "these are nats per pixel: a bit is ln 2 nats, so divide by ln 2.": nats / pixels,
        "it is multiplied by ln 2 (or divided by log2(e), which is the same). An image of so many "
        "nats has more bits than that: divide.": nats * ln2 / pixels,
        "it is multiplied by ln 2, and not divided by the number of pixels: divide by both.": (
            nats * ln2
        ),
        "it is divided by 2, not by ln 2 (math.log(2) = 0.693).": nats / 2 / pixels,
        "it is divided by e, not by ln 2 (math.log(2) = 0.693).": nats / math.e / pixels,
        "the logarithm of the nats is taken. Only the unit changes: divide by ln 2.": (
            nats.clamp_min(1e-9).log2() / pixels
        ),
        "log10(2) is not ln 2: use math.log(2).": nats / math.log10(2) / pixels,
        "it is multiplied by log10(2). Divide, by ln 2: math.log(2).": (
            nats * math.log10(2) / pixels
        ),
        "it is upside down: nats above, pixels below the line.": pixels / nats,
    }


def _other_shares(bits: Tensor, pixels: int) -> dict[str, Tensor]:
    """The bits of whole images, divided by something else than their pixels."""
    images = max(1, bits.numel())
    return {
        "these are the bits of the whole image: divide by the number of pixels.": bits,
        "it is multiplied by the number of pixels: divide.": bits * pixels,
        "it is divided by the number of pixels twice.": bits / pixels**2,
        "it is divided by the root of the number of pixels, the side of the image: divide by all "
        "pixels.": bits / math.sqrt(pixels),
        "it is divided by the logarithm of the number of pixels: divide by the number itself.": (
            bits / math.log(pixels)
        ),
        "784 is fixed: use the argument `pixels`.": bits / 784,
        "this is one number for all images. Return one for each.": (bits / pixels).mean(),
        "it is divided by the number of images, too. Each image has its own bits.": (
            bits / pixels / images
        ),
        "it is divided by the number of images, not of pixels.": bits / images,
    }
