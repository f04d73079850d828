"""Which picture to have labelled next: the ones a classifier is least sure of, or any.

`ask` runs the whole course: label, fit, choose, label ... on numbers (N, D) that stand for the
pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

SIZES = (20, 40, 80, 160, 320)
Pick = Callable[[Tensor, int], Tensor]


class Course(NamedTuple):
    """Share of test pictures right after each of `sizes` labels, and which rows were labelled."""

    sizes: tuple[int, ...]
    right: list[float]
    rows: Tensor


def unsure(probabilities: Tensor, count: int) -> Tensor:
    """The `count` rows (count,) whose two most probable classes are nearest to each other.

    probabilities (N, K). That's margin sampling (Scheffer and others, 2001).
    """
    best = probabilities.topk(2, dim=1).values
    return (best[:, 0] - best[:, 1]).argsort(stable=True)[:count]


def ask(
    known: tuple[Tensor, Tensor],
    asked: tuple[Tensor, Tensor],
    *,
    pick: Pick | None = None,
    sizes: Sequence[int] = SIZES,
    batch: int = 20,
    noise: float = 0.0,
    seed: int = 0,
) -> Course:
    """Label `batch` pictures at a time: those that `pick` chooses, or any; and test in between.

    known, asked: numbers (N, D) and labels (N,) of the pictures that may be labelled and of the
    test. `noise` is the share of labels that are wrong, drawn once. The first `batch` are any.
    """
    features, truth = known
    draws = torch.Generator().manual_seed(seed)
    given = _noisy(truth, noise, draws)
    order = torch.randperm(len(truth), generator=draws)
    rows, right = order[:batch], []
    while True:
        fitted = _fit(features[rows], given[rows])
        if len(rows) in sizes:
            right.append(float((_predict(fitted, asked[0]) == asked[1]).float().mean()))
        if len(rows) >= max(sizes):
            return Course(tuple(sizes), right, rows)
        free = order[~torch.isin(order, rows)]
        chosen = (
            slice(batch) if pick is None else pick(_probabilities(fitted, features[free]), batch)
        )
        rows = torch.cat([rows, free[chosen]])


def components(known: Tensor, asked: Tensor, *, count: int = 40) -> tuple[Tensor, Tensor]:
    """Pictures (N, ...) as their `count` principal components, all divided by one number."""
    from sklearn.decomposition import PCA

    fitted = PCA(count, random_state=0).fit(known.flatten(1).numpy())
    both = [torch.from_numpy(fitted.transform(x.flatten(1).numpy())) for x in (known, asked)]
    return both[0] / both[0].std(), both[1] / both[0].std()


def _noisy(truth: Tensor, noise: float, draws: torch.Generator) -> Tensor:
    classes = int(truth.max()) + 1
    other = (truth + torch.randint(1, classes, truth.shape, generator=draws)) % classes
    return other.where(torch.rand(truth.shape, generator=draws) < noise, truth)


def _fit(features: Tensor, labels: Tensor):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=3.0, max_iter=300).fit(features.numpy(), labels.numpy())


def _predict(fitted, features: Tensor) -> Tensor:
    return torch.from_numpy(fitted.predict(features.numpy()))


def _probabilities(fitted, features: Tensor) -> Tensor:
    return torch.from_numpy(fitted.predict_proba(features.numpy()))
