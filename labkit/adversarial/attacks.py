"""Small changes that mislead a network: one step, many steps, and random ones for comparison.

Images are float (B, C, H, W) in [0, 1]; `eps` is how far each value of a pixel may move on that
scale, 1/255 being the smallest step of a file with 8 bits a value. A model gives logits (B, K).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.adversarial.files import rounded

AT_ONCE = 8 * 3 * 224 * 224  # numbers in the images that are differentiated together


def uphill(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Sign (B, C, H, W) of the derivative of each image's cross-entropy: where its loss grows."""
    size = max(1, AT_ONCE // max(1, images[:1].numel()))
    parts = []
    for some, wanted in zip(images.split(size), labels.split(size), strict=True):
        some = some.detach().clone().requires_grad_(True)
        loss = F.cross_entropy(model(some), wanted, reduction="sum")
        parts.append(torch.autograd.grad(loss, some)[0].sign())
    return torch.cat(parts)


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, eps: float) -> Tensor:
    """Move each pixel by `eps` to where the loss of the labels (B,) grows (Goodfellow et al. 2015).

    The result is within [0, 1].
    """
    return torch.add(images, uphill(model, images, labels), alpha=eps).clamp(0, 1)


def targeted(
    model: nn.Module, images: Tensor, targets: Tensor, eps: float, step: float, steps: int
) -> Tensor:
    """Move towards the classes `targets` (B,) in small steps, at most `eps` away in any pixel.

    Projected gradient descent (Kurakin et al. 2017; Madry et al. 2018) without a random start.
    """
    moved = images
    for _ in range(steps):
        moved = moved - step * uphill(model, moved, targets)
        moved = torch.clamp(moved, images - eps, images + eps).clamp(0, 1)
    return moved


def pgd(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    eps: float,
    steps: int = 20,
    seed: int | None = 0,
) -> Tensor:
    """Move away from the labels (B,) in `steps` steps of 2.5 eps / steps, from a random start.

    Projected gradient descent as in Madry et al. (2018); the result is at most `eps` away. With
    `seed=None` it starts from the images themselves.
    """
    moved = images if seed is None else shaken(images, eps=eps, seed=seed)
    for _ in range(steps):
        moved = moved + 2.5 * eps / steps * uphill(model, moved, labels)
        moved = torch.clamp(moved, images - eps, images + eps).clamp(0, 1)
    return moved


def coin_flips(images: Tensor, *, eps: float, seed: int) -> Tensor:
    """The control: each value moves by `eps`, up or down by the toss of a coin; within [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, images.shape, generator=generator) * 2.0 - 1
    return (images + eps * signs.to(images)).clamp(0, 1)


def shaken(images: Tensor, *, eps: float, seed: int) -> Tensor:
    """Each value moves by a random amount of up to `eps`; within [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    moves = torch.rand(images.shape, generator=generator) * 2 - 1
    return (images + eps * moves.to(images)).clamp(0, 1)


@torch.no_grad()
def smallest_level(
    model: nn.Module, image: Tensor, label: int, direction: Tensor, levels: Sequence[float]
) -> float:
    """The first of `levels` at which the image as a file is no longer called `label`; inf if none.

    image, direction (C, H, W). A level is a change of 1/255 times `direction`; a file holds 256
    levels, so the moved image is clipped and rounded to them.
    """
    for level in levels:
        moved = rounded(image + direction * (level / 255))
        if int(model(moved[None])[0].argmax()) != int(label):
            return level
    return math.inf


def largest_shift(weights: Tensor, eps: float) -> float:
    """How far a linear score w.x + b can move if each value of x moves by up to `eps`."""
    return float(torch.linalg.vector_norm(weights.double(), 1)) * eps
