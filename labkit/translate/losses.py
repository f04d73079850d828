"""What translators and critics make small: the least-squares game, and the way there and back."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Net = Callable[[Tensor], Tensor]


def lsgan_losses(critic: Net, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's loss and the forger's, two numbers, of pictures (B, C, H, W).

    The critic wants scores of 1 for real and 0 for forged patches, the forger wants 1 for its own
    (least squares GAN, Mao et al. 2017). The critic's loss sends no gradient into the fakes.
    """
    of_critic = (critic(real) - 1).square().mean() + critic(fake.detach()).square().mean()
    return of_critic, (critic(fake) - 1).square().mean()


def cycle_loss(there: Net, back: Net, summer: Tensor, winter: Tensor) -> Tensor:
    """How far pictures are from themselves after the way there and back: one number.

    mean |back(there(summer)) - summer| + mean |there(back(winter)) - winter|, pictures (B, 3, H, W)
    (Zhu et al. 2017).
    """
    return distance(back(there(summer)), summer) + distance(there(back(winter)), winter)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of pictures of one shape: one number (L1)."""
    return (a - b).abs().mean()
