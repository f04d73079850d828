"""The running mean of a network's weights, calmer than the weights themselves."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def average_weights(average: nn.Module, model: nn.Module, *, decay: float) -> None:
    """Move each number of `average` towards that of `model`: decay * average + (1 - decay) * model.

    A running mean over the last 1 / (1 - decay) steps or so, which is calmer than the weights
    themselves (Yazici et al. 2019). Running statistics are averaged too, counters copied.
    """
    for mean, now in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - decay)
        else:
            mean.copy_(now)
