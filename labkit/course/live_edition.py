"""What the live edition has that the others lack: empty demo cells, the speaker's notes.

The code of an emptied cell lies in the cell's own metadata, where labkit.course.live
(%reveal) finds it. The notes are not in the notebook, which the room sees, but on a page of their
own (labkit.course.notes).
"""

import ast
import re

from labkit.course.nodes import NotebookNode, v4

NOTE = "live"  # tag of the speaker's notes
RESULT = "result"  # tag of prose that tells what the cell above it shows
ANSWER = "answer"  # of such prose that gives a prediction's answer away: students have it folded
HOW_TO = """\
**Keys**: Enter, type `%reveal`, Ctrl+Enter: the code is there. Ctrl+Enter again: it runs, and the
cell stays selected with its figure in sight (Shift+Enter goes on to the next cell, which may push
the figure off the screen). Statement by statement: `%reveal --step`, then Ctrl+Enter for each. All
empty cells up to the next heading: `%reveal --all`. After a restart, or to begin further down:
`%reveal --until-here` runs all above, unseen. A cell that you type yourself stays as it is. An
exercise shows its stub until you write `%reveal` in a line above it. If `%reveal` is not known,
since JupyterLab was not started by `labkit start --edition live`, run `%load_ext labkit` once."""
_MARKER = re.compile(r"### (BEGIN|END) SOLUTION")
_GOES_ON = re.compile(r"^#{1,6} |\*\*(Predict|Look|Try)\b", re.MULTILINE)
_SEEDS = (".manual_seed", ".seed", ".set_num_threads")


def is_note(cell: NotebookNode) -> bool:
    """Whether this cell is for the speaker, in the live edition only."""
    return NOTE in cell.metadata.get("tags", [])


def tells_result(cell: NotebookNode) -> bool:
    """Whether this prose tells what the cell above it shows."""
    return bool({RESULT, ANSWER} & set(cell.metadata.get("tags", [])))


def fold_answer(cell: NotebookNode) -> None:
    """Fold what gives a prediction's answer away, until the cell above has run."""
    if ANSWER in cell.metadata.get("tags", []):
        cell.source = with_result_folded(cell.source)


def forget_result(cell: NotebookNode) -> None:
    """Take the tags of results away: once made, an edition has no use for them."""
    if tells_result(cell):
        cell.metadata["tags"] = [t for t in cell.metadata["tags"] if t not in (RESULT, ANSWER)]
        if not cell.metadata["tags"]:
            del cell.metadata["tags"]


def prepare(given: NotebookNode, full: NotebookNode) -> NotebookNode:
    """Turn a student edition with notes, `given`, into the live edition; `full` has the code.

    Prose, checks and set-up (the code cells at the start that import, seed and set UPPER_CASE
    knobs) stay. Of the others, demos are emptied and exercises keep their stub; the code lies in
    `metadata.labkit.prepared`. Cells under one heading share `metadata.labkit.section`. Results
    are folded, so that an empty cell does not stand above its answer. Changes and returns `given`.
    """
    section, setting_up = "", True
    for cell, source in zip(given.cells, full.cells, strict=True):
        if cell.cell_type != "code":
            section = cell.id if _has_heading(cell.source) else section
            if tells_result(cell):
                cell.source = with_result_folded(cell.source)
            continue
        setting_up = setting_up and _only_sets_up(cell.source)
        if not (setting_up or "check" in cell.metadata.get("tags", [])):
            _empty(cell, source.source, section)
    return given


def for_the_room(prepared: NotebookNode) -> NotebookNode:
    """The notebook without the notes, and with the keys below its title. Changes and returns it."""
    prepared.cells = [cell for cell in prepared.cells if not is_note(cell)]
    keys = v4.new_markdown_cell(_folded(HOW_TO, "Keys"), id="live-keys")
    keys.metadata["tags"] = [NOTE]
    prepared.cells.insert(1, keys)
    return prepared


def with_result_folded(text: str) -> str:
    """Prose folded as far as the paragraph that goes on: a heading, **Predict**, **Look**, **Try**.

    >>> with_result_folded("**Predict**: how much?")
    '**Predict**: how much?'
    """
    paragraphs = text.split("\n\n")
    told = next((i for i, part in enumerate(paragraphs) if _GOES_ON.search(part)), len(paragraphs))
    folded = [_folded("\n\n".join(paragraphs[:told]), "What came out")] if told else []
    return "\n\n".join(folded + paragraphs[told:])


def _empty(cell: NotebookNode, source: str, section: str) -> None:
    """Leave an exercise's stub, of a demo nothing; the code goes into the metadata."""
    lines = [line for line in source.split("\n") if not _MARKER.fullmatch(line.strip())]
    given = cell.source if cell.source != source else ""
    cell.metadata["labkit"] = {"prepared": "\n".join(lines), "section": section, "given": given}
    cell.source = given


def _folded(text: str, summary: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


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
