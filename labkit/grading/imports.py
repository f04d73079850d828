"""Where Python takes modules from, before any is taken: not from a folder that students fill."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import labkit


def refuse_students_modules(paths: list[str]) -> None:
    """Raise ValueError if a module could come from the submissions at the paths.

    `python -m` takes modules from the folder at hand first, and so does an empty or relative entry
    of PYTHONPATH: a torch.py handed in would run as you. What was loaded before this is not seen.
    """
    folders, here = [_folder_of(path) for path in paths], Path.cwd().resolve()
    own = Path(labkit.__file__).resolve().parent.parent
    for entry in {Path(entry).resolve() for entry in sys.path} - {own}:
        for folder in folders:
            within = [entry, *entry.parents]
            if folder in within or (entry == here and here in folder.parents):
                raise ValueError(
                    f"Python would take modules from {entry}, where submissions are: use `labkit "
                    "check` or `python -P -m labkit check`, from a folder of your own, and no "
                    "such folder in PYTHONPATH"
                )


def _folder_of(path: str) -> Path:
    place = Path(os.path.abspath(path))
    return (place if place.is_dir() else place.parent).resolve()
