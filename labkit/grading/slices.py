"""Which statements of a notebook an exercise needs: a lab need not run to be checked.

A cell is cut into its statements, and each statement is read, not run, for the names it binds and
the global names it uses. An exercise needs the statements of its cell that bind its function,
those that bind a name which these use, and so on. What comes before the exercise counts first,
as it does when a notebook runs from top to bottom; what stands below only for names that are
bound nowhere above.
"""

from __future__ import annotations

import ast
import symtable
from dataclasses import dataclass

STAR = "*"


@dataclass(frozen=True)
class Statement:
    """One statement: the number of its cell among the code cells, and its names."""

    cell: int
    node: ast.stmt
    binds: frozenset[str]
    uses: frozenset[str]


def statements(sources: list[str]) -> tuple[list[Statement], dict[int, str]]:
    """All statements of cells, and what is wrong with the cells that are not Python."""
    found, broken = [], {}
    for number, source in enumerate(sources):
        try:
            tree = ast.parse(_python(source))
            found += [_read(number, part) for node in tree.body for part in _parts(node)]
        except SyntaxError as error:
            broken[number] = f"{type(error).__name__} in line {error.lineno}: {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            broken[number] = f"the cell cannot be read: {type(error).__name__}"
    return found, broken


def needed(found: list[Statement], name: str, *, cell: int | None) -> list[Statement]:
    """The statements that make the function `name`, in order; none if nothing binds it.

    cell: the number of the exercise's own cell; without one, or if it does not bind the name, the
    last cell that does.
    """
    homes = [s.cell for s in found if name in s.binds]
    if not homes:
        return []
    home = cell if cell in homes else homes[-1]
    chosen = {i for i, s in enumerate(found) if s.cell == home and name in s.binds}
    end = max(chosen)
    chosen |= {i for i, s in enumerate(found[:end]) if STAR in s.binds}
    waiting, seen = [n for i in chosen for n in found[i].uses], {name}
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        new = _binding(found, wanted, end) - chosen
        chosen |= new
        waiting += [n for i in new for n in found[i].uses]
    return [found[i] for i in sorted(chosen)]


def _binding(found: list[Statement], name: str, end: int) -> set[int]:
    every = {i for i, s in enumerate(found) if name in s.binds}
    return {i for i in every if i <= end} or every


def _python(source: str) -> str:
    """A cell's source as Python: `%magic` and `!command` become calls, `%%magic` cells too."""
    if not any(line.lstrip().startswith(("%", "!", "?")) for line in source.splitlines()):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def _parts(node: ast.stmt) -> list[ast.stmt]:
    """An import of several names as one import a name, so that only what is needed is loaded."""
    if isinstance(node, ast.Import):
        parts = [ast.Import(names=[alias]) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        parts = [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    else:
        return [node]
    return [ast.copy_location(part, node) for part in parts]


def _read(cell: int, node: ast.stmt) -> Statement:
    if isinstance(node, ast.ImportFrom) and node.names[0].name == STAR:
        return Statement(cell, node, frozenset([STAR]), frozenset())
    table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    symbols = table.get_symbols()
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    uses = {s.get_name() for s in symbols if s.is_referenced()}
    for child in table.get_children():
        uses |= _globals(child)
    return Statement(cell, node, frozenset(binds | _changed(node)), frozenset(uses))


def _globals(table: symtable.SymbolTable) -> set[str]:
    names = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return names.union(*(_globals(child) for child in table.get_children()))


def _changed(node: ast.stmt) -> set[str]:
    """Names whose attribute or item is set: `x` of `x.size = 3` and of `x[0] = 1`."""
    targets = [*getattr(node, "targets", []), getattr(node, "target", None)]
    names = set()
    for target in targets:
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name):
            names.add(target.id)
    return names
