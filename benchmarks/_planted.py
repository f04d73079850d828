"""Networks whose reason is planted, and drawn scenes with the pixels that matter."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit import data
from labkit.nets import models
from labkit.nets.probe import Probe

GROUNDS = ["snow", "grass", "forest", "sand"]
ANY_GROUND = {"snow_wolves": 0.25, "snow_huskies": 0.25}


class Case(NamedTuple):
    """A model, scenes, the class that is explained of each, and the pixels that matter."""

    model: nn.Module
    images: Tensor  # (B, 3, H, W)
    targets: list[int]
    masks: Tensor  # (B, H, W), bool
    turned: float  # share of the answers that another ground turns around


def ground(*, scenes: int, seed: int = 5, part: str = "test") -> Case:
    """Early features, trained on wolves on snow: scenes on snow, "wolf", the ground."""
    known = data.load_canids(n=40, part="train", seed=5)
    model = Probe(models.load_pretrained(), "block1").fit(known.images, known.labels)
    found = data.load_canids(n=scenes, snow_wolves=1, snow_huskies=1, part=part, seed=seed)
    snow, grass = (data.on_ground(found, g).images for g in ("snow", "grass"))
    turned = (model.predict(snow) != model.predict(grass)).float().mean()
    return Case(model, snow, [1] * len(snow), ~found.masks, turned.item())


def animal(*, scenes: int, seed: int = 6, part: str = "test") -> Case:
    """Late features, trained on all grounds: scenes on any ground, their class, the animals."""
    known = data.load_canids(n=80, part="train", seed=6)
    moved = [data.on_ground(known, ground).images for ground in GROUNDS]
    deep = models.load_pretrained(size=144)
    model = Probe(deep, "block16").fit(torch.cat(moved), known.labels.repeat(len(GROUNDS)))
    found = data.load_canids(n=scenes, **ANY_GROUND, part=part, seed=seed)
    said = torch.stack([model.predict(data.on_ground(found, g).images) for g in GROUNDS])
    turned = (said != said[0]).any(0).float().mean()
    return Case(model, found.images, found.labels.tolist(), found.masks, turned.item())
