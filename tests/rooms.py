"""How much room a notebook's assertions have to their bounds: `watch(file)` in its first cell.

From then on every comparison in an `assert` (<, <=, >, >=, also within all(...) and chains) notes
how far its two sides are apart, a line of JSON each. What the assertions do stays as it was.
"""

import ast
import json
import operator

SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
NOTE = "_note_room"


def watch(path: str) -> None:
    """Note the comparisons of all cells to come in a file."""
    from IPython import get_ipython

    shell = get_ipython()
    shell.user_ns[NOTE] = noting(path)
    shell.ast_transformers.append(Watcher())


class Watcher(ast.NodeTransformer):
    """Rewrites the comparisons of each assertion as calls that note their sides."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        node.test = _Compare().visit(node.test)
        return ast.fix_missing_locations(node)


class _Compare(ast.NodeTransformer):
    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if not all(type(op) in SIGNS for op in node.ops):
            return node
        sides = ast.List([node.left, *node.comparators], ast.Load())
        signs = ast.List([ast.Constant(SIGNS[type(op)]) for op in node.ops], ast.Load())
        text = ast.Constant(ast.unparse(node))
        call = ast.Call(ast.Name(NOTE, ast.Load()), [sides, signs, text], [])
        return ast.copy_location(call, node)


def noting(path: str):
    """The function that compares, as Python does, and notes every pair of numbers."""

    def compare(sides, signs, text):
        result = True
        for left, sign, right in zip(sides, signs, sides[1:], strict=False):
            note(path, text, left, sign, right)
            result = HOLDS[sign](left, right)
            if len(signs) > 1 and not result:
                break
        return result

    return compare


def note(path: str, text: str, left, sign: str, right) -> None:
    """Write the pair that has the least room, with `room`: positive where the comparison holds.

    null where it holds for some of many numbers, which are counted then.
    """
    import numpy as np

    try:
        a, b = np.broadcast_arrays(np.asarray(left, float), np.asarray(right, float))
    except (TypeError, ValueError):
        return  # no numbers: lists, sets, texts
    if not a.size:
        return
    room = (b - a if sign.startswith("<") else a - b).ravel()
    least = int(np.argmin(room))
    a, b = float(a.ravel()[least]), float(b.ravel()[least])
    counted = room.size > 1 and room[least] < 0  # (x > 0).sum() >= 8: no bound for each
    line = {"text": text, "left": a, "right": b, "room": None if counted else float(room[least])}
    with open(path, "a", encoding="utf-8") as file:
        print(json.dumps(line), file=file)
