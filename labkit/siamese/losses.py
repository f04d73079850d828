"""Losses that make a distance small for the same label and large for different ones.

Embeddings are float (B, D), labels int64 (B,). Distances are Euclidean. The first three are the
formulas of their papers; `batch_hard` takes its triplets from one batch. It knows nothing of
networks and training.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TINY = 1e-12


def contrastive_loss(first: Tensor, second: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    """Pull pairs with the same label together, push others apart up to `margin`: one number.

    The mean over pairs of d^2 / 2 where `same`, and max(0, margin - d)^2 / 2 elsewhere, with d the
    distance of the embeddings `first` and `second` (B, D); `same` bool (B,). (Hadsell, Chopra &
    LeCun 2006, where Y = 0 stands for "same".)

    >>> zero, one = torch.zeros(2, 3), torch.tensor([[0.6, 0, 0], [0.6, 0, 0]])
    >>> contrastive_loss(zero, one, torch.tensor([True, False]))
    tensor(0.1300)
    """
    squared = (first - second).square().sum(1)
    gap = (margin - _root(squared)).clamp_min(0)
    return (torch.where(same.bool(), squared, gap.square()) / 2).mean()


def triplet_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = 0.2
) -> Tensor:
    """The positive shall be nearer to the anchor than the negative, by `margin`: one number.

    The mean over triplets of max(0, d(anchor, positive) - d(anchor, negative) + margin);
    embeddings (B, D). (Schroff et al. 2015 with squared distances; Hermans et al. 2017 as here.)

    >>> triplet_loss(torch.zeros(1, 2), torch.tensor([[0.3, 0]]), torch.tensor([[0, 0.4]]))
    tensor(0.1000)
    """
    near = _root((anchor - positive).square().sum(1))
    far = _root((anchor - negative).square().sum(1))
    return (near - far + margin).clamp_min(0).mean()


def sup_con_loss(embeddings: Tensor, labels: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Each image shall find those of its class among all others of the batch: one number.

    With unit-length embeddings, s_ij = z_i . z_j / temperature: the mean over i, and over the p of
    i's class, of -log(exp(s_ip) / sum over all j other than i of exp(s_ij)). (Khosla et al. 2020,
    L_out.) Embeddings of any length are brought to length 1. ValueError for an image that is alone
    in its class.

    >>> z = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    >>> sup_con_loss(z, torch.tensor([0, 0, 1, 1])) < sup_con_loss(z, torch.tensor([0, 1, 0, 1]))
    tensor(True)
    """
    unit = F.normalize(embeddings, dim=1)
    alike = unit @ unit.T / temperature
    self_pair = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = _same_class(labels) & ~self_pair
    _refuse_alone(same, labels)
    log_share = alike - alike.masked_fill(self_pair, -torch.inf).logsumexp(1, keepdim=True)
    return -((log_share * same).sum(1) / same.sum(1)).mean()


def batch_hard(embeddings: Tensor, labels: Tensor, *, margin: float = 0.2) -> Tensor:
    """`triplet_loss` of each image with its hardest positive and negative (Hermans et al. 2017).

    >>> batch_hard(torch.zeros(4, 2), torch.tensor([0, 0, 1, 1]))
    tensor(0.2000)
    """
    far, near = hardest(pairwise(embeddings), labels)
    return (far - near + margin).clamp_min(0).mean()


def hardest(distances: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """For each image of a batch how far the farthest of its class is, and the nearest other: (B,).

    `distances` (B, B), of each to each. ValueError for an image that is alone in its class, or a
    batch of one class.

    >>> x = torch.tensor([0.0, 1, 3, 7])
    >>> hardest((x[:, None] - x).abs(), torch.tensor([0, 0, 1, 1]))
    (tensor([1., 1., 4., 4.]), tensor([3., 2., 2., 6.]))
    """
    same = _same_class(labels)
    self_pair = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    _refuse_alone(same & ~self_pair, labels)
    if same.all():
        raise ValueError("all images of the batch have the same label: there is no negative")
    far = distances.masked_fill(~same | self_pair, -torch.inf)
    return far.amax(1), distances.masked_fill(same, torch.inf).amin(1)


def pairwise(embeddings: Tensor, others: Tensor | None = None) -> Tensor:
    """Euclidean distances of all embeddings (B, D) to all `others` (C, D): (B, C).

    By default to each other: (B, B). Differentiable, also where a distance is 0.

    >>> pairwise(torch.tensor([[0.0, 0], [3, 4]]))
    tensor([[0., 5.],
            [5., 0.]])
    """
    others = embeddings if others is None else others
    sizes = embeddings.square().sum(1)[:, None] + others.square().sum(1)
    return _root(sizes - 2 * embeddings @ others.T)


def _root(squared: Tensor) -> Tensor:
    """The square root, with slope 0 (not infinity) at 0."""
    safe = squared.clamp_min(TINY)
    return torch.where(squared > TINY, safe.sqrt(), squared.clamp_min(0) * 0)


def _same_class(labels: Tensor) -> Tensor:
    return labels[:, None] == labels


def _refuse_alone(others: Tensor, labels: Tensor) -> None:
    alone = ~others.any(1)
    if alone.any():
        raise ValueError(
            f"the batch has a single image of class {labels[alone][0].item()}: give each class two "
            "or more (data.balanced_batches does)"
        )
