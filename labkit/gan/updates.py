"""One step of the game: `update_discriminator`, then `update_generator`.

The labs write both in cells of their own; these are the same steps, tested.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit.gan.losses import Loss, hinge
from labkit.nets.averages import average_weights as average_weights


class Verdict(NamedTuple):
    """The cop's loss (a number) and its scores (B,) of the real and of the fake images."""

    loss: Tensor
    real: Tensor
    fake: Tensor


def update_discriminator(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    z: Tensor,
    *,
    loss: Loss = hinge,
) -> Verdict:
    """The cop learns from real images (B, 1, H, W) and as many fakes made from z (B, z_dim).

    The fakes are detached: the cop's mistake sends no gradient into the counterfeiter, which is
    neither changed nor gets a `.grad`. Labels (B,) are those of the images and of the fakes.
    """
    fakes = generator(z, labels).detach()
    real, fake = discriminator(images, labels), discriminator(fakes, labels)
    cop_loss = loss.cop(real, fake)
    optimizer.zero_grad()
    cop_loss.backward()
    optimizer.step()
    return Verdict(cop_loss.detach(), real.detach(), fake.detach())


def update_generator(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizer: torch.optim.Optimizer,
    labels: Tensor,
    z: Tensor,
    *,
    loss: Loss = hinge,
) -> Tensor:
    """The counterfeiter learns from the cop's scores of its fakes; returns its loss, a number.

    Here nothing is detached: the gradient runs through the cop into the counterfeiter. The cop's
    weights stay as they are, and get no `.grad`.
    """
    discriminator.requires_grad_(False)
    try:
        forger_loss = loss.forger(discriminator(generator(z, labels), labels))
        optimizer.zero_grad()
        forger_loss.backward()
        optimizer.step()
    finally:
        discriminator.requires_grad_(True)
    return forger_loss.detach()
