"""Learning tasks in a row, and how well each is known after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.lifelong.methods import Naive
from labkit.lifelong.nets import Asked, Net
from labkit.lifelong.tasks import Examples, Task

BATCH, LR = 64, 1e-3
Watch = Callable[[nn.Module, int], None]


class Run(NamedTuple):
    """accuracy (T, T), on task j after learning task i; and the network at the end."""

    accuracy: Tensor
    net: Net

    @property
    def final(self) -> float:
        """Mean accuracy over all tasks at the end."""
        return float(self.accuracy[-1].mean())


def run(
    tasks: Sequence[Task],
    method: Naive | None = None,
    *,
    epochs: int = 10,
    seed: int = 0,
    watch: Watch | None = None,
) -> Run:
    """Learn the tasks one after another, each for `epochs`, by Adam started anew.

    `method`, default Naive(), says what is minimised; it starts without memory and is changed.
    `watch(net, number)` is called before each step, with the number of the task. The same seed
    gives the same result; the global random state is left alone.
    """
    method, rng = method or Naive(), torch.Generator().manual_seed(seed)
    net, rows = Net(tasks[0].train.allowed.shape[1], seed=seed), []
    for number, task in enumerate(tasks):
        optimizer = torch.optim.Adam(net.parameters(), lr=LR, fused=True)  # same steps, faster
        for batch in batches(task.train, epochs, rng):
            if watch is not None:
                watch(net, number)
            loss = method.loss(net, loss_on(net, batch), rng)
            _step(optimizer, loss)
        method.after(net, task, rng)
        rows.append([accuracy(net, other.test) for other in tasks])
    return Run(torch.tensor(rows), net)


def alone(memory: Examples, *, steps: int = 300, seed: int = 0) -> Net:
    """A new network that learns the memory and nothing else."""
    rng = torch.Generator().manual_seed(seed)
    net = Net(memory.allowed.shape[1], seed=seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=LR, fused=True)
    for _ in range(steps):
        rows = torch.randint(len(memory.labels), (BATCH,), generator=rng)
        _step(optimizer, loss_on(net, memory.pick(rows)))
    return net


def batches(examples: Examples, epochs: int, generator: torch.Generator) -> Iterator[Examples]:
    """Batches of 64, shuffled anew in each epoch."""
    for _ in range(epochs):
        for rows in torch.randperm(len(examples.labels), generator=generator).split(BATCH):
            yield examples.pick(rows)


def loss_on(net: nn.Module, examples: Examples) -> Tensor:
    """Mean cross-entropy, with only the allowed outputs in the race."""
    return F.cross_entropy(Asked(net, examples.allowed)(examples.images), examples.labels)


@torch.no_grad()
def accuracy(net: nn.Module, examples: Examples) -> float:
    """The share of right answers."""
    said = Asked(net, examples.allowed)(examples.images).argmax(1)
    return float((said == examples.labels).float().mean())


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
