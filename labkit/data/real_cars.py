"""Photos of real cars of two makes, once `labkit fetch cars` (or `cars-audi-bmw`) has brought them.

39 Tesla Model S and 168 Toyotas, or 589 Audis and 531 BMWs, from Stanford Cars (Krause et al.
2013). It reads files and downloads nothing. Two traps of these files are dealt with here: red and
blue are swapped, and the pictures are already cut to the car, so the boxes in the table of pins
must not be applied again.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data.downloads import fetched
from labkit.data.folder import Folder, as_folder
from labkit.data.pins import download_folder, load_pins
from labkit.images import to_tensor

NAMES = ("cars", "cars-audi-bmw")


def load_real_cars(name: str = "cars", *, size: int = 128, folder=None) -> Folder:
    """Load the fetched photos, float32 (N, 3, size, size) in [0, 1]; labels 0 and 1.

    name: "cars" (0 tesla, 1 toyota) or "cars-audi-bmw" (0 audi, 1 bmw). The cars fill their
    pictures, so nothing is cut off: each is squeezed to the square. There are four times as many
    Toyotas as Teslas: who always says "toyota" is right for 81 %. `folder` as for `fetch`.
    ValueError for another name; FileNotFoundError, with the command to type, unless all files are
    there and whole.

    >>> try:
    ...     load_real_cars(folder="no/such/folder")
    ... except FileNotFoundError as error:
    ...     print("labkit fetch cars" in str(error))
    True
    """
    if name not in NAMES:
        raise ValueError(f"the photos of cars are {' or '.join(NAMES)}, not {name!r}")
    place = fetched(name, folder=folder)
    if place is None:
        raise FileNotFoundError(_absent(name, folder))
    pins = load_pins(name)
    paths = [place / pin.path for pin in pins]
    images = (_squeezed(to_tensor(path)[[2, 1, 0]], size) for path in paths)
    return as_folder(images, [pin.group for pin in pins], paths)


def _squeezed(image: Tensor, size: int) -> Tensor:
    """(3, H, W) resized to (3, size, size), whatever its shape."""
    sized = F.interpolate(image[None], (size, size), mode="bicubic", antialias=True)
    return sized[0].clamp(0, 1).to(torch.float32)


def _absent(name: str, folder) -> str:
    """Say what is missing and how to get it."""
    place = Path(download_folder(folder)) / name
    option = f' --dir "{download_folder(folder)}"' if folder else ""
    return (
        f"the photos of cars are not (all) in {place}; with a network, type in a terminal: "
        f"labkit fetch {name}{option}"
    )
