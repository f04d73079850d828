"""The four pieces that lab 15 has its students write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Item = TypeVar("Item")


def forgetting(accuracy: Tensor) -> Tensor:
    """How much of each task but the last was lost in the end: (T, T) -> (T - 1,).

    accuracy[i, j] is that on task j after learning task i. The best since the task was learned, and
    before the last task came, less what is left at the end (after Chaudhry and others 2018).

    >>> forgetting(torch.tensor([[1.0, 0.5], [0.25, 1.0]]))
    tensor([0.7500])
    """
    _, count = _square(accuracy)
    since = torch.ones(count, count, dtype=torch.bool).tril()
    best = accuracy.where(since, float("-inf"))[:-1].amax(0)
    return (best - accuracy[-1])[:-1]


def fisher(net: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
    """How much each weight matters to the net's answers: (P,), the diagonal of Fisher's matrix.

    The mean over images (N, ...) of the squared slope of log p(label), for a label drawn from the
    net's own probabilities. The slope is squared for each image by itself.
    """
    weights, total = list(net.parameters()), None
    for image in images:
        logits = net(image[None])
        label = torch.multinomial(logits.detach().softmax(1), 1, generator=generator)[0]
        slopes = torch.autograd.grad(F.cross_entropy(logits, label), weights)
        squares = torch.cat([slope.flatten() for slope in slopes]).square()
        total = squares if total is None else total.add_(squares)
    return total / len(images)


def ewc_penalty(
    weights: Tensor, anchors: Sequence[tuple[Tensor, Tensor]], strength: float
) -> Tensor:
    """What it costs to leave earlier tasks' weights: one number (Kirkpatrick and others 2017).

    weights (P,); anchors: for each earlier task its weights (P,) and how much each matters (P,).
    Half the strength times the sum of importance times squared distance.
    """
    cost = weights.new_zeros(())
    for old, importance in anchors:
        cost = cost + torch.dot(importance, (weights - old).square())
    return strength / 2 * cost


def reservoir(stream: Iterable[Item], size: int, generator: torch.Generator) -> list[Item]:
    """Keep `size` of a stream of unknown length, each equally likely (Vitter 1985, algorithm R).

    >>> reservoir(iter("abc"), 5, torch.Generator())
    ['a', 'b', 'c']
    """
    kept: list[Item] = []
    for seen, item in enumerate(stream):
        if seen < size:
            kept.append(item)
            continue
        place = int(torch.randint(seen + 1, (), generator=generator))
        if place < size:
            kept[place] = item
    return kept


def _square(accuracy: Tensor) -> tuple[int, int]:
    shape = tuple(accuracy.shape)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise ValueError(f"accuracy must be (T, T) for two tasks or more, not {shape}")
    return shape
