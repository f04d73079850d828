"""What the live edition has that the others lack: empty demo cells, the speaker's notes.

The code of an emptied cell lies in the cell's own metadata, where labkit.course.live
(%reveal) finds it.
"""

import ast
import re

import nbformat
from nbformat import NotebookNode

NOTE = "live"  # tag of the speaker's notes
HOW_TO = """\
**Keys**: Enter, type `%reveal`, Shift+Enter: the code is there. Shift+Enter: it runs. Statement by
statement: `%reveal --step`, then Shift+Enter for each. All empty cells up to the next heading:
`%reveal --all`. After a restart, or to begin further down: `%reveal --until-here` runs all above,
unseen. A cell that you type yourself stays as it is. An exercise shows its stub until you write
`%reveal` in a line above it. If `%reveal` is not known, since JupyterLab was not started by
`labkit start --edition live`, run `%load_ext labkit` once."""
_MARKER = re.compile(r"### (BEGIN|END) SOLUTION")
_SEEDS = (".manual_seed", ".seed", ".set_num_threads")


def is_note(cell: NotebookNode) -> bool:
    """Whether this cell is for the speaker, in the live edition only."""
    return NOTE in cell.metadata.get("tags", [])


def prepare(given: NotebookNode, full: NotebookNode) -> NotebookNode:
    """Turn a student edition with notes, `given`, into the live edition; `full` has the code.

    Prose, checks and set-up (the code cells at the start that import, seed and set UPPER_CASE
    knobs) stay. Of the others, demos are emptied and exercises keep their stub; the code lies in
    `metadata.labkit.prepared`. Cells under one heading share `metadata.labkit.section`. Notes are
    folded, so that the room sees one line. Changes and returns `given`.
    """
    section, setting_up = "", True
    for cell, source in zip(given.cells, full.cells, strict=True):
        if cell.cell_type != "code":
            section = cell.id if _has_heading(cell.source) else section
            cell.source = _folded(cell.source) if is_note(cell) else cell.source
            continue
        setting_up = setting_up and _only_sets_up(cell.source)
        if not (setting_up or "check" in cell.metadata.get("tags", [])):
            _empty(cell, source.source, section)
    keys = nbformat.v4.new_markdown_cell(_folded(HOW_TO), id="live-keys")
    keys.metadata["tags"] = [NOTE]
    given.cells.insert(1, keys)
    return given


def _empty(cell: NotebookNode, source: str, section: str) -> None:
    """Leave an exercise's stub, of a demo nothing; the code goes into the metadata."""
    lines = [line for line in source.split("\n") if not _MARKER.fullmatch(line.strip())]
    given = cell.source if cell.source != source else ""
    cell.metadata["labkit"] = {"prepared": "\n".join(lines), "section": section, "given": given}
    cell.source = given


def _folded(text: str) -> str:
    return f"<details><summary>Speaker's note</summary>\n\n{text}\n\n</details>"


def _has_heading(text: str) -> bool:
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return bool(re.search(r"^#{1,6} ", text, flags=re.MULTILINE))


def _only_sets_up(source: str) -> bool:
    """Whether this code imports, seeds, and gives values to UPPER_CASE names, and nothing else."""
    try:
        return all(_sets_up(statement) for statement in ast.parse(source).body)
    except SyntaxError:
        return False


def _sets_up(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        return len(names) == len(statement.targets) and all(name.isupper() for name in names)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return ast.unparse(statement.value.func).endswith(_SEEDS)
    return isinstance(statement, ast.Import | ast.ImportFrom)
