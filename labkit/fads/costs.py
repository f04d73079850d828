"""What a network costs: multiply-adds, counted, so that they are the same on every machine."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from labkit.nets.modes import eval_mode


@torch.no_grad()
def multiply_adds(model: nn.Module, images: Tensor) -> int:
    """Multiply-adds an image of convolutions and linear layers, counted by PyTorch in one pass.

    images (B, C, H, W). What ReLUs, pooling and batch norms cost isn't counted; it's little.

    >>> multiply_adds(nn.Conv2d(1, 8, 3, padding=1), torch.zeros(1, 1, 28, 28))
    56448
    """
    with eval_mode(model), FlopCounterMode(display=False) as counter:
        model(images)
    return counter.get_total_flops() // 2 // len(images)


def conv_cost(
    side: int, c_in: int, c_out: int, kernel: int, stride: int = 1, padding: int = 0
) -> tuple[int, int]:
    """Side of a convolution's output, and its multiply-adds, for square images.

    >>> conv_cost(28, 1, 8, 3, 2, 1)
    (14, 14112)
    """
    out = (side + 2 * padding - kernel) // stride + 1
    return out, out * out * c_out * c_in * kernel * kernel
