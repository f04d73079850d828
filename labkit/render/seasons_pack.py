"""Writes the pack of lab 10, `seasons.zip`: `python -m labkit.render.seasons_pack [FOLDER]`.

A sheet of summers, one of winters and one of cut-out animals (WebP), 64 px a place, drawn at twice
the size; `labkit.data.load_seasons` reads them. It takes a quarter of an hour.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.utils import make_grid

from labkit.paths import data_dir
from labkit.render.pack import STAMP, encode
from labkit.render.scenes import ANIMALS, cutout
from labkit.render.seasons import SEASONS, season

FIRST, TRAIN, TEST, SIDE, ACROSS = 20_000, 256, 64, 64, 16
QUALITY = 95  # of 100; WebP


def write_pack(folder: Path, *, count: int = TRAIN + TEST) -> Path:
    """Draw `count` places at twice the size, halve them, and write a sheet of each kind."""
    names = [*SEASONS, "animal"]
    sheets = dict(zip(names, zip(*map(_tiles, range(count)), strict=True), strict=True))
    index = {"size": SIDE, "count": count, "test": TEST, "across": ACROSS}
    path = Path(folder) / "seasons.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("index.json", STAMP), json.dumps(index, indent=1))
        for name, tiles in sheets.items():
            sheet = make_grid(torch.stack(tiles), nrow=ACROSS, padding=0)
            archive.writestr(zipfile.ZipInfo(f"{name}.webp", STAMP), encode(sheet, QUALITY))
    return path


def _tiles(i: int) -> list[Tensor]:
    """Summer, winter (3, SIDE, SIDE) and the animal (4, SIDE, SIDE) of the i-th place."""
    animal, where = ANIMALS[i % 2], {"seed": FIRST + i, "size": 2 * SIDE}
    image, cover = cutout(animal, **where)
    layers = [season(animal, name, **where) for name in SEASONS] + [image * cover, cover[None]]
    *seasons, inked, cover = (interpolate(x[None], size=SIDE, mode="area")[0] for x in layers)
    return [*seasons, torch.cat([inked / cover.clamp_min(1 / 255), cover])]


if __name__ == "__main__":
    print(write_pack(Path(sys.argv[1]) if sys.argv[1:] else data_dir()))
