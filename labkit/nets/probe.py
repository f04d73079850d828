"""A small classifier on what one layer of a network sees: frozen features, logistic regression.

`Probe` runs the network only up to that layer, so a probe of an early layer is cheap. It is one
`nn.Module` from images to logits, and every method of `labkit.explain` applies to it. The network
itself is not trained (for that see `labkit.nets.train`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.features import until
from labkit.nets.folding import folded


class Standardize(nn.Module):
    """Features (B, D) minus their mean, divided by their standard deviation, as first seen."""

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.std


class Probe(nn.Sequential):
    """Logistic regression of two classes on one layer's features: images (B, 3, H, W) -> (B, 2).

    Children: those of `backbone` up to `layer`, then pool, flatten, standardize, logits. `pool`
    averages each channel over `grid` x `grid` fields (1: one mean for the whole image). Until
    `fit` is called all logits are 0. The two logits are -z/2 and z/2, so that their softmax is the
    sigmoid of z. The backbone's weights are shared and stay as they are. ValueError for a layer
    that the backbone does not have.

    >>> probe = Probe(model, "stem").fit(images, torch.tensor([0, 1]))
    >>> probe(images).shape, probe.predict(images).shape
    (torch.Size([2, 2]), torch.Size([2]))
    """

    children_in_order = True  # for labkit.nets.folding

    def __init__(self, backbone: nn.Module, layer: str, *, grid: int = 1):
        super().__init__()
        if isinstance(grid, bool) or not isinstance(grid, int) or grid < 1:
            raise ValueError(f"grid must be 1 or more, a whole number, not {grid!r}")
        for name, child in until(backbone, layer).named_children():
            self.add_module(name, child)
        self.layer = layer
        self.pool, self.flatten = nn.AdaptiveAvgPool2d(grid), nn.Flatten()
        self.standardize, self.logits = nn.Identity(), nn.Identity()
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        if isinstance(self.logits, nn.Identity):
            return images.new_zeros(len(images), 2)
        return super().forward(images)

    @torch.no_grad()
    def features(self, images: Tensor, *, batch_size: int = 8) -> Tensor:
        """The layer's pooled output, before it is standardised: (B, D)."""
        run = folded(self.eyes())
        return torch.cat([run(part) for part in images.split(batch_size)])

    def eyes(self) -> nn.Sequential:
        """All that comes before the regression, as one network: images -> features (B, D)."""
        steps = [m for name, m in self.named_children() if name not in ("standardize", "logits")]
        return nn.Sequential(*steps).eval()

    def fit(self, images: Tensor, labels: Tensor, *, C: float = 0.1) -> Probe:
        """Fit the regression to images (N, 3, H, W) and labels (N,), 0 or 1; returns the probe."""
        return self.fit_features(self.features(images), labels, C=C)

    def fit_features(self, features: Tensor, labels: Tensor, *, C: float = 0.1) -> Probe:
        """As `fit`, from `features` (N, D) that were computed before."""
        if set(labels.tolist()) != {0, 1} or len(labels) != len(features):
            raise ValueError("labels must be one 0 or 1 for each image, and both must occur")
        scale = Standardize(features.shape[1])
        scale.mean = features.mean(0)
        spread = features.std(0, correction=0)
        scale.std = torch.where(spread > 1e-6, spread, torch.ones_like(spread))
        weights, bias = logistic_regression(scale(features), labels, C=C)
        line = nn.utils.skip_init(nn.Linear, features.shape[1], 2)  # draws no random numbers
        line.requires_grad_(False)
        line.weight.copy_(torch.stack([-weights, weights]) / 2)
        line.bias.copy_(torch.stack([-bias, bias]) / 2)
        self.standardize, self.logits = scale, line
        return self.eval()

    @torch.no_grad()
    def answer(self, features: Tensor) -> Tensor:
        """The logits (B, 2) for `features` (B, D) that were computed before."""
        return self.logits(self.standardize(features))

    @torch.no_grad()
    def predict(self, images: Tensor, *, batch_size: int = 8) -> Tensor:
        """The likelier class of each image: int64 (B,)."""
        return torch.cat([self(part) for part in images.split(batch_size)]).argmax(1)


class Together(nn.Sequential):
    """Probes of the same layer as one network, which runs once: images -> logits (B, 2 P).

    >>> probe = Probe(model, "stem").fit(images, torch.tensor([0, 1]))
    >>> Together([probe, probe])(images).shape
    torch.Size([2, 4])
    """

    def __init__(self, probes: Sequence[Probe]):
        super().__init__(*probes[0].eyes(), _Answers(probes))
        self.eval()


class _Answers(nn.Module):
    """The logits of P fitted probes for the same features, side by side: (B, 2 P)."""

    def __init__(self, probes: Sequence[Probe]):
        super().__init__()
        parts = (nn.Sequential(probe.standardize, probe.logits) for probe in probes)
        self.parts = nn.ModuleList(parts)

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([part(features) for part in self.parts], 1)


def logistic_regression(
    features: Tensor, labels: Tensor, *, C: float = 0.1, steps: int = 100
) -> tuple[Tensor, Tensor]:
    """Weights (D,) and intercept of the logistic regression of labels (N,), 0 or 1.

    Minimises |weights|^2 / 2 + C * (sum of the N log losses), as scikit-learn does: a small C
    keeps the weights small. Newton's method in double precision; the same data give the same
    weights. (torch.optim would do, but takes seconds to import.)

    >>> weights, bias = logistic_regression(torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1]))
    """
    if not C > 0:
        raise ValueError(f"C must be more than 0, not {C!r}")
    x, y = F.pad(features.detach().double(), (0, 1), value=1.0), labels.double()
    punished = torch.ones_like(x[0])
    punished[-1] = 0  # the intercept

    def loss(line: Tensor) -> Tensor:
        losses = F.binary_cross_entropy_with_logits(x @ line, y, reduction="sum")
        return (punished * line.square()).sum() / 2 + C * losses

    line = torch.zeros_like(punished)
    for _ in range(steps):
        p = torch.sigmoid(x @ line)
        slope = punished * line + C * (p - y) @ x
        bend = torch.diag(punished + 1e-12) + C * (x.T * (p * (1 - p))) @ x
        step = torch.linalg.solve(bend, slope)
        while loss(line - step) > loss(line) and step.abs().max() > 1e-12:
            step = step / 2
        line = line - step
        if step.abs().max() < 1e-10:
            break
    found = line.detach().to(features.dtype)
    return found[:-1], found[-1]
