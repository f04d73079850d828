"""Handwritten letters of many alphabets, once `labkit fetch omniglot` has brought them.

Omniglot (Lake, Salakhutdinov & Tenenbaum, 2015): each letter drawn once by each of 20 people. The
small sets hold eight alphabets, five each with two in both, and 20 runs of the paper's one-shot
test with letters of alphabets that are in neither. It reads the archives as they are and downloads
nothing.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data.downloads import fetched
from labkit.data.faces import absent
from labkit.images import to_tensor

NAME = "omniglot"
SETS = ("images_background_small1.zip", "images_background_small2.zip")
RUNS = "all_runs.zip"


class Letters(NamedTuple):
    """Letters by class: a class is one letter of one alphabet.

    images float32 (N, 1, H, W), ink 1 on paper 0; labels int64 (N,), the number of the letter;
    alphabets int64 (N,), the number of its alphabet in `names`.
    """

    images: Tensor
    labels: Tensor
    alphabets: Tensor
    names: list[str]

    def split(self, held_out: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Pairs (images, labels): of all alphabets but the last `held_out`, and of those."""
        if not 0 < held_out < len(self.names):
            raise ValueError(f"hold out 1 to {len(self.names) - 1} alphabets, not {held_out!r}")
        out = self.alphabets >= len(self.names) - held_out
        return tuple((self.images[rows], self.labels[rows]) for rows in (~out, out))


class Runs(NamedTuple):
    """The paper's test: in run r, asked[r, i] is the same letter as examples[r, i], float32
    (runs, letters, 1, H, W), drawn by someone else."""

    examples: Tensor
    asked: Tensor


def load_omniglot(*, size: int = 28, folder=None) -> Letters:
    """Load the fetched letters of the two small sets, (size, size) pixels, sorted by alphabet.

    A letter that is in both sets counts once. `folder` as for `fetch`. FileNotFoundError, with the
    command to type, unless all files are there and whole; ValueError for archives that hold no
    letters.
    """
    place = _place(folder)
    drawings: dict[tuple[str, str, str], Tensor] = {}
    for name in SETS:
        with _archive(place, name) as archive:
            for path in _pictures(archive):
                if len(path.parts) >= 3:
                    drawings.setdefault(path.parts[-3:], _read(archive, path, size))
    if not drawings:
        raise ValueError(f"{place}: the archives hold no <alphabet>/<letter>/<drawing>.png")
    keys = sorted(drawings)
    names = sorted({key[0] for key in keys})
    letters = {letter: i for i, letter in enumerate(sorted({key[:2] for key in keys}))}
    return Letters(
        torch.stack([drawings[key] for key in keys]),
        torch.tensor([letters[key[:2]] for key in keys]),
        torch.tensor([names.index(key[0]) for key in keys]),
        names,
    )


def load_omniglot_runs(*, size: int = 28, folder=None) -> Runs:
    """Load the paper's one-shot test: 20 runs of 20 letters, each known from one example.

    Within a run the letters asked stand in the order of the examples. Errors as `load_omniglot`.
    """
    place, runs = _place(folder), []
    with _archive(place, RUNS) as archive:
        tables = sorted(n for n in archive.namelist() if n.endswith("class_labels.txt"))
        for table in tables:
            root = PurePosixPath(table).parent.parent
            lines = archive.read(table).decode().split("\n")
            both = sorted(line.split()[::-1] for line in lines if line.strip())
            runs.append([[_read(archive, root / p, size) for p in pair] for pair in both])
    if not runs:
        raise ValueError(f"{place / RUNS}: the archive holds no run with a class_labels.txt")
    grid = torch.stack([torch.stack([torch.stack(pair) for pair in run]) for run in runs])
    return Runs(grid[:, :, 0], grid[:, :, 1])


def _place(folder) -> Path:
    place = fetched(NAME, folder=folder)
    if place is None:
        raise FileNotFoundError(absent(NAME, "letters", folder))
    return place


def _archive(place: Path, name: str) -> zipfile.ZipFile:
    found = sorted(place.rglob(name))
    if not found:
        raise FileNotFoundError(f"{place}: {name} is missing; type: labkit fetch {NAME}")
    return zipfile.ZipFile(found[0])


def _pictures(archive: zipfile.ZipFile) -> list[PurePosixPath]:
    names = (n for n in archive.namelist() if n.lower().endswith(".png"))
    return [PurePosixPath(n) for n in sorted(names) if not re.search(r"(^|/)(__MACOSX|\.)", n)]


def _read(archive: zipfile.ZipFile, path: PurePosixPath, size: int) -> Tensor:
    """One drawing, (1, size, size): black ink on white paper turned into ink 1 on paper 0."""
    ink = 1 - to_tensor(archive.read(str(path)))[:1]
    smaller = F.interpolate(ink[None], (size, size), mode="bilinear", antialias=True)
    return smaller[0].clamp(0, 1)
