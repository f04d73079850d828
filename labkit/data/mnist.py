"""All 70,000 MNIST digits, once `labkit fetch mnist` has brought the four official files.

MNIST (LeCun, Cortes & Burges, 1998): IDX files, gzipped. It reads them as they are, in the
published split and order, and downloads nothing; `labkit.data.load_digits` calls it.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from labkit.data.downloads import fetched
from labkit.data.faces import absent

NAME = "mnist"
PARTS = {"train": "train", "test": "t10k"}  # what a part is called in the names of the files
NUMBERS = 8  # IDX's code for unsigned bytes


def load_part(part: str, *, folder=None) -> tuple[Tensor, Tensor]:
    """Images float32 (N, 1, 28, 28), ink 1 on paper 0, and labels int64 (N,) of "train" or "test".

    `folder` as for `fetch`. FileNotFoundError, with the command to type, unless all four files are
    there and whole; ValueError for files that are no such IDX.
    """
    place = fetched(NAME, folder=folder)
    if place is None:
        raise FileNotFoundError(absent(NAME, "digits", folder))
    images = read_idx(place / f"{PARTS[part]}-images-idx3-ubyte.gz")
    labels = read_idx(place / f"{PARTS[part]}-labels-idx1-ubyte.gz")
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise ValueError(f"{place}: {images.shape} images for {labels.shape} labels")
    pixels = torch.from_numpy(images.astype(np.float32)).div_(255)
    return pixels[:, None], torch.from_numpy(labels.astype(np.int64))


def read_idx(path: Path) -> np.ndarray:
    """The numbers of a gzipped IDX file of unsigned bytes; ValueError where it is none."""
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path} is damaged ({error}); type: labkit fetch {NAME}") from error
    axes = content[3] if len(content) > 3 and content[:3] == bytes([0, 0, NUMBERS]) else 0
    start = 4 + 4 * axes
    shape = np.frombuffer(content[4:start], ">u4").tolist() if len(content) >= start else []
    if not axes or len(shape) != axes or len(content) != start + int(np.prod(shape)):
        raise ValueError(f"{path} is no IDX file of unsigned bytes; type: labkit fetch {NAME}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
