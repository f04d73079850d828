"""Does an explanation say the same again, and something else of a network that knows nothing?"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.explain.targets import Target


def repeatability(
    method: Callable[..., Tensor],
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    seeds: tuple[int, int] = (0, 1),
    **options,
) -> Tensor:
    """Spearman's rank correlation of the heats that a method gives with two seeds: (B,), -1 to 1.

    Only for methods that draw random numbers; others repeat by nature, and raise TypeError.
    `options` go to the method.

    >>> from labkit.explain import smooth_grad
    >>> agree = repeatability(smooth_grad, model, images, 281, samples=4)
    """
    if "seed" not in inspect.signature(method).parameters:
        raise TypeError("the method takes no seed: it gives the same heat every time")
    first, second = (method(model, images, target, seed=seed, **options) for seed in seeds)
    return spearman(first, second)


def randomization(
    method: Callable[..., Tensor],
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    seed: int = 0,
    **options,
) -> Tensor:
    """Spearman's rank correlation of |heat| with that of the model with shuffled weights: (B,).

    Adebayo et al. (2018): near 0 for a method that shows what was learned; near 1 for one that
    shows the image, as an edge detector does. `seed` shuffles; `options` go to the method.

    >>> alike = randomization(gradient, model, images, 281)
    """
    from labkit.nets.models import randomized

    twin = randomized(model, seed=seed)
    trained, random = (method(m, images, target, **options).abs() for m in (model, twin))
    return spearman(trained, random)


def spearman(one: Tensor, other: Tensor) -> Tensor:
    """Spearman's rank correlation of (B, ...) with (B, ...), image by image: (B,), -1 to 1.

    Equal values share their mean rank. nan where one of the two is the same everywhere.

    >>> spearman(torch.tensor([[1.0, 2, 9]]), torch.tensor([[3.0, 2, 1]]))
    tensor([-1.])
    """
    if one.shape != other.shape:
        raise ValueError(f"shapes must agree, not {tuple(one.shape)} and {tuple(other.shape)}")
    pairs = zip(one.cpu().flatten(1), other.cpu().flatten(1), strict=True)
    agreements = torch.stack([_correlation(_ranks(a), _ranks(b)) for a, b in pairs])
    return agreements.float().to(one.device)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / ((a @ a) * (b @ b)).sqrt()


def _ranks(values: Tensor) -> Tensor:
    """Rank of each value (N,), 1 for the smallest; equal values get the mean of their ranks."""
    _, place, count = values.unique(return_inverse=True, return_counts=True)
    return (count.cumsum(0) - (count - 1) / 2).double()[place]
