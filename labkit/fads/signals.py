"""What goes forward and back through a deep network: sizes of activations, and of gradients."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets import hooks


class Signals(NamedTuple):
    """One number a convolution or block, from the input on.

    forward (blocks + 1,): root mean square of what enters the first block and leaves each.
    back (convolutions,): norm of the loss's gradient by each convolution's weights.
    """

    forward: Tensor
    back: Tensor


def conv_weights(model: nn.Module) -> list[nn.Parameter]:
    """The weights of all convolutions, from the input on, without their biases."""
    return [layer.weight for layer in model.modules() if isinstance(layer, nn.Conv2d)]


def gradient_norms(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """For each convolution the norm of the cross-entropy's gradient by its weights: (L,).

    The model keeps its `.grad`; a batch norm in train mode takes note of the images.

    >>> gradient_norms(LeNet(), torch.rand(4, 1, 28, 28), torch.arange(4)).shape
    torch.Size([2])
    """
    loss = F.cross_entropy(model(images), labels)
    return torch.stack([g.norm() for g in torch.autograd.grad(loss, conv_weights(model))])


def signals(net: nn.Module, images: Tensor, labels: Tensor, *, norms=gradient_norms) -> Signals:
    """Both for a `DeepNet` as it is in training, with these images as the batch.

    `norms` is a function like `gradient_norms`. It gets a copy: the network stays as it was.
    """
    copied = copy.deepcopy(net).train()
    seen = hooks.activations(copied, images, ["relu", "block*"])
    forward = [seen[name].square().mean().sqrt() for name in _in_order(copied, seen)]
    return Signals(torch.stack(forward), norms(copied, images, labels))


def _in_order(net: nn.Module, seen: dict[str, Tensor]) -> list[str]:
    """Of all that was seen, what are children of the network, in its order."""
    return [name for name, _ in net.named_children() if name in seen]
