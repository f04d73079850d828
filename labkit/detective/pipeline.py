"""From handwritten digits to a score in six steps, and the bugs that may sit in one of them.

A pipeline is six functions, one a step. `run("turned")` runs it with one of them replaced by a
wrong one, and keeps what every step made: a `Case`. `cases` gives several under letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.data import load_digits

STEPS = ("load", "label", "split", "brighten", "scale", "train")
TEST, LEAKED, MISLABELLED = 1000, 400, 0.1  # rows; rows of the test; share of the labels
EPOCHS, BATCH, LR, WIDTH = 6, 64, 2e-3, 100


class Case(NamedTuple):
    """What each step made: N digits, n of them to train on, M to test on."""

    bug: str | None
    pictures: Tensor  # (N, 1, 28, 28), uint8
    labels: Tensor  # (N,), as they were given
    truth: Tensor  # (N,)
    train: Tensor  # rows (n,)
    test: Tensor  # rows (M,)
    bright: Tensor  # (N, 1, 28, 28), uint8
    known: Tensor  # (n, 1, 28, 28), float32
    asked: Tensor  # (M, 1, 28, 28), float32
    order: Tensor  # (EPOCHS, n), in which the training goes through the n rows
    net: nn.Module

    @torch.no_grad()
    def logits(self) -> Tensor:
        """What the network says of the test pictures, (M, 10)."""
        return self.net(self.asked)

    @property
    def score(self) -> float:
        """The accuracy that the pipeline reports."""
        return float((self.logits().argmax(1) == self.labels[self.test]).float().mean())

    @property
    def wrong_step(self) -> str:
        """The step with the bug, "none" if there is none."""
        return BUGS[self.bug][0] if self.bug else "none"


def load(images: Tensor) -> Tensor:
    """Images in [0, 1] as a file has them: whole numbers, 0 to 255, rows before columns."""
    return (images * 255).round().to(torch.uint8)


def turned(images: Tensor) -> Tensor:
    """The bug: the file is read column by column."""
    return load(images).transpose(2, 3).contiguous()


def label(truth: Tensor, generator: torch.Generator) -> Tensor:
    """The labels as they are."""
    return truth.clone()


def mislabelled(truth: Tensor, generator: torch.Generator) -> Tensor:
    """The bug: a tenth of the labels, drawn at random, name another digit."""
    wrong = torch.rand(len(truth), generator=generator) < MISLABELLED
    other = (truth + torch.randint(1, 10, truth.shape, generator=generator)) % 10
    return other.where(wrong, truth)


def split(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows to train on and to test on, none in both."""
    rows = torch.randperm(count, generator=generator)
    return rows[TEST:], rows[:TEST]


def leak(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The bug: some rows of the test are in the training rows too."""
    train, test = split(count, generator)
    train = torch.cat([train[LEAKED:], test[:LEAKED]])
    return tuple(rows[torch.randperm(len(rows), generator=generator)] for rows in (train, test))


def brighten(pictures: Tensor) -> Tensor:
    """Twice as bright; what is beyond 255 is 255."""
    return (pictures.int() * 2).clamp(max=255).to(torch.uint8)


def overflow(pictures: Tensor) -> Tensor:
    """The bug: bytes have no 256, they begin again at 0."""
    return pictures * 2


def scale(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Bytes to numbers in [0, 1], for both parts."""
    return train.float() / 255, test.float() / 255


def unscaled(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """The bug: the test isn't divided by 255."""
    return train.float() / 255, test.float()


def shuffled(labels: Tensor, generator: torch.Generator) -> Tensor:
    """A new order of the rows for every epoch, (EPOCHS, n)."""
    return torch.stack([torch.randperm(len(labels), generator=generator) for _ in range(EPOCHS)])


def by_class(labels: Tensor, generator: torch.Generator) -> Tensor:
    """The bug: all zeros first, then all ones, and so on, in every epoch."""
    return labels.argsort(stable=True).expand(EPOCHS, -1)


RIGHT = dict(zip(STEPS, (load, label, split, brighten, scale, shuffled), strict=True))
BUGS = {  # name -> where it sits, and what stands there
    "turned": ("load", turned),
    "mislabelled": ("label", mislabelled),
    "leak": ("split", leak),
    "overflow": ("brighten", overflow),
    "unscaled": ("scale", unscaled),
    "sorted": ("train", by_class),
}
PLANTED = (None, "turned", "mislabelled", "leak", "overflow", "sorted")  # of the cases A to F


def run(bug: str | None = None, *, seed: int = 0) -> Case:
    """Run the pipeline, with this bug if one is named (ValueError: an unknown one).

    `seed` decides on split, wrong labels, order and the network's first weights.
    """
    if bug is not None and bug not in BUGS:
        raise ValueError(f"there is no bug {bug!r}; there are {', '.join(BUGS)}")
    step = RIGHT | ({BUGS[bug][0]: BUGS[bug][1]} if bug else {})
    images, truth = (torch.cat(pair) for pair in zip(*load_digits(), strict=True))
    generators = [torch.Generator().manual_seed(10 * seed + i) for i in range(3)]
    pictures, labels = step["load"](images), step["label"](truth, generators[0])
    train, test = step["split"](len(truth), generators[1])
    bright = step["brighten"](pictures)
    known, asked = step["scale"](bright[train], bright[test])
    order = step["train"](labels[train], generators[2])
    net = trained(known, labels[train], order, seed=seed)
    return Case(bug, pictures, labels, truth, train, test, bright, known, asked, order, net)


def trained(images: Tensor, labels: Tensor, order: Iterable[Tensor], *, seed: int = 0) -> nn.Module:
    """A network with one hidden layer, after the epochs of `order`: the rows (n,) of each."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    for rows in order:
        for batch in rows.split(BATCH):
            loss = F.cross_entropy(net(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


def cases(*, seed: int = 0) -> dict[str, Case]:
    """Six runs, A to F: one without a bug, five with one each; the seed shuffles the letters."""
    bugs = np.random.default_rng(seed).permutation(np.array(PLANTED, dtype=object))
    return {letter: run(bug, seed=seed) for letter, bug in zip("ABCDEF", bugs, strict=True)}


def seventh(*, seed: int = 0) -> Case:
    """A seventh run, G; its bug is in none of `cases`."""
    return run("unscaled", seed=seed)


def nearest_distance(test: Tensor, train: Tensor) -> Tensor:
    """How far each test picture is from the nearest one in train: (M,), Euclidean.

    test (M, C, H, W), train (n, C, H, W).
    """
    return torch.cdist(test.flatten(1), train.flatten(1)).amin(1)
