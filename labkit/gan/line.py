"""The game in one dimension: the fakes are numbers, so that all of it can be seen at once.

`bumps` draws the real numbers, `play_line` plays the game and keeps a `Movie` of it: histograms of
the fakes and the cop's curve, frame by frame. Digits are in `labkit.gan.game`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit.gan.losses import LOSSES
from labkit.gan.nets import _seeded
from labkit.nets.threads import one_each

GRID = torch.linspace(-4, 4, 161)


class Movie(NamedTuple):
    """T frames: step (T,), fakes (T, N), the cop's probability of "real" (T, G) over grid (G,)."""

    step: Tensor
    real: Tensor
    fakes: Tensor
    grid: Tensor
    belief: Tensor


def bumps(centres: Sequence[float], *, sd: float = 0.4, n: int = 1000, seed: int = 0) -> Tensor:
    """n real numbers (n,): normal around the centres with standard deviation sd, equal shares.

    >>> bumps([-2.0, 2.0], n=4).shape
    torch.Size([4])
    """
    if not len(centres) or n < 1:
        raise ValueError(f"bumps needs centres and n of 1 or more, not {centres} and {n!r}")
    noise = torch.randn(n, generator=torch.Generator().manual_seed(seed))
    return torch.tensor(centres)[torch.arange(n) % len(centres)] + sd * noise


def play_line(
    real: Tensor,
    *,
    steps: int = 600,
    cop_steps: int = 1,
    forger_steps: int = 1,
    head_start: int = 0,
    lr: float = 2e-3,
    plain: float = 0.0,
    loss: str = "logistic",
    batch_size: int = 128,
    every: int = 10,
    seed: int = 0,
) -> Movie:
    """Counterfeiter against cop on numbers `real` (N,); every `every` steps a frame of the movie.

    Both are networks with two hidden layers of 32. In each step the cop learns `cop_steps` times,
    the counterfeiter `forger_steps` times; before the first the cop learns alone, `head_start`
    times. Adam moves both with rate `lr`, or the counterfeiter takes plain gradient steps of rate
    `plain`. The fakes of all frames come from the same 500 noise numbers. The global random state
    is left alone. FloatingPointError if the fakes are no longer numbers.

    >>> play_line(bumps([1.0]), steps=20).fakes.shape
    torch.Size([3, 500])
    """
    with one_each(), _seeded(seed):  # such small tensors wait longer for threads than they gain
        players = _Players(real, lr=lr, plain=plain, loss=loss, batch_size=batch_size)
        for _ in range(head_start):
            players.cop_learns()
        z = torch.randn(500, 1)
        frames = [players.frame(z)]
        for step in range(1, steps + 1):
            for _ in range(cop_steps):
                players.cop_learns()
            for _ in range(forger_steps):
                players.forger_learns()
            if step % every == 0:
                frames.append(players.frame(z))
    fakes, belief = (torch.stack(part) for part in zip(*frames, strict=True))
    if not fakes.isfinite().all():
        raise FloatingPointError(
            "the game has blown up: the fakes are not numbers. Make lr smaller."
        )
    return Movie(torch.arange(len(frames)) * every, real, fakes, GRID, belief)


class _Players:
    """Counterfeiter z (B, 1) -> x (B, 1), cop x (B, 1) -> score (B, 1), their optimizers."""

    def __init__(self, real: Tensor, *, lr: float, plain: float, loss: str, batch_size: int):
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {loss!r}")
        self.real, self.batch_size, self.loss = real, batch_size, LOSSES[loss]
        self.forger, self.cop = _net(), _net()
        self.optimizers = {
            net: torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999))
            for net in (self.forger, self.cop)
        }
        if plain:
            self.optimizers[self.forger] = torch.optim.SGD(self.forger.parameters(), lr=plain)

    def cop_learns(self) -> None:
        real = self.real[torch.randint(len(self.real), (self.batch_size,)), None]
        fakes = self.forger(torch.randn(self.batch_size, 1)).detach()
        self._learn(self.cop, self.loss.cop(self.cop(real), self.cop(fakes)))

    def forger_learns(self) -> None:
        fakes = self.forger(torch.randn(self.batch_size, 1))
        self._learn(self.forger, self.loss.forger(self.cop(fakes)))

    def _learn(self, net: nn.Module, loss: Tensor) -> None:
        self.optimizers[net].zero_grad()
        loss.backward()
        self.optimizers[net].step()

    @torch.no_grad()
    def frame(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.forger(z)[:, 0], self.cop(GRID[:, None]).sigmoid()[:, 0]


def _net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)
    )
