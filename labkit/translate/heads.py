"""The crowd of heads that a GAN learns from, how near its fakes come, and what ships."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data import load_crowd
from labkit.gan import frechet
from labkit.nets import models
from labkit.nets.features import map_means, until
from labkit.nets.shipped import filled, read_table, read_weights
from labkit.paths import data_dir
from labkit.translate.growing import SIDE, HeadGenerator

TABLE, WEIGHTS = "growing.csv", "heads.safetensors"
LAYER = "block11"  # of EfficientNet: 112 features
KNOWN = 400  # heads to learn from; the others are for the judge


def head_piles() -> tuple[Tensor, Tensor]:
    """Drawn heads to learn from (400, 3, 32, 32) and others to compare with (200, 3, 32, 32)."""
    images = load_crowd().images
    images = F.interpolate(images, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[:KNOWN]], images[order[KNOWN:]]


class HeadJudge:
    """How far pictures (N, 3, H, W) are from some real ones: `judge(pictures)`, smaller is nearer.

    The Fréchet distance (Heusel et al. 2017) with a layer of the pretrained EfficientNet, averaged
    over the places, in Inception's stead. Never 0 for other real pictures: that's the floor.
    """

    def __init__(self, real: Tensor):
        self.body = until(models.load_pretrained(size=64), LAYER)
        self.real = self._gaussian(real)

    def __call__(self, pictures: Tensor) -> float:
        return frechet.distance(self._gaussian(pictures), self.real)

    @torch.no_grad()
    def _gaussian(self, pictures: Tensor) -> frechet.Gaussian:
        return frechet.gaussian(torch.cat([map_means(self.body(p)) for p in pictures.split(50)]))


def gaussian_heads(pictures: Tensor, count: int, *, seed: int = 0) -> Tensor:
    """A rival that needs no training: pixels from one Gaussian, (count, 3, H, W) in [0, 1].

    It has the mean and covariance of the pictures' pixels (N, 3, H, W), no more.
    """
    flat = pictures.flatten(1)
    mean = flat.mean(0)
    weights = torch.randn(count, len(flat), generator=torch.Generator().manual_seed(seed))
    made = mean + weights @ (flat - mean) / (len(flat) - 1) ** 0.5
    return made.view(-1, *pictures.shape[1:]).clamp(0, 1)


class Race(NamedTuple):
    """One training: which way, its seed, CPU seconds, steps and Fréchet distance at the end."""

    growing: bool
    seed: int
    seconds: float
    steps: int
    distance: float


def load_races(folder: Path | None = None) -> list[Race]:
    """The rows of the table, a training each."""
    rows = read_table((folder or data_dir()) / TABLE)
    kinds = [bool, int, float, int, float]
    return [
        Race(*(kind(float(v)) for kind, v in zip(kinds, row.values(), strict=True))) for row in rows
    ]


def load_heads() -> HeadGenerator:
    """The generator that learned for longest; `notes` says how long and in which way."""
    weights, notes = read_weights(data_dir() / WEIGHTS)
    model = filled(HeadGenerator(), {k: v.float() for k, v in weights.items()}, WEIGHTS)
    model.notes = notes
    return model
