"""One trial: a network with some setting, trained on 500 digits, and which others are right."""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.data import load_digits
from labkit.search.knobs import Setting

TRAIN, VALID, BATCH = 500, 500, 32
EPOCHS = (1, 2, 4, 8, 16)  # after which the validation digits are asked
_LAYER = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class Trial(NamedTuple):
    """Which of the digits not learned were right: `early` (4, 500) of the first 500, after 1, 2, 4
    and 8 epochs, and `last` (4500,) of all, after 16."""

    early: Tensor
    last: Tensor


@functools.cache
def learned_and_not() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """500 digits to learn and 4,500 to ask, rows of 784 pixels and labels; always the same ones.

    Leave the tensors as they are.
    """
    parts = load_digits()
    images = torch.cat([part.images for part in parts]).flatten(1)
    labels = torch.cat([part.labels for part in parts])
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(77))
    cuts = order[:TRAIN], order[TRAIN:]
    return tuple((images[cut], labels[cut]) for cut in cuts)


def build(setting: Setting) -> nn.Sequential:
    """The network of a setting, with weights from torch's global generator."""
    layers, size = [], 784
    for _ in range(setting.depth):
        layers += [nn.Linear(size, setting.width), _LAYER[setting.activation]()]
        layers += [nn.Dropout(setting.dropout)] if setting.dropout else []
        size = setting.width
    return nn.Sequential(*layers, nn.Linear(size, 10))


def train_trial(setting: Setting, *, seed: int) -> Trial:
    """Train a setting for 16 epochs with AdamW (Loshchilov, Hutter 2019)."""
    (images, labels), (asked, wanted) = learned_and_not()
    early = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = build(setting)
        optimizer = torch.optim.AdamW(net.parameters(), setting.lr, weight_decay=setting.decay)
        for epoch in range(1, EPOCHS[-1] + 1):
            net.train()
            for batch in torch.randperm(TRAIN).split(BATCH):
                loss = F.cross_entropy(net(images[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if epoch in EPOCHS[:-1]:
                early.append(right(net, asked[:VALID], wanted[:VALID]))
    return Trial(torch.stack(early), right(net, asked, wanted))


def trial_seed(seed: int, i: int) -> int:
    """With which seed the i-th setting of a search trains."""
    return 1000 * seed + i


@torch.no_grad()
def right(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Whether each of the images (N, 784) is called by its label (N,): (N,) of True and False."""
    return net.eval()(images).argmax(1) == labels
