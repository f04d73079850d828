"""A step without a slope: digits are squeezed through a few bits, that is, through rounding.

Straight-through: round on the way forward, and on the way back do as if nothing had been rounded
(Hinton 2012; Bengio, Leonard, Courville 2013).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BITS, WIDTH, STEPS, BATCH, LR = 16, 64, 400, 128, 3e-3
GREY = 0.13  # the mean pixel of the digits


def straight_through(shares: Tensor) -> Tensor:
    """Shares in [0, 1] rounded to 0 or 1; the derivative passes as if they weren't.

    >>> shares = torch.tensor([0.2, 0.9], requires_grad=True)
    >>> straight_through(shares).sum().backward(); shares.grad
    tensor([1., 1.])
    """
    return shares + (shares.round() - shares).detach()


def cut_off(shares: Tensor) -> Tensor:
    """Shares rounded, with no derivative at all: what comes before stays as it was drawn."""
    return shares.detach().round()


class Squeeze(nn.Module):
    """Images (B, 1, 28, 28) -> `bits` shares -> rounded -> logits of the images' pixels.

    Batch norm before the shares keeps each bit in use: without it some are the same for all images.
    """

    def __init__(self, rounding: Callable[[Tensor], Tensor], *, bits: int = BITS, seed: int = 0):
        super().__init__()
        self.rounding = rounding
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = nn.Sequential(
                nn.Flatten(), nn.Linear(784, WIDTH), nn.ReLU(), nn.Linear(WIDTH, bits),
                nn.BatchNorm1d(bits, affine=False), nn.Sigmoid()
            )  # fmt: skip
            self.decoder = nn.Sequential(nn.Linear(bits, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 784))

    def forward(self, images: Tensor) -> Tensor:
        """Logits of the pixels, (B, 1, 28, 28)."""
        code = self.rounding(self.encoder(images - GREY))
        return self.decoder(code).view_as(images)


def train_codes(
    rounding: Callable[[Tensor], Tensor],
    images: Tensor,
    *,
    seed: int,
    bits: int = BITS,
    steps: int = STEPS,
) -> Squeeze:
    """A `Squeeze` trained on images (N, 1, 28, 28) by cross-entropy, summed over the pixels."""
    net, generator = Squeeze(rounding, bits=bits, seed=seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), LR)
    for _ in range(steps):
        batch = images[torch.randint(len(images), (BATCH,), generator=generator)]
        loss = F.binary_cross_entropy_with_logits(net(batch), batch, reduction="sum") / BATCH
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval().requires_grad_(False)


@torch.no_grad()
def code_error(net: Squeeze, images: Tensor) -> float:
    """Mean squared error of a pixel (0 to 1) after the way through the bits, always rounded."""
    code = net.encoder(images - GREY).round()
    return float(F.mse_loss(net.decoder(code).sigmoid().view_as(images), images))
