"""How near a picture is to a style, and how much of a photo is left in it.

Style is what a network's features do together, wherever they do it: a Gram matrix for each layer
(Gatys, Ecker & Bethge 2016). `edge_correlation` asks no network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.features import correlation

LAYERS = ("rgb", "stem", "block1", "block3", "block5", "block8")  # "rgb" is the picture itself
OTHERS = ("block2", "block4", "block6", "block10")  # for judging: `paint` doesn't look at them
Gram = Callable[[Tensor], Tensor]


def gram(features: Tensor) -> Tensor:
    """Which channels go together, wherever they do: (B, C, H, W) -> (B, C, C).

    Entry i, j is the mean over all places of channel i times channel j.

    >>> gram(torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]]))
    tensor([[[5., 1.],
             [1., 2.]]])
    """
    flat = features.flatten(2)  # (B, C, H W)
    return flat @ flat.mT / flat.shape[2]


class Style:
    """What a picture (3, H, W) does in some layers of a network, wherever in the picture."""

    def __init__(
        self,
        model: nn.Module,
        image: Tensor,
        *,
        layers: Sequence[str] = LAYERS,
        gram: Gram = gram,
    ):
        self.gram = gram
        with torch.no_grad():
            seen = look(model, image[None], layers)
            self.grams = {name: gram(features) for name, features in seen.items()}

    def distance(self, seen: dict[str, Tensor]) -> Tensor:
        """Mean over layers of |G - A|^2 / |A|^2: Gram matrices of features (1, ...), of the style.

        Each layer is divided by its own size, so that none outweighs the others.
        """
        off = [
            (self.gram(seen[n]) - a).pow(2).sum() / a.pow(2).sum() for n, a in self.grams.items()
        ]
        return torch.stack(off).mean()


def style_distance(model: nn.Module, image: Tensor, style: Style) -> float:
    """How far a picture (3, H, W) is from a style: 0 for the style's own picture."""
    with torch.no_grad():
        return float(style.distance(look(model, image[None], style.grams)))


def look(model: nn.Module, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
    """The outputs of some of a network's children for images (B, 3, H, W), and "rgb", themselves.

    Gradients go through. Stops after the last layer asked for; ValueError for an unknown one.
    """
    left, seen, x = set(layers) - {"rgb"}, {"rgb": images}, images
    for name, child in model.named_children():
        if not left:
            break
        x = seen[name] = child(x)
        left.discard(name)
    if left:
        raise ValueError(f"the network has no layers {sorted(left)}; see hooks.layer_names(model)")
    return {name: seen[name] for name in layers}


def edges(image: Tensor, *, size: int = 4) -> Tensor:
    """How steep the brightness is, in squares of `size` pixels: (3, H, W) -> (H', W')."""
    light = F.avg_pool2d(image.mean(0)[None], size)[0]
    across, down = light[1:, 1:] - light[1:, :-1], light[1:, 1:] - light[:-1, 1:]
    return torch.hypot(across, down)


def edge_correlation(image: Tensor, other: Tensor) -> float:
    """Are the edges in the same places? 1 for the same ones, near 0 for unrelated pictures."""
    return float(correlation(*(edges(one).view(1, -1) for one in (image, other))))


def recolour(image: Tensor, other: Tensor) -> Tensor:
    """The picture (3, H, W) with the colours of another: same mean and covariance, shapes kept.

    The linear map with the least change (Pitié & Kokaram 2007), cut to [0, 1].
    """
    pixels, wanted = image.flatten(1).double(), other.flatten(1).double()
    root = _root(torch.cov(pixels))
    back = torch.linalg.inv(root)
    turn = back @ _root(root @ torch.cov(wanted) @ root) @ back
    new = turn @ (pixels - pixels.mean(1, keepdim=True)) + wanted.mean(1, keepdim=True)
    return new.view_as(image).clamp(0, 1).to(image)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp_min(1e-12).sqrt() @ vectors.T
