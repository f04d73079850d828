"""Checks of lab 14: one step uphill, many steps to a target, the smallest level, a linear shift."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from labkit.checks import lab14_mistakes as mistakes
from labkit.checks.core import CheckFailed, call, compare, exercise
from labkit.checks.lab11_art import one_array

ATTACKED = [(3, 1, 3, 4), (1, 3, 4, 4), (2, 2, 2, 5)]  # shapes of images
WALKS = [  # shape, eps, step, steps, whether all pixels are far from 0 and 1
    ((3, 1, 3, 4), 0.3, 0.07, 3, True),
    ((1, 3, 4, 4), 0.1, 0.07, 5, False),
    ((2, 2, 2, 5), 0.05, 0.02, 1, True),
]


@exercise
def fgsm(answer: Callable[[nn.Module, Tensor, Tensor, float], Tensor]) -> str:
    """fgsm(model, images (B, C, H, W), labels (B,), eps) -> images."""
    generator = torch.Generator().manual_seed(1401)
    for shape, eps in zip(ATTACKED, (0.1, 0.25, 0.03), strict=True):
        net, images = Toy(shape[1:], generator), _pictures(shape, generator)
        labels = torch.randint(0, 4, shape[:1], generator=generator)
        right, wrong = mistakes.fgsm(net, images, labels, eps)
        got = call(_as_it_was(answer), net, images, labels, eps)
        what = f"Images {shape} after a step of eps {eps}"
        compare(one_array(got, what), right, mistakes=wrong, what=what)
    return "fgsm is right: one step, each pixel to where the loss grows."


@exercise
def targeted(answer: Callable[[nn.Module, Tensor, Tensor, float, float, int], Tensor]) -> str:
    """targeted(model, images (B, C, H, W), targets (B,), eps, step, steps) -> images."""
    generator = torch.Generator().manual_seed(1402)
    for shape, eps, step, steps, narrow in WALKS:
        net, images = Toy(shape[1:], generator), _pictures(shape, generator)
        images = 0.3 + 0.4 * images if narrow else images
        targets = torch.randint(0, 4, shape[:1], generator=generator)
        right, wrong = mistakes.targeted(net, images, targets, eps, step, steps)
        got = call(_as_it_was(answer), net, images, targets, eps, step, steps)
        what = f"Images {shape} after {steps} step{'s' * (steps > 1)} of {step}, eps {eps}"
        compare(one_array(got, what), right, mistakes=wrong, what=what)
    return "targeted is right: small steps to the target, and never farther than eps."


@exercise
def smallest_level(
    answer: Callable[[nn.Module, Tensor, int, Tensor, Sequence[float]], float],
) -> str:
    """smallest_level(model, image (C, H, W), label, direction, levels) -> a level, or inf."""
    generator = torch.Generator().manual_seed(1403)
    for label, spans, levels in mistakes.LEVELS:
        image, direction = mistakes.still(generator)
        net = Dial(image, direction, spans, label)
        right, wrong = mistakes.smallest_level(net, image, label, direction, levels)
        got = call(answer, net, image, label, direction, list(levels))
        what = f"The smallest of the levels {levels}"
        if math.isinf(right):
            _must_be_inf(got, what)
        else:
            compare(_one_number(got, what), right, mistakes=wrong, what=what)
    return "smallest_level is right: it tries what a file can hold."


@exercise
def largest_shift(answer: Callable[[Tensor, float], float]) -> str:
    """largest_shift(weights, eps) -> how far the score can move."""
    generator = torch.Generator().manual_seed(1404)
    for shape, eps in (((5,), 0.1), ((1, 4, 4), 0.25), ((3, 2, 2), 1 / 255)):
        weights = torch.randn(shape, generator=generator) * 3
        weights.view(-1)[:3] = torch.tensor([2.5, 0.0, -1.5])
        right, wrong = mistakes.largest_shift(weights.double(), eps)
        got = call(answer, weights, eps)
        what = f"The largest shift for {weights.numel()} weights and eps {eps:.3g}"
        compare(_one_number(got, what), right, mistakes=wrong, what=what)
    return "largest_shift is right: small moves of many pixels add up."


class Toy(nn.Module):
    """A small network with four classes that never looks at the first pixel."""

    def __init__(self, shape: Sequence[int], generator: torch.Generator):
        super().__init__()
        self.shape = tuple(shape)
        count = math.prod(self.shape)
        first = torch.randn(count, 7, generator=generator) / count**0.5
        first[0] = 0.0
        self.first = nn.Parameter(6 * first)
        self.last = nn.Parameter(torch.randn(7, 4, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, 4) of images (B, C, H, W)."""
        _expect(images, self.shape)
        return torch.tanh((images.flatten(1) - 0.5) @ self.first.to(images)) @ self.last.to(images)


