"""Checks of lab 08: the divergence of a code, drawing one, the mask of a convolution, bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.checks import lab08_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise

CUT = "Leave out .item(), float(), .detach(), torch.no_grad() and NumPy on the way."


@exercise
def kl_divergence(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """kl_divergence(mean (B, Z), log_variance (B, Z)) -> (B,) nats."""
    for seed, (count, size) in enumerate([(5, 3), (7, 1), (4, 16), (3, 3)]):
        mean, log_variance = _clouds(seed, count, size)
        what = f"The divergence of {count} clouds with {size} number{'s' * (size > 1)} each"
        right, wrong = mistakes.kl_divergence(mean, log_variance)
        got = call(answer, mean, log_variance)
        _refuse_no_numbers(got, what)
        compare(got, right, mistakes=wrong, what=what)
    mean, log_variance = (part.requires_grad_() for part in _clouds(9, 6, 4))
    got = call(lambda *clouds: _slopes(answer, "the divergence", *clouds), mean, log_variance)
    want = torch.stack([mean, (log_variance.exp() - 1) / 2]).detach()
    wrong = {
        f"the mean has none: it was cut off. {CUT}": torch.stack([0 * want[0], want[1]]),
        f"the log-variance has none: it was cut off. {CUT}": torch.stack([want[0], 0 * want[1]]),
    }
    compare(got, want, mistakes=wrong, what="The slope of the divergence by (mean, log_variance)")
    return "kl_divergence is right: 0 for the standard cloud, and more for any other."


@exercise
def reparametrise(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """reparametrise(mean (B, Z), log_variance (B, Z)) -> codes (B, Z), drawn anew at each call."""
    count = 4000
    mean = torch.tensor([1.5, -2.0, 0.0]).expand(count, -1).clone()
    log_variance = torch.tensor([-1.0, 0.8, 2.0]).expand(count, -1).clone()
    drawn = [as_tensor(call(answer, mean, log_variance), what="The codes") for _ in range(2)]
    if drawn[0].shape != mean.shape:
        raise CheckFailed(
            f"The codes should be of shape {tuple(mean.shape)}, one of each cloud, but are of "
            f"shape {tuple(drawn[0].shape)}."
        )
    _refuse_no_numbers(drawn[0], "The codes")
    mistakes.refuse_other_noise(drawn, mean.double(), log_variance.double())
    _check_path(answer)
    return "reparametrise is right: the noise comes from outside, so gradients pass it by."


@exercise
def causal_mask(answer: Callable[[int, bool], Tensor]) -> str:
    """causal_mask(size, centre) -> (size, size): 1 where a kernel may look, else 0."""
    for size in (7, 3, 5):
        for centre in (False, True):
            got = call(answer, size, centre)
            what = f"The mask of size {size} with centre={centre}"
            right, wrong = mistakes.causal_mask(size, centre)
            compare(got, right, mistakes=wrong, what=what)
    _refuse_same_tensor(answer)
    return "causal_mask is right: above, and left in the same row; the centre only if allowed."


@exercise
def bits_per_pixel(answer: Callable[[Tensor, int], Tensor]) -> str:
    """bits_per_pixel(nats (N,) or a number, pixels) -> bits per pixel, of the same shape."""
    several = 60 + 60 * torch.rand(5, generator=torch.Generator().manual_seed(840))
    for nats, pixels in [(several, 784), (several[:3], 100), (543.4, 784)]:
        what = "The bits per pixel of " + ("one image" if isinstance(nats, float) else "images")
        right, wrong = mistakes.bits_per_pixel(torch.as_tensor(nats).double(), pixels)
        compare(call(answer, nats, pixels), right, mistakes=wrong, what=what, atol=1e-7)
    return "bits_per_pixel is right: 543.4 nats for 784 pixels are 1 bit each, a coin for each."


def _clouds(seed: int, count: int, size: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(800 + seed)
    mean, log_variance = torch.randn(2, count, size, generator=generator)
    return [1.3 * mean + 0.2, log_variance - 0.4]


def _slopes(answer: Callable, name: str, *inputs: Tensor) -> Tensor:
    """The derivatives of the summed result by both inputs, (2, B, Z)."""
    result = answer(*inputs)
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise CheckFailed(f"Nothing can learn from {name}: it has no gradient. {CUT}")
    options = {"allow_unused": True, "materialize_grads": True}
    return torch.stack(torch.autograd.grad(result.sum(), inputs, **options))


def _check_path(answer: Callable) -> None:
    """Gradients reach mean and log-variance, with the slopes of mean + sd * noise."""
    mean, log_variance = (part.requires_grad_() for part in _clouds(5, 6, 3))

    def slopes(*clouds: Tensor) -> Tensor:
        z = answer(*clouds)
        if not isinstance(z, Tensor) or not z.requires_grad:
            raise CheckFailed(
                "No gradient reaches the encoder through this code. Draw standard noise with "
                f"torch.randn_like, then scale and shift it. {CUT}"
            )
        grads = torch.autograd.grad(z.sum(), clouds, allow_unused=True, materialize_grads=True)
        return torch.stack([*grads, z.detach()])

    by_mean, by_spread, z = call(slopes, mean, log_variance)
    if not by_mean.any():
        raise CheckFailed(
            "No gradient reaches the mean: the draw itself (torch.normal, .sample()) has none. "
            "Draw standard noise, then mean + sd * noise."
        )
    ones, none = torch.ones_like(by_mean), torch.zeros_like(by_mean)
    compare(by_mean, ones, what="The slope of a code by its mean")
    said = f"it is 0: the spread would never learn. {CUT}"
    want = (z - mean).detach() / 2  # the slope of exp(l / 2) * noise
    what = "The slope of a code by its log-variance"
    compare(by_spread, want, mistakes={said: none}, what=what, atol=1e-4)


def _refuse_no_numbers(got: Any, what: str) -> None:
    if as_tensor(got, what=what).isnan().any():
        raise CheckFailed(
            f"{what}: some are nan. A log-variance may be negative, so it has no root and no "
            "logarithm itself: the variance is exp(log_variance), the standard deviation "
            "exp(log_variance / 2)."
        )


def _refuse_same_tensor(answer: Callable) -> None:
    """A mask that is changed by its user must not change the next one."""
    first = call(answer, 3, True)
    if isinstance(first, Tensor):
        first.zero_()
        what = "A second mask, after the first was changed,"
        compare(call(answer, 3, True), mistakes.mask(3, True), what=what)
