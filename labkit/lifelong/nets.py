"""A small network for digits whose answers can be limited to the outputs that are asked."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

WIDTH = 100


class Net(nn.Sequential):
    """Two hidden layers of 100: (B, 1, 28, 28) -> logits (B, outputs); the seed decides it.

    >>> Net(10, seed=0)(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 10])
    """

    def __init__(self, outputs: int, *, seed: int = 0):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = OrderedDict(
                flatten=nn.Flatten(),
                fc1=nn.Linear(784, WIDTH),
                relu1=nn.ReLU(),
                fc2=nn.Linear(WIDTH, WIDTH),
                relu2=nn.ReLU(),
                logits=nn.Linear(WIDTH, outputs),
            )
        super().__init__(layers)


class Asked(nn.Module):
    """A network that only some of its outputs may answer for: allowed, bool (K,) or (B, K).

    It shares the network's weights; the other logits are minus infinity.
    """

    def __init__(self, net: nn.Module, allowed: Tensor):
        super().__init__()
        self.net, self.allowed = net, allowed

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, K)."""
        return self.net(images).masked_fill(~self.allowed, float("-inf"))


def weights_of(net: nn.Module) -> Tensor:
    """All weights of a network as one row (P,), in the order of net.parameters()."""
    return nn.utils.parameters_to_vector(net.parameters())
