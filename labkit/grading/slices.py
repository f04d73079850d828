"""Which statements of a notebook an exercise needs: a lab need not run to be checked.

Cells are read as Jupyter reads them (by IPython's own transformer) and cut into their statements,
and each statement is read, not run, for the names it binds, changes and uses. An exercise needs the
statements that bind or change its function, those that do so to a name which these use, and so on;
or all that was not handed out, with what that needs. Only what stands above the exercise's check
counts, and of two definitions the last, as when a notebook runs from top to bottom.
"""

from __future__ import annotations

import ast
import contextlib
import symtable
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field

from labkit.grading.effects import ANY, SHOWS, Effects, effects_of

_BODY_RUNS = ("time", "capture", "prun")  # cell magics whose body runs as if it stood alone


@dataclass(frozen=True)
class Statement:
    """One statement: the number of its cell among the code cells, its names, and its effects."""

    cell: int
    node: ast.stmt
    binds: frozenset[str]
    uses: frozenset[str]
    effects: Effects = field(default_factory=Effects, compare=False)


def statements(sources: list[str]) -> tuple[list[Statement], dict[int, str]]:
    """All statements of cells, and what is wrong with the cells that are not Python."""
    found, broken, imported = [], {}, {}
    for number, source in enumerate(sources):
        try:
            text = as_python(source)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of "\d" and the like
                parts = [part for node in ast.parse(text).body for part in _parts(node, text)]
                found += [_read(number, node, segment, imported) for node, segment in parts]
        except SyntaxError as error:
            broken[number] = f"{type(error).__name__} in line {error.lineno}: {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            broken[number] = f"the cell cannot be read: {type(error).__name__}"
    return found, broken


def needed(
    found: list[Statement],
    name: str,
    *,
    cell: int | None = None,
    until: int | None = None,
    given: Collection[int] = (),
    all_of_theirs: bool = False,
) -> list[Statement]:
    """The statements that make the function `name`, in order; none if nothing above binds it.

    cell: the exercise's own cell; until: the cell that was handed out to check it, if it is still
    there. A statement that checks the name comes before both. given: cells that are as they were
    handed out; they change no name that they do not bind. all_of_theirs: whatever stands in the
    other cells, as in a run from top to bottom, with what it needs.
    """
    found = found[: end_of(found, name, cell=cell, until=until)]
    changes = [set() if s.cell in given else s.effects.changes for s in found]
    if all_of_theirs:
        chosen = {i for i, s in enumerate(found) if s.cell not in given and not s.effects.magic}
    elif not any(name in s.binds for s in found):
        return []
    else:  # what stands above a definition in its cell may keep it from being reached
        last = {s.cell: i for i, s in enumerate(found) if name in s.binds and s.cell not in given}
        chosen = {i for i, s in enumerate(found) if i <= last.get(s.cell, -1)}
        chosen = {i for i in chosen if not found[i].effects.magic}
    chosen |= {i for i, s in enumerate(found) if ANY in s.binds | changes[i]}
    waiting, seen = [name, *(n for i in chosen for n in found[i].uses)], set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        new = {i for i, s in enumerate(found) if wanted in s.binds | changes[i]} - chosen
        chosen |= new
        waiting += [n for i in new for n in found[i].uses]
    return [found[i] for i in sorted(chosen)]


def end_of(
    found: list[Statement], name: str, *, cell: int | None = None, until: int | None = None
) -> int:
    """How many of the statements come before the check of the exercise; all without a check."""
    checks = [i for i, s in enumerate(found) if name in s.effects.checks]
    checks = [i for i in checks if found[i].cell != cell] or checks
    if checks:
        return checks[-1]
    return len(found) if until is None else sum(s.cell <= until for s in found)


def as_python(source: str) -> str:
    """A cell's source as the Python that Jupyter makes of it.

    Prompts and a common indent that were pasted with the code go; `%magic`, `!command` and `name?`
    become calls; of `%%time` and the like the body stays.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    text = TransformerManager().transform_cell(source)
    call = _magic(text)
    if call[:1] == ["run_cell_magic"] and len(call) == 4 and call[1] in _BODY_RUNS:
        if not (call[1] == "time" and call[2]):  # which is a mistake
            return as_python(call[3])
    return text


def _magic(text: str) -> list[str]:
    """[method, magic, text, ...] if the text is a single call of `get_ipython()`, else nothing."""
    if not text.startswith("get_ipython()."):
        return []
    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return []
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return []
    return [call.func.attr, *(str(getattr(argument, "value", "")) for argument in call.args)]


def _parts(node: ast.stmt, text: str) -> list[tuple[ast.stmt, str]]:
    """A statement with its text; imports one by one, so that only what is needed is loaded.

    `%time a = 2` is `a = 2`, at the top of a cell.
    """
    if isinstance(node, ast.Import):
        nodes = [ast.Import(names=[alias]) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        nodes = [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    else:
        segment = _segment(node, text)
        call = _magic(segment)
        if call[:2] == ["run_line_magic", "time"] and len(call) == 3:
            with contextlib.suppress(SyntaxError):  # then Jupyter says so when it gets there
                timed = as_python(call[2])
                return [(inner, _segment(inner, timed)) for inner in ast.parse(timed).body]
        return [(node, segment)]
    return [(ast.copy_location(part, node), ast.unparse(part)) for part in nodes]


def _segment(node: ast.stmt, text: str) -> str:
    """The text of a statement, with its decorators."""
    first = min([node, *getattr(node, "decorator_list", [])], key=lambda part: part.lineno)
    if first is node:
        return ast.get_source_segment(text, node) or ""
    lines = text.splitlines(keepends=True)[first.lineno - 1 : node.end_lineno]
    return "".join(lines)


def _read(cell: int, node: ast.stmt, segment: str, imported: dict[str, str]) -> Statement:
    if isinstance(node, ast.ImportFrom) and (
        node.names[0].name == ANY or node.module == "__future__"
    ):
        return Statement(cell, node, frozenset([ANY]), frozenset())
    for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else []:
        module = getattr(node, "module", None) or ""
        imported[alias.asname or alias.name.split(".")[0]] = f"{module}.{alias.name}".lstrip(".")
    effects = effects_of(node, imported)
    try:
        binds, uses = _names(symtable.symtable(segment, "<cell>", "exec"))
    except SyntaxError:  # `await` at the top of a cell
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        binds = {n.id for n in names if not isinstance(n.ctx, ast.Load)}
        uses = {n.id for n in names}
    if not isinstance(node, ast.Import | ast.ImportFrom):  # `data = []` is no module any more
        imported.update(dict.fromkeys(binds & (imported.keys() | SHOWS), ""))
    return Statement(cell, node, frozenset(binds | effects.sets), frozenset(uses), effects)


def _names(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Names that a statement binds, and the global ones that it uses, now or when called."""
    symbols = table.get_symbols()
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    uses = {s.get_name() for s in symbols if s.is_referenced()}
    return binds, uses.union(*map(_globals, table.get_children()))


def _globals(table: symtable.SymbolTable) -> set[str]:
    names = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return names.union(*(_globals(child) for child in table.get_children()))
