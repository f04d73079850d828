"""What one can do against forgetting: nothing, EWC, replay. `labkit.lifelong.run` uses them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.lifelong import pieces
from labkit.lifelong.nets import Asked, weights_of
from labkit.lifelong.tasks import Examples, Task

ASKED = 200  # images of a task that tell how much a weight matters


class Naive:
    """Learn the new task, and nothing else."""

    def loss(self, net: nn.Module, loss: Tensor, generator: torch.Generator) -> Tensor:
        """The loss of a batch of the new task -> what is minimised."""
        return loss

    def after(self, net: nn.Module, task: Task, generator: torch.Generator) -> None:
        """Called once the task is learned."""


class EWC(Naive):
    """Hold each weight near its earlier values, the more the more it mattered there.

    `fisher` and `penalty` are functions like those of labkit.lifelong. It keeps no example, but
    two numbers for each weight and task.
    """

    def __init__(
        self,
        strength: float,
        *,
        fisher: Callable = pieces.fisher,
        penalty: Callable = pieces.ewc_penalty,
    ):
        self.strength, self.fisher, self.penalty = strength, fisher, penalty
        self.anchors: list[tuple[Tensor, Tensor]] = []

    def loss(self, net, loss, generator):
        """With the penalty, from the second task on."""
        if not self.anchors:
            return loss
        return loss + self.penalty(weights_of(net), self.anchors, self.strength)

    def after(self, net, task, generator):
        """Remember the weights and how much each mattered."""
        rows = torch.randperm(len(task.train.labels), generator=generator)[:ASKED]
        some = task.train.pick(rows)
        importance = self.fisher(Asked(net, some.allowed[0]), some.images, generator)
        self.anchors.append((weights_of(net).detach(), importance.detach().float()))


class L2(EWC):
    """Hold every weight alike near its values before the new task: EWC without importances."""

    def after(self, net, task, generator):
        """Forget the earlier values: one anchor, all importances 1."""
        weights = weights_of(net).detach()
        self.anchors = [(weights, torch.ones_like(weights))]


class Replay(Naive):
    """Keep `size` examples a class, and learn them again with each batch of the new task.

    `reservoir` is a function like labkit.lifelong's. An earlier task counts as much as the new one.
    """

    def __init__(self, size: int, *, reservoir: Callable = pieces.reservoir, batch_size: int = 64):
        if size < 1:
            raise ValueError(f"size is a number of examples a class, 1 or more, not {size}")
        self.size, self.reservoir, self.batch_size = size, reservoir, batch_size
        self.parts: list[Examples] = []

    @property
    def memory(self) -> Examples:
        """All that is kept."""
        return Examples.joined(self.parts)

    def loss(self, net, loss, generator):
        """The mean over tasks: the batch for the new one, the memory for the others."""
        from labkit.lifelong.running import loss_on

        if not self.parts:
            return loss
        memory, tasks = self.memory, len(self.parts)
        rows = torch.randint(len(memory.labels), (self.batch_size,), generator=generator)
        return (loss + tasks * loss_on(net, memory.pick(rows))) / (tasks + 1)

    def after(self, net, task, generator):
        """A reservoir for each class of the task."""
        kept = []
        for label in task.train.labels.unique():
            stream = (task.train.labels == label).nonzero()[:, 0].tolist()
            kept += self.reservoir(iter(stream), self.size, generator)
        self.parts.append(task.train.pick(torch.as_tensor(kept).long()))
