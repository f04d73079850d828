"""A photo in another style: the picture is what learns, the network stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from labkit.nets.folding import folded
from labkit.style.measures import LAYERS, Gram, Style, gram, look

KEPT = (0, 2, 5, 10, 20, 40, 80)


class Painting(NamedTuple):
    """Pictures (K, 3, H, W) after `steps` (K,), and the style's distance at every step."""

    images: Tensor
    steps: tuple[int, ...]
    distances: Tensor

    @property
    def last(self) -> Tensor:
        """The last picture (3, H, W)."""
        return self.images[-1]


def paint(
    model: nn.Module,
    photo: Tensor,
    style: Tensor,
    *,
    kept: Sequence[int] = KEPT,
    lr: float = 0.05,
    content: float = 0.05,
    content_layer: str = "block8",
    levels: int = 5,
    gram: Gram = gram,
) -> Painting:
    """The photo (3, H, W), changed until a network finds the style in it: about 8 s at 224 px.

    Adam on a Laplacian pyramid of the pixels' logits (`levels` of them; 1 is plain pixels) makes
    style distance + `content` x distance in `content_layer` small. Pictures are kept after the
    steps in `kept`. H and W must be multiples of 2^(levels - 1), else ValueError.
    """
    model = folded(model)
    target = Style(model, style, gram=gram)
    with torch.no_grad():
        wanted = look(model, photo[None], [content_layer])[content_layer]
    bands = [b.requires_grad_() for b in pyramid(photo.clamp(0.02, 0.98).logit()[None], levels)]
    adam = _adam(bands, lr)
    fading = torch.optim.lr_scheduler.LambdaLR(adam, lambda i: min(1, 2.05 - 2 * i / kept[-1]))
    images, distances = [], []
    for step in tqdm(range(kept[-1] + 1), desc="painting", leave=False):
        picture = build(bands).sigmoid()
        seen = look(model, picture, dict.fromkeys((*LAYERS, content_layer)))
        off = target.distance(seen)
        distances.append(float(off.detach()))
        if step in kept:
            images.append(picture.detach()[0])
        changed = (seen[content_layer] - wanted).pow(2).mean() / wanted.var()
        adam.zero_grad()
        (off + content * changed).backward()
        adam.step()
        fading.step()
    return Painting(torch.stack(images), tuple(kept), torch.tensor(distances))


def _adam(bands: Sequence[Tensor], lr: float) -> torch.optim.Adam:
    """In a pyramid the finest details learn at a quarter of the rate, or they end as noise."""
    slow = [0.25] + [1.0] * (len(bands) - 1) if len(bands) > 1 else [1.0]
    groups = [{"params": [b], "lr": s * lr} for b, s in zip(bands, slow, strict=True)]
    return torch.optim.Adam(groups, betas=(0.9, 0.99))


def pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """Details at `levels` sizes, each half of the one before, the rest last (Burt & Adelson 1983).

    x (B, C, H, W); `build` puts them together again. ValueError for sides that can't be halved.
    """
    if any(side % 2 ** (levels - 1) for side in x.shape[-2:]):
        sides = f"{x.shape[-2]} x {x.shape[-1]}"
        raise ValueError(f"{sides} pixels can't be halved {levels - 1} times: use fewer levels")
    bands = []
    for _ in range(levels - 1):
        small = F.avg_pool2d(x, 2)
        bands.append(x - _double(small))
        x = small
    return [*(band.detach() for band in bands), x.clone()]


def build(bands: Sequence[Tensor]) -> Tensor:
    """The picture whose pyramid this is: (B, C, H, W)."""
    x = bands[-1]
    for band in reversed(bands[:-1]):
        x = band + _double(x)
    return x


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
