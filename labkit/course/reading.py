"""Reads files that claim to be notebooks, whatever programs they went through.

Without ids, with the ids of Colab, with a byte order mark, of format 3, with cells that are no
cells: what can be read is read, and nothing is believed about its kinds.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

LARGEST = 50_000_000  # bytes; a lab with all its pictures has about two million


class NotANotebook(ValueError):
    """What is there cannot be read as a notebook; the message says why."""


def bytes_of(path: Path) -> bytes:
    """What a file holds. Raises NotANotebook for what is no file, unreadable or too large."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise NotANotebook(f"not a notebook: {kind}")
        if status.st_size > LARGEST:
            raise NotANotebook(f"not read: {status.st_size / 1e6:.0f} MB is too large")
        return Path(path).read_bytes()
    except OSError as error:
        raise NotANotebook(f"cannot be read: {error.strerror or error}") from None


def decoded(content: bytes) -> str:
    """Bytes as text. Raises NotANotebook for an empty file and for what is not UTF-8."""
    if not content.strip():
        raise NotANotebook("not a notebook: the file is empty")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotANotebook("not a notebook: these bytes are not text") from None


def notebook(text: str) -> dict:
    """A notebook's text as JSON of format 4.5: every cell is a dict with an id of its own.

    A cell without an id gets that of nbgrader or of Colab, else its number ("cell-3"). Raises
    NotANotebook for what is not JSON, or has no cells.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        raise NotANotebook("not a notebook: this is not JSON") from None
    if not isinstance(stored, dict):
        raise NotANotebook("not a notebook: it has no cells")
    given = stored.get("cells")
    if not isinstance(given, list) and isinstance(stored.get("worksheets"), list):  # format 3
        sheets = [sheet for sheet in stored["worksheets"] if isinstance(sheet, dict)]
        given = [_upgraded(c) for sheet in sheets for c in _list(sheet.get("cells"))]
    if not isinstance(given, list):
        raise NotANotebook("not a notebook: it has no cells")
    cells = [_cell(cell) for cell in given if isinstance(cell, dict)]
    taken = {cell["id"] for cell in cells}
    for number, cell in enumerate(cells):
        if not cell["id"]:
            cell["id"] = _free(f"cell-{number}", taken)
            taken.add(cell["id"])
    metadata = _dict(stored.get("metadata"))
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def text_of(path: Path) -> str:
    """What stands in a file. Raises NotANotebook for what no notebook can be."""
    return decoded(bytes_of(path))


def grade_id(metadata: dict) -> str:
    """What nbgrader calls a cell; "" if it is none of nbgrader's."""
    name = _dict(metadata.get("nbgrader")).get("grade_id")
    return name if isinstance(name, str) else ""


def _cell(given: dict) -> dict:
    """A cell with id, kind, source, metadata and, if it is code, outputs of the right kinds."""
    metadata = _dict(given.get("metadata"))
    names = [given.get("id"), grade_id(metadata), metadata.get("id")]
    kind = given.get("cell_type")
    cell = {
        "id": next((name for name in names if isinstance(name, str) and name), ""),
        "cell_type": kind if kind in ("code", "markdown", "raw") else "raw",
        "source": _joined(given.get("source")),
        "metadata": metadata,
    }
    if kind == "code":
        count = given.get("execution_count")
        cell["execution_count"] = count if isinstance(count, int) else None
        cell["outputs"] = [o for o in _list(given.get("outputs")) if isinstance(o, dict)]
    elif isinstance(given.get("attachments"), dict):
        cell["attachments"] = given["attachments"]
    return cell


def _upgraded(given: Any) -> Any:
    """A cell of format 3 as one of format 4."""
    if not isinstance(given, dict):
        return given
    if given.get("cell_type") == "heading":
        level = given.get("level") if given.get("level") in range(1, 7) else 1
        return {**given, "cell_type": "markdown",
                "source": f"{'#' * level} {_joined(given.get('source'))}"}  # fmt: skip
    if given.get("cell_type") != "code":
        return given
    kinds = {"pyout": "execute_result", "pyerr": "error"}
    outputs = [{**o, "output_type": kinds.get(str(o.get("output_type")), o.get("output_type"))}
               for o in _list(given.get("outputs")) if isinstance(o, dict)]  # fmt: skip
    return {**given, "source": given.get("input"), "outputs": outputs,
            "execution_count": given.get("prompt_number")}  # fmt: skip


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-"
    return name


def _joined(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _dict(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []
