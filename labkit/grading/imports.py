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
    here, own = Path.cwd().resolve(), Path(labkit.__file__).resolve().parent.parent
    installed = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)}
    for entry in {Path(entry).resolve() for entry in sys.path} - {own}:
        within = {entry, *entry.parents}
        for path in map(os.path.abspath, paths):
            folder = Path(path if os.path.isdir(path) else os.path.dirname(path)).resolve()
            around = within if os.path.isdir(path) else {entry}  # a file alone: what lies beside it
            inside = folder in around and not within & installed
            if inside or (entry == here and here in folder.parents):
                raise ValueError(
                    f"Python would take modules from {entry}, where submissions are: use `labkit "
                    "check` or `python -P -m labkit check`, from a folder of your own, and no "
                    "such folder in PYTHONPATH"
                )
