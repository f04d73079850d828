"""What a translator hides in its pictures for the way back, and how little takes it away."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.translate.losses import distance
from labkit.translate.training import Both


@torch.no_grad()
def way_back(both: Both, summer: Tensor, winter: Tensor) -> dict[str, float]:
    """Mean difference from summer of the way back: from the fake winter, and from the true one.

    summer and winter (N, 3, H, W) show the same places. A fake from which the way back does much
    better than from the truth holds more than it shows (Chu et al. 2017).
    """
    fake = both.there(summer).clamp(0, 1)
    starts = {"from its own fake": fake, "from the true winter": winter}
    return {name: float(distance(both.back(start), summer)) for name, start in starts.items()}


def blurred(images: Tensor) -> Tensor:
    """Each pixel (B, C, H, W) becomes the mean of the 3 x 3 around it."""
    return F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="reflect"), 3, 1)
