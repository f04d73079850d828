"""Twenty real photos that ship inside scikit-image, scikit-learn and matplotlib.

The files are read where those packages keep them: nothing is copied, downloaded, or imported from
the packages. `PHOTOS` is the data sheet: for each name the package, the file, what it shows, and
the source and licence as the package states them (scikit-image in the docstrings of its
`skimage.data` functions, scikit-learn in `datasets/images/README.txt`). Colour photos come first.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch

from labkit.images import square, to_tensor

FOLDERS = {  # package -> where it keeps its pictures, below the module of the given name
    "scikit-image": ("skimage", "data"),
    "scikit-learn": ("sklearn", "datasets/images"),
    "matplotlib": ("matplotlib", "mpl-data/sample_data"),
}
UNSTATED = "no licence stated for the picture"


class Photo(NamedTuple):
    """One entry of the data sheet."""

    package: str
    file: str
    shows: str
    source: str


PHOTOS = {
    "cat": Photo("scikit-image", "chelsea.png", "tabby cat's face", "Stefan van der Walt, CC0"),
    "coffee": Photo(
        "scikit-image", "coffee.png", "espresso in a red cup on wood", "Rachel Michetti, CC0"
    ),
    "rocket": Photo(
        "scikit-image", "rocket.jpg", "rocket on its launch pad at dusk", "SpaceX, public domain"
    ),
    "astronaut": Photo(
        "scikit-image",
        "astronaut.png",
        "the astronaut Eileen Collins, flag and shuttle model behind her",
        "NASA, no known copyright restrictions, public domain",
    ),
    "motorcycle": Photo(
        "scikit-image",
        "motorcycle_left.png",
        "red motorcycle in a garage",
        f"Middlebury stereo benchmark (Scharstein et al., 2014), {UNSTATED}",
    ),
    "temple": Photo(
        "scikit-learn", "china.jpg", "temple tower above trees", "danielbuechele, CC BY 2.0"
    ),
    "flower": Photo("scikit-learn", "flower.jpg", "orange dahlia", "vultilion (Flickr), CC BY 2.0"),
    "officer": Photo(
        "matplotlib",
        "grace_hopper.jpg",
        "the computer scientist Grace Hopper in navy uniform",
        f"Wikimedia Commons, File:Grace_Hopper.jpg; {UNSTATED}",
    ),
    "galaxies": Photo(
        "scikit-image", "hubble_deep_field.jpg", "Hubble's deep field", "NASA, public domain"
    ),
    "retina": Photo("scikit-image", "retina.jpg", "back of a human eye", "Mikael Häggström, CC0"),
    "tissue": Photo(
        "scikit-image",
        "ihc.png",
        "stained glands of a colon under the microscope",
        "Center for Microscopy and Molecular Imaging, no known copyright restrictions",
    ),
    "cameraman": Photo(
        "scikit-image", "camera.png", "man at a film camera (grey)", "Lav Varshney, CC0"
    ),
    "coins": Photo(
        "scikit-image",
        "coins.png",
        "24 ancient coins (grey)",
        "Brooklyn Museum Collection, no known copyright restrictions",
    ),
    "moon": Photo("scikit-image", "moon.png", "surface of the moon (grey)", UNSTATED),
    "bricks": Photo("scikit-image", "brick.png", "brick wall (grey)", "CC0Textures, CC0"),
    "grass": Photo("scikit-image", "grass.png", "cut grass (grey)", "linolafett (DeviantArt), CC0"),
    "gravel": Photo("scikit-image", "gravel.png", "gravel (grey)", "CC0Textures, CC0"),
    "writing": Photo(
        "scikit-image",
        "text.png",
        "handwritten formula, seen at a slant (grey)",
        "Wikipedia, File:Corner.png, no known copyright restrictions",
    ),
    "page": Photo("scikit-image", "page.png", "printed page in uneven light (grey)", UNSTATED),
    "cell": Photo(
        "scikit-image", "cell.png", "a cell floating in saline (grey)", "Müller et al., 2018, CC0"
    ),
}


def photo_names() -> list[str]:
    """Return the names that `load_photo` knows, colour photos first.

    >>> photo_names()[:3]
    ['cat', 'coffee', 'rocket']
    """
    return list(PHOTOS)


def load_photo(name: str, *, size: int | None = None) -> torch.Tensor:
    """Load one real photo as float32 (3, H, W) in [0, 1], offline.

    With `size` it is cut to the largest centred square and resized to (3, size, size).
    ValueError for an unknown name (it lists the names), FileNotFoundError where the package that
    carries the photo is incomplete.

    >>> load_photo("cat").shape, load_photo("cat", size=224).shape
    (torch.Size([3, 300, 451]), torch.Size([3, 224, 224]))
    """
    image = to_tensor(photo_path(name))
    return image if size is None else square(image, size)


def load_photos(names=None, *, size: int = 224) -> torch.Tensor:
    """Load several photos, by default all of them, as float32 (B, 3, size, size) in [0, 1].

    >>> load_photos(["cat", "coffee"], size=96).shape
    torch.Size([2, 3, 96, 96])
    """
    if isinstance(names, str):
        raise TypeError(f"pass a list of names, as in [{names!r}], or load_photo({names!r})")
    names = photo_names() if names is None else list(names)
    if not names:
        raise ValueError("no names: leave names out for all photos")
    return torch.stack([load_photo(name, size=size) for name in names])


def photo_path(name: str) -> Path:
    """Return the file of a photo inside the package that carries it.

    Raises what `load_photo` raises.
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a photo is a string, got {name!r}")
    if name not in PHOTOS:
        raise ValueError(_unknown(name))
    photo = PHOTOS[name]
    module, folder = FOLDERS[photo.package]
    spec = find_spec(module)  # finds the package without importing it
    roots = spec.submodule_search_locations if spec else None
    path = Path(roots[0], folder, photo.file) if roots else Path(photo.file)
    if not roots or not path.is_file():
        raise FileNotFoundError(
            f"photo {name!r}: {photo.file} is missing from the package {photo.package}; "
            f"run `labkit doctor`, or reinstall {photo.package}"
        )
    return path


def _unknown(name: str) -> str:
    """Say which photos there are, and which one may have been meant."""
    close = get_close_matches(name.lower(), PHOTOS, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"no photo {name!r}{hint}; there are: {', '.join(PHOTOS)}"
