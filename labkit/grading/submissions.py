"""Files that claim to be notebooks: found, and read without believing anything about them."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 50_000_000  # bytes; a lab with all its pictures has about two million
SUFFIX = ".ipynb"


@dataclass(frozen=True)
class Submission:
    """A file to check; `name` is what the table calls it."""

    name: str
    path: Path


class NotANotebook(ValueError):
    """What is there cannot be read as a notebook; the message says why."""


def find(paths: list[str | Path]) -> list[Submission]:
    """Notebooks at the paths and in folders below them, each once, in the order of their names.

    Hidden folders are left out (.ipynb_checkpoints). What is called *.ipynb is a submission even
    if it is no file. Raises FileNotFoundError for a path that is not there, or without notebooks.
    """
    found: dict[Path, Submission] = {}
    for path in map(Path, paths):
        given = [Submission(path.name, path)]
        if not os.path.lexists(path):
            raise FileNotFoundError(f"{path} is not there")
        if path.is_dir() and path.suffix.lower() != SUFFIX:
            given = _below(path, prefix=f"{path.as_posix()}/" if len(paths) > 1 else "")
            if not given:
                raise FileNotFoundError(f"there is no notebook (*{SUFFIX}) in {path}")
        for submission in given:
            found.setdefault(Path(os.path.abspath(submission.path)), submission)
    return sorted(found.values(), key=lambda submission: submission.name)


def _below(folder: Path, *, prefix: str) -> list[Submission]:
    found = []
    for here, folders, files in os.walk(folder):  # links to folders are not followed
        notebooks = [name for name in [*folders, *files] if name.lower().endswith(SUFFIX)]
        folders[:] = [f for f in folders if f not in notebooks and not f.startswith(".")]
        for name in notebooks:
            if not name.startswith("."):
                path = Path(here, name)
                found.append(Submission(prefix + path.relative_to(folder).as_posix(), path))
    return found


def text_of(path: Path) -> str:
    """What stands in a file. Raises NotANotebook for what is no file, unreadable or too large."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise NotANotebook(f"not a notebook: {kind}")
        if status.st_size > LARGEST:
            raise NotANotebook(f"not read: {status.st_size / 1e6:.0f} MB is too large")
        content = path.read_bytes()
    except OSError as error:
        raise NotANotebook(f"cannot be read: {error.strerror or error}") from None
    if not content.strip():
        raise NotANotebook("not a notebook: the file is empty")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotANotebook("not a notebook: these bytes are not text") from None


def code_cells(text: str) -> list[dict[str, str]]:
    """The code cells of a notebook's text as {"id", "grade_id", "source"}; "" where one lacks.

    Raises NotANotebook unless the text is a notebook of format 4, whatever else it holds.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        raise NotANotebook("not a notebook: this is not JSON") from None
    cells = stored.get("cells") if isinstance(stored, dict) else None
    if not isinstance(cells, list):
        old = isinstance(stored, dict) and "worksheets" in stored
        said = "of an old format; open it in JupyterLab and save it" if old else "it has no cells"
        raise NotANotebook(f"not a notebook: {said}")
    return [_cell(c) for c in cells if isinstance(c, dict) and c.get("cell_type") == "code"]


def _cell(cell: dict) -> dict[str, str]:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    graded = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    kept = {"id": cell.get("id"), "grade_id": graded.get("grade_id"), "source": source}
    return {key: value if isinstance(value, str) else "" for key, value in kept.items()}


def _dict(value: Any) -> dict:
    return value if isinstance(value, dict) else {}
