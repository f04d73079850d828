"""Drawn places with a wolf or a husky, each in summer and in winter, from the pack of lab 10.

Both pictures of a place are equal where the animal is. The pack is written by
`python -m labkit.render.seasons_pack`; nothing is downloaded.
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

REMEDY = "install labkit again, or draw it anew (minutes): python -m labkit.render.seasons_pack"


class Seasons(NamedTuple):
    """summer, winter: float32 (N, 3, 64, 64) in [0, 1]; covers: (N, 1, 64, 64), how much of a
    pixel the animal covers; labels: int64 (N,), 0 husky, 1 wolf."""

    summer: Tensor
    winter: Tensor
    covers: Tensor
    labels: Tensor


def load_seasons(part: str = "train") -> Seasons:
    """The places of a part, "train" (256) or "test" (64 others), huskies and wolves in turn.

    ValueError for an unknown part and a damaged pack, FileNotFoundError for a missing one.

    >>> test = load_seasons("test")
    >>> float((test.summer - test.winter)[test.covers.expand_as(test.summer) == 1].abs().max())
    0.0
    """
    if part not in ("train", "test"):
        raise ValueError(f"unknown part {part!r}; choose train or test")
    index, sheets = _read()
    cut = index["count"] - index["test"]
    rows = slice(cut) if part == "train" else slice(cut, None)
    summer, winter, animal = (_tiles(sheet, index["size"])[rows] for sheet in sheets)
    pictures = [torch.lerp(behind, animal[:, :3], animal[:, 3:]) for behind in (summer, winter)]
    return Seasons(*pictures, animal[:, 3:], torch.arange(index["count"])[rows] % 2)


def _read() -> tuple[dict, list[Tensor]]:
    path = data_dir() / "seasons.zip"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {REMEDY}")
    try:
        with zipfile.ZipFile(path) as archive:
            index = json.loads(archive.read("index.json"))
            names = ("summer.webp", "winter.webp", "animal.webp")
            return index, [_decoded(archive.read(name)) for name in names]
    except (zipfile.BadZipFile, KeyError, OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): {REMEDY}") from error


def _decoded(content: bytes) -> Tensor:
    """A picture (C, H, W) in [0, 1]."""
    pixels = np.array(Image.open(io.BytesIO(content)))
    return torch.from_numpy(pixels).movedim(2, 0).float() / 255


def _tiles(sheet: Tensor, size: int) -> Tensor:
    """A sheet (C, rows * size, columns * size) as pictures (N, C, size, size), row by row."""
    cut = sheet.unfold(1, size, size).unfold(2, size, size)
    return cut.permute(1, 2, 0, 3, 4).flatten(0, 1).contiguous()
