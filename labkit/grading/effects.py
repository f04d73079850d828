"""What a statement may change besides the names it binds: read off its syntax, never run.

`axes.append(2)` changes `axes`; `options["a"] = 1` sets an item of `options`; `torch.set_...` may
change anything. What no reading finds (aliases, closures) counts where all of a notebook is run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

ANY = "*"  # any name at all
SHOWS = {"print", "display", "help", "input", "get_ipython"}
_SHOWN_BY = ("labkit", "matplotlib", "IPython")  # modules that draw and tell
_CHANGING = {
    "append", "extend", "insert", "pop", "popitem", "remove", "clear", "update", "setdefault",
    "add", "discard", "sort", "reverse", "train", "eval",
}  # fmt: skip


@dataclass
class Effects:
    """Names that a statement sets parts of, changes, and whose exercises it checks.

    `magic`: it is a magic or a shell line; `shows`: it prints or draws.
    """

    sets: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    magic: bool = False
    shows: bool = False


def effects_of(node: ast.stmt, imported: dict[str, str]) -> Effects:
    """The effects of one statement; imported: names of imports above it -> what they stand for."""
    reader = _Reader(imported)
    reader.visit(node)
    value = node.value if isinstance(node, ast.Expr) else None
    if isinstance(value, ast.Call):
        reader.seen.magic = _root(value) == "get_ipython" and not _is_misplaced(value)
        reader.seen.shows = reader.only_shows(_root(value))
    return reader.seen


class _Reader(ast.NodeVisitor):
    def __init__(self, imported: dict[str, str]):
        self.seen, self._imported, self._bare = Effects(), imported, False

    def only_shows(self, root: str | None) -> bool:
        """Whether calls by this name print or draw, and change nothing."""
        module = self._imported.get(root or "", root if root in SHOWS else "")  # "": rebound
        return module in SHOWS or module.split(".")[0] in _SHOWN_BY

    def visit_Expr(self, node: ast.Expr) -> None:
        """A statement that binds nothing is there for what it does."""
        self._bare = True
        self.generic_visit(node)
        self._bare = False

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._set(node)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute

    def visit_Call(self, node: ast.Call) -> None:
        function, root = node.func, _root(node.func)
        method = function.attr if isinstance(function, ast.Attribute) else None
        whose = self._imported.get(root or "", "")
        if root == "check" and any(_root(argument) == method for argument in node.args):
            self.seen.checks.add(method)  # not check.mirrored(upside_down), which shows a message
        if root == "get_ipython" and _is_misplaced(node):
            self.seen.changes.add(ANY)  # Jupyter stops the cell there
        if not self.only_shows(root):
            self._may_change(node, root, method, whose)
        self.generic_visit(node)

    def _may_change(self, node: ast.Call, root: str | None, method: str | None, whose: str):
        if root in ("exec", "globals", "vars", "locals"):
            if root == "exec" or method:
                self.seen.changes.add(ANY)
        elif root in ("setattr", "delattr") and node.args:
            self._set(node.args[0])
        elif method and whose and method.startswith(("set_", "use_", "register")):
            self.seen.changes.add(ANY)  # torch.set_default_dtype
        elif method and root and not whose:
            if self._bare or method in _CHANGING or (method[-1] == "_" != method[0]):
                self.seen.changes.add(root)
        if self._bare:  # random.shuffle(order)
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            self.seen.changes.update(filter(None, map(_root, given)))

    def _set(self, target: ast.expr) -> None:
        """Something of `target` is set: what is imported, everybody uses."""
        root = _root(target)
        if root in ("globals", "vars", "locals") or self._imported.get(root or ""):
            if self._imported.get(root, "").split(".")[0] != "matplotlib":
                self.seen.changes.add(ANY)
        elif root:
            self.seen.sets.add(root)

    def visit_FunctionDef(self, node: ast.AST) -> None:
        """What runs only when it is called changes nothing yet."""

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef


def _root(node: ast.AST) -> str | None:
    """`x` of `x`, `x.a`, `x[0]`, `x.f().a` and `x()`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_misplaced(call: ast.Call) -> bool:
    """Whether this is `%%time` further down in a cell than on its first line."""
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and str(first.value).startswith("%")
