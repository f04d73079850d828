"""How deep networks, and networks that shrink their maps, fare: the rows of the lab's tables."""

from __future__ import annotations

from torch import nn

from labkit.data.digits import Labelled
from labkit.fads.costs import multiply_adds
from labkit.fads.nets import DeepNet, plain, residual, shrinking
from labkit.fads.shifts import same_answer
from labkit.nets.train import History, fit

Row = dict[str, float | str]

KINDS = {
    "plain": {"rule": plain},
    "plain, batch norm": {"rule": plain, "norm": True},
    "skip": {"rule": residual},
    "skip, batch norm": {"rule": residual, "norm": True},
    "skip, from zero": {"rule": residual, "zero": True},
}
WAYS = {  # what is given to `shrinking`
    "max": {"shrink": "max"},
    "average": {"shrink": "average"},
    "strided": {"shrink": "strided"},
    "strided, wider": {"shrink": "strided", "width": 11},
    "blurred": {"shrink": "blurred"},
}


def deep(kind: str, depth: int, *, seed: int = 0, **options) -> DeepNet:
    """An untrained `DeepNet` of one of the `KINDS`; `options` go before those of the kind."""
    return DeepNet(depth, seed=seed, **(KINDS[kind] | options))


def learned(
    net: nn.Module, train: Labelled, test: Labelled, *, lr: float, epochs: int, seed: int = 0
) -> History:
    """`nets.fit` with the test in the place of validation, which nothing is chosen by."""
    pair = (train.images, train.labels), (test.images, test.labels)
    return fit(net, *pair, epochs=epochs, lr=lr, seed=seed, device="cpu", progress=False)


def measured_depth(
    train: Labelled,
    test: Labelled,
    kind: str,
    depth: int,
    *,
    seed: int,
    lr: float = 1e-3,
    epochs: int = 4,
) -> Row:
    """A row of the table of depths: training loss, and share of the test right, by epoch."""
    net = deep(kind, depth, seed=seed)
    history = learned(net, train, test, lr=lr, epochs=epochs, seed=seed)
    return {"kind": kind, "depth": depth, "lr": lr, "seed": seed} | _by_epoch(history)


def measured_shrink(
    train: Labelled, test: Labelled, way: str, *, seed: int, epochs: int = 5
) -> Row:
    """A row of the table of shrinking: multiply-adds, loss and share right by epoch, and at last
    the share of answers that stay when the images move by 1 to 4 pixels.
    """
    net = shrinking(**WAYS[way], seed=seed)
    history = learned(net, train, test, lr=3e-3, epochs=epochs, seed=seed)
    found = {"way": way, "seed": seed, "multiply-adds": multiply_adds(net, test.images[:1])}
    stay = {f"same {k}": round(same_answer(net, test.images, k), 4) for k in range(1, 5)}
    return found | _by_epoch(history) | stay


def _by_epoch(history: History) -> Row:
    found: Row = {}
    for row in history.rows:
        found[f"loss {row.epoch}"] = round(row.train_loss, 4)
        found[f"right {row.epoch}"] = round(row.valid_accuracy, 4)
    return found
