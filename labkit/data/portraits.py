"""Two drawn actors in known poses, a short film of both, and a crowd of other heads.

A wolf and a husky look into one light. Their training frames show poses of their own; in tests and
film both hold the same pose, so that what one should look like in the other's place is known. The
pack is written by `python -m labkit.render.portraits_pack`; nothing is downloaded.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from labkit.paths import data_dir

PLAIN = 0.6  # the grey behind the heads
ACTORS, PARTS = ("wolf", "husky"), ("train", "test")
REMEDY = "install labkit again, or draw it anew: python -m labkit.render.portraits_pack"


class Portraits(NamedTuple):
    """images float32 (N, 3, 64, 64) in [0, 1], on plain grey; covers (N, 1, 64, 64) in [0, 1], 1
    where only the animal is seen; poses (N, 3): azimuth of the camera, yaw and nod, radians."""

    images: Tensor
    covers: Tensor
    poses: Tensor


class Film(NamedTuple):
    """wolf, husky: scenes (N, 3, 160, 160) in [0, 1], the same but for who is in them; covers:
    the wolf's (N, 1, 160, 160); stage (3, 160, 160): what lies behind; poses (N, 3).

    The portrait is the middle: `scenes[..., HEAD, HEAD]`, 64 pixels a side.
    """

    wolf: Tensor
    husky: Tensor
    covers: Tensor
    stage: Tensor
    poses: Tensor


class Crowd(NamedTuple):
    """images (N, 3, 48, 48), on plain grey; labels (N,), 0 husky, 1 wolf; poses (N, 3)."""

    images: Tensor
    labels: Tensor
    poses: Tensor


HEAD = slice(48, 112)  # rows and columns of the portrait in a film's scene


def load_portraits(actor: str, part: str = "train") -> Portraits:
    """Load an actor's frames: 80 for training, 24 for tests.

    actor: "wolf" or "husky". The two actors' training poses differ; frame i of the tests shows
    both in one pose. ValueError for another actor or part; FileNotFoundError, ValueError where
    the pack is missing or damaged.

    >>> wolf, husky = load_portraits("wolf", "test"), load_portraits("husky", "test")
    >>> torch.equal(wolf.poses, husky.poses)
    True
    """
    for what, name, names in (("actor", actor, ACTORS), ("part", part, PARTS)):
        if name not in names:
            raise ValueError(f"unknown {what} {name!r}; choose one of {', '.join(names)}")
    layers, poses = _read(f"{actor}_{part}")
    return Portraits(on_grey(layers), layers[:, 3:], poses)


def load_film() -> Film:
    """Load 24 scenes of the wolf that turns its head, and the same with the husky.

    >>> heads = load_film().wolf[..., HEAD, HEAD]
    >>> heads.shape
    torch.Size([24, 3, 64, 64])
    """
    wolf, poses = _read("wolf_film", "film")
    husky, _ = _read("husky_film", "film")
    with zipfile.ZipFile(_path()) as archive:
        stage = _decode(archive.read("stage.webp"))
    return Film(_over(stage, wolf), _over(stage, husky), wolf[:, 3:], stage, poses)


def load_crowd() -> Crowd:
    """Load 600 heads of as many wolves and huskies, each in a pose of its own.

    >>> load_crowd().images.shape
    torch.Size([600, 3, 48, 48])
    """
    layers, poses = _read("crowd")
    return Crowd(on_grey(layers), torch.arange(len(layers)) % 2, poses)


def on_grey(layers: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) on plain grey, of (N, 4, H, W): colours and cover."""
    return _over(torch.full_like(layers[0, :3], PLAIN), layers)


def _over(behind: Tensor, layers: Tensor) -> Tensor:
    return torch.lerp(behind.expand_as(layers[:, :3]), layers[:, :3], layers[:, 3:])


def _path():
    path = data_dir() / "portraits.zip"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {REMEDY}")
    return path


def _read(name: str, poses: str | None = None) -> tuple[Tensor, Tensor]:
    """The pictures of a kind (N, 4, H, W), and their poses (N, 3)."""
    path = _path()
    try:
        with zipfile.ZipFile(path) as archive:
            found = json.loads(archive.read("index.json"))["poses"][poses or name]
            files = [archive.read(f"{name}_{i}.webp") for i in range(len(found))]
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): {REMEDY}") from error
    return torch.stack([_decode(content) for content in files]), torch.tensor(found)


def _decode(content: bytes) -> Tensor:
    """Bytes of a WebP file to (C, H, W) in [0, 1]."""
    pixels = np.array(Image.open(io.BytesIO(content)))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
