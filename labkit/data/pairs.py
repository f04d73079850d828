"""Pairs, triplets, balanced batches and unseen classes, for networks that learn a distance.

Everything is row numbers into one set of labels, drawn for a whole training at once and without a
Python loop over images, so that the drawing costs far less than the network (measured in
tests/data/test_pairs.py). Losses and the training loop are in `labkit.siamese`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.data.digits import Labelled


class Pairs(NamedTuple):
    """Row numbers int64 (N,) of two images each; bool (N,): have they the same label?"""

    first: Tensor
    second: Tensor
    same: Tensor


class Triplets(NamedTuple):
    """Row numbers int64 (N,): an anchor, another image of its class, an image of another class."""

    anchor: Tensor
    positive: Tensor
    negative: Tensor


def make_pairs(labels: Tensor, *, count: int, seed: int = 0) -> Pairs:
    """Draw `count` pairs of images, half with the same label and half with different ones.

    `labels` int64 (N,). First images are drawn evenly over all images, second ones evenly over the
    first one's class (never the image itself) or over all other classes. Order and draws depend on
    `seed` alone. ValueError unless there are two classes, each with two images.

    >>> pairs = make_pairs(torch.tensor([0, 0, 1, 1]), count=6)
    >>> int(pairs.same.sum())
    3
    """
    drawn = _Draw(labels, seed)
    first = drawn.anywhere(_count("count", count))
    same = torch.arange(count) % 2 == 0
    second = torch.where(same, drawn.in_class(first), drawn.elsewhere(first))
    order = torch.randperm(count, generator=drawn.generator)
    return Pairs(drawn.rows[first][order], drawn.rows[second][order], same[order])


def make_triplets(labels: Tensor, *, count: int, seed: int = 0) -> Triplets:
    """Draw `count` triplets: anchor, positive (same label, another image), negative (other label).

    `labels` int64 (N,). As random as `make_pairs`; the hard ones are found within a batch, see
    `labkit.siamese.hardest`. ValueError unless there are two classes, each with two images.

    >>> labels = torch.tensor([0, 0, 1, 1])
    >>> anchor, positive, negative = make_triplets(labels, count=5)
    >>> bool((labels[anchor] == labels[positive]).all())
    True
    """
    drawn = _Draw(labels, seed)
    anchor = drawn.anywhere(_count("count", count))
    places = anchor, drawn.in_class(anchor), drawn.elsewhere(anchor)
    return Triplets(*(drawn.rows[place] for place in places))


def balanced_batches(
    labels: Tensor, *, steps: int, classes: int = 10, per_class: int = 10, seed: int = 0
) -> Iterator[Tensor]:
    """Yield `steps` batches of row numbers int64 (classes * per_class,), class after class.

    Each batch has `classes` classes at random (all, if there are fewer) and `per_class` different
    images of each ("P x K", Hermans et al. 2017). Draws depend on `seed` alone. ValueError unless
    there are two classes and each has `per_class` images.

    >>> batch = next(balanced_batches(torch.arange(40) % 4, steps=1, classes=3, per_class=5))
    >>> batch.shape
    torch.Size([15])
    """
    drawn = _Draw(labels, seed)
    per_class = _count("per_class", per_class, least=2)
    classes = min(_count("classes", classes, least=2), len(drawn.sizes))
    if drawn.sizes.min() < per_class:
        few = int(drawn.sizes.argmin())
        raise ValueError(
            f"class {int(drawn.names[few])} has {int(drawn.sizes[few])} images, a batch needs "
            f"{per_class} of each class: lower per_class, or leave that class out"
        )
    return (drawn.balanced(classes, per_class) for _ in range(_count("steps", steps)))


def split_classes(data: Labelled, *, held_out: Sequence[int]) -> tuple[Labelled, Labelled]:
    """Split by class: (images of all other classes, images of the classes `held_out`).

    So that what is learned from the first can be tested on classes that were never seen. Labels
    stay as they are. ValueError for a class that does not occur, or if one part would be empty.

    >>> digits = Labelled(torch.zeros(4, 1, 8, 8), torch.tensor([0, 1, 2, 2]))
    >>> [part.labels.tolist() for part in split_classes(digits, held_out=[2])]
    [[0, 1], [2, 2]]
    """
    images, labels = data
    labels = _checked(labels)
    there, wanted = set(labels.unique().tolist()), {int(label) for label in held_out}
    if not wanted <= there:
        raise ValueError(f"no images of class {sorted(wanted - there)[:5]} to hold out")
    if not wanted or wanted == there:
        raise ValueError(f"hold out some of the {len(there)} classes, not {len(wanted)}")
    out = torch.isin(labels, torch.tensor(sorted(wanted)))
    return Labelled(images[~out], labels[~out]), Labelled(images[out], labels[out])


class _Draw:
    """Draws places in `rows`, the row numbers sorted by class; all of it for many at once."""

    def __init__(self, labels: Tensor, seed: int):
        labels = _checked(labels)
        self.generator = torch.Generator().manual_seed(seed)
        self.rows = labels.argsort(stable=True)
        self.names, self.classes, self.sizes = labels[self.rows].unique(
            return_inverse=True, return_counts=True
        )
        self.starts = self.sizes.cumsum(0) - self.sizes
        _refuse_too_few(self.names, self.sizes)

    def anywhere(self, count: int) -> Tensor:
        return torch.randint(len(self.rows), (count,), generator=self.generator)

    def in_class(self, place: Tensor) -> Tensor:
        """Another place in the same class: some steps further, round and round."""
        kind = self.classes[place]
        start, size = self.starts[kind], self.sizes[kind]
        return start + (place - start + 1 + self._below(size - 1)) % size

    def elsewhere(self, place: Tensor) -> Tensor:
        """A place in another class: drawn as if this class were cut out."""
        kind = self.classes[place]
        other = self._below(len(self.rows) - self.sizes[kind])
        return other + self.sizes[kind] * (other >= self.starts[kind])

    def balanced(self, classes: int, per_class: int) -> Tensor:
        """Rows of a batch: `per_class` different images of each of `classes` classes."""
        kinds = torch.randperm(len(self.sizes), generator=self.generator)[:classes]
        size = self.sizes[kinds]
        dice = torch.rand(classes, int(size.max()), generator=self.generator)
        dice[torch.arange(dice.shape[1]) >= size[:, None]] = 2.0  # no such image
        chosen = dice.topk(per_class, largest=False).indices
        return self.rows[(self.starts[kinds][:, None] + chosen).flatten()]

    def _below(self, limits: Tensor) -> Tensor:
        """A whole number from 0 to limit - 1 for each limit."""
        dice = torch.rand(len(limits), generator=self.generator, dtype=torch.float64)
        return (dice * limits).long()


def _checked(labels: Tensor) -> Tensor:
    if not isinstance(labels, Tensor):
        raise TypeError(
            f"labels must be a tensor (N,) of whole numbers, not {type(labels).__name__}"
        )
    if labels.dim() != 1 or labels.is_floating_point() or labels.is_complex():
        raise ValueError(
            f"labels must be whole numbers (N,), not {labels.dtype} of shape {tuple(labels.shape)}"
        )
    if len(labels) == 0:
        raise ValueError("there are no labels: the set is empty")
    return labels.cpu()


def _refuse_too_few(names: Tensor, sizes: Tensor) -> None:
    if len(sizes) < 2:
        raise ValueError(
            f"all images have the label {int(names[0])}: a distance is learned from two classes "
            "or more"
        )
    if (sizes < 2).any():
        alone = names[sizes < 2].tolist()
        raise ValueError(
            f"a single image of class {', '.join(map(str, alone[:5]))}: each class needs two or "
            "more, for pairs with the same label"
        )


def _count(name: str, value: int, *, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} must be a whole number, {least} or more, not {value!r}")
    return int(value)
