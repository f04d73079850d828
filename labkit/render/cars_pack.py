"""Write the pack of cars that ships with labkit: `python -m labkit.render.cars_pack [FOLDER]`.

One zip file a make. For each car it holds the picture (WebP) and its regions (PNG, one number a
pixel). `labkit.data.cars` reads it. Drawing everything takes about ten minutes.
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
from labkit.render.car_traits import MAKES
from labkit.render.cars import CarScene, car
from labkit.render.pack import add, encode

PER_MAKE, SIDE = 800, 128  # 500 to train, 150 to choose settings with, 150 to test
QUALITY = 88  # of 100; WebP


def pack_seeds(make: str) -> list[int]:
    """Seeds of the cars in the pack; no two of them, of either make, share a setting."""
    return [5000 + 2 * i + MAKES.index(make) for i in range(PER_MAKE)]


def write_pack(folder: Path, *, count: int = PER_MAKE, size: int = SIDE) -> list[Path]:
    """Draw `count` cars of each make; returns the files written."""
    return [write_make(folder, make, count=count, size=size) for make in MAKES]


def write_make(folder: Path, make: str, *, count: int, size: int, draw=car) -> Path:
    """Write the file of one make; returns its path."""
    seeds = pack_seeds(make)[:count]
    path = Path(folder) / f"cars_{make}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        index = {"make": make, "size": size, "seeds": seeds}
        add(archive, "index.json", json.dumps(index).encode())
        for seed in seeds:
            scene: CarScene = draw(make, seed=seed, size=size)
            add(archive, f"{seed}.webp", encode(scene.image, QUALITY))
            add(archive, f"{seed}.png", encode_regions(scene.regions))
    return path


def encode_regions(regions: Tensor) -> bytes:
    """PNG bytes of region numbers (H, W), a few bits a pixel."""
    picture = Image.fromarray(regions.to(torch.uint8).numpy(), "P")
    picture.putpalette([40 * k for k in range(6) for _ in range(3)])
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True, bits=4)
    return file.getvalue()


def main() -> None:
    """Write the pack into the folder named on the command line, or labkit's data folder."""
    parser = argparse.ArgumentParser(
        prog="python -m labkit.render.cars_pack", description=main.__doc__
    )
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    for path in write_pack(parser.parse_args().folder or data_dir()):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
