"""What can be downloaded: for each name its files, pinned by address, size and SHA-256.

`SETS` is the data sheet; the pins themselves are `data/pins/*.csv` (class, path, bytes, sha256,
url). It reads those tables and looks at files; it downloads nothing (`labkit.data.downloads` does).
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import platformdirs

from labkit.paths import data_dir

UNCLEAR = "licence unclear: for your own study only"


class Source(NamedTuple):
    """What a name stands for; `parts` are (table of pins, class in it or None for all)."""

    shows: str
    licence: str
    parts: tuple[tuple[str, str | None], ...]


SETS = {
    "wolves-huskies": Source(
        "50 huskies and 50 wolves, the wolves all on snow; 76 counterexamples",
        f"photos of third parties, {UNCLEAR}",
        (("wolfhusky50", None), ("wolfhusky_counterexamples", None)),
    ),
    "cars": Source(
        "39 Tesla Model S and 168 Toyota, from Stanford Cars (Krause et al., 2013)",
        f"photos of third parties, {UNCLEAR}",
        (("stanfordcars_tesla_toyota", None),),
    ),
    "cars-audi-bmw": Source(
        "589 Audi and 531 BMW, from Stanford Cars (Krause et al., 2013)",
        f"photos of third parties, {UNCLEAR}",
        (("stanfordcars_audi_bmw", None),),
    ),
    "faces": Source(
        "10 grey photos of each of 40 people, 92x112 pixels",
        f"credit Olivetti Research Laboratory; {UNCLEAR}",
        (("att_faces", None),),
    ),
    "reviews": Source(
        "5,331 + 5,331 sentences of film reviews, liked or not (Pang and Lee, 2005)",
        f"sentences of third parties, {UNCLEAR}",
        (("text", "rt-polarity"),),
    ),
    "glove": Source(
        "50,000 word vectors of length 50 (Pennington et al., 2014), packed as int8",
        f"a third party's packing, {UNCLEAR}",
        (("text", "glove"),),
    ),
    "omniglot": Source(
        "handwritten letters of eight alphabets, the small sets (Lake et al., 2015)",
        "see github.com/brendenlake/omniglot; for your own study only",
        (("text", "omniglot"),),
    ),
    "mnist": Source(
        "all 70,000 handwritten digits (LeCun et al., 1998)",
        f"none stated with the files, {UNCLEAR}",
        (("mnist_fgnt", None),),
    ),
    "spoken-digits": Source(
        "600 recordings of ten digits, three people, 20 takes of each (Jackson et al., 2018)",
        "CC BY-SA 4.0; credit Zohar Jackson et al., Free Spoken Digit Dataset",
        (("spoken_digits", None),),
    ),
}


class Pin(NamedTuple):
    """One file: its class, its path below the folder of its name, what it must be, where it is."""

    group: str
    path: str
    size: int
    sha256: str
    url: str
    table: str

    def is_whole(self, path: Path) -> bool:
        """Whether the file at `path` is this one, byte for byte."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def download_folder(folder=None) -> Path:
    """Folder that downloads lie in: `folder`, else $LABKIT_DATA, else the user's cache folder.

    >>> download_folder("photos").name
    'photos'
    """
    chosen = folder or os.environ.get("LABKIT_DATA")
    chosen = chosen or platformdirs.user_cache_dir("labkit", appauthor=False)
    return Path(os.path.abspath(os.path.expanduser(chosen)))


def check_name(name: str) -> None:
    """Raise ValueError (TypeError if it is no string) unless `name` can be downloaded."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a download is a string, got {name!r}")
    if name not in SETS:
        close = get_close_matches(name.lower(), SETS, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"no download {name!r}{hint}; there are: {', '.join(SETS)}")


def chosen(names: list[str]) -> list[str]:
    """Check names from a command line, and write out "all". ValueError for an unknown one.

    >>> chosen(["cars", "cars"]), len(chosen(["all"]))
    (['cars'], 9)
    """
    names = list(SETS) if "all" in names else list(dict.fromkeys(names))
    for name in names:
        check_name(name)
    return names


def load_pins(name: str) -> list[Pin]:
    """Read the pins of a name. ValueError for an unknown name or a damaged table.

    >>> len(load_pins("wolves-huskies")), load_pins("reviews")[0].path
    (176, 'rt-polarity.pos')
    """
    check_name(name)
    pins = [pin for part in SETS[name].parts for pin in _read_table(*part)]
    if len({pin.path for pin in pins}) != len(pins) or not pins:
        raise ValueError(f"the pins of {name!r} are damaged: install labkit again")
    return pins


def _read_table(table: str, group: str | None) -> list[Pin]:
    """Read data/pins/<table>.csv, all of it or one class."""
    path = data_dir() / "pins" / f"{table}.csv"
    try:
        with open(path, encoding="utf-8", newline="") as file:
            pins = [_pin(row, table) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}): install labkit again") from error
    return [pin for pin in pins if group in (None, pin.group)]


def _pin(row: dict, table: str) -> Pin:
    pin = Pin(row["class"], row["path"], int(row["bytes"]), row["sha256"], row["url"], table)
    _check_path(pin.path)
    if pin.size < 1 or not re.fullmatch("[0-9a-f]{64}", pin.sha256):
        raise ValueError(f"size or SHA-256 of {pin.path!r}")
    if not pin.url.startswith("https://"):
        raise ValueError(f"address of {pin.path!r}")
    return pin


def _check_path(path: str) -> None:
    """Raise unless `path` stays below the folder it is put in, on every system."""
    if {"", ".", ".."} & set(path.split("/")) or set(path) & set('\\:*?"<>|\0'):
        raise ValueError(f"path {path!r}")
