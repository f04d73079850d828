"""The variational autoencoder (Kingma & Welling 2014) for black and white digits.

The encoder gives each image a cloud of codes, a Gaussian with its own mean and spread, the decoder
makes an image of a code. Both are told the digit when `classes` is 10, and not when it is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.density.training import nats


class VAE(nn.Module):
    """`encode` images to Gaussians over codes, `decode` codes (B, z_dim) to logits of pixels.

    Two convolutions halve the side, two transposed ones double it. The same `seed` gives the same
    first weights; the global random state is left alone.

    >>> vae = VAE(seed=0)
    >>> mean, log_variance = vae.encode(torch.zeros(4, 1, 28, 28), torch.arange(4))
    >>> vae.decode(mean, torch.arange(4)).shape
    torch.Size([4, 1, 28, 28])
    """

    def __init__(self, *, z_dim: int = 16, width: int = 16, classes: int = 10, seed: int = 0):
        super().__init__()
        self.z_dim, self.classes, self.width = z_dim, classes, width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = nn.Sequential(
                nn.Conv2d(1, width, 4, stride=2, padding=1),  # (B, width, 14, 14)
                nn.ReLU(),
                nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),  # (B, 2 width, 7, 7)
                nn.ReLU(),
                nn.Flatten(),
            )
            self.cloud = nn.Linear(2 * width * 49 + classes, 2 * z_dim)
            self.decoder = nn.Sequential(
                nn.Linear(z_dim + classes, 2 * width * 49),
                nn.ReLU(),
                nn.Unflatten(1, (2 * width, 7, 7)),
                nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
                nn.ReLU(),
                nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            )

    def encode(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log of the variance of each image's cloud of codes, (B, z_dim) both."""
        return tuple(self.cloud(self._told(self.encoder(images), labels)).chunk(2, 1))

    def decode(self, z: Tensor, labels: Tensor) -> Tensor:
        """Logits (B, 1, 28, 28): how likely ink is, pixel by pixel."""
        return self.decoder(self._told(z, labels))

    def _told(self, x: Tensor, labels: Tensor) -> Tensor:
        """The digit appended as 0s and a 1."""
        return torch.cat([x, F.one_hot(labels, self.classes).to(x)], 1) if self.classes else x


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """How far each Gaussian (B, z_dim) is from the standard one: (B,) nats.

    Kullback & Leibler's divergence KL(N(mean, variance) || N(0, 1)), summed over the z_dim numbers.

    >>> kl_divergence(torch.zeros(1, 2), torch.zeros(1, 2))
    tensor([0.])
    """
    return (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2


def reparametrise(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A code drawn from each Gaussian (B, z_dim), through which gradients reach mean and spread."""
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)


def reconstruction(vae: VAE, images: Tensor, labels: Tensor) -> Tensor:
    """Images (B, 1, 28, 28) in [0, 1] decoded from the means of their clouds."""
    return vae.decode(vae.encode(images, labels)[0], labels).sigmoid()


def negative_elbo(
    vae: VAE,
    images: Tensor,
    labels: Tensor,
    *,
    kl_weight: float = 1.0,
    kl: Callable[[Tensor, Tensor], Tensor] = kl_divergence,
    draw: Callable[[Tensor, Tensor], Tensor] = reparametrise,
) -> Tensor:
    """What each image costs at most, (B,) nats: its pixels given the code, and the code's KL."""
    mean, log_variance = vae.encode(images, labels)
    pixels = nats(vae.decode(draw(mean, log_variance), labels), images)
    return pixels + kl_weight * kl(mean, log_variance)


@torch.no_grad()
def importance_nats(
    vae: VAE, data: tuple[Tensor, Tensor], *, samples: int = 500, seed: int = 0
) -> Tensor:
    """What each image costs, with `samples` codes each: (N,) nats, below the ELBO's bound.

    -ln of the mean of p(image, code) / q(code | image), which tends to -ln p(image) from above as
    samples grow (Burda, Grosse, Salakhutdinov 2016).
    """
    noise, costs = torch.Generator().manual_seed(seed), []
    for image, label in zip(*data, strict=True):
        labels = label.expand(samples)
        mean, log_variance = vae.encode(image[None], label[None])
        eps = torch.randn(samples, vae.z_dim, generator=noise)
        z = mean + (log_variance / 2).exp() * eps
        likelihood = -nats(vae.decode(z, labels), image.expand(samples, -1, -1, -1))
        ratio = (eps**2 - z**2 + log_variance).sum(1) / 2  # ln p(z) - ln q(z | image)
        costs.append(math.log(samples) - (likelihood + ratio).logsumexp(0))
    return torch.stack(costs)


@torch.no_grad()
def fitted_codes(vae: VAE, data: tuple[Tensor, Tensor], count: int, *, seed: int = 0) -> Tensor:
    """`count` codes (count, z_dim) from one Gaussian laid over the codes of all images."""
    codes, _ = vae.encode(*data)
    spread = torch.linalg.cholesky(torch.cov(codes.T) + 1e-6 * torch.eye(vae.z_dim))
    noise = torch.randn(count, vae.z_dim, generator=torch.Generator().manual_seed(seed))
    return codes.mean(0) + noise @ spread.T
