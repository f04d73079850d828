"""Checks of lab 01: derivatives by nudging, by paths, of pixels, along a path, as a promise.

`central`, `path_sums`, `along_path` and `first_order` are what the lab uses until a check is green.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, call, compare, exercise
from labkit.checks.lab01_mistakes import (
    along_path,
    central,
    first_order,
    integrated_answers,
    nudge_mistakes,
    path_mistakes,
    path_sums,
    promise_mistakes,
    saliency_mistakes,
    slope_of,
)

SHAPES = [(2, 3, 1), (3, 4, 2), (4, 2, 5), (1, 1, 1)]  # inputs, hidden, outputs


@exercise
def nudge(answer: Callable[..., tuple[float, float]]) -> str:
    """nudge(f, x, y, h) -> (df/dx, df/dy), each by a central difference of size h."""
    generator = torch.Generator().manual_seed(1)
    for h, sign in ((0.4, 1), (0.1, -1), (0.25, 1)):  # large for float32; 2 * h is not 1
        a, b, c, x, y = (2 * torch.rand(5, generator=generator, dtype=torch.float64) + 0.5).tolist()

        def f(x: float, y: float, a: float = a, b: float = b, c: float = c, s: int = sign) -> float:
            return s * (a * x**3 + b * x * y + c * y**3 + y)

        got = call(answer, f, x, y, h)
        what = f"nudge(f, {x:.2f}, {y:.2f}, h={h:g})"
        want, mistakes = central(f, x, y, h), nudge_mistakes(f, x, y, h)
        compare(got, want, mistakes=mistakes, what=what, rtol=1e-4)
    compare(
        call(answer, lambda x, y: x**2 + x * y, 0.0, 0.5, 1e-3),
        torch.tensor([0.5, 0.0]),
        what="nudge of the slide's x² + xy at (0, 0.5)",
    )
    return "nudge is right: both derivatives, each with the other variable held still."


@exercise
def path_influence(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """path_influence(w1 (H, I), w2 (O, H), hidden (H,)) -> (O, I), the sum over all paths."""
    generator = torch.Generator().manual_seed(2)
    for inputs, hidden, outputs in SHAPES:
        w1 = torch.randn(hidden, inputs, generator=generator).double()  # as the lab's network
        w2 = torch.randn(outputs, hidden, generator=generator).double()
        for share_on in (1.0, 0.5, 0.0):
            values = 0.01 + torch.rand(hidden, generator=generator).double() ** 3  # however little
            values[: hidden - round(share_on * hidden)] = 0
            what = (
                f"path_influence with {inputs} input{'s' * (inputs > 1)}, {hidden} hidden "
                f"({int((values > 0).sum())} on), {outputs} output{'s' * (outputs > 1)}"
            )
            got, want = call(answer, w1, w2, values), path_sums(w1, w2, values)
            compare(got, want, mistakes=path_mistakes(w1, w2, values), what=what)
    return (
        "path_influence is right: every path counted once, and none through a neuron that is off."
    )


@exercise
def saliency(answer: Callable[[nn.Module, Tensor, int], Tensor]) -> str:
    """saliency(model, image (3, H, W), target) -> (H, W), the largest |derivative| of 3 colours."""
    for seed, (height, width, target) in enumerate([(6, 6, 2), (5, 8, 0), (9, 4, 1), (7, 5, 2)]):
        model, image = _small_network(seed), _image(seed, height, width)
        slope = slope_of(model, image, lambda out, k=target: out[:, k])
        mistakes = saliency_mistakes(model, image, slope, target)
        got = _called_for_a_logit(answer, model, image, target)
        what = f"saliency of an image {tuple(image.shape)}, target={target}"
        compare(got, slope.abs().amax(0), mistakes=mistakes, what=what, atol=1e-7)
    return "saliency is right: for each pixel the colour to which the logit reacts most."


@exercise
def integrated(answer: Callable[..., Tensor]) -> str:
    """integrated(model, image, baseline, target, steps) -> (3, H, W), gradients along the way."""
    for seed, (steps, target) in enumerate([(4, 1), (1, 0), (7, 2)]):
        model, image = _small_network(seed), _image(seed, 5 + seed, 6)
        baseline = _image(seed + 10, 5 + seed, 6)
        want, mistakes = integrated_answers(model, image, baseline, target, steps)
        got = _called_for_a_logit(answer, model, image, baseline, target, steps)
        what = f"integrated with {steps} step{'s' * (steps > 1)}, target={target}"
        compare(got, want, mistakes=mistakes, what=what, atol=1e-7)
    model, image = _Bowl(), torch.tensor([1.0, 2.0], dtype=torch.float64)
    try:
        got = call(answer, model, image, -image / 2, 1, 3)
    except CheckFailed as failed:
        said = "Photos go well, but the lab also needs vectors such as (2,). There "
        raise CheckFailed(f"{said}{failed}") from None
    want = along_path(model, image, -image / 2, 1, 3)
    compare(got, want, what="integrated of two numbers, a vector (2,) in float64")
    return "integrated is right: the way times the mean slope on the way, for every pixel."


@exercise
def promised(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """promised(slope, before, after), each (3, H, W) -> (H, W), the first-order change."""
    for seed, (height, width) in enumerate([(4, 6), (7, 3), (1, 1)]):
        generator = torch.Generator().manual_seed(seed)
        slope, before, after = torch.randn(3, 3, height, width, generator=generator)
        got = call(answer, slope, before, after)
        want, mistakes = first_order(slope, before, after), promise_mistakes(slope, before, after)
        compare(got, want, mistakes=mistakes, what=f"promised for {(3, height, width)}")
    return "promised is right: slope times step, summed over the colours."


def _called_for_a_logit(answer: Callable[..., Tensor], *args) -> Tensor:
    """`call`, with a word on how to pick one logit where that may be what failed."""
    try:
        return call(answer, *args, seconds=20)
    except CheckFailed as failed:
        if "IndexError" not in str(failed) and "scalar outputs" not in str(failed):
            raise
        said = " The logits are (1, K), for a batch of one: pick one number, logits[0, target]."
        if "scalar outputs" in str(failed):
            said += " With several points in a batch, their sum: logits[:, target].sum()."
        raise CheckFailed(f"{failed}{said}") from None


def _small_network(seed: int) -> nn.Sequential:
    """Smooth, three classes, images of any size; weights that could collect `.grad`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Conv2d(3, 5, 3, padding=1), nn.Tanh(), nn.Conv2d(5, 4, 3), nn.Softplus()]
        model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    return model.eval()


class _Bowl(nn.Module):
    """Vectors (B, 2) -> two outputs, curved."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2 + 3 * x[:, 1] ** 3], 1)


def _image(seed: int, height: int, width: int) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))
