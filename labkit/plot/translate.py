"""Plots of labs 10 and 11: pictures in rows with a name each, two errors against each other."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.axes import Axes
from torch import Tensor
from torchvision.utils import make_grid

from labkit.plot.basic import COLOURS, new_axes, tidy

GAP = 4  # pixels between pictures
MARKERS = "osD^vPX*"


def rows(
    pictures: Mapping[str, Tensor],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    width: float = 9.0,
) -> Axes:
    """Pictures (N, 3, H, W) in [0, 1], a row for each name; `width` of the figure in inches.

    >>> ax = rows({"summer": torch.rand(6, 3, 64, 64), "winter": torch.rand(6, 3, 64, 64)})
    """
    several = [part.detach().clamp(0, 1) for part in pictures.values()]
    count, _, high, wide = several[0].shape
    page = make_grid(torch.cat(several), nrow=count, padding=GAP, pad_value=1.0)
    names, share = list(pictures), page.shape[1] / page.shape[2]
    ax = new_axes(ax, figsize=(width, 0.85 * width * share + (0.35 if title else 0.1)))
    ax.imshow(page.permute(1, 2, 0).numpy(), interpolation="bicubic")
    places = [GAP + high / 2 + i * (high + GAP) for i in range(len(names))]
    ax.set_yticks(places, labels=names)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(title or "")
    return ax


def two_errors(
    ground: Mapping[str, Tensor | float],
    animal: Mapping[str, Tensor | float],
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Errors on the ground and on the animal, a marker a name and a point a value; 0, 0 is best."""
    ax = new_axes(ax, figsize=(7.4, 4.8))
    for i, name in enumerate(ground):
        x, y = (torch.as_tensor(part[name]).reshape(-1).numpy() for part in (ground, animal))
        style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        ax.plot(x, y, linestyle="", markersize=8, alpha=0.8, label=name, **style)
    ax.set(xlabel="error on the ground", ylabel="error on the animal", title=title or "")
    ax.set(xlim=(0, None), ylim=(0, None))
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return tidy(ax)
