"""Forty faces, ten photos of each, once `labkit fetch faces` has brought them.

The ORL (AT&T) faces of the Olivetti Research Laboratory, Cambridge (Samaria & Harter, 1994): grey,
92 x 112 pixels, files sN/M.pgm for person N. It reads files and downloads nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch.nn import functional as F

from labkit.data.digits import Labelled
from labkit.data.downloads import fetched
from labkit.data.pins import download_folder, load_pins
from labkit.images import to_tensor

NAME = "faces"


def load_faces(*, size: tuple[int, int] = (56, 46), folder=None) -> Labelled:
    """Load the fetched faces: float32 (400, 1, H, W) in [0, 1], labels int64, 0 to 39 for people.

    `size` is (H, W); the photos are 112 x 92, and the default halves them. Sorted by person, then
    by photo. `folder` as for `fetch`. FileNotFoundError, with the command to type, unless all
    files are there and whole; ValueError for a size that is none.

    >>> try:
    ...     load_faces(folder="no/such/folder")
    ... except FileNotFoundError as error:
    ...     print("labkit fetch faces" in str(error))
    True
    """
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size is (H, W) in pixels, such as (56, 46), not {size!r}")
    place = fetched(NAME, folder=folder)
    if place is None:
        raise FileNotFoundError(absent(NAME, "faces", folder))
    paths = sorted((place / pin.path for pin in load_pins(NAME)), key=_numbers)
    images = torch.stack([_read(path, tuple(size)) for path in paths])
    people = [_numbers(path)[0] for path in paths]
    numbers = {person: i for i, person in enumerate(sorted(set(people)))}
    return Labelled(images, torch.tensor([numbers[person] for person in people]))


def absent(name: str, what: str, folder) -> str:
    """Say which download is missing and how to get it."""
    place = download_folder(folder)
    option = f' --dir "{place}"' if folder else ""
    return (
        f"the {what} are not (all) in {place / name}; with a network, type in a terminal: "
        f"labkit fetch {name}{option}"
    )


def _numbers(path: Path) -> tuple[int, int]:
    """(person, photo) of .../s12/3.pgm."""
    found = re.search(r"(\d+)$", path.parent.name), re.search(r"(\d+)$", path.stem)
    if not all(found):
        raise ValueError(f"{path} is not named like s12/3.pgm: person and photo are unknown")
    return int(found[0][1]), int(found[1][1])


def _read(path: Path, size: tuple[int, int]) -> torch.Tensor:
    image = to_tensor(path)[:1]  # grey: three equal channels
    if image.shape[1:] == size:
        return image
    smaller = F.interpolate(image[None], size, mode="bilinear", antialias=True)
    return smaller[0].clamp(0, 1)
