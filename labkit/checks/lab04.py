"""Checks of lab 04: mirror, turn and shift images; answers that stay, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.augment import Policy
from labkit.checks import lab04_mistakes as mistakes
from labkit.checks import lab04_shifts as shifting
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise


@exercise
def mirror(answer: Callable[[Tensor], Tensor]) -> str:
    """mirror(images (B, C, H, W)) -> the same shape, left and right swapped."""
    generator = torch.Generator().manual_seed(1)
    for shape in [(2, 3, 4, 5), (3, 1, 6, 6), (1, 1, 2, 3)]:
        images = torch.rand(shape, generator=generator)
        got = mistakes.explained(answer, mistakes.BACKWARDS, images)
        wrong = _apart(mistakes.of_mirror(images), images.flip(3))
        compare(got, images.flip(3), what=f"mirror of {shape}", mistakes=wrong)
    return "mirror is right: the last dimension, backwards."


@exercise
def turns(answer: Callable[[Tensor], Tensor]) -> str:
    """turns(angles (B,), in degrees) -> matrices (B, 2, 3) for F.affine_grid."""
    generator = torch.Generator().manual_seed(2)
    for count in (5, 3, 1):
        angles = 170 * (2 * torch.rand(count, generator=generator) - 1)
        got = mistakes.explained(answer, mistakes.ONE_ANGLE, angles)
        what = f"turns of {count} angle{'s' * (count > 1)}"
        value = as_tensor(got, what=what)
        if told := mistakes.of_shape_of_turns(value.shape, count):
            raise CheckFailed(f"{what}: {told}")
        want, wrong = turn_matrices(angles), mistakes.of_turns(angles)
        compare(got, want, what=what, mistakes=wrong, rtol=1e-4, atol=2e-5)
    return "turns is right: the matrix says where each new pixel comes from."


@exercise
def random_shift(answer: Callable[[Tensor, int, torch.Generator], Tensor]) -> str:
    """random_shift(images (B, 1, H, W), most, generator) -> the same shape, zeros come in."""
    generator = torch.Generator().manual_seed(3)
    for count, most, height, width in [(4000, 2, 9, 11), (4000, 1, 7, 7), (100, 2, 28, 28)]:
        images = 0.1 + 0.4 * torch.rand(count, 1, height, width, generator=generator)
        images[:, :, height // 2, width // 2] = 1.0  # a bright pixel tells where an image went
        what = f"random_shift of images {height} x {width}, most={most}"
        drawing, parts = _seeded(0), images.split(250)  # small batches: a slow loop ends in time
        got = [shifting.shifted_by(answer, part, most, drawing, what) for part in parts]
        shifting.check_batch(shifting.shifts_of(got[0]), what)
        again, other = (
            shifting.shifted_by(answer, parts[0], most, _seeded(s), what) for s in (0, 1)
        )
        shifting.check_generator(got[0], again, other, what)
        shifting.check_shifts(shifting.shifts_of(torch.cat(got)), most, what)
        shifting.check_filling(torch.cat(got), images, what)
    return "random_shift is right: each image its own shift, and zeros come in."


@exercise
def kept(answer: Callable[..., Any]) -> str:
    """kept(model, images (B, 1, H, W), change) -> share of the answers that stay, one number."""
    changes = [lambda x: x.flip(3), lambda x: x.roll(1, 2), lambda x: 0.6 * x + 0.3 * x.flip(2)]
    for seed, (count, change) in enumerate(zip((40, 23, 31), changes, strict=True)):
        model = _small_model(seed, 36, 4)
        images = torch.rand(count, 1, 6, 6, generator=_seeded(seed))
        got = mistakes.explained(answer, mistakes.OF_IMAGES, model, images, change)
        what = f"kept for {count} images"
        value = as_tensor(got, what=what)
        value = value.reshape(()) if value.numel() == 1 else value  # [0.3] is as good as 0.3
        want, wrong = share_kept(model, images, change), mistakes.of_kept(model, images, change)
        compare(value, want, what=what, mistakes=wrong, atol=1e-4)
    return "kept is right: the share of the answers that a change leaves as they are."


@exercise
def average_answer(answer: Callable[..., Tensor]) -> str:
    """average_answer(model, images (B, 1, H, W), policy, copies) -> probabilities (B, K)."""
    for seed, (count, side, classes, copies) in enumerate(
        [(4, 6, 3, 5), (2, 5, 4, 3), (1, 6, 2, 8)]
    ):
        turning = {"degrees": 30 + 5 * seed, "translate": 0.2}
        model = _small_model(seed, side * side, classes)
        images = torch.rand(count, 1, side, side, generator=_seeded(seed))
        got = call(answer, model, images, Policy(**turning), copies)
        what = f"average_answer for {count} image{'s' * (count > 1)}, {copies} copies"
        want = mean_answer(model, images, Policy(**turning), copies)
        wrong = _apart(mistakes.of_average(model, images, Policy(**turning), copies), want)
        compare(got, want, what=what, mistakes=wrong)
    return "average_answer is right: probabilities first, then their mean."


def whole_shifts(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Images (B, C, H, W), each moved by whole pixels of its own, at most `most`; zeros come in."""
    _, _, height, width = images.shape
    starts = torch.randint(2 * most + 1, (len(images), 2), generator=generator)
    rows = starts[:, :1] + torch.arange(height)
    columns = starts[:, 1:] + torch.arange(width)
    padded, each = F.pad(images, [most] * 4), torch.arange(len(images))[:, None, None]
    return padded[each, :, rows[:, :, None], columns[:, None]].movedim(3, 1)


def mean_answer(model: nn.Module, images: Tensor, policy: Policy, copies: int) -> Tensor:
    """Probabilities (B, K), the mean over copies of the images, which policy makes by seeds."""
    with torch.no_grad():
        answers = [model(policy(images, seed=k)).softmax(1) for k in range(copies)]
    return torch.stack(answers).mean(0)


def share_kept(model: nn.Module, images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Of the classes that the model names, the share that is the same for the changed images."""
    with torch.no_grad():
        first, second = (model(some).argmax(1) for some in (images, change(images)))
    return first.eq(second).double().mean()


def turn_matrices(angles: Tensor) -> Tensor:
    """Matrices (B, 2, 3) for F.affine_grid that turn images counter-clockwise; angles in degrees.

    What lab 04 uses until `turns` is solved.
    """
    return mistakes.matrix(torch.deg2rad(angles))


def _apart(wrong: dict[str, Tensor], right: Tensor) -> dict[str, Tensor]:
    """The mistakes without those that happen to give what is right (as with one image alone)."""
    return {
        message: value
        for message, value in wrong.items()
        if value.shape != right.shape or not torch.allclose(value, right, rtol=1e-3, atol=1e-5)
    }


def _small_model(seed: int, inputs: int, classes: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, last = nn.Linear(inputs, 16), nn.Linear(16, classes)
    first.weight.data.mul_(4)  # strong opinions, and no straight lines: the order of steps matters
    last.weight.data.mul_(8)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), first, nn.Tanh(), last).eval()


def _seeded(seed: Any) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
