"""A pytest plugin, `-p leaving`: the labs that the tests run are kept for their pages.

nbval runs a copy of a lab, with cells that test what its prose says. If all cells of the copy pass,
the run is kept as `runs.run` keeps it, without those cells. A lab whose run is kept already is
tested as without this plugin.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
import runs
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbval.plugin import IPyNbCell, IPyNbFile

from labkit.paths import notebooks_dir

LEAVER = pytest.StashKey["Leaver"]()


def pytest_addoption(parser) -> None:
    group = parser.getgroup("leaving", "labs that ran, for the site")
    group.addoption("--labs", type=Path, default=notebooks_dir(), help="the labs themselves")
    group.addoption("--leave", type=Path, default=runs.KEPT, help="where their runs are kept")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    """Before a notebook's first cell: its kernel can draw what widgets show."""
    if not isinstance(item, IPyNbCell) or item.parent.kernel is not None:
        return (yield)
    path, kept = item.config.option.labs / item.path.name, item.config.option.leave
    if not path.is_file() or runs.is_kept(path, kept):
        return (yield)
    going = runs.Run(path, kept)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in going.environment().items():
            patch.setenv(name, value)
        done = yield
    item.parent.addfinalizer(going.close)
    item.parent.stash[LEAVER] = Leaver(going, item.parent)
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    leaver = item.parent.stash.get(LEAVER, None) if isinstance(item, IPyNbCell) else None
    if leaver is None:
        return (yield)
    with leaver.listens_to(item.cell.id):
        done = yield
    leaver.passed(item.cell.id)
    return done


class Leaver:
    """Takes down what the kernel of a notebook says while nbval runs it.

    file: the notebook as nbval has it, its kernel started.
    """

    def __init__(self, going: runs.Run, file: IPyNbFile):
        self.going, self.file = going, file
        self.left = {cell.id for cell in file.nb.cells if cell.cell_type == "code"}
        self.places = {cell.id: place for place, cell in enumerate(going.notebook.cells)}
        self.client = NotebookClient(going.notebook, record_timing=False)
        self.client.reset_execution_trackers()
        self.client.clear_before_next_output = False
        self._load()

    def _load(self) -> None:
        asked, wait = self.file.kernel.kc, {"timeout": runs.SECONDS}
        about = asked.kernel_info(reply=True, **wait)["content"]
        self.going.notebook.metadata["language_info"] = about["language_info"]
        options = {"store_history": False, "output_hook": lambda message: None}
        said = asked.execute_interactive(runs.LOADER, **options, **wait)["content"]
        if said["status"] != "ok":
            raise RuntimeError(f"{runs.LOADER}: {said['evalue']}")
        asked.execute = functools.partial(_remembering, asked.execute)

    @contextlib.contextmanager
    def listens_to(self, name: str) -> Iterator[None]:
        """While the cell of this name runs, its outputs go into the lab's notebook."""
        heard, place, parent = self.file.get_kernel_message, self.places.get(name), None

        def listen(*arguments, **options):
            nonlocal parent
            message = heard(*arguments, **options)
            if message["msg_type"] == "execute_input":
                parent = message["parent_header"]["msg_id"]
            if place is not None and message["parent_header"].get("msg_id") == parent:
                with contextlib.suppress(CellExecutionComplete):
                    self.client.process_message(message, self.going.notebook.cells[place], place)
            return message

        self.file.get_kernel_message = listen
        try:
            yield
        finally:
            self.file.get_kernel_message = heard

    def passed(self, name: str) -> None:
        """The cell of this name passed; after the last one, the run is kept."""
        self.left.discard(name)
        if not self.left:
            self.going.keep()


def _remembering(execute, *arguments, **options):
    """As a notebook asks: without its history IPython shows what ends in a semicolon, too."""
    return execute(*arguments, **options | {"store_history": True})
