"""Real photos of wolves and huskies, once `labkit fetch wolves-huskies` has brought them.

100 photos in which every wolf stands on snow and no husky does, the confound of Ribeiro et al.
(KDD 2016), and 76 counterexamples in four groups. It reads files and downloads nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from labkit.data.downloads import fetched
from labkit.data.folder import Folder, as_folder
from labkit.data.pins import Pin, download_folder, load_pins
from labkit.images import square, to_tensor

NAME = "wolves-huskies"
CLASSES = ("husky", "wolf")
GROUPS = ("husky_snow", "husky_nosnow", "wolf_snow", "wolf_nosnow")


class WolvesHuskies(NamedTuple):
    """The photos by use: train (40 + 40), test (10 + 10), and {group: photos} against the bias."""

    train: Folder
    test: Folder
    counterexamples: dict[str, Folder]


def load_wolves_huskies(*, size: int = 224, folder=None) -> WolvesHuskies:
    """Load the fetched photos, cut to the centred square, float32 (N, 3, size, size) in [0, 1].

    `train` and `test` are split as their source has them; in both every wolf is on snow and no
    husky is. `counterexamples` has husky_snow (16), husky_nosnow (15), wolf_snow (17) and
    wolf_nosnow (28). Labels: 0 husky, 1 wolf, everywhere. `folder` as for `fetch`.
    FileNotFoundError, with the command to type, unless all 176 files are there and whole.

    >>> try:
    ...     load_wolves_huskies(folder="no/such/folder")
    ... except FileNotFoundError as error:
    ...     print("labkit fetch wolves-huskies" in str(error))
    True
    """
    place = fetched(NAME, folder=folder)
    if place is None:
        raise FileNotFoundError(_absent(folder))
    pins = load_pins(NAME)
    parts = {part: _load(_pick(pins, part), place, size) for part in ("train", "test", *GROUPS)}
    groups = {group: parts[group] for group in GROUPS}
    return WolvesHuskies(parts["train"], parts["test"], groups)


def _absent(folder) -> str:
    """Say what is missing and how to get it."""
    place = download_folder(folder)
    option = f' --dir "{place}"' if folder else ""
    return (
        f"the photos of wolves and huskies are not (all) in {place / NAME}; with a network, type "
        f"in a terminal: labkit fetch {NAME}{option}"
    )


def _pick(pins: list[Pin], part: str) -> list[Pin]:
    """The files of one part: a group, or a side of the split, which stands in the path."""
    if part in GROUPS:
        return [pin for pin in pins if pin.group == part]
    return [pin for pin in pins if pin.path.startswith(f"data/{part}/")]


def _load(pins: list[Pin], place: Path, size: int) -> Folder:
    paths = [place / pin.path for pin in pins]
    names = [pin.group.split("_")[0] for pin in pins]
    images = (square(to_tensor(path), size) for path in paths)
    return as_folder(images, names, paths, classes=CLASSES)
