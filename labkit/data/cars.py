"""Drawn cars of two makes with exact masks, from the pack that ships with labkit.

`load_cars` gives 1,000 cars to train, 300 to choose settings with and 300 to test; `few` picks some
of each class. Other cars: `labkit.render.car`. The pack is written by `python -m
labkit.render.cars_pack`; nothing is downloaded. Photos of real cars: `labkit.data.real_cars`.
"""

from __future__ import annotations

import io
import json
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from labkit.paths import data_dir

MAKES = ("smooth", "grille")  # by label
REGIONS = ("background", "body", "glass", "wheels", "front", "side")  # by number
TRAINING, VALIDATION = 500, 150  # cars of each make; the others are for tests
REMEDY = "install labkit again, or draw it anew (ten minutes): python -m labkit.render.cars_pack"


class Cars(NamedTuple):
    """images float32 (N, 3, 128, 128) in [0, 1]; labels int64 (N,), 0 smooth, 1 grille; masks
    bool (N, 128, 128), the car's pixels; regions int64 (N, 128, 128), numbers in REGIONS; seeds:
    N scene seeds."""

    images: Tensor
    labels: Tensor
    masks: Tensor
    regions: Tensor
    seeds: tuple[int, ...]

    @property
    def telling(self) -> Tensor:
        """bool (N, 128, 128): the pixels that the other make's face would change."""
        return self.regions >= REGIONS.index("front")


def load_cars(part: str = "train", *, n: int | None = None, seed: int = 0) -> Cars:
    """Load n drawn cars, half of each make, in an order that depends on `seed` alone.

    "smooth" has a nose without a grille, slim lamps and plain sides, as a Tesla; "grille" has a
    grille, taller lamps, and a line along the sides, as a Toyota. Body, paint, wheels, view,
    light, road and scenery say nothing about the make. part: "train" (1,000 cars), "valid" or
    "test" (300 others each); n: default all. ValueError for an odd or too large n or an unknown
    part; FileNotFoundError if the pack is missing.

    >>> cars = load_cars("test", n=20)
    >>> cars.images.shape, cars.labels.bincount()
    (torch.Size([20, 3, 128, 128]), tensor([10, 10]))
    """
    available = [_part(make, part) for make in MAKES]
    most = sum(map(len, available))
    n = most if n is None else n
    if isinstance(n, bool) or not isinstance(n, int) or n % 2 or not 2 <= n <= most:
        raise ValueError(f"n must be an even number from 2 to {most} for part {part!r}, not {n!r}")
    rng = np.random.default_rng([seed, 5])
    rows = [(k, int(s)) for k in (0, 1) for s in rng.permutation(available[k])[: n // 2]]
    return _read([rows[i] for i in rng.permutation(n)])


def few(labels: Tensor, n: int, *, seed: int = 0) -> Tensor:
    """Numbers (K * n,) of n images of each of the K classes in `labels`, drawn at random.

    With the same seed a larger n only adds to a smaller one: curves over n are smoother for it.
    ValueError if a class has fewer than n.

    >>> few(torch.tensor([0, 0, 1, 1]), 1).shape
    torch.Size([2])
    """
    counts = labels.bincount()
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= int(counts.min()):
        raise ValueError(f"n must be from 1 to {counts.min()}, the rarest class's, not {n!r}")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return torch.cat([order[labels[order] == k][:n] for k in range(len(counts))])


def cars_path(make: str) -> Path:
    """The file with the cars of a make; FileNotFoundError if it is missing."""
    path = data_dir() / f"cars_{make}.zip"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {REMEDY}")
    return path


@lru_cache(maxsize=2)
def _index(make: str) -> dict:
    path = cars_path(make)
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("index.json"))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): {REMEDY}") from error


def _part(make: str, part: str) -> list[int]:
    """Seeds of a make's cars in this part of the pack."""
    seeds = _index(make)["seeds"]
    end = TRAINING + VALIDATION
    parts = {"train": seeds[:TRAINING], "valid": seeds[TRAINING:end], "test": seeds[end:]}
    if part not in parts:
        raise ValueError(f"unknown part {part!r}; choose one of {', '.join(parts)}")
    return parts[part]


def _read(rows: list[tuple[int, int]]) -> Cars:
    """The cars (label, seed) from the pack."""
    archives = [zipfile.ZipFile(cars_path(make)) for make in MAKES]
    try:
        images = [_decode(archives[label].read(f"{seed}.webp")) for label, seed in rows]
        regions = [_decode(archives[label].read(f"{seed}.png")) for label, seed in rows]
    finally:
        for archive in archives:
            archive.close()
    labels, seeds = zip(*rows, strict=True)
    pixels = torch.stack(images).permute(0, 3, 1, 2).float() / 255
    numbers = torch.stack(regions).long()
    return Cars(pixels.contiguous(), torch.tensor(labels), numbers > 0, numbers, seeds)


def _decode(content: bytes) -> Tensor:
    """Bytes of a picture to uint8 (H, W, C), or (H, W) for numbers."""
    return torch.from_numpy(np.array(Image.open(io.BytesIO(content))))
