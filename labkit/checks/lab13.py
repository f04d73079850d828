"""Checks of lab 13: random labels, random features, the smallest fit, its condition, epoch zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from labkit.checks import lab13_mistakes as mistakes
from labkit.checks.core import CheckFailed, NotDone, as_tensor, call, compare, exercise
from labkit.checks.words import describe

RULE = "The labels in a random order"


@exercise
def random_labels(answer: Callable[[Tensor, int], Tensor]) -> str:
    """random_labels(labels (N,), seed) -> the same labels in a random order, (N,)."""
    generator = torch.Generator().manual_seed(1301)
    mixed = (torch.arange(2000) % 10)[torch.randperm(2000, generator=generator)]
    rare = (torch.rand(1500, generator=generator) ** 2 * 10).long()  # more of small numbers
    for labels in (mixed, rare, rare.sort().values):
        first, again, other = (_labels(call(answer, labels, seed), labels) for seed in (4, 4, 5))
        if said := mistakes.of_order(labels, first, again, other):
            raise CheckFailed(f"{RULE}: {said}")
    alike = torch.full((7,), 3)
    compare(_labels(call(answer, alike, 1), alike), alike, what=f"{RULE}, all of them 3,")
    return "random_labels is right: as many of each digit as before, and nothing to learn in them."


@exercise
def relu_features(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """relu_features(pixels (B, D), directions (D, N)) -> (B, N)."""
    generator = torch.Generator().manual_seed(1302)
    for rows, size, count in ((3, 5, 7), (4, 6, 3), (2, 9, 12), (1, 4, 2)):
        pixels = torch.rand(rows, size, generator=generator, dtype=torch.float64)
        at = torch.randn(size, count, generator=generator, dtype=torch.float64)
        right, wrong = mistakes.relu_features(pixels, at)
        what = f"The {count} features of {rows} image{'s' * (rows > 1)}"
        compare(call(answer, pixels, at), right, mistakes=wrong, what=what)
    return "relu_features is right: each asks how far an image points in a random direction."


@exercise
def min_norm(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """min_norm(features (n, N), targets (n, K)) -> weights (N, K)."""
    generator = torch.Generator().manual_seed(1303)
    for rows, count, outputs in ((12, 5, 3), (5, 12, 3), (6, 6, 2), (4, 9, 1)):
        features = torch.randn(rows, count, generator=generator, dtype=torch.float64)
        targets = torch.randn(rows, outputs, generator=generator, dtype=torch.float64)
        _check_fit(answer, features, targets, f"The weights for {count} features of {rows} images")
    dead = torch.randn(10, 4, generator=generator, dtype=torch.float64)
    dead[:, 2] = 0
    targets = torch.randn(10, 2, generator=generator, dtype=torch.float64)
    _check_fit(answer, dead, targets, "The weights where one feature is 0 for all images")
    u, s, vt = torch.linalg.svd(torch.randn(6, 6, generator=generator, dtype=torch.float64))
    s[-1] = 3e-3  # as fragile as at the peak: here a tiny ridge shows
    _check_fit(answer, (u * s) @ vt, targets[:6], "The weights where the fit is fragile")
    return "min_norm is right: of all fits that are best, the one with the smallest weights."


@exercise
def condition(answer: Callable[[Tensor], float]) -> str:
    """condition(features (n, N)) -> the largest singular value over the smallest."""
    generator = torch.Generator().manual_seed(1304)
    for rows, count, scale in ((8, 5, 1.0), (4, 9, 0.01), (6, 6, 30.0), (3, 7, 1.0)):
        features = scale * torch.randn(rows, count, generator=generator, dtype=torch.float64)
        right, wrong = mistakes.condition(features)
        what = f"The condition number of a matrix ({rows}, {count})"
        compare(call(answer, features), right, mistakes=wrong, what=what)
    fragile = torch.diag(torch.tensor([1e4, 3.0, -0.1], dtype=torch.float64))
    right, wrong = mistakes.condition(fragile)
    what = "The condition number of a matrix with 10000, 3 and -0.1 on its diagonal"
    compare(call(answer, fragile), right, mistakes=wrong, what=what)
    return "condition is right: so many times a small error in the data may grow."


@exercise
def zero_epoch(answer: Callable[[Sequence[float]], int | None]) -> str:
    """zero_epoch(errors) -> the first epoch, from 1, with error 0; None if there is none."""
    for errors in mistakes.EPOCHS:
        got, right = call(answer, list(errors)), mistakes.first_zero(errors)
        said = mistakes.zero_epoch(errors)
        what = f"The first epoch with error 0 in {list(errors)}"
        if right is None:
            if got is not None:
                found = describe(got) if not isinstance(got, int | float) else got
                raise CheckFailed(f"{what} doesn't exist, so it should be None, but is {found}.")
            continue
        if got is None:
            raise CheckFailed(
                f"{what} is None, but there is one. Does the function look at all epochs, "
                "and `return` it?"
            )
        compare(got, right, mistakes=said, what=what)
    return "zero_epoch is right: from there on, the network knows all its digits by heart."


def _labels(got, labels: Tensor) -> Tensor:
    """The student's labels as int64 (N,); CheckFailed for what can be no labels."""
    if isinstance(got, tuple):
        raise CheckFailed(f"{RULE}: give the labels alone back, not {len(got)} things.")
    values = as_tensor(got, what=RULE)
    if values.shape != labels.shape:
        raise CheckFailed(
            f"{RULE} should be {len(labels)} numbers, but is {describe(got)}. Keep them all."
        )
    if not torch.isfinite(values).all() or (values != values.round()).any():
        raise CheckFailed(f"{RULE}: labels are whole numbers, and these aren't.")
    if "float" in str(getattr(got, "dtype", "")):
        raise CheckFailed(f"{RULE} are of type {got.dtype}: keep whole numbers, as they came.")
    return values.long()


def _check_fit(answer: Callable, features: Tensor, targets: Tensor, what: str) -> None:
    right, wrong = mistakes.min_norm(features, targets)
    try:
        got = call(answer, features, targets)
    except NotDone:
        raise
    except CheckFailed as stopped:
        if "singular" in str(stopped).lower() or "positive-definite" in str(stopped):
            raise CheckFailed(f"{what}: {mistakes.SINGULAR}") from None
        raise
    if isinstance(got, tuple):
        raise CheckFailed(f"{what}: lstsq gives several things. Take `.solution` (in NumPy, [0]).")
    value = as_tensor(got, what=what)
    if value.shape == right.shape and torch.isfinite(value).all():
        wrong[mistakes.of_fit(features, targets, value, right)] = value
    compare(value, right, mistakes=wrong, what=what)
