"""Checks of lab 06: the contrastive loss, two kinds of error, the hardest of a batch, one shot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.checks import lab06_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise


@exercise
def contrastive(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> str:
    """contrastive(first (B, D), second (B, D), same (B,) bool, margin) -> one number."""
    cases = [(8, 8, 1.3), (7, 3, 1.0), (12, 2, 2.0), (5, 8, 0.7), (500, 32, 1.0)]
    for seed, (count, dim, margin) in enumerate(cases):
        first, second, same = _pairs(seed, count, dim, margin)
        got = call(answer, first, second, same, margin)
        what = f"The loss of {count} pairs in {dim} dimensions, margin={margin:g}"
        want, wrong = mistakes.contrastive(first, second, same, margin)
        compare(got, want, mistakes=lambda w=wrong: mistakes.also_without_half(w()), what=what)
        _check_slopes(answer, first, second, same, margin)
    _refuse_nan_slope(answer)
    return "contrastive is right: it pulls equals together, and pushes others as far as the margin."


@exercise
def errors(answer: Callable[[Tensor, Tensor, float], tuple]) -> str:
    """errors(distances (N,), same (N,) bool, threshold) -> (false accepts, false refusals)."""
    for seed, (count, threshold) in enumerate([(40, 0.5), (31, 0.75), (52, 0.25)]):
        generator = torch.Generator().manual_seed(600 + seed)
        same = torch.rand(count, generator=generator) < 0.3
        same[:2] = torch.tensor([True, False])
        distances = torch.rand(count, generator=generator) + 0.3 * ~same
        distances = (distances * 8).round() / 8  # some lie on the threshold, exactly
        distances[:2] = threshold
        got = call(answer, distances, same, threshold)
        accept, refuse = _two(got, "errors", "(false_accepts, false_refusals)")
        names = ("The false accepts", "The false refusals")
        _compare_two(accept, refuse, *mistakes.errors(distances, same, threshold), names)
    return "errors is right: each kind is a share of the pairs that could go wrong that way."


@exercise
def hardest(answer: Callable[[Tensor, Tensor], tuple]) -> str:
    """hardest(distances (B, B), labels (B,)) -> (farthest of the same class, nearest other)."""
    cases = [torch.arange(9) % 3, torch.tensor([3, 3, 3, 0, 0, 7, 7, 7, 7]), torch.arange(12) // 6]
    for seed, labels in enumerate(cases):
        generator = torch.Generator().manual_seed(620 + seed)
        order = torch.randperm(len(labels), generator=generator)
        labels, points = labels[order], torch.randn(len(labels), 3, generator=generator)
        distances = torch.cdist(points, points).fill_diagonal_(0)
        got = call(answer, distances, labels)
        far, near = _two(got, "hardest", "(far, near)")
        _compare_two(far, near, *mistakes.hardest(distances, labels), ("far", "near"))
    return "hardest is right: the worst of its own class, the most tempting of the others."


@exercise
def one_shot(answer: Callable[[Tensor, Tensor], float]) -> str:
    """one_shot(examples (E, N, D), asked (E, N, D)) -> share right: nearest example of episode."""
    cases = [(30, 5, 4), (21, 3, 2), (40, 2, 6), (500, 5, 32)]
    for seed, (episodes, ways, dim) in enumerate(cases):
        generator = torch.Generator().manual_seed(640 + seed)
        examples = torch.randn(episodes, ways, dim, generator=generator)
        noise = torch.randn(episodes, ways, dim, generator=generator)
        sizes = 0.3 + 2 * torch.rand(episodes, ways, 1, generator=generator)
        examples = examples * sizes  # of many lengths, so that a product is no distance
        asked = examples + 0.6 * noise
        got = call(answer, examples, asked)
        what = f"one_shot of {episodes} episodes, {ways} ways"
        want, wrong = mistakes.one_shot(examples, asked)
        compare(got, want, mistakes=wrong, what=what)
    return "one_shot is right: each image gets the class of the nearest example of its episode."


def _pairs(seed: int, count: int, dim: int, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs at distances from 0.2 to 1.9 margins, of both kinds and on both sides."""
    generator = torch.Generator().manual_seed(590 + seed)
    first = torch.randn(count, dim, generator=generator)
    away = torch.nn.functional.normalize(torch.randn(count, dim, generator=generator), dim=1)
    distance = margin * torch.linspace(0.2, 1.9, count)
    same = torch.arange(count) % 3 == 0
    return first, first + away * distance[:, None], same


