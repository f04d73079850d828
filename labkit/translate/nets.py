"""A translator from picture to picture, and a critic that judges it patch by patch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


class Translator(nn.Module):
    """Pictures (B, 3, H, W) in [0, 1] to pictures of that size; H and W multiples of 4.

    Down to a quarter of the side, `blocks` residual blocks (He et al. 2016), and up again by
    resizing and convolving, which draws no checkerboards (Odena et al. 2016). With `skip`, the
    network adds a change to its input and hands its first layer to its last (Ronneberger et al.
    2015); without, everything has to pass through the middle.
    """

    def __init__(self, *, width: int = 16, blocks: int = 3, skip: bool = True, seed: int = 0):
        super().__init__()
        self.skip = skip
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.first = conv(12, width)
            self.down = conv(width, 2 * width, side=4, stride=2)
            self.norm = nn.InstanceNorm2d(2 * width, affine=True)
            self.middle = nn.Sequential(*(Block(2 * width) for _ in range(blocks)))
            self.up = conv(3 * width if skip else 2 * width, width)
            self.fine = conv(width, width // 2)
            self.last = conv(width // 2, 3)
            if skip:
                nn.init.normal_(self.last.weight, std=1e-3)
                nn.init.zeros_(self.last.bias)

    def forward(self, images: Tensor) -> Tensor:
        early = F.leaky_relu(self.first(F.pixel_unshuffle(2 * images - 1, 2)), 0.2)
        deep = self.middle(F.leaky_relu(self.norm(self.down(early)), 0.2))
        wide = larger(deep)
        wide = torch.cat([wide, early], 1) if self.skip else wide
        wide = F.leaky_relu(self.up(wide), 0.2)
        out = self.last(F.leaky_relu(self.fine(larger(wide)), 0.2))
        return images + out if self.skip else out.sigmoid()


class Block(nn.Module):
    """Two convolutions whose result is added to the input, (B, C, H, W) to (B, C, H, W)."""

    def __init__(self, width: int):
        super().__init__()
        self.steps = nn.Sequential(
            conv(width, width),
            nn.InstanceNorm2d(width, affine=True),
            nn.ReLU(),
            conv(width, width),
            nn.InstanceNorm2d(width, affine=True),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.steps(features)


class PatchCritic(nn.Module):
    """A score for each patch of 26 x 26 pixels, (B, C, H, W) to (B, 1, H / 4, W / 4).

    Near 1 the patch looks real, near 0 forged (PatchGAN, Isola et al. 2017).
    """

    def __init__(self, *, channels: int = 3, width: int = 24, seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            sizes = [
                (channels, width, 4, 2),
                (width, 2 * width, 4, 2),
                (2 * width, 2 * width, 3, 1),
            ]
            layers = [spectral_norm(nn.Conv2d(i, o, k, s, 1)) for i, o, k, s in sizes]
            self.layers = nn.ModuleList(layers)
            self.score = spectral_norm(nn.Conv2d(2 * width, 1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        features = 2 * images - 1
        for layer in self.layers:
            features = F.leaky_relu(layer(features), 0.2)
        return self.score(features)


def conv(inputs: int, outputs: int, *, side: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size, or halves it; the edge is mirrored, not black."""
    return nn.Conv2d(inputs, outputs, side, stride, 1, padding_mode="reflect")


def larger(features: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, 2H, 2W), each number four times."""
    return F.interpolate(features, scale_factor=2, mode="nearest")
