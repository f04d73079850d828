"""%reveal: the prepared code of a cell of the live edition, all at once or a statement at a time.

An IPython extension (`%load_ext labkit`; kernels that `labkit start --edition live` starts
have it from the first moment). The code lies in the metadata of the cell itself, which JupyterLab
sends along with each run: nothing is kept in the kernel, so a restart forgets nothing.
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
KNOWN = "It takes nothing, --step or --all."


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


def revealed(code: str, prepared: str, *, given: str = "", step: str | None = None) -> str:
    """What stands in the cell next, for a cell that now holds `code` with its %reveal line.

    `given` is what the live edition put into the cell (an exercise's stub, else nothing). `step`
    is None for everything, "" for the next statement, "2/5" for the next one after two of five.
    Raises LeftAlone if nothing is prepared or the cell holds something of its own.
    """
    pieces = statements(prepared)
    if not pieces:
        raise LeftAlone(NOTHING)
    own = "\n".join(line for line in code.split("\n") if not _REVEAL.match(line)).strip("\n")
    if own.strip() in ("", given.strip()):
        own = ""
    place = _place(own, pieces, step)
    end = len(pieces) if step is None else min(place + 1, len(pieces))
    text = "\n".join([own] * bool(own) + pieces[place:end])
    return text if end == len(pieces) else f"%%reveal --step {end}/{len(pieces)}\n{text}"


@magics_class
class Reveal(Magics):
    """The magic %reveal, which is also the cell magic %%reveal that stands while stepping."""

    @magic_arguments()
    @argument("--step", nargs="?", const="", metavar="K/N", help="the next statement only")
    @argument("--all", action="store_true", help="the empty cells up to the next heading, too")
    @line_cell_magic
    def reveal(self, line: str, cell: str | None = None) -> None:
        """Replace this cell by the code that is prepared for it."""
        options = self._options(line)
        parent = self.shell.get_parent() if hasattr(self.shell, "get_parent") else {}
        carried = parent.get("metadata", {}).get("labkit", {})
        code = parent.get("content", {}).get("code", cell or "")
        prepared, given = carried.get("prepared", ""), carried.get("given", "")
        self.shell.set_next_input(
            revealed(code, prepared, given=given, step=options.step), replace=True
        )
        _in_front_end(section=carried.get("section") if options.all else None)

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


def _in_front_end(*, section: str | None) -> None:
    """Put the keyboard back into the cell and, for a section, fill the empty cells below it.

    Shift+Enter has moved the selection on by now, and a kernel can set the text of one cell only.
    Where no JavaScript runs, the cell itself is replaced all the same.
    """
    script = files("labkit.course").joinpath("jupyter", "live", "reveal.js")
    call = f"({script.read_text(encoding='utf-8').strip()})(element, {json.dumps(section)});"
    display({"application/javascript": call, "text/plain": ""}, raw=True)
