"""Defences: training on attacked images, and one that only looks like a defence."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.adversarial.attacks import coin_flips, shaken, uphill


def practice(net: nn.Module, labels: Tensor, *, eps: float) -> Callable[..., Tensor]:
    """For `train.fit(augment=...)`: each batch is attacked by one step before it is learned.

    labels (N,) are those of all training images. From a random start, with a step of 1.25 eps
    (Wong et al. 2020): without the start a network learns to fool the single step.
    """

    def attacked(images: Tensor, *, seed: int, indices: Tensor) -> Tensor:
        start = shaken(images, eps=eps, seed=_batch_seed(seed, indices))
        moved = start + 1.25 * eps * uphill(net, start, labels[indices])
        return torch.clamp(moved, images - eps, images + eps).clamp(0, 1)

    return attacked


def noise_practice(*, eps: float) -> Callable[..., Tensor]:
    """For `train.fit(augment=...)`: the same amount of change, by the toss of a coin."""

    def tossed(images: Tensor, *, seed: int, indices: Tensor) -> Tensor:
        return coin_flips(images, eps=eps, seed=_batch_seed(seed, indices))

    return tossed


def _batch_seed(seed: int, indices: Tensor) -> int:
    return (seed * 1_000_003 + int(indices[0])) % 2**62


class Loud(nn.Module):
    """A network whose logits are multiplied: the same answers, each said with certainty.

    Its loss is 0 to the last bit where it's right, so there is no derivative to follow (masked
    gradients, Athalye et al. 2018).
    """

    def __init__(self, net: nn.Module, *, times: float = 1000.0):
        super().__init__()
        self.net, self.times = net, times

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, K)."""
        return self.net(images) * self.times


def offer(net: nn.Module) -> nn.Module:
    """What a firm sells in lab 14 as a robust network, made of a plain one: see for yourself."""
    return Loud(net)