class Dial(nn.Module):
    """Calls an image `label`, and class 6 while its pixels have moved as far as `spans` say.

    How far: the mean over the pixels that move, in levels of 1/255 along `direction`.
    """

    def __init__(self, image: Tensor, direction: Tensor, spans: Sequence[tuple], label: int):
        super().__init__()
        self.image, self.direction = image.clone(), direction.clone()
        self.spans, self.label = spans, label
        self.weight = nn.Parameter(torch.ones(1))

    def moved(self, images: Tensor) -> Tensor:
        """How far (B,) images (B, C, H, W) have moved, in levels."""
        along = (images - self.image.to(images)) * 255 * self.direction.to(images)
        return along.flatten(1).sum(1) / self.direction.abs().sum()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, 7)."""
        _expect(images, tuple(self.image.shape))
        moved = self.moved(images)
        inside = sum(((moved > a) & (moved < b)).to(images) for a, b in self.spans)
        logits = torch.zeros(len(images), 7).to(images)
        logits[:, self.label] = 1.0
        logits[:, 6] = 2.0 * inside
        return logits * self.weight.to(images)


def _expect(images: Tensor, shape: tuple[int, ...]) -> None:
    found = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
    if not isinstance(images, Tensor) or found[1:] != shape:
        wanted = ", ".join(map(str, ("B", *shape)))
        hint = ": image[None] makes a batch of one" if found == shape else ""
        raise ValueError(f"the model takes images ({wanted}), but was given {found}{hint}")


def _pictures(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Images in [0, 1], many of whose pixels are at an end of it."""
    return (1.6 * torch.rand(tuple(shape), generator=generator) - 0.3).clamp(0, 1)


def _as_it_was(answer: Callable) -> Callable:
    """The answer, refused if it leaves the images it was given waiting for a gradient."""
    if not callable(answer) or isinstance(answer, type):
        return answer

    @functools.wraps(answer)
    def guarded(model: nn.Module, images: Tensor, *rest: object) -> object:
        result = answer(model, images, *rest)
        if images.requires_grad:
            raise CheckFailed(
                "It leaves requires_grad on the images it was given, so all that is done with them "
                "later is recorded. Work on a copy: images.clone().requires_grad_()."
            )
        return result

    return guarded


def _one_number(got: object, what: str) -> object:
    if isinstance(got, bool) or (isinstance(got, Tensor) and got.dtype == torch.bool):
        raise CheckFailed(f"{what} should be a number, but is {bool(got)}.")
    if isinstance(got, Tensor) and got.numel() == 1:
        return got.reshape(())
    return got


def _must_be_inf(got: object, what: str) -> None:
    try:
        value = float(_one_number(got, what))
    except (TypeError, ValueError):
        value = math.nan
    if value != math.inf:
        raise CheckFailed(
            f"{what}: none of them changes the answer, so it should be infinite, float('inf'), but "
            f"is {'None: does the function end with `return ...`?' if got is None else got}"
        )
