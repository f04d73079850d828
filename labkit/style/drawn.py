"""Three styles that formulas draw: strokes of a brush, a stained-glass window, dots of paint.

Each is `style(size, seed=...) -> (3, size, size)` in [0, 1]; another seed is another picture of the
same kind. They are nobody's paintings, so nobody's rights are touched.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from labkit.images import to_tensor

NIGHT = ("#0a1440", "#173a80", "#2f6fb5", "#86b6d0", "#f2d264", "#fdf3c8")
WINDOW = ("#b3161d", "#1c46a8", "#efb51f", "#17794a", "#6d2a86", "#dcd8c4", "#d9601a")
NOON = ("#1d4289", "#2f86c1", "#f2c230", "#e2672a", "#f7ecc8", "#2f7d56", "#a83267")


def strokes(size: int = 224, *, seed: int = 0) -> Tensor:
    """Blue and yellow strokes that follow four whirls: (3, size, size).

    Noise is smeared along the lines of a flow (Cabral & Leedom 1993) and coloured by rank.
    """
    generator = torch.Generator().manual_seed(seed)
    place = _places(size)
    flow = torch.tensor([0.4, 0.0]).expand(size, size, 2).clone()
    for centre, turn in zip(torch.rand(4, 2, generator=generator), (1, -1, 1, -1), strict=True):
        away = place - centre
        near = torch.exp(-away.pow(2).sum(-1, keepdim=True) / 0.03)
        flow += 14 * turn * near * torch.stack([-away[..., 1], away[..., 0]], -1)
    step = F.normalize(flow, dim=-1) / size
    noise = torch.rand(1, 1, size // 3, size // 3, generator=generator)
    smeared = sum(_sample(noise, _moved(place, step, way)) for way in range(-14, 15))
    rank = smeared.flatten().argsort().argsort().view(size, size) / size**2
    return _shade(rank, NIGHT)


def glass(size: int = 224, *, seed: int = 0, pieces: int = 12) -> Tensor:
    """Coloured panes between lines of lead: (3, size, size), about pieces x pieces of them.

    A pane is all that lies nearest to its point; the lead runs half-way between two points.
    """
    generator = torch.Generator().manual_seed(seed)
    points = (
        _places(pieces) + 0.8 * (torch.rand(pieces, pieces, 2, generator=generator) - 0.5) / pieces
    )
    points = points.view(-1, 2)
    away, nearest = torch.cdist(_places(size).view(-1, 2), points).topk(2, largest=False)
    apart = (points[nearest[:, 0]] - points[nearest[:, 1]]).norm(dim=1)
    border = size * (away[:, 1] ** 2 - away[:, 0] ** 2) / (2 * apart)  # in pixels
    colours = _colours(WINDOW)[torch.randint(len(WINDOW), (len(points),), generator=generator)]
    light = 0.75 + 0.25 * torch.rand(len(points), 1, generator=generator)
    panes = (colours * light)[nearest[:, 0]] * (border[:, None] - 1).clamp(0.04, 1)
    return panes.T.reshape(3, size, size)


def dots(size: int = 224, *, seed: int = 0, count: int = 3000) -> Tensor:
    """Dots of paint on a pale ground, neighbours in related colours: (3, size, size)."""
    draws = np.random.default_rng(seed)
    sheet = Image.new("RGB", (4 * size, 4 * size), "#efe2c0")
    brush = ImageDraw.Draw(sheet)
    waves = draws.uniform(3, 8, 2) * draws.choice([-1, 1], 2)
    for x, y, chance in zip(*draws.random((2, count)), draws.normal(0, 0.9, count), strict=True):
        hue = round(3 + 2.2 * np.sin(waves[0] * x) + 1.6 * np.cos(waves[1] * y) + chance)
        centre, radius = 4 * size * np.array([x, y]), draws.uniform(9, 19) * size / 224
        box = [*(centre - radius), *(centre + radius)]
        brush.ellipse(box, fill=NOON[hue % len(NOON)])
    return to_tensor(sheet.resize((size, size), Image.Resampling.BOX))


STYLES = {"strokes": strokes, "glass": glass, "dots": dots}


def _places(size: int) -> Tensor:
    """The middles of size x size pixels, x and y from 0 to 1: (size, size, 2)."""
    middles = (torch.arange(size) + 0.5) / size
    return torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)


def _moved(place: Tensor, step: Tensor, times: int) -> Tensor:
    """Where a stroke is after so many steps along the flow, backwards if negative."""
    along = step.permute(2, 0, 1)[None]
    for _ in range(abs(times)):
        here = F.grid_sample(along, 2 * place[None] - 1, padding_mode="border", align_corners=False)
        place = place + (1 if times > 0 else -1) * here[0].permute(1, 2, 0)
    return place


def _sample(noise: Tensor, place: Tensor) -> Tensor:
    at = 2 * place[None] - 1
    return F.grid_sample(noise, at, padding_mode="reflection", align_corners=False)[0, 0]


def _shade(level: Tensor, names: tuple[str, ...]) -> Tensor:
    """Levels (H, W) from 0 to 1 -> colours (3, H, W), mixed from neighbours in a list."""
    colours = _colours(names)
    at = level * (len(names) - 1)
    low = at.floor().clamp_max(len(names) - 2).long()
    return torch.lerp(colours[low], colours[low + 1], (at - low)[..., None]).permute(2, 0, 1)


def _colours(names: tuple[str, ...]) -> Tensor:
    codes = [[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in names]
    return torch.tensor(codes) / 255
