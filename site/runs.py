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
KEPT = HERE / "_build" / "executed"
SECONDS = 900  # a cell, with the pictures of its widget
ROOM, PAGE = 1_500_000, 5_200_000  # bytes of the pictures of a widget, of all of a page
LOADER = "%load_ext harvest"


def run(path: Path, kept: Path = KEPT) -> tuple[NotebookNode, Path]:
    """The solution edition of a lab, executed, and the folder of its widgets' pictures.

    It comes from the folder `kept` if nothing has changed since it ran.
    """
    home = kept / path.stem
    if not is_kept(path, kept):
        with Run(path, kept) as going:
            _execute(going)
            going.keep()
    return nbformat.read(home / "run.ipynb", as_version=4), home / path.stem


class Run:
    """A run of the lab at `path`: its notebook, and where its widgets' pictures go.

    What isn't kept when the `with` block ends, or when `close` is called, is gone.
    """

    def __init__(self, path: Path, kept: Path):
        kept.mkdir(parents=True, exist_ok=True)
        self.to, self.key = kept / path.stem, fingerprint(path)  # of what runs, should it change
        self.notebook = editions.solution(editions.read(path))
        self._folder = tempfile.TemporaryDirectory(dir=kept, ignore_cleanup_errors=True)
        self.frames = Path(self._folder.name) / "run" / path.stem
        self.frames.mkdir(parents=True)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def environment(self) -> dict[str, str]:
        """What a kernel needs in which LOADER is the first cell."""
        widgets = sum("widget" in c.metadata.get("tags", []) for c in self.notebook.cells)
        paths = [str(HERE), str(ROOT), os.environ.get("PYTHONPATH", "")]
        return {
            "OMP_WAIT_POLICY": "passive",
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "LABKIT_HARVEST": str(self.frames),
            "LABKIT_HARVEST_ROOM": str(min(ROOM, PAGE // max(widgets, 1))),
        }

    def keep(self) -> None:
        """In place of what was kept before: the notebook, the pictures, what they depend on."""
        nbformat.write(self.notebook, self.frames.parent / "run.ipynb")
        (self.frames.parent / "key").write_text(self.key)
        shutil.rmtree(self.to, ignore_errors=True)
        self.frames.parent.rename(self.to)

    def close(self) -> None:
        self._folder.cleanup()


def is_kept(path: Path, kept: Path = KEPT) -> bool:
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


def _execute(going: Run) -> None:
    notebook = going.notebook
    notebook.cells.insert(0, nbformat.v4.new_code_cell(LOADER))
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            extra_arguments=["--log-level=ERROR"],  # not that its port is not encrypted
            record_timing=False,
        )
        client.execute(env=going.environment())
    del notebook.cells[0]
