"""%reveal: the prepared code of a cell of the live edition, all at once or a statement at a time.

An IPython extension (`%load_ext labkit`; kernels that `labkit start --edition live` starts
have it from the first moment). The code lies in the metadata of the cell itself, which JupyterLab
sends along with each run: nothing is kept in the kernel, so a restart forgets nothing. For editors
that do not send it, labkit.course.live_file looks into the notebook's file.
"""

import ast
import json
import math
import re
from argparse import Namespace
from importlib.resources import files

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

_REVEAL = re.compile(r"\s*%%?reveal\b")
_MAGIC = re.compile(r"^(\s*)(?:[\w, ]+=\s*)?[%!].*$", re.MULTILINE)
NOTHING = "Nothing is prepared for this cell; it stays as it is."
OWN_CODE = (
    "This cell has code of its own and stays as it is. For the prepared code, empty the cell "
    "(Ctrl+A, Delete) and write %reveal again."
)
KNOWN = "It takes nothing, --step, --all, --until-here, or first the number of a cell."


class LeftAlone(UsageError):
    """The cell keeps its text; IPython shows the reason alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def statements(code: str) -> list[str]:
    """The code cut behind each statement; joined by line ends it is the code again.

    A comment or a decorator goes with the statement below it, `a = 1; b = 2` stays together, and
    of a function or a class each statement inside is one, the first with the head. A cell that is
    not Python (%%html) is one piece.

    >>> statements("# one\\na = 1\\nfor i in range(3):\\n    a += i")
    ['# one\\na = 1', 'for i in range(3):\\n    a += i']
    """
    lines, pieces, start = code.split("\n"), [], 0
    for end in _ends(code):
        pieces.append("\n".join(lines[start:end]))
        start = end
    if not pieces:
        return [code] if code.strip() else []
    return [*pieces[:-1], "\n".join([pieces[-1], *lines[start:]])]


def own_code(code: str) -> str:
    """A cell's text without lines of %reveal."""
    return "\n".join(line for line in code.split("\n") if not _REVEAL.match(line)).strip("\n")


def revealed(
    code: str, prepared: str, *, given: str = "", step: str | None = None, cell: str | None = None
) -> str:
    """What stands in the cell next, for a cell that now holds `code` with its %reveal line.

    `given` is what the live edition put into the cell (an exercise's stub, else nothing). `step`
    is None for everything, "" for the next statement, "2/5" for the next one after two of five;
    `cell` names the cell for the following steps, where the editor does not. Raises LeftAlone if
    nothing is prepared or the cell holds something of its own.
    """
    pieces = statements(prepared)
    if not pieces:
        raise LeftAlone(NOTHING)
    own = own_code(code)
    if own.strip() in ("", given.strip()):
        own = ""
    place = _place(own, pieces, step)
    end = len(pieces) if step is None else min(place + 1, len(pieces))
    text = "\n".join([own] * bool(own) + pieces[place:end])
    line = " ".join(["%%reveal", *[cell] * bool(cell), f"--step {end}/{len(pieces)}"])
    return text if end == len(pieces) else f"{line}\n{text}"


@magics_class
class Reveal(Magics):
    """The magic %reveal, which is also the cell magic %%reveal that stands while stepping."""

    @magic_arguments()
    @argument("cell", nargs="?", help="its number, for editors that do not say which cell runs")
    @argument("--step", nargs="?", const="", metavar="K/N", help="the next statement only")
    @argument("--all", action="store_true", help="the empty cells up to the next heading, too")
    @argument("--until-here", action="store_true", help="run all above, unseen, and nothing else")
    @line_cell_magic
    def reveal(self, line: str, cell: str | None = None) -> None:
        """Replace this cell by the code that is prepared for it."""
        options = self._options(line)
        request = self.shell.get_parent() if hasattr(self.shell, "get_parent") else {}
        code = request.get("content", {}).get("code", cell or "")
        if options.until_here:
            self._catch_up(options.cell, request)
            self.shell.set_next_input(own_code(code), replace=True)
            _in_front_end("reveal", None, True)
            return
        carried, name = request.get("metadata", {}).get("labkit", {}), options.cell
        if name or not (carried or _sends_metadata(request)):
            from labkit.course import live_file

            carried, name = live_file.carried_by(name, request)
        prepared, given = carried.get("prepared", ""), carried.get("given", "")
        text = revealed(code, prepared, given=given, step=options.step, cell=name)
        self.shell.set_next_input(text, replace=True)
        _in_front_end("reveal", carried.get("section") if options.all else None, False)

    def _catch_up(self, name: str | None, request: dict) -> None:
        """Bring the kernel to this cell: run all above it, as saved or else as prepared."""
        from labkit.course import live_file

        path = live_file.find_path()
        cells = live_file.saved_now(path, lambda: _in_front_end("save"))
        live_file.catch_up(self.shell, cells[: live_file.find_cell(cells, name, request)])

    def _options(self, line: str) -> Namespace:
        try:
            return parse_argstring(self.reveal, line)
        except (UsageError, ValueError) as error:  # ValueError: a quote that does not close
            raise LeftAlone(f"%reveal {line.strip()}: {error}. {KNOWN}") from None


def load_ipython_extension(shell) -> None:
    """What %load_ext calls."""
    shell.register_magics(Reveal)


def _ends(code: str) -> list[int]:
    """Number of the last line of each statement."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        try:  # line magics and shell lines stand for a statement of one line
            body = ast.parse(_MAGIC.sub(r"\1pass", code)).body
        except SyntaxError:
            return []
    nested = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    parts = [part for node in body for part in (node.body if isinstance(node, nested) else [node])]
    ends = [part.end_lineno for part in parts]
    begins = [*(part.lineno for part in parts[1:]), math.inf]  # a = 1; b = 2 is not cut
    return [end for end, following in zip(ends, begins, strict=False) if end < following]


def _place(own: str, pieces: list[str], step: str | None) -> int:
    """How many of the pieces stand in the cell already."""
    if step:
        match = re.fullmatch(r"(\d+)/\d+", step)
        if not match:
            raise LeftAlone(f"--step takes a place such as 2/5, or nothing; not {step!r}.")
        return min(int(match[1]), len(pieces))
    for count in range(len(pieces) + 1):
        if _plain("\n".join(pieces[:count])) == _plain(own):
            return count
    raise LeftAlone(OWN_CODE)


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _sends_metadata(request: dict) -> bool:
    """Whether the editor is one that sends a cell's metadata along; VS Code's ids are addresses."""
    sent = request.get("metadata", {}).get("cellId", "")
    return bool(sent) and not sent.startswith("vscode-")


def _in_front_end(script: str, *arguments: object) -> None:
    """Run a script of jupyter/live/ on the output of this cell.

    reveal.js: Shift+Enter has moved the selection on by now, and a kernel can set the text of one
    cell only. Where no JavaScript runs, the cell itself is replaced all the same.
    """
    source = files("labkit.course").joinpath("jupyter", "live", f"{script}.js")
    given = "".join(f", {json.dumps(argument)}" for argument in arguments)
    call = f"({source.read_text(encoding='utf-8').strip()})(element{given});"
    display({"application/javascript": call, "text/plain": ""}, raw=True)
