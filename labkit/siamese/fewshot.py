"""How good a learned distance is: verification, nearest neighbours, few-shot classification.

All of it works on embeddings (N, D), float, whatever they come from: a siamese net, raw pixels, a
classifier's features. Distances are Euclidean; bring embeddings to length 1 first where only the
direction shall count.
"""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.siamese.losses import pairwise

CHUNK, NUMBERS = 500, 8_000_000  # images, and numbers, that are looked at together


def errors(distances: Tensor, same: Tensor, threshold: float) -> tuple[float, float]:
    """(false accepts, false refusals) when a pair passes at a distance of at most `threshold`.

    The share of different pairs that pass, and of same pairs that don't; `distances` (N,), `same`
    bool (N,). ValueError unless there are pairs of both kinds.

    >>> errors(torch.tensor([0.1, 0.6, 0.4, 0.9]), torch.tensor([True, True, False, False]), 0.6)
    (0.5, 0.0)
    """
    if same.all() or not same.any():
        raise ValueError("pairs of both kinds are needed, with the same label and with others")
    passes = (distances <= threshold).double()
    return float(passes[~same].mean()), float(1 - passes[same].mean())


def nearest(embeddings: Tensor, known: Tensor, *, k: int = 1) -> Tensor:
    """Rows of the k nearest of `known` (M, D) to each embedding (N, D), nearest first: (N, k).

    >>> nearest(torch.tensor([[0.0], [9.0]]), torch.tensor([[8.0], [1.0], [4.0]]), k=2)
    tensor([[1, 2],
            [0, 2]])
    """
    if not 1 <= k <= len(known):
        raise ValueError(f"k must be from 1 to {len(known)}, the number known, not {k!r}")
    parts = [pairwise(part, known) for part in embeddings.split(CHUNK)]
    return torch.cat([part.topk(k, largest=False).indices for part in parts])


def knn(embeddings: Tensor, known: Tensor, labels: Tensor, *, k: int = 1) -> Tensor:
    """The label that most of the k nearest have, ties to the nearer: int64 (N,).

    `labels` (M,) are those of `known` (M, D).

    >>> known, labels = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([3, 3, 8])
    >>> knn(torch.tensor([[4.0], [0.2]]), known, labels)
    tensor([8, 3])
    """
    if len(labels) != len(known):
        raise ValueError(f"{len(labels)} labels for {len(known)} known embeddings")
    votes = labels[nearest(embeddings, known, k=k)]  # (N, k)
    rank = torch.arange(k, 0, -1, dtype=torch.float64) / (k * (k + 1))  # less than a vote together
    names = labels.unique()
    kinds = torch.searchsorted(names, votes)
    count = torch.zeros(len(votes), len(names), dtype=torch.float64)
    count.scatter_add_(1, kinds, torch.ones_like(votes, dtype=torch.float64))
    count.scatter_add_(1, kinds, rank.expand_as(votes) / k)
    return names[count.argmax(1)]


def few_shot(
    embeddings: Tensor,
    labels: Tensor,
    *,
    ways: int = 5,
    shots: int = 1,
    episodes: int = 2000,
    seed: int = 0,
) -> float:
    """The share of right answers when each class is known from `shots` examples only, 0 to 1.

    An episode draws `ways` classes, `shots` examples of each and one more image of each, which gets
    the class whose examples' mean is nearest (Vinyals et al. 2016; Snell et al. 2017). Chance is
    1 / ways. Embeddings (N, D), labels (N,). Draws depend on `seed` alone: the same episodes for
    every kind of embedding. ValueError unless `ways` classes have `shots` + 1 images each.

    >>> few_shot(torch.eye(3).repeat(2, 1), torch.arange(3).repeat(2), ways=3)
    1.0
    """
    if embeddings.dim() != 2 or len(embeddings) != len(labels):
        raise ValueError(
            f"embeddings must be (N, D) for {len(labels)} labels, not {tuple(embeddings.shape)}"
        )
    drawn = draw_episodes(labels, ways=ways, shots=shots, episodes=episodes, seed=seed)
    part = max(1, NUMBERS // (ways * (shots + 1) * embeddings.shape[1]))
    right = 0.0
    for rows in drawn.split(part):
        means = embeddings[rows[:, :, :shots]].mean(2)  # (episodes, ways, D)
        right += one_shot(means, embeddings[rows[:, :, shots]]) * len(rows)
    return right / len(drawn)


def one_shot(examples: Tensor, asked: Tensor) -> float:
    """The share of images that are nearest to the example of their own class, 0 to 1.

    `examples` and `asked` (E, N, D): in each of E episodes image i belongs to example i.

    >>> one_shot(torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[0.9], [0.8]]]))
    0.5
    """
    nearest = torch.cdist(asked, examples).argmin(2)  # (E, N)
    return float((nearest == torch.arange(examples.shape[1])).double().mean())


def draw_episodes(labels: Tensor, *, ways: int, shots: int, episodes: int, seed: int = 0) -> Tensor:
    """Rows of the examples and, last, of the image asked about: (episodes, ways, shots + 1).

    >>> draw_episodes(torch.arange(6) % 3, ways=2, shots=1, episodes=4).shape
    torch.Size([4, 2, 2])
    """
    names, counts = labels.unique(return_counts=True)
    names, counts = names[counts > shots], counts[counts > shots]
    if len(names) < ways or ways < 2 or shots < 1:
        raise ValueError(
            f"{ways} ways of {shots} shots need {ways} classes (2 or more) of {shots + 1} images; "
            f"there are {len(names)} such classes among {len(labels)} images"
        )
    generator = torch.Generator().manual_seed(seed)
    table = torch.full((len(names), int(counts.max())), -1)
    for i, name in enumerate(names):
        table[i, : counts[i]] = (labels == name).nonzero().flatten()
    kinds = torch.rand(episodes, len(names), generator=generator).argsort(1)[:, :ways]
    dice = torch.rand(episodes, ways, shots + 1, generator=generator, dtype=torch.float64)
    return table[kinds[..., None], _different(dice, counts[kinds])]


def _different(dice: Tensor, counts: Tensor) -> Tensor:
    """Different places below `counts` (...,) from dice (..., k) in [0, 1): (..., k)."""
    chosen = torch.empty(0)
    for i in range(dice.shape[-1]):
        place = (dice[..., i] * (counts - i)).long()
        taken = chosen.sort(-1).values if i else []
        for j in range(i):  # step over the places that are taken, in rising order
            place = place + (place >= taken[..., j])
        chosen = place[..., None] if i == 0 else torch.cat([chosen, place[..., None]], -1)
    return chosen
