"""Write the pack of scenes that ships with labkit: `python -m labkit.render.pack [FOLDER]`.

One zip file per species. For each animal it holds its cutout (WebP, lossy colour, lossless
coverage) and the four grounds behind it (WebP), so that on loading the animal's pixels are equal
on every ground. `labkit.data.canids` reads it. Drawing everything takes some minutes.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from labkit.paths import data_dir
from labkit.render.scenes import ANIMALS, GROUNDS, backdrop, cutout

PER_SPECIES, SIDE = 60, 224
CUTOUT_QUALITY, GROUND_QUALITY = 97, 93  # of 100; WebP
STAMP = (2020, 1, 1, 0, 0, 0)  # the same bytes whenever it is written


def pack_seeds(animal: str) -> list[int]:
    """Seeds of the animals in the pack; no two of them, of either species, share a setting."""
    return [1000 + 2 * i + ANIMALS.index(animal) for i in range(PER_SPECIES)]


def write_pack(folder: Path, *, count: int = PER_SPECIES, size: int = SIDE) -> list[Path]:
    """Draw `count` animals of each species on every ground; returns the files written."""
    return [write_species(folder, animal, count=count, size=size) for animal in ANIMALS]


def write_species(folder: Path, animal: str, *, count: int, size: int) -> Path:
    """Write the file of one species; returns its path."""
    seeds = pack_seeds(animal)[:count]
    index = {"animal": animal, "size": size, "seeds": seeds, "grounds": list(GROUNDS)}
    path = Path(folder) / f"canids_{animal}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        add(archive, "index.json", json.dumps(index, indent=1).encode())
        for seed in seeds:
            _add_animal(archive, animal, seed, size)
    return path


def _add_animal(archive: zipfile.ZipFile, animal: str, seed: int, size: int) -> None:
    cut = cutout(animal, seed=seed, size=size)
    layer = torch.cat([cut.image * (cut.cover > 0), cut.cover[None]])
    add(archive, f"{seed}.webp", encode(layer, CUTOUT_QUALITY))
    for ground in GROUNDS:
        behind = backdrop(animal, ground, seed=seed, size=size)
        add(archive, f"{seed}_{ground}.webp", encode(behind, GROUND_QUALITY))


def encode(image: Tensor, quality: int) -> bytes:
    """WebP bytes of (3 or 4, H, W) in [0, 1]; a fourth channel is kept without loss."""
    pixels = image.mul(255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=quality, alpha_quality=100, method=6)
    return file.getvalue()


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a file into the archive, with the same bytes whenever it is written."""
    archive.writestr(zipfile.ZipInfo(name, STAMP), content)


def main() -> None:
    """Write the pack into the folder named on the command line, or labkit's data folder."""
    parser = argparse.ArgumentParser(prog="python -m labkit.render.pack", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    for path in write_pack(parser.parse_args().folder or data_dir()):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
