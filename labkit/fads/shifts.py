"""Images moved by a few pixels, and how often a network's answer stays the same."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.modes import eval_mode


def moved(images: Tensor, step: int) -> Tensor:
    """Images (B, C, H, W) moved `step` pixels to the right (0 to W); what comes in is 0.

    >>> moved(torch.ones(1, 1, 1, 4), 1)
    tensor([[[[0., 1., 1., 1.]]]])
    """
    width = images.shape[-1]
    if not 0 <= step <= width:
        raise ValueError(f"images {width} pixels wide move by 0 to {width} pixels, not {step}")
    return F.pad(images, (step, 0))[..., :width]


@torch.no_grad()
def same_answer(model: nn.Module, images: Tensor, step: int) -> float:
    """Share (0 to 1) of the images whose most probable class stays when they move by `step`.

    Labels play no role: a wrong answer may stay, too (Zhang 2019). In eval mode.
    """
    with eval_mode(model):
        before, after = (model(some).argmax(1) for some in (images, moved(images, step)))
    return (before == after).float().mean().item()
