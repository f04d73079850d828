"""Train and eval mode of a model, set for a block and put back after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """The model in eval mode within the block, every module in its own mode again after it.

    Batch normalisation then uses what it learned in place of the batch's own statistics, and
    dropout drops nothing.

    >>> net = torch.nn.Dropout().train()
    >>> with eval_mode(net):
    ...     print(net.training)
    False
    >>> net.training
    True
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
