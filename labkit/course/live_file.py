"""The live edition's file on disk: which of its cells is meant, and what stands above that cell.

For editors that do not send a cell's metadata along (VS Code), and for catching up after a
restart. The file is only read; it holds what was last saved.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from pathlib import Path

from IPython.utils.capture import capture_output

from labkit.course import editions
from labkit.course.live import LeftAlone, own_code
from labkit.course.nodes import NotebookNode
from labkit.course.session import notebook_path, variables

_VS_CODE = re.compile(r"vscode-notebook-cell:.*#[W-Za-f]([0-6]+)s")
_SKIPPED = {"check", "raises-exception"}  # tags: such cells only say something


def find_path() -> Path:
    """The notebook's file. Raises LeftAlone, saying what to do, if it cannot be told."""
    path = notebook_path()
    if path is None:
        raise LeftAlone(
            "This editor sends neither the cell's metadata nor the notebook's name, so %reveal "
            "cannot find what is prepared: open the lab with labkit start --edition live."
        )
    if not path.is_file():
        raise LeftAlone(
            f"%reveal looks for {path}, which is not there: save the notebook; if it was renamed, "
            "restart the kernel."
        )
    return path


def read_cells(path: Path) -> list[NotebookNode]:
    """The notebook's cells as last saved."""
    try:
        return editions.read(path).cells
    except (ValueError, OSError) as error:
        raise LeftAlone(str(error)) from None


def carried_by(name: str | None, request: dict) -> tuple[dict, str]:
    """What the live edition put into the cell's metadata, and the cell's number."""
    cells = read_cells(find_path())
    index = find_cell(cells, name, request)
    number = sum(cell.cell_type == "code" for cell in cells[: index + 1])
    return cells[index].metadata.get("labkit", {}), str(number)


def saved_now(path: Path, ask: Callable[[], None], *, seconds: float = 3) -> list[NotebookNode]:
    """The cells after the editor was asked to save; if it does not, as they were last saved."""
    before, end = path.stat().st_mtime_ns, time.monotonic() + seconds
    ask()
    while "__vsc_ipynb_file__" not in variables() and time.monotonic() < end:
        time.sleep(0.05)
        with suppress(ValueError, OSError):  # half written
            if path.stat().st_mtime_ns != before:
                return editions.read(path).cells
    print(f"{path.name} as last saved, {datetime.fromtimestamp(before / 1e9):%H:%M:%S}")
    return read_cells(path)


def find_cell(cells: list[NotebookNode], name: str | None, request: dict) -> int:
    """Index of the cell that is called `name` (its number among the code cells, or its id).

    Without a name: the cell that sent this request, by what the editor said of it, else by its
    text. Raises LeftAlone with the numbers to choose from if that fits none or several.
    """
    codes = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    if name:
        numbered = dict(enumerate(codes, 1)).get(int(name)) if name.isdecimal() else None
        found = [i for i in codes if i == numbered or cells[i].id == name]
        problem = f"No code cell of this notebook is called {name!r}."
    else:
        sent = str(request.get("metadata", {}).get("cellId", ""))
        code = request.get("content", {}).get("code", "")
        found = [i for i in codes if cells[i].id == sent] or _at_opening(sent, cells, code)
        found = found or [i for i in codes if cells[i].source.strip() == code.strip() != ""]
        problem = "This editor does not say which cell this is."
    if len(found) != 1:
        raise LeftAlone("\n".join([f"{problem} Name it by its number:", *_choices(cells)]))
    return found[0]


def code_to_run(cell: NotebookNode) -> str:
    """The cell's own code; what is prepared if it is empty, half revealed or still a stub."""
    carried, own = cell.metadata.get("labkit", {}), own_code(cell.source)
    half = cell.source.lstrip().startswith("%%reveal")
    stub = carried.get("given") and editions.CODE_STUB[-1] in own
    return carried.get("prepared") or own if half or stub or not own.strip() else own


def catch_up(shell, cells: list[NotebookNode]) -> None:
    """Run the cells' code in this kernel, in order; a line for each heading, no outputs.

    Checks are left out, and so is what is meant to fail. Raises LeftAlone, naming the cell, at the
    first error, whose traceback IPython has shown by then.
    """
    parts = groupby(_with_headings(cells), key=lambda pair: pair[0])
    for heading, pairs in parts:
        codes = [code for _, cell in pairs if (code := _wanted(cell))]
        if not codes:
            continue
        print(heading, end=": ", flush=True)
        start = time.perf_counter()
        for code in codes:
            _run(shell, code, heading)
        plural = "s" * (len(codes) != 1)
        print(f"{len(codes)} cell{plural}, {time.perf_counter() - start:.1f} s")


def _wanted(cell: NotebookNode) -> str:
    if cell.cell_type != "code" or _SKIPPED & set(cell.metadata.get("tags", [])):
        return ""
    return code_to_run(cell).strip()


def _run(shell, code: str, heading: str) -> None:
    with capture_output():
        result = shell.run_cell(code, store_history=False)
    if not result.success:
        error = result.error_before_exec or result.error_in_exec
        print("stopped")
        first = next(line for line in code.split("\n") if line.strip())
        raise LeftAlone(
            f"Caught up to {heading!r}, where the cell that begins with {first!r} stops with "
            f"{type(error).__name__}: {error}. Mend or empty it, then run this line again."
        )


def _with_headings(cells: list[NotebookNode]) -> list[tuple[str, NotebookNode]]:
    heading, pairs = "Before the first heading", []
    for cell in cells:
        text = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
        found = re.findall(r"^#{1,6} (.+)", text, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            heading = found[-1].strip()
        pairs.append((heading, cell))
    return pairs


def _choices(cells: list[NotebookNode]) -> list[str]:
    """A line for each heading: the numbers of its prepared cells, counted among all code cells."""
    pairs = [pair for pair in _with_headings(cells) if pair[1].cell_type == "code"]
    some = any(_is_prepared(cell) for _, cell in pairs)
    numbered = [(h, n) for n, (h, cell) in enumerate(pairs, 1) if _is_prepared(cell) or not some]
    return [
        f"  {heading}: {', '.join(f'%reveal {n}' for _, n in group)}"
        for heading, group in groupby(numbered, key=lambda pair: pair[0])
    ]


def _is_prepared(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("labkit", {}).get("prepared"))


def _at_opening(sent: str, cells: list[NotebookNode], code: str) -> list[int]:
    """VS Code numbers cells in base 7 as it opens a file; believed if the cell there looks so."""
    match = _VS_CODE.match(sent)
    place = int(match[1], 7) if match else len(cells)
    fits = place < len(cells) and own_code(cells[place].source) == own_code(code)
    return [place] if fits and cells[place].cell_type == "code" else []
