"""WaveNet: each sample is guessed from those before, through layers that look ever farther back.

Van den Oord and others, *WaveNet: A Generative Model for Raw Audio*, 2016: gated, dilated causal
convolutions, told the voice and what it says. Here with 64 levels and a few thousandths of the
paper's work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.modes import eval_mode
from labkit.sound.levels import from_mu_law

Layer = Callable[[Tensor, Tensor, int], Tensor]


def causal_layer(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """A convolution that looks at now and at `dilation` samples ago: (B, C, T) -> (B, O, T).

    weight (O, C, 2): its last axis holds the weights of the earlier and of the present sample.
    Before the beginning there is silence, 0.
    """
    return F.conv1d(F.pad(x, (dilation, 0)), weight, dilation=dilation)


def receptive_field(kernel: int, dilations: Iterable[int]) -> int:
    """How many samples a stack of causal layers sees, the present one with them.

    Each layer's kernel has `kernel` samples, so many `dilations` apart.

    >>> receptive_field(2, [1, 2, 4, 8]), receptive_field(3, [1, 1])
    (16, 5)
    """
    return 1 + sum((kernel - 1) * dilation for dilation in dilations)


class Gate(nn.Module):
    """One layer: weight (2C, C, 2) of the causal convolution, and how its result is used."""

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.dilation = dilation
        bound = 1 / math.sqrt(2 * width)
        self.weight = nn.Parameter(torch.empty(2 * width, width, 2).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(2 * width))
        self.out = nn.Conv1d(width, width, 1)


class WaveNet(nn.Module):
    """Logits (B, levels, T) for levels (B, T): those at t are the guess for sample t + 1.

    `voices` (B,) and `sounds`, (B,) or one for each sample (B, T), say who speaks and what.
    `layers` of width `width` look 1, 2, 4, ... samples back; `layer` is the convolution. The same
    `seed` gives the same weights.

    >>> net = WaveNet(seed=0)
    >>> net(torch.zeros(3, 500).long(), torch.tensor([0, 1, 1]), torch.tensor([2, 0, 3])).shape
    torch.Size([3, 64, 500])
    """

    def __init__(
        self,
        *,
        levels: int = 64,
        width: int = 32,
        layers: int = 8,
        voices: int = 2,
        sounds: int = 4,
        seed: int = 0,
        layer: Layer = causal_layer,
    ):
        super().__init__()
        self.levels, self.width, self.layer = levels, width, layer
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(levels, width)
            self.gates = nn.ModuleList(Gate(width, 2**i) for i in range(layers))
            self.voice = nn.Embedding(voices, 2 * width * layers)
            self.sound = nn.Embedding(sounds, 2 * width * layers)
            self.head = nn.Sequential(
                nn.Conv1d(width * layers, 64, 1), nn.ReLU(), nn.Conv1d(64, levels, 1)
            )
            self._begin()

    @property
    def reach(self) -> int:
        """How many samples a guess depends on."""
        return receptive_field(2, [gate.dilation for gate in self.gates])

    def forward(self, codes: Tensor, voices: Tensor, sounds: Tensor) -> Tensor:
        return self.guess(self.embedding(codes).mT, voices, sounds)

    def guess(self, x: Tensor, voices: Tensor, sounds: Tensor) -> Tensor:
        """Logits (B, levels, T) from embedded samples (B, width, T)."""
        found = []
        told = self.told(voices, sounds)
        for gate, hint in zip(self.gates, told, strict=True):
            both = self.layer(x, gate.weight, gate.dilation) + gate.bias[:, None] + hint
            value, opening = both.chunk(2, 1)
            passed = value.tanh() * opening.sigmoid()
            found.append(passed)
            x = x + gate.out(passed)
        return self.head(torch.cat(found, 1))

    def told(self, voices: Tensor, sounds: Tensor) -> tuple[Tensor, ...]:
        """What each layer is told, (B, 2 width, 1) or (B, 2 width, T)."""
        sounds = sounds if sounds.dim() == 2 else sounds[:, None]
        told = (self.voice(voices)[:, None] + self.sound(sounds)).mT
        return told.chunk(len(self.gates), 1)

    @torch.no_grad()
    def _begin(self) -> None:
        """Small weights, and two numbers of the embedding that say how loud a level is."""
        self.embedding.weight.mul_(0.3)
        codes = torch.arange(self.levels)
        self.embedding.weight[:, 0] = 4 * from_mu_law(codes, self.levels)
        self.embedding.weight[:, 1] = 4 * (codes + 0.5) / self.levels - 2
        for table in (self.voice, self.sound):
            nn.init.normal_(table.weight, 0, 0.1)


def seen_by(model: WaveNet, at: int, codes: Tensor, voices: Tensor, sounds: Tensor) -> Tensor:
    """How much each sample sways the guess made at sample `at`: mean |derivative|, (T,).

    By the embedded samples, over codes (B, T). Exactly 0 means: the guess never looks there.
    """
    with eval_mode(model):
        x = model.embedding(codes).mT.detach().requires_grad_()
        guess = model.guess(x, voices, sounds)[:, :, at]
        return torch.autograd.grad(guess.sum(), x)[0].abs().mean((0, 1))
