"""Networks for digits whose depth, blocks and way of shrinking can be chosen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Rule = Callable[[Tensor, Callable, Callable], Tensor]
SHRINKS = ("max", "average", "strided", "blurred")


def plain(x: Tensor, first: Callable, second: Callable) -> Tensor:
    """Two layers, one after the other: relu(second(relu(first(x))))."""
    return second(first(x).relu()).relu()


def residual(x: Tensor, first: Callable, second: Callable) -> Tensor:
    """The same two layers, and their input is added before the last ReLU (He et al. 2016).

    x (B, C, H, W); both layers keep this shape, and so does the result.

    >>> double = lambda x: 2 * x
    >>> residual(torch.ones(1, 1, 1, 1), double, double).item()
    5.0
    """
    return (x + second(first(x).relu())).relu()


class Block(nn.Module):
    """Two 3 x 3 convolutions of `width` channels, put together by a `rule`."""

    def __init__(self, width: int, rule: Rule, *, norm: bool):
        super().__init__()
        self.rule = rule
        self.first, self.second = (_layer(width, norm=norm) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.rule(x, self.first, self.second)


class DeepNet(nn.Sequential):
    """Digits (B, 1, 28, 28) -> logits (B, 10), with `depth` convolutions in blocks of two.

    `rule` puts a block together: `plain` or `residual`. norm: a batch norm (Ioffe & Szegedy 2015)
    behind each convolution. zero: the last weights of each block start at 0, so that a residual
    block begins as its input (Goyal et al. 2017). All else starts by He et al. (2015), and from the
    same numbers for the same `seed` and depth. Children in order: stem, relu, block1, block2, ...,
    flatten, logits. ValueError unless the depth is even, 2 or more.

    >>> DeepNet(8, residual, seed=0)(torch.zeros(4, 1, 28, 28)).shape
    torch.Size([4, 10])
    """

    def __init__(
        self,
        depth: int,
        rule: Rule = plain,
        *,
        norm: bool = False,
        zero: bool = False,
        width: int = 16,
        seed: int = 0,
    ):
        if depth < 2 or depth % 2:
            raise ValueError(f"depth must be even, 2 or more, for blocks of two; not {depth}")
        with torch.random.fork_rng(devices=[]):  # layers draw numbers, which _start replaces
            blocks = {f"block{i}": Block(width, rule, norm=norm) for i in range(1, depth // 2 + 1)}
            layers = OrderedDict(
                stem=nn.Conv2d(1, width, 4, stride=4),  # (B, width, 7, 7)
                relu=nn.ReLU(),
                **blocks,
                flatten=nn.Flatten(),
                logits=nn.Linear(width * 49, 10),
            )
        super().__init__(layers)
        _start(self, seed)
        for block in blocks.values() if zero else ():
            nn.init.zeros_(block.second.norm.weight if norm else block.second.conv.weight)


class Blur(nn.Module):
    """A 3 x 3 blur at every other place (Zhang 2019): (B, C, H, W) -> (B, C, H / 2, W / 2)."""

    def __init__(self):
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("weight", (line[:, None] * line)[None, None])

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        return F.conv2d(x, self.weight.expand(channels, 1, 3, 3), None, 2, 1, groups=channels)


def shrinking(shrink: str, *, width: int = 8, seed: int = 0) -> nn.Sequential:
    """Digits (B, 1, 28, 28) -> logits (B, 10), halved twice: 28 -> 14 -> 7.

    shrink: "max" or "average" pooling behind a convolution, a "strided" convolution, or "blurred":
    max pooling at every place, and then a blur at every other one. All but the last are alike in
    their weights: `width`, 2 `width` and 4 `width` channels, and a linear layer on 7 x 7 places.
    ValueError for another word.
    """
    if shrink not in SHRINKS:
        raise ValueError(f"shrink must be one of {SHRINKS}, not {shrink!r}")
    behind = {
        "max": [nn.MaxPool2d(2)],
        "average": [nn.AvgPool2d(2)],
        "strided": [],
        "blurred": [nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, stride=1), Blur()],
    }[shrink]
    stride = 2 if shrink == "strided" else 1
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        for c_in, c_out in ((1, width), (width, 2 * width)):
            layers += [nn.Conv2d(c_in, c_out, 3, stride, 1), nn.ReLU(), *behind]
        layers += [nn.Conv2d(2 * width, 4 * width, 3, padding=1), nn.ReLU()]
        net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * width * 49, 10))
    _start(net, seed)
    return net


def _layer(width: int, *, norm: bool) -> nn.Sequential:
    steps = OrderedDict(conv=nn.Conv2d(width, width, 3, padding=1, bias=not norm))
    if norm:
        steps["norm"] = nn.BatchNorm2d(width)
    return nn.Sequential(steps)


def _start(net: nn.Module, seed: int) -> None:
    """He's first weights: a ReLU network keeps the size of its signals; biases 0."""
    generator = torch.Generator().manual_seed(seed)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
