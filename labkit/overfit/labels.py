"""Digits and labels with less and less to learn in them: the controls of Zhang et al. (2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.data.digits import CLASSES

Data = tuple[Tensor, Tensor]  # images (N, 1, H, W), labels (N,)
VARIANTS = ("true labels", "random labels", "shuffled pixels", "random pixels", "noise")


def random_labels(labels: Tensor, seed: int) -> Tensor:
    """The labels (N,) in a random order that `seed` fixes: as many of each class as before.

    The global random state is left alone.

    >>> random_labels(torch.tensor([0, 0, 1, 2]), 3).sort().values
    tensor([0, 0, 1, 2])
    """
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(len(labels), generator=generator)
    return labels.gather(0, draws.argsort())


def noisy_labels(labels: Tensor, share: float, *, seed: int) -> Tensor:
    """Labels (N,) of ten classes, of which a `share` (0 to 1, rounded) is now a wrong one.

    Which, and what they are now, depends on `seed` alone; a larger share holds the smaller one's.
    ValueError for a share outside 0 to 1.

    >>> (noisy_labels(torch.zeros(10, dtype=torch.long), 0.2, seed=0) > 0).sum()
    tensor(2)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is a part of the labels, 0 to 1, not {share!r}")
    generator = torch.Generator().manual_seed(seed + 7_777)
    chosen = torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]
    by = torch.randint(1, CLASSES, (len(labels),), generator=generator)
    changed = labels.clone()
    changed[chosen] = (labels[chosen] + by[chosen]) % CLASSES
    return changed


def variant(kind: str, train: Data, test: Data, *, seed: int, shuffle=random_labels):
    """Training and test data of one of `VARIANTS`, as two pairs (images, labels).

    "random labels": those of training by `shuffle(labels, seed)`. "shuffled pixels": one order of
    the pixels for all images. "random pixels": another order for each. "noise": Gaussian pixels
    with the digits' mean and spread, labels as they were. The test labels are always the true
    ones. ValueError for another kind.
    """
    if kind not in VARIANTS:
        raise ValueError(f"kind must be one of {', '.join(VARIANTS)}, not {kind!r}")
    if kind == "true labels":
        return (train[0], train[1]), (test[0], test[1])
    if kind == "random labels":
        return (train[0], shuffle(train[1], seed)), (test[0], test[1])
    generator = torch.Generator().manual_seed(seed + 5_555)
    order = torch.randperm(train[0][0].numel(), generator=generator)

    def changed(images: Tensor) -> Tensor:
        if kind == "shuffled pixels":
            return images.flatten(1)[:, order].view_as(images)
        if kind == "random pixels":
            places = torch.rand(images.flatten(1).shape, generator=generator).argsort(1)
            return images.flatten(1).gather(1, places).view_as(images)
        drawn = torch.randn(images.shape, generator=generator)
        return train[0].mean() + train[0].std() * drawn

    return (changed(train[0]), train[1]), (changed(test[0]), test[1])