def _check_slopes(answer: Callable, first: Tensor, second: Tensor, *rest: Any) -> None:
    """The derivatives by both inputs are those of the formula, not merely there."""
    first, second = first.clone().requires_grad_(), second.clone().requires_grad_()
    got = call(lambda *args: _slopes(answer, *args), first, second, *rest)
    want, wrong = mistakes.contrastive_slopes(first, second, *rest)
    compare(got, want, mistakes=wrong, what="The slope of the loss by (first, second)", atol=1e-4)


def _refuse_nan_slope(answer: Callable) -> None:
    """Finite slopes also where two embeddings are equal."""
    first = torch.tensor([[0.2, -0.4], [1.0, 0.5], [0.3, 0.3]], requires_grad=True)
    second = first.detach() + torch.tensor([[0.0, 0.0], [0.2, 0.1], [0.0, 0.0]])
    same = torch.tensor([True, False, False])
    slopes = call(lambda *args: _slopes(answer, *args), first, second.requires_grad_(), same, 1.0)
    if not torch.isfinite(slopes).all():
        raise CheckFailed(
            "Where two embeddings are equal the slope of the loss is nan, and training would break "
            "there: the square root has no slope at 0. Use (first - second).norm(dim=1), or add a "
            "tiny number under the root."
        )


def _slopes(answer: Callable, first: Tensor, second: Tensor, *rest: Any) -> Tensor:
    """The derivatives of the student's loss by both embeddings: (2, B, D)."""
    loss = answer(first, second, *rest)
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        raise CheckFailed(
            "The loss can't be trained with: it no longer depends on the embeddings. Return the "
            "tensor itself, without .item(), float(), .detach() or torch.no_grad()."
        )
    options = {"allow_unused": True, "materialize_grads": True}
    return torch.stack(torch.autograd.grad(loss, [first, second], **options))


def _two(got: Any, name: str, want: str) -> tuple[Any, Any]:
    if isinstance(got, Tensor | np.ndarray) and got.shape[:1] == (2,):
        got = tuple(got)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise CheckFailed(f"{name} should return two things, {want}, but returns {describe(got)}.")
    if any(isinstance(part, torch.return_types.max | torch.return_types.min) for part in got):
        raise CheckFailed(
            f"{name}: .max(1) and .min(1) give two things each, values and indices. Take .amax(1) "
            "and .amin(1), or add .values."
        )
    return got[0], got[1]


def _compare_two(one: Any, two: Any, right: tuple, wrong_ones: Callable, names: tuple) -> None:
    """Compare two results at once, so that a mistake is known by both of them."""
    values = [as_tensor(got, what=name) for got, name in zip((one, two), names, strict=True)]
    if all(map(_same, values, right)):
        return
    wrongs = wrong_ones()
    for message, wrong in wrongs.items():
        if all(_same(v, w) for v, w in zip(values, wrong, strict=True)) and not all(
            _same(torch.as_tensor(r), w) for r, w in zip(right, wrong, strict=True)
        ):
            raise CheckFailed(f"{names[0]} and {names[1].lower()}: {message}")
    for at, (got, want, name) in enumerate(zip((one, two), right, names, strict=True)):
        alone = {message: wrong[at] for message, wrong in wrongs.items()}
        compare(got, want, mistakes=alone, what=name)


def _same(got: Tensor, want: Any) -> bool:
    want = torch.as_tensor(want).double()
    got = got.double()
    return got.shape == want.shape and torch.allclose(got, want, rtol=1e-4, atol=1e-6)
