"""Who tells? A detector of fakes, and forgeries that it has or hasn't been shown."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.augment import noise
from labkit.deepfake.scoring import nearest

GRAIN = 0.03  # of a cheap camera: a standard deviation
FACE = slice(12, 52)  # the middle of a portrait, where no background gives a fake away


def new_detector(*, seed: int = 0) -> nn.Sequential:
    """A small network: pictures (B, 3, 64, 64) to (B, 1), above 0 for "fake"."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(96, 1),
        )  # fmt: skip


def fit_detector(real: Tensor, fakes: Tensor, *, steps: int = 400, seed: int = 0) -> nn.Sequential:
    """Train a detector on real pictures and one forger's fakes, both (N, 3, 64, 64)."""
    rng = torch.Generator().manual_seed(seed)
    net = new_detector(seed=seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    targets = torch.tensor([0.0, 1.0]).repeat_interleave(16)
    for _ in range(steps):
        some = [part[torch.randint(len(part), (16,), generator=rng)] for part in (real, fakes)]
        images = torch.cat(some)[..., FACE, FACE]
        turned = torch.rand(32, 1, 1, 1, generator=rng) < 0.5
        scores = net(torch.where(turned, images.flip(3), images))[:, 0]
        loss = F.binary_cross_entropy_with_logits(scores, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


@torch.no_grad()
def fake_probability(detector: nn.Module, images: Tensor) -> Tensor:
    """The detector's confidence (N,) that each picture is a fake."""
    return torch.sigmoid(detector(images[..., FACE, FACE])[:, 0])


def blurred(images: Tensor, width: float = 1.0) -> Tensor:
    """Pictures (N, 3, H, W) out of focus; `width`: standard deviation in pixels, 0 for sharp."""
    if width == 0:
        return images.clone()
    from torchvision.transforms.functional import gaussian_blur

    return gaussian_blur(images, 2 * int(3 * width + 0.5) + 1, [width, width])


def suspects(
    same: Tensor, apart: Tensor, others: Tensor, real: Tensor, known: Tensor
) -> dict[str, Tensor]:
    """Pictures (N, 3, 64, 64) for a detector, by name: fakes by three forgers, touched up, real.

    Fakes (N, 4, 64, 64) are by the `same` forger that the detector has seen, by one with an
    encoder for each actor (`apart`), by a third one (`others`); real (N, 3, 64, 64): same poses.
    Fine detail comes from the `known` faces (M, 4, 64, 64), those of the most similar outline.
    """
    fakes = same[:, :3]
    return {
        "same": fakes,
        "blurred": blurred(fakes),
        "grainy": noise(fakes, GRAIN),
        "detailed": detailed(fakes, nearest(known, same)[:, :3]),
        "apart": apart[:, :3],
        "other": others[:, :3],
        "real": real,
        "real blurred": blurred(real),
    }


def caught(detector: nn.Module, images: Tensor) -> float:
    """The share of pictures that a detector calls fake."""
    return float((fake_probability(detector, images) > 0.5).float().mean())


def detailed(fakes: Tensor, real: Tensor, strength: float = 1.5) -> Tensor:
    """Fakes with fine detail of real pictures, one for each: what a blur takes away, and more."""
    return (fakes + strength * (real - blurred(real, 1.0))).clamp(0, 1)
