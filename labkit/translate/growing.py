"""Heads that don't exist: a GAN that grows in resolution, against one that doesn't.

Both have the same two networks; the growing one begins with coarse pictures and is given finer
layers on the way (Karras, Aila, Laine & Lehtinen 2017). Larger maps come from resizing and
convolving, which draws no checkerboards (Odena, Dumoulin & Olah 2016).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.averages import average_weights

WIDTHS = (64, 32, 16)  # channels at 8, 16 and 32 pixels: one stage each
FIRST, LAST = 8, 2
SIDE = FIRST * 2**LAST
BEGINS, FADE = (0.0, 0.1, 0.3), 0.1  # shares of the time: when a stage begins, how long it fades in
LAZY = 4  # the penalty is taken every so many steps


class HeadGenerator(nn.Module):
    """Noise (B, z_dim) -> pictures (B, 3, S, S) in [0, 1], S = 8 * 2^stage.

    While a stage fades in (`fade` from 0 to 1) its picture is mixed with the coarser stage's.

    >>> HeadGenerator()(torch.randn(4, 64), stage=1).shape
    torch.Size([4, 3, 16, 16])
    """

    def __init__(self, *, z_dim: int = 64, widths: Sequence[int] = WIDTHS):
        super().__init__()
        self.z_dim, self.widths = z_dim, tuple(widths)
        self.start = nn.Linear(z_dim, widths[0] * FIRST**2)
        pairs = zip(widths, widths[1:], strict=False)
        self.finer = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        self.colours = nn.ModuleList(nn.Conv2d(w, 3, 1) for w in widths)

    def forward(self, z: Tensor, stage: int = LAST, fade: float = 1.0) -> Tensor:
        x = before = _normed(self.start(z).view(-1, self.widths[0], FIRST, FIRST))
        for k in range(stage):
            before, x = x, _normed(self.finer[k](_doubled(x)))
        picture = self.colours[stage](x)
        if fade < 1:
            picture = _doubled(self.colours[stage - 1](before)).lerp(picture, fade)
        return picture.sigmoid()


class HeadCritic(nn.Module):
    """Pictures of a stage, (B, 3, S, S) -> scores (B,), above 0 for "real"."""

    def __init__(self, *, widths: Sequence[int] = WIDTHS):
        super().__init__()
        self.colours = nn.ModuleList(nn.Conv2d(3, w, 1) for w in widths)
        pairs = zip(widths, widths[1:], strict=False)
        self.coarser = nn.ModuleList(nn.Conv2d(b, a, 4, stride=2, padding=1) for a, b in pairs)
        self.last = nn.Conv2d(widths[0], widths[0], 3, padding=1)
        self.score = nn.Linear(widths[0] * FIRST**2, 1)

    def forward(self, pictures: Tensor, stage: int = LAST, fade: float = 1.0) -> Tensor:
        pictures = 2 * pictures - 1
        x = F.leaky_relu(self.colours[stage](pictures), 0.2)
        for k in reversed(range(stage)):
            x = F.leaky_relu(self.coarser[k](x), 0.2)
            if fade < 1 and k == stage - 1:
                coarse = self.colours[k](F.avg_pool2d(pictures, 2))
                x = F.leaky_relu(coarse, 0.2).lerp(x, fade)
        return self.score(F.leaky_relu(self.last(x), 0.2).flatten(1)).squeeze(1)


def stage_at(share: float) -> tuple[int, float]:
    """Stage, and how far it has faded in, after this share of the time (0 to 1).

    >>> stage_at(0.05), stage_at(0.15), stage_at(1.0)
    ((0, 1.0), (1, 0.5), (2, 1.0))
    """
    stage = max(k for k, begin in enumerate(BEGINS) if share >= begin)
    return stage, round(min(1.0, (share - BEGINS[stage]) / FADE), 6) if stage else 1.0


def shrunk(pictures: Tensor, stage: int, fade: float = 1.0) -> Tensor:
    """Real pictures (B, 3, 32, 32) as the critic sees them at a stage: (B, 3, S, S)."""
    pictures = F.avg_pool2d(pictures, 2 ** (LAST - stage))
    if fade < 1:
        pictures = _doubled(F.avg_pool2d(pictures, 2)).lerp(pictures, fade)
    return pictures


def fit_heads(
    pictures: Tensor,
    seconds: float,
    *,
    growing: bool = True,
    seed: int = 0,
    batch_size: int = 8,
    lr: float = 1e-3,
    clock: Callable[[], float] = time.process_time,
) -> HeadGenerator:
    """A generator of pictures like these (N, 3, 32, 32), after so many seconds of CPU time.

    Logistic loss, with a penalty on the critic's slope at real pictures (R1; Mescheder, Geiger &
    Nowozin 2018); half of them are mirrored. The weights are a running mean over the last steps;
    `.steps` says how many there were. In eval mode, frozen.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        forger, critic = HeadGenerator(), HeadCritic()
        turns = [
            torch.optim.Adam(net.parameters(), rate, betas=(0.0, 0.99))
            for net, rate in ((forger, lr), (critic, 2 * lr))
        ]
        mean, step, start = copy.deepcopy(forger), 0, clock()
        while (share := (clock() - start) / seconds) < 1:
            at = stage_at(share) if growing else (LAST, 1.0)
            real = pictures[torch.randint(len(pictures), (batch_size,))]
            real = torch.where(torch.rand(batch_size, 1, 1, 1) < 0.5, real, real.flip(3))
            penalty = 2.0 if step % LAZY == 0 else 0.0
            _critics_turn(forger, critic, turns[1], shrunk(real, *at), at, penalty)
            _forgers_turn(forger, critic, turns[0], batch_size, at)
            step += 1
            average_weights(mean, forger, decay=1 - max(0.003, 1 / (1 + 0.2 * step)))
    mean.steps = step
    return mean.eval().requires_grad_(False)


@torch.no_grad()
def heads(generator: HeadGenerator, count: int, *, seed: int = 0) -> Tensor:
    """Heads that nobody drew: (count, 3, 32, 32) in [0, 1]."""
    noise = torch.Generator().manual_seed(seed)
    return generator(torch.randn(count, generator.z_dim, generator=noise))


def _critics_turn(forger, critic, adam, real: Tensor, at: tuple, penalty: float) -> None:
    with torch.no_grad():
        fake = forger(torch.randn(len(real), forger.z_dim), *at)
    scores = critic(real.requires_grad_(penalty > 0), *at)
    loss = F.softplus(-scores).mean() + F.softplus(critic(fake, *at)).mean()
    if penalty:
        (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
        loss = loss + penalty / 2 * slope.pow(2).flatten(1).sum(1).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()


def _forgers_turn(forger, critic, adam, batch_size: int, at: tuple) -> None:
    critic.requires_grad_(False)
    loss = F.softplus(-critic(forger(torch.randn(batch_size, forger.z_dim), *at), *at)).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
    critic.requires_grad_(True)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2)


def _normed(x: Tensor) -> Tensor:
    """Leaky ReLU, then the features (B, C, H, W) of each place at a mean square of 1."""
    x = F.leaky_relu(x, 0.2)
    return x * (x.pow(2).mean(1, keepdim=True) + 1e-8).rsqrt()
