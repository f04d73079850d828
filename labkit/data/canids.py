"""Drawn wolves and huskies with exact masks, from the pack that ships with labkit.

`load_canids` makes a labelled set in which you choose how many wolves and huskies stand on snow;
`on_ground` puts the same animals on other grounds. Other scenes: `labkit.render.scene`. The pack
is written by `python -m labkit.render.pack`; nothing is downloaded.
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

HUSKY, WOLF = 0, 1
SPECIES = ("husky", "wolf")  # by label
REMEDY = "install labkit again, or draw it anew (some minutes): python -m labkit.render.pack"
PARTS = {"train": (0.0, 2 / 3), "test": (2 / 3, 1.0), "all": (0.0, 1.0)}


class Canids(NamedTuple):
    """images float32 (N, 3, 224, 224) in [0, 1]; labels int64 (N,), 0 husky, 1 wolf; masks bool
    (N, 224, 224), the animal's pixels; grounds: N names; seeds: N scene seeds."""

    images: Tensor
    labels: Tensor
    masks: Tensor
    grounds: tuple[str, ...]
    seeds: tuple[int, ...]


def load_canids(*, snow_wolves: float = 1.0, snow_huskies: float = 0.0, n: int = 40,
                part: str = "all", seed: int = 0) -> Canids:  # fmt: skip
    """Load n drawn scenes, half wolves and half huskies, with the share of each on snow.

    snow_wolves, snow_huskies: from 0 to 1, rounded to whole animals; the others are spread evenly
    over grass, forest floor and sand. Which animals, which ground and the order depend on `seed`;
    no animal comes twice. part: "train" (80 animals), "test" (the other 40) or "all". The global
    random state is left alone. ValueError for an odd or too large n, a share outside [0, 1] or an
    unknown part; FileNotFoundError if the pack is missing.

    >>> biased = load_canids(snow_wolves=1.0, snow_huskies=0.0, n=20, part="train")
    >>> fair = load_canids(snow_wolves=0.5, snow_huskies=0.5, n=40, part="test")
    """
    shares = {"snow_huskies": snow_huskies, "snow_wolves": snow_wolves}
    available = _available(part)
    _check(shares, n, available, part)
    rng = np.random.default_rng([seed, 3])
    rows = []
    for label, share in enumerate(shares.values()):
        animals = rng.permutation(available[label])[: n // 2]
        grounds = _deal(share, n // 2, rng)
        rows += [(label, int(s), g) for s, g in zip(animals, grounds, strict=True)]
    return _read([rows[i] for i in rng.permutation(len(rows))])


def on_ground(scenes: Canids, grounds) -> Canids:
    """The same animals, pixel for pixel, on other grounds: the counterfactual of each scene.

    grounds: one name for all, or one for each scene; "snow", "grass", "forest" or "sand". Masks
    and the pixels in them are equal to those given. ValueError for an unknown ground or another
    number of names than scenes.

    >>> moved = on_ground(load_canids(n=4), "grass")
    """
    names = [grounds] * len(scenes.labels) if isinstance(grounds, str) else list(grounds)
    if len(names) != len(scenes.labels):
        raise ValueError(f"{len(names)} grounds for {len(scenes.labels)} scenes: name one for each")
    known = _index("wolf")["grounds"]
    for name in set(names) - set(known):
        raise ValueError(f"unknown ground {name!r}; choose one of {', '.join(known)}")
    return _read(list(zip(scenes.labels.tolist(), scenes.seeds, names, strict=True)))


def canids_path(animal: str) -> Path:
    """The file with the scenes of a species; FileNotFoundError if it is missing."""
    path = data_dir() / f"canids_{animal}.zip"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {REMEDY}")
    return path


@lru_cache(maxsize=2)
def _index(animal: str) -> dict:
    path = canids_path(animal)
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("index.json"))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): {REMEDY}") from error


def _available(part: str) -> list[list[int]]:
    """Seeds of the huskies and of the wolves in this part of the pack."""
    if part not in PARTS:
        raise ValueError(f"unknown part {part!r}; choose one of {', '.join(PARTS)}")
    low, high = PARTS[part]
    seeds = [_index(animal)["seeds"] for animal in SPECIES]
    return [row[round(low * len(row)) : round(high * len(row))] for row in seeds]


def _check(shares: dict[str, float], n: int, available: list[list[int]], part: str) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is a share from 0 to 1, not {share!r}")
    most = 2 * min(map(len, available))
    if isinstance(n, bool) or not isinstance(n, int) or n % 2 or not 2 <= n <= most:
        raise ValueError(f"n must be an even number from 2 to {most} for part {part!r}, not {n!r}")


def _deal(share: float, count: int, rng: np.random.Generator) -> list[str]:
    """Grounds of `count` animals: the share on snow, the rest dealt out evenly."""
    snow = round(share * count)
    others = rng.permutation([g for g in _index("wolf")["grounds"] if g != "snow"])
    rest = [str(others[i % len(others)]) for i in range(count - snow)]
    return ["snow"] * snow + rest


def _read(rows: list[tuple[int, int, str]]) -> Canids:
    """Compose scenes (label, seed, ground) from the pack."""
    archives = [zipfile.ZipFile(canids_path(animal)) for animal in SPECIES]
    try:
        drawn = [_compose(archives[label], seed, ground) for label, seed, ground in rows]
    finally:
        for archive in archives:
            archive.close()
    labels, seeds, grounds = zip(*rows, strict=True)
    images, masks = zip(*drawn, strict=True)
    return Canids(torch.stack(images), torch.tensor(labels), torch.stack(masks), grounds, seeds)


def _compose(archive: zipfile.ZipFile, seed: int, ground: str) -> tuple[Tensor, Tensor]:
    """Image (3, H, W) and mask (H, W): the animal's cutout over a ground."""
    cut = _decode(archive.read(f"{seed}.webp"))
    behind = _decode(archive.read(f"{seed}_{ground}.webp"))
    cover = cut[3]
    return torch.lerp(behind, cut[:3], cover).clamp(0, 1), cover == 1


def _decode(content: bytes) -> Tensor:
    """Bytes of a WebP file to (C, H, W) in [0, 1]."""
    pixels = np.array(Image.open(io.BytesIO(content)))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
