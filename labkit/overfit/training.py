"""A network with one hidden layer, and training that keeps errors and losses of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from labkit.data.digits import CLASSES, SIDE
from labkit.nets.train import evaluate

Data = tuple[Tensor, Tensor]  # images (N, 1, 28, 28), labels (N,)


@dataclass
class Curves:
    """Errors (share of wrong answers, 0 to 1) and mean losses (nats): by data set, an epoch each.

    `error["test"][0]` is the error on the data called "test" after the first epoch.
    """

    error: dict[str, list[float]] = field(default_factory=dict)
    loss: dict[str, list[float]] = field(default_factory=dict)

    @property
    def epochs(self) -> range:
        """The numbers of the epochs, from 1."""
        return range(1, len(next(iter(self.error.values()), [])) + 1)

    def add(self, name: str, error: float, loss: float) -> None:
        self.error.setdefault(name, []).append(error)
        self.loss.setdefault(name, []).append(loss)


def mlp(width: int = 512, *, dropout: float = 0.0, seed: int = 0) -> nn.Sequential:
    """One hidden layer of `width` ReLUs for digits (B, 1, 28, 28): logits (B, 10).

    The same `seed` gives the same first weights; the global random state is left alone.

    >>> sum(weight.numel() for weight in mlp(512).parameters())
    407050
    """
    if not isinstance(width, int) or width < 1:
        raise ValueError(f"width must be a whole number, 1 or more, not {width!r}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hidden = nn.Linear(SIDE**2, width), nn.ReLU(), nn.Dropout(dropout)
        return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(width, CLASSES))


def learn(
    net: nn.Module,
    train: Data,
    others: Mapping[str, Data] | None = None,
    *,
    epochs: int = 100,
    lr: float = 1e-3,
    batch_size: int = 50,
    weight_decay: float = 0.0,
    shift: int = 0,
    until_zero: bool = False,
    seed: int = 0,
    progress: bool = False,
    watch: Callable[[int, nn.Module], None] | None = None,
) -> Curves:
    """Train with AdamW (Loshchilov and Hutter, 2019); `Curves` of "training" and of `others`.

    All are measured at the end of each epoch, in eval mode; training data as they are, not
    shifted. `shift`: each batch moves up to so many pixels to each side. `until_zero`: stop at
    the first epoch without a training error. `progress`: show a bar. `watch(epoch, network)` is
    called after each. Order, shifts and dropout depend on `seed` alone; the global random state is
    left alone. Changes the network.
    """
    measured = {"training": train, **(others or {})}
    options = {"weight_decay": weight_decay, "fused": True}  # fused: a fifth less time
    optimizer = torch.optim.AdamW(net.parameters(), lr, **options)
    curves = Curves()
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        for epoch in tqdm(range(1, epochs + 1), "epochs", leave=False, disable=not progress):
            _one_epoch(net.train(), train, optimizer, batch_size, shift)
            for name, data in measured.items():
                loss, right = evaluate(net, data, batch_size=1000)
                curves.add(name, 1 - right, loss)
            if watch is not None:
                watch(epoch, net)
            if until_zero and curves.error["training"][-1] == 0:
                break
    net.eval()
    return curves


def zero_epoch(errors: Sequence[float]) -> int | None:
    """The first epoch, counted from 1, with error 0; None if there is none.

    >>> zero_epoch([0.5, 0.1, 0.0, 0.01]), zero_epoch([0.5, 0.1])
    (3, None)
    """
    return next((epoch for epoch, error in enumerate(errors, 1) if not error), None)


def _one_epoch(net, train: Data, optimizer, batch_size: int, shift: int) -> None:
    images, labels = train
    for index in torch.randperm(len(labels)).split(batch_size):
        batch = images[index]
        if shift:
            moves = torch.randint(-shift, shift + 1, (2,)).tolist()
            batch = batch.roll(moves, (2, 3))
        loss = F.cross_entropy(net(batch), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
