"""Double descent in one go: every number of features, with every ridge and every share of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from labkit.overfit import fits
from labkit.overfit.labels import noisy_labels

Data = tuple[Tensor, Tensor]


@dataclass
class Descent:
    """What `descent` measured; each table is (seeds, sizes, ridges, noises), float64.

    `error` is on test digits, `train_error` on those fitted, with the labels that were fitted;
    `train_loss` is their squared error a digit, `norm` the length of all weights together.
    `condition` is (seeds, sizes).
    """

    n: int
    sizes: list[int]
    ridges: list[float]
    noises: list[float]
    seeds: list[int]
    error: Tensor
    train_error: Tensor
    train_loss: Tensor
    norm: Tensor
    condition: Tensor

    def at(self, table: str, size: int, *, ridge: float = 0.0, noise: float = 0.0) -> Tensor:
        """The values (seeds,) of a table at one setting; ValueError for one not measured."""
        values = getattr(self, table)[:, self.sizes.index(size)]
        return values[:, self.ridges.index(ridge), self.noises.index(noise)]


def pixels(images: Tensor) -> Tensor:
    """Images (B, 1, H, W) as rows of numbers (B, H W), float64."""
    return images.flatten(1).double()


def descent(
    train: Data,
    test: Data,
    *,
    n: int = 300,
    sizes: Sequence[int],
    ridges: Sequence[float] = (0.0,),
    noises: Sequence[float] = (0.0,),
    seeds: Sequence[int] = (0,),
    progress: bool = False,
) -> Descent:
    """Fit n digits of `train` with random ReLU features, and test (Belkin et al. 2019).

    For each seed: other digits, directions and wrong labels. Ridge 0 is the smallest fit. One
    singular value decomposition a size serves all ridges and noises. `progress`: show a bar.
    ValueError for a negative ridge or more digits than there are.
    """
    if min(ridges) < 0 or not 0 < n <= len(train[1]):
        raise ValueError(f"ridges must be 0 or more, n 1 to {len(train[1])}: {ridges}, {n}")
    jobs = [(seed, size) for seed in seeds for size in sizes]
    rows, tests = [], pixels(test[0])
    for seed, size in tqdm(jobs, "fits", leave=False, disable=not progress):
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(train[1]), generator=generator)[:n]
        at = fits.directions(size, seed=seed + 1)
        known = fits.relu_features(pixels(train[0][chosen]), at)
        asked = fits.relu_features(tests, at)
        labels = [noisy_labels(train[1][chosen], noise, seed=seed) for noise in noises]
        rows.append(_fitted(known, labels, asked, test[1], ridges))
    shape = (len(seeds), len(sizes))
    tables = torch.stack([row[0] for row in rows]).view(*shape, len(ridges), len(noises), 4)
    condition = torch.tensor([row[1] for row in rows], dtype=torch.float64).view(shape)
    lists = map(list, (sizes, ridges, noises, seeds))
    return Descent(n, *lists, *tables.unbind(-1), condition)


def _fitted(known: Tensor, labels: list[Tensor], asked: Tensor, truth: Tensor, ridges):
    """Error, training error, training loss and norm (ridges, noises, 4); and the condition."""
    u, s, vt = torch.linalg.svd(known, full_matrices=False)
    seen = asked @ vt.mT
    table = torch.zeros(len(ridges), len(labels), 4, dtype=torch.float64)
    for i, ridge in enumerate(ridges):
        kept = s > fits.TINY * s[0]
        shrink = torch.where(kept, s / (s**2 + ridge).clamp_min(1e-300), 0.0)
        for j, given in enumerate(labels):
            goal = fits.targets(given)
            weights = shrink[:, None] * (u.mT @ goal)  # along the singular directions
            fitted = (u * s) @ weights
            wrong = ((seen @ weights).argmax(1) != truth).double().mean()
            missed = (fitted.argmax(1) != given).double().mean()
            loss = (fitted - goal).square().sum(1).mean()
            table[i, j] = torch.stack([wrong, missed, loss, weights.norm()])
    return table, float(s[0] / s[-1])
