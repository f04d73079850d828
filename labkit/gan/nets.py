"""The two networks of the game for digits of 28 x 28: `Generator` and `Discriminator`.

Both know which digit is meant when `classes` is 10, and do not when it is 0: they then take labels
all the same and look at none. Training is in `labkit.gan.updates` and `labkit.gan.game`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from labkit.nets.modes import eval_mode

SIDE = 28


class Generator(nn.Module):
    """The counterfeiter: noise (B, z_dim) and labels (B,) -> images (B, 1, 28, 28) in [0, 1].

    Noise becomes a coarse map of 7 x 7, two transposed convolutions double its side (Radford et
    al. 2016). `width` is the number of channels at 14 x 14. With `classes` the digit wanted is
    appended to the noise as 0s and a 1 (Mirza & Osindero 2014). The same `seed` gives the same
    first weights; the global random state is left alone.

    >>> fakes = labkit.gan.Generator(seed=0)(torch.randn(4, 64), torch.tensor([3, 1, 4, 1]))
    >>> fakes.shape
    torch.Size([4, 1, 28, 28])
    """

    def __init__(
        self, *, z_dim: int = 64, width: int = 32, classes: int = 10, seed: int = 0, sd: float = 0.0
    ):
        super().__init__()
        self.z_dim, self.classes, self.width = z_dim, classes, width
        with _seeded(seed):
            self.start = nn.Linear(z_dim + classes, 2 * width * 7 * 7)
            self.norm1 = nn.BatchNorm2d(2 * width)
            self.up1 = nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1)
            self.norm2 = nn.BatchNorm2d(width)
            self.up2 = nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1)
            weight_scale(self, sd)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.classes:
            z = torch.cat([z, nn.functional.one_hot(labels, self.classes).to(z)], 1)
        x = self.start(z).view(-1, 2 * self.width, 7, 7)
        x = self.norm1(x).relu()
        x = self.norm2(self.up1(x)).relu()  # (B, width, 14, 14)
        return self.up2(x).sigmoid()  # (B, 1, 28, 28)


class Discriminator(nn.Module):
    """The cop: images (B, 1, 28, 28) in [0, 1] and labels (B,) -> scores (B,), above 0 for "real".

    Two convolutions halve the side, one weighted sum gives the score. With `classes` it adds how
    well the image's features fit a vector learned for its digit (projection; Miyato & Koyama 2018).
    With `spectral=True` each layer's weights are divided by their largest singular value, so that
    the score changes by no more than the image does (spectral norm; Miyato et al. 2018); without
    it, batch normalisation after the second convolution, as in DCGAN (Radford et al. 2016).

    >>> labkit.gan.Discriminator(seed=0)(torch.zeros(4, 1, 28, 28), torch.arange(4)).shape
    torch.Size([4])
    """

    def __init__(
        self,
        *,
        width: int = 32,
        classes: int = 10,
        spectral: bool = True,
        norm: bool = False,
        seed: int = 0,
        sd: float = 0.0,
    ):
        super().__init__()
        self.classes = classes
        with _seeded(seed):
            self.down1 = nn.Conv2d(1, width, 4, stride=2, padding=1)
            self.down2 = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
            self.norm = nn.BatchNorm2d(2 * width) if norm else nn.Identity()
            self.score = nn.Linear(2 * width * 7 * 7, 1)
            self.digit = nn.Embedding(classes, 2 * width * 7 * 7) if classes else None
            weight_scale(self, sd)
            if spectral:
                for layer in (self.down1, self.down2, self.score, self.digit):
                    if layer is not None:
                        spectral_norm(layer)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        x = nn.functional.leaky_relu(self.down1(2 * images - 1), 0.2)  # (B, width, 14, 14)
        x = nn.functional.leaky_relu(self.norm(self.down2(x)), 0.2)  # (B, 2 width, 7, 7)
        x = x.flatten(1)
        score = self.score(x).squeeze(1)
        return score + (x * self.digit(labels)).sum(1) if self.classes else score


def weight_scale(model: nn.Module, sd: float) -> None:
    """Draw the weights of all convolutions and linear layers anew, with standard deviation `sd`.

    DCGAN starts at 0.02. With 0 the layers keep PyTorch's own first weights.
    """
    for layer in model.modules() if sd else ():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, std=sd)


@torch.no_grad()
def forge(generator: nn.Module, labels: Tensor, *, seed: int = 0, batch_size: int = 500) -> Tensor:
    """A fake for each label (N,): images (N, 1, 28, 28) in [0, 1], in eval mode, on the CPU.

    The noise is standard normal and depends on `seed` alone. Modes and random state are as before.

    >>> labkit.gan.forge(labkit.gan.Generator(), torch.arange(10)).shape
    torch.Size([10, 1, 28, 28])
    """
    noise = torch.Generator().manual_seed(seed)
    z = torch.randn(len(labels), generator.z_dim, generator=noise)
    device = next(generator.parameters()).device
    with eval_mode(generator):
        parts = zip(z.split(batch_size), labels.split(batch_size), strict=True)
        return torch.cat([generator(a.to(device), b.to(device)).cpu() for a, b in parts])


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
