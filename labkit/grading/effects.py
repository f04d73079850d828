"""What a statement may change besides the names it binds: read off its syntax, never run.

`axes.append(2)` changes `axes`; `options["a"] = 1` sets an item of `options`; a call of a function
that says `global` may bind what it names; `setattr(torch.Tensor, ...)` may change anything. It is
a guess on the safe side: a statement that changes nothing after all does no harm when it is kept.
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


@dataclass(frozen=True)
class Effects:
    """Names that a statement sets parts of, changes, calls, and whose exercises it checks.

    `names`, of a definition: its own and those of its methods; `within` is what calling one of
    them may bind or change, `calls_within` what they call. `magic`: it is a magic or a shell line;
    `shows`: it prints or draws.
    """

    sets: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()
    calls_within: frozenset[str] = frozenset()
    magic: bool = False
    shows: bool = False


def effects_of(node: ast.stmt, imported: dict[str, str]) -> Effects:
    """The effects of one statement; imported: names of imports above it -> what they stand for."""
    reader = _Reader(imported)
    reader.visit(node)
    kept = {name: frozenset(value) for name, value in vars(reader.seen).items()}
    value = node.value if isinstance(node, ast.Expr) else None
    magic = isinstance(value, ast.Call) and _root(value) == "get_ipython"
    shows = isinstance(value, ast.Call) and reader.only_shows(_root(value))
    return Effects(**kept, magic=magic and not _is_misplaced(value), shows=shows)


@dataclass
class _Seen:
    sets: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    within: set[str] = field(default_factory=set)
    calls_within: set[str] = field(default_factory=set)


class _Reader(ast.NodeVisitor):
    def __init__(self, imported: dict[str, str]):
        self.seen, self._imported, self._bare = _Seen(), imported, False

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
            self.seen.calls.add(method or root or "")
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

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.seen.calls.add(_root(decorator) or "")
            self.seen.changes.add(_root(decorator) or "")
            self.visit(decorator)
        self.seen.names.add(node.name)
        self._later(node.body, _bound_in(node))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._later([node.body], _bound_in(node))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.seen.names.add(node.name)
        self.generic_visit(node)

    def _later(self, body: list[ast.AST], local: set[str]) -> None:
        """What runs only when it is called."""
        inner = _Reader(self._imported)
        for part in body:
            inner.visit(part)
            declared = [n for n in ast.walk(part) if isinstance(n, ast.Global)]
            self.seen.within.update(name for n in declared for name in n.names)
        seen = inner.seen
        self.seen.within |= (seen.changes | seen.sets | seen.within) - local
        self.seen.calls_within |= (seen.calls | seen.calls_within) - local


def _root(node: ast.AST) -> str | None:
    """`x` of `x`, `x.a`, `x[0]`, `x.f().a` and `x()`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_misplaced(call: ast.Call) -> bool:
    """Whether this is `%%time` further down in a cell than on its first line."""
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and str(first.value).startswith("%")


def _bound_in(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """Names that are local to a function: its parameters, and what it binds without `global`."""
    named = [n for n in ast.walk(node) if isinstance(n, ast.Global)]
    stored = {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    parameters = {n.arg for n in ast.walk(node.args) if isinstance(n, ast.arg)}
    return (stored | parameters) - {name for n in named for name in n.names}
