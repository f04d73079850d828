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
    decomposition a size serves all ridges and noises. `progress`: show a bar. ValueError for a
    negative ridge or more digits than there are.
    """
    if min(ridges) < 0 or not 0 < n <= len(train[1]):
        raise ValueError(f"ridges must be 0 or more, n 1 to {len(train[1])}: {ridges}, {n}")
    rows, largest = [], max(sizes)
    bar = tqdm(total=len(seeds) * len(sizes), desc="fits", leave=False, disable=not progress)
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(train[1]), generator=generator)[:n]
        labels = [noisy_labels(train[1][chosen], noise, seed=seed) for noise in noises]
        # fewer features are the first of many: all are computed once
        features = _features(train[0][chosen], test[0], fits.directions(largest, seed=seed + 1))
        inner = {0: torch.zeros(n, n, dtype=torch.float64)}  # {size: known @ known.T}
        for size in sizes:
            known, asked = (part[:, :size] for part in features)
            if size >= n:
                past = max(count for count in inner if count <= size)
                more = known[:, past:]
                inner[size] = inner[past] + more @ more.mT
            scale = (largest / size) ** 0.5
            left = _left(known, inner.get(size))
            rows.append(_fitted(known, left, labels, asked, test[1], ridges, scale))
            bar.update()
    bar.close()
    shape = (len(seeds), len(sizes))
    tables = torch.stack([row[0] for row in rows]).view(*shape, len(ridges), len(noises), 4)
    condition = torch.tensor([row[1] for row in rows], dtype=torch.float64).view(shape)
    lists = map(list, (sizes, ridges, noises, seeds))
    return Descent(n, *lists, *tables.unbind(-1), condition)


def _features(known: Tensor, asked: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Features of images to fit, float64, and to test; pixels that are blank in all are left out.

    The product is of single precision, half the work: it makes other directions by a ten-millionth.
    What is fitted to them is of double precision, and tested in single precision.
    """
    rows = torch.cat([known, asked]).flatten(1)
    used = rows.any(0).nonzero()[:, 0]
    seen = directions.T.float().index_select(1, used).T
    found = fits.relu_features(rows.index_select(1, used), seen)
    return found[: len(known)].double(), found[len(known) :]


def _fitted(
    known: Tensor, left, labels: list[Tensor], asked: Tensor, truth: Tensor, ridges, scale: float
):
    """Error, training error, training loss and norm (ridges, noises, 4); and the condition.

    `left`: of the features to fit (see `_left`).
    `scale`: what all features are still to be multiplied by; it doesn't change which answer wins.
    """
    u, s = left
    s = s * scale
    given, goals = torch.stack(labels, 1), torch.cat([fits.targets(each) for each in labels], 1)
    squares = (s**2 + torch.tensor(ridges, dtype=s.dtype)[:, None]).clamp_min(1e-300)
    shrink = torch.where(s > fits.TINY * s.max(), s / squares, 0.0)
    weights = shrink[:, :, None] * (u.mT @ goals)  # along the singular directions
    back = u @ (weights / s.clamp_min(1e-300)[:, None])  # weights of the features: known.T @ back

    def split(values: Tensor) -> Tensor:
        return values.unflatten(-1, (len(labels), -1))  # (ridges, rows, noises, classes)

    fitted = (u * s) @ weights
    wrong = split(asked @ (known.mT @ back).to(asked)).argmax(-1) != truth[:, None]
    missed = split(fitted).argmax(-1) != given
    loss = split((fitted - goals).square()).sum(-1).mean(1)
    norm = split(weights.square()).sum((1, 3)).sqrt()
    table = torch.stack([wrong.double().mean(1), missed.double().mean(1), loss, norm], -1)
    return table, float(s.max() / s.min())


def _left(features: Tensor, inner: Tensor | None) -> tuple[Tensor, Tensor]:
    """The left singular vectors (n, r) and singular values (r,) of features (n, N).

    From the smaller of the two square matrices, a fraction of the work; where squaring would lose
    too many digits, from the features themselves. `inner`: features @ features.T, unless N < n.
    """
    n, count = features.shape
    small = features.mT @ features if count < n else inner
    squares, vectors = torch.linalg.eigh(small)
    if squares[0] < 1e-9 * squares[-1]:
        return torch.linalg.svd(features, full_matrices=False)[:2]
    s = squares.sqrt()
    return (features @ vectors / s if count < n else vectors), s
