"""Labs that ran, with what their widgets can show; kept until something that they need changes."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from labkit.course import editions

HERE = Path(__file__).parent
ROOT = HERE.parent
SECONDS = 900  # a cell, with the pictures of its widget
ROOM, PAGE = 1_500_000, 5_200_000  # bytes of the pictures of a widget, of all of a page
LOADER = "%load_ext harvest"


def run(path: Path, kept: Path) -> tuple[NotebookNode, Path]:
    """The solution edition of a lab, executed, and the folder of its widgets' pictures.

    It comes from the folder `kept` if nothing has changed since it ran.
    """
    home = kept / path.stem
    if not is_kept(path, kept):
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept, ignore_cleanup_errors=True) as folder:
            _run_in(Path(folder) / "run", path)
            shutil.rmtree(home, ignore_errors=True)
            (Path(folder) / "run").rename(home)
    return nbformat.read(home / "run.ipynb", as_version=4), home / path.stem


def _run_in(home: Path, path: Path) -> None:
    key = fingerprint(path)  # of what runs, should it change meanwhile
    frames = home / path.stem
    frames.mkdir(parents=True)
    nbformat.write(_executed(path, frames), home / "run.ipynb")
    (home / "key").write_text(key)


def is_kept(path: Path, kept: Path) -> bool:
    """Whether the lab at `path` ran as it is now."""
    key = kept / path.stem / "key"
    return key.is_file() and key.read_text() == fingerprint(path)


def fingerprint(path: Path) -> str:
    """What a run depends on, as a number: the notebook, labkit, data, how pictures are taken."""
    return hashlib.sha256(path.read_bytes() + _surroundings()).hexdigest()


@functools.cache
def _surroundings() -> bytes:
    """What every run depends on, as a number."""
    parts = [HERE / "harvest.py", HERE / "packing.py", HERE / "controls.py"]
    for folder in ("labkit", "data"):
        parts += sorted(p for p in (ROOT / folder).rglob("*") if p.is_file())
    found = hashlib.sha256()
    for part in parts:
        if "__pycache__" not in part.parts:
            found.update(str(part.relative_to(ROOT)).encode() + part.read_bytes())
    return found.digest()


def _executed(path: Path, frames: Path) -> NotebookNode:
    notebook = editions.solution(editions.read(path))
    widgets = sum("widget" in cell.metadata.get("tags", []) for cell in notebook.cells)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(LOADER))
    paths = [str(HERE), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        "OMP_WAIT_POLICY": "passive",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "LABKIT_HARVEST": str(frames),
        "LABKIT_HARVEST_ROOM": str(min(ROOM, PAGE // max(widgets, 1))),
    }
    with tempfile.TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=where)
        client.execute(env=environment)
    del notebook.cells[0]
    return notebook
