"""Which cells of a notebook lead to others: they bind or change a name that these use, and so on.

A lab runs whole by nbval. In the browser its widgets are what counts, so there `make test` leaves
out what no widget, exercise or check needs; `make test LAB=03` runs the student edition whole.
"""

import ast

from labkit.grading.slices import statements

_ALWAYS = {"widget", "exercise", "check", "raises-exception"}  # tags
IMPORTS = ast.Import | ast.ImportFrom
_SHOWN = ("widgets.", ".widget()", "predict(", "FileUpload(")  # what stands in the page


def lead_to_widgets(notebook):
    """Ids of the code cells that a reader works with, and of all that they need."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    wanted = {cell.id for cell in cells if _is_worked_with(cell)}
    return needed_by(wanted, cells)


def _is_worked_with(cell):
    tagged = _ALWAYS & set(cell.metadata.get("tags", []))
    return bool(tagged) or any(text in cell.source for text in _SHOWN)


def needed_by(wanted, cells):
    """Ids of these cells and of those above that bind or change what they use."""
    found, _ = statements([cell.source for cell in cells])
    imported = set().union(*(s.binds for s in found if isinstance(s.node, IMPORTS)))
    kept, names = set(), set()
    for number, cell in reversed(list(enumerate(cells))):
        here = [s for s in found if s.cell == number]
        if cell.id in wanted or any(names & _changed(s, imported) for s in here):
            kept.add(cell.id)
            names |= set().union(*(s.uses for s in here))
    return kept


def _changed(statement, imported):
    """What a statement binds or may change: also what is handed to a call that keeps no result."""
    if isinstance(statement.node, IMPORTS):
        return statement.binds
    calls = [n.value for n in ast.walk(statement.node) if isinstance(n, ast.Expr)]
    named = {n.id for call in calls if not _draws(call) for n in ast.walk(call) if _is_name(n)}
    return statement.binds | statement.effects.sets | (named - imported)


def _draws(call):
    """Whether this only shows something, such as plot.grid(...)."""
    names = [node.id for node in ast.walk(getattr(call, "func", call)) if _is_name(node)]
    return names[:1] in (["plot"], ["plt"], ["print"])


def _is_name(node):
    return isinstance(node, ast.Name)
