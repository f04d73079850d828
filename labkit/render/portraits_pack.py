"""Write the pack of heads: `python -m labkit.render.portraits_pack [FOLDER]` (ten minutes).

Two actors, a wolf and a husky: frames for training at poses of their own, frames for tests at
common poses, a short film of both seen from farther away, and a crowd of other wolves and huskies.
One zip file of WebP pictures and an index; `labkit.data.portraits` reads it.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path

import torch

from labkit.paths import data_dir
from labkit.render.pack import add, encode
from labkit.render.portraits import Pose, draw_pose, portrait, stage, turning
from labkit.render.scenes import ANIMALS

ACTORS = {"wolf": 3, "husky": 4}  # seed of build and coat
SIDE, WIDE, VIEW, GROUND = 64, 160, 2.5, "forest"
CROWD, CROWD_SIDE = 600, 48
FRAMES = {"wolf": range(80), "husky": range(100, 180), "test": range(200, 224)}  # seeds of poses
QUALITY, CROWD_QUALITY = 94, 90


def write_portraits(folder: Path, *, frames: int | None = None, crowd: int = CROWD) -> Path:
    """Draw all pictures, or the first `frames` of each kind and `crowd` heads; returns the file."""
    path = Path(folder) / "portraits.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        poses = {}
        for actor in ACTORS:
            poses |= _add_frames(archive, actor, frames)
        poses["film"] = _add_film(archive, frames)
        poses["crowd"] = _add_crowd(archive, crowd)
        index = {"actors": ACTORS, "side": SIDE, "wide": WIDE, "poses": poses}
        add(archive, "index.json", json.dumps(index).encode())
    return path


def _add_frames(archive: zipfile.ZipFile, actor: str, frames: int | None) -> dict[str, list]:
    """An actor's frames for training and tests; the poses of each part."""
    found = {}
    for part, kind in ((f"{actor}_train", actor), (f"{actor}_test", "test")):
        found[part] = [draw_pose(seed) for seed in FRAMES[kind][:frames]]
        for i, pose in enumerate(found[part]):
            _add_portrait(archive, f"{part}_{i}", actor, pose, size=SIDE)
    return found


def _add_film(archive: zipfile.ZipFile, frames: int | None) -> list[Pose]:
    poses = turning()[:frames]
    wide = {"size": WIDE, "view": VIEW}
    behind = stage("wolf", poses[0], GROUND, seed=ACTORS["wolf"], **wide)
    add(archive, "stage.webp", encode(behind, QUALITY))
    for i, pose in enumerate(poses):
        for actor in ACTORS:
            _add_portrait(archive, f"{actor}_film_{i}", actor, pose, **wide)
    return poses


def _add_portrait(archive, name: str, actor: str, pose: Pose, **options) -> None:
    cut = portrait(actor, pose, seed=ACTORS[actor], **options)
    layer = torch.cat([cut.image * (cut.cover > 0), cut.cover[None]])
    add(archive, f"{name}.webp", encode(layer, QUALITY))


def _add_crowd(archive: zipfile.ZipFile, crowd: int) -> list[Pose]:
    """Heads of husky and wolf in turn, each another animal in another pose."""
    poses = [draw_pose(1000 + i) for i in range(crowd)]
    for i, pose in enumerate(poses):
        cut = portrait(ANIMALS[i % 2], pose, seed=2000 + i, size=CROWD_SIDE)
        layer = torch.cat([cut.image * (cut.cover > 0), cut.cover[None]])
        add(archive, f"crowd_{i}.webp", encode(layer, CROWD_QUALITY))
    return poses


def main() -> None:
    """Write the pack into the folder named on the command line, or labkit's data folder."""
    parser = argparse.ArgumentParser(prog="python -m labkit.render.portraits_pack")
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    path = write_portraits(parser.parse_args().folder or data_dir())
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
