"""A loop that is learned: a recurrent network reads a string bit by bit and answers after each.

It is trained on short strings and tested on longer ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.programs.strings import TASKS, random_bits

UNITS, STEPS, BATCH, LR, LENGTH = 16, 600, 64, 2e-2, 10
CELLS = {"GRU": nn.GRU, "LSTM": nn.LSTM}


class Loop(nn.Module):
    """A step with a state of `units` numbers: bits (B, L) -> logits (B, L), above 0 for "yes".

    cell: "GRU" (Cho et al. 2014), whose state stays within -1 and 1, or "LSTM" (Hochreiter,
    Schmidhuber 1997), which may also add up; ValueError for another one.
    """

    def __init__(self, *, cell: str = "GRU", units: int = UNITS, seed: int = 0):
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {cell!r}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body, self.head = CELLS[cell](1, units, batch_first=True), nn.Linear(units, 1)

    def forward(self, bits: Tensor) -> Tensor:
        """Logits after each bit."""
        states, _ = self.body(2.0 * bits[..., None] - 1)
        return self.head(states)[..., 0]


def train_loop(
    task: str,
    *,
    seed: int,
    cell: str = "GRU",
    steps: int = STEPS,
    length: int = LENGTH,
    watch: Callable[[int], None] | None = None,
) -> Loop:
    """A `Loop` that learned "parity" or "majority" on random strings of `length` bits.

    The loss is taken after each bit; the rate falls to 0. `watch` is called with each
    step's number. ValueError for another task.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}, not {task!r}")
    net, generator = Loop(cell=cell, seed=seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), LR)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        bits = random_bits(BATCH, length, seed=generator)
        loss = F.binary_cross_entropy_with_logits(net(bits), TASKS[task](bits).float())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if watch:
            watch(step)
    return net.eval().requires_grad_(False)


@torch.no_grad()
def right_by_length(
    net: Callable[[Tensor], Tensor],
    task: str,
    lengths: Sequence[int],
    *,
    count: int = 1000,
    seed: int = 99,
) -> list[float]:
    """Share of `count` random strings of each length whose last answer is right, 0 to 1."""
    shares = []
    for length in lengths:
        bits = random_bits(count, length, seed=seed)
        says = net(bits)[:, -1] > 0
        shares.append((says == TASKS[task](bits)[:, -1].bool()).float().mean().item())
    return shares


@torch.no_grad()
def zeros_needed(net: Callable[[Tensor], Tensor], ones: Sequence[int], *, most: int) -> list[int]:
    """After so many ones: the zeros until the answer is no; most + 1 if `most` aren't enough.

    A counter of "more 1s than 0s" needs as many zeros as there were ones.
    """
    needed = []
    for count in ones:
        bits = torch.cat([torch.ones(1, count), torch.zeros(1, most)], 1).long()
        no = (net(bits)[0, count:] <= 0).nonzero()
        needed.append(int(no[0]) + 1 if len(no) else most + 1)
    return needed
