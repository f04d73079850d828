"""The process that a submission runs in: `python -m labkit.grading.worker`, a request on stdin.

It reads the notebook's text from the request, never a file of it; runs, exercise by exercise, the
statements that the exercise needs and the release's check cell; and writes a line of JSON for
each to what was its standard output. Whatever the submission prints goes nowhere.
"""

from __future__ import annotations
import __future__

import ast
import asyncio
import builtins
import inspect
import json
import linecache
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from labkit.grading.labs import Exercise, Lab, digest, identify
from labkit.grading.limits import Limits, limit_this_process
from labkit.grading.slices import Statement, as_python, end_of, needed, statements
from labkit.grading.submissions import NotANotebook, code_cells

Send = Callable[..., None]


def main() -> None:
    """Serve the one request."""
    request = json.loads(sys.stdin.buffer.read())
    send = _channel(request["token"])
    sys.setrecursionlimit(1000)
    try:
        cells = code_cells(request["notebook"])
    except NotANotebook as problem:
        return send(problem=str(problem))
    sources = [cell["source"] for cell in cells]
    found, broken = statements(sources)
    lab = identify(cells, found, request["file"], [Lab.from_json(x) for x in request["labs"]])
    if lab is None:
        return send(problem="this is none of the labs")
    send(lab=lab.name, notes=[_notes(exercise, cells, found) for exercise in lab.exercises])
    _get_ready(lab, request)
    send(ready=True)
    for result in results(lab, cells, sources, found, broken, request):
        send(**result)


def results(
    lab: Lab,
    cells: list[dict[str, str]],
    sources: list[str],
    found: list[Statement],
    broken: dict[int, str],
    request: dict,
) -> Iterator[dict]:
    """What to send of each exercise from the first one asked for.

    Where the notebook does more than define what the exercise needs, all that was not handed out
    is run, as from top to bottom; if that cannot be done here, what the exercise needs must do.
    """
    given = {number for number, source in enumerate(sources) if digest(source) in lab.given}
    for number in range(request["first"], len(lab.exercises)):
        exercise = lab.exercises[number]
        home, until = _home(exercise, cells), _number(exercise.check_cell, cells)
        problem = broken.get(home) if home is not None else None
        where = {"cell": home, "until": until, "given": given}
        chosen = needed(found, exercise.name, **where)
        if not chosen and any(exercise.name in s.binds for s in found):
            problem = f"{exercise.name} is only defined below its check"
        everything = needed(found, exercise.name, **where, all_of_theirs=True)
        result = None
        if any(_does_more(s) for s in everything if s not in chosen):
            result = _run(exercise, lab, everything, sources, None, request, whole=True)
        result = result or _run(exercise, lab, chosen, sources, problem, request)
        yield {"exercise": number, **result}


def _channel(token: str) -> Send:
    """Function that sends a message; standard input, output and errors now lead nowhere."""
    line = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)

    def send(**message: Any) -> None:
        data = f"{token} {json.dumps(message)}\n".encode()
        while data:
            data = data[os.write(line, data) :]

    return send


def _get_ready(lab: Lab, request: dict) -> None:
    """Load what takes long, close the network if asked, set the limits."""
    import importlib

    import torch

    import labkit.grading.record  # noqa: F401
    import labkit.grading.verdict  # noqa: F401

    if lab.module:
        importlib.import_module(lab.module)
    torch.set_num_threads(1)
    if not request["apart"]:
        _close_sockets()
    limit_this_process(Limits(**request["limits"]))


def _close_sockets() -> None:
    import socket

    def refuse(*args: Any, **options: Any) -> None:
        raise OSError("a submission has no network while it is checked")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        setattr(socket, name, refuse)


def _run(
    exercise: Exercise,
    lab: Lab,
    chosen: list[Statement],
    sources: list[str],
    problem: str | None,
    request: dict,
    *,
    whole: bool = False,
) -> dict | None:
    """Verdict on one exercise here, and the record for the judge.

    whole: `chosen` is all that a run from top to bottom would run; None then if it cannot run here
    (it takes long, or wants what a submission may not have), or does not define the function.
    """
    import torch

    from labkit.checks.limits import TimeIsUp, time_limit
    from labkit.grading.record import recorder
    from labkit.grading.verdict import NOT_ALLOWED, NOT_CHECKED, NOT_DONE, WRONG, first_line, judge

    if not chosen:
        state = WRONG if problem else NOT_DONE
        return {"state": state, "message": problem or f"no function {exercise.name} in it"}
    space = _namespace()
    try:
        with time_limit(request["limits"]["seconds"] * (0.3 if whole else 0.5)):
            error = _execute(chosen, sources, space)
    except TimeIsUp:
        error = "its cell did not finish: is there a loop that never ends?"
        if whole:
            return None
    unlucky = NOT_CHECKED if NOT_ALLOWED in (error or "") else WRONG
    if whole and (unlucky == NOT_CHECKED or exercise.name not in space):
        return None
    if exercise.name not in space:
        return {"state": unlucky, "message": first_line(error or "its function is not defined")}
    torch.set_default_dtype(torch.float32)  # the judge's, whatever the notebook set
    notes: list[dict] = []
    answer = recorder(space[exercise.name], notes)
    try:
        verdict = judge(exercise.check, exercise.name, answer, module=lab.module)
    except BaseException as stop:
        return {"state": WRONG, "message": f"stopped with {type(stop).__name__}"}
    if (verdict.state, unlucky) == (WRONG, NOT_CHECKED):
        return {"state": NOT_CHECKED, "message": first_line(error)}
    return {"state": verdict.state, "message": verdict.message, "record": notes}


def _does_more(statement: Statement) -> bool:
    """Whether it may do what is not seen in it, unlike a definition, an import, a picture."""
    node, shows = statement.node, statement.effects.shows
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return bool(node.decorator_list or getattr(node, "bases", []))
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not (shows or text or isinstance(node, ast.Import | ast.ImportFrom | ast.Pass))


def _namespace() -> dict[str, Any]:
    """Names that a notebook has from the start."""
    space: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}

    def get_ipython() -> Any:
        """For `%time` within a function: made when it is asked for, and then in its own place."""
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        InteractiveShell.clear_instance()
        config = Config(HistoryManager={"enabled": False})
        return InteractiveShell.instance(user_ns=space, config=config)

    space["get_ipython"] = get_ipython
    space["display"] = lambda *args, **options: None
    return space


def _execute(chosen: list[Statement], sources: list[str], space: dict) -> str | None:
    """Run the statements; one that raises ends its cell, and what it says is kept."""
    from labkit.grading.verdict import NOT_ALLOWED, of_system

    said, ended, flags = None, set(), ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for statement in chosen:
        if statement.cell in ended:
            continue
        flags |= _future(statement.node)
        name = f"<cell {statement.cell + 1}>"
        text = as_python(sources[statement.cell])
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        try:
            module = ast.Module([statement.node], [])
            code = compile(module, name, "exec", flags=flags, dont_inherit=True)
            if code.co_flags & inspect.CO_COROUTINE:
                with asyncio.Runner(loop_factory=_Loop) as runner:
                    runner.run(eval(code, space))
            else:
                exec(code, space)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            ended.add(statement.cell)
            if not isinstance(error, NotImplementedError):
                said = f"its cell stopped with {type(error).__name__}: {_text(error)[:150]}"
                not_here = of_system(error) or isinstance(error, EOFError | MemoryError)
                said += f"; {NOT_ALLOWED}" * not_here
    return said


class _Loop(asyncio.SelectorEventLoop):
    """Without the pair of sockets by which threads wake it: a submission has no sockets."""

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        pass


def _future(node: ast.stmt) -> int:
    """What `from __future__ import annotations` means for all cells below."""
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return 0
    features = [getattr(__future__, alias.name, None) for alias in node.names]
    return sum(feature.compiler_flag for feature in features if feature)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _home(exercise: Exercise, cells: list[dict[str, str]]) -> int | None:
    return _number(exercise.cell, cells)


def _number(key: str, cells: list[dict[str, str]]) -> int | None:
    """Number of the first code cell of that id; None without one."""
    numbers = [i for i, c in enumerate(cells) if key in (c["id"], c["grade_id"])]
    return numbers[0] if numbers else None


def _notes(exercise: Exercise, cells: list[dict[str, str]], found: list[Statement]) -> str:
    """What became of the check cell, and of the cell to write in."""
    home, name = _home(exercise, cells), exercise.name
    end = end_of(found, name, cell=home, until=_number(exercise.check_cell, cells))
    bound = [s.cell for s in found[:end] if name in s.binds]
    notes = [_note(exercise, cells)]
    if home in bound and bound[-1] != home:
        notes.append(f"defined again below the exercise, in code cell {bound[-1] + 1}: that counts")
    if bound and any(name in s.binds for s in found[end:]):
        notes.append("defined again below its check: that does not count")
    return "; ".join(filter(None, notes))


def _note(exercise: Exercise, cells: list[dict[str, str]]) -> str:
    """What became of the check cell that was handed out."""
    found = [c["source"] for c in cells if exercise.check_cell in (c["id"], c["grade_id"])]
    call = re.compile(rf"check\.{exercise.name}\(\s*{exercise.name}\b")
    found = found or [c["source"] for c in cells if call.search(c["source"])]
    if not found:
        return "check cell deleted"
    same = any(_alike(source, exercise.handed_out) for source in found)
    return "" if same else "check cell edited"


def _alike(one: str, other: str) -> bool:
    """Whether two sources are the same but for spaces and comments."""
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return one.strip() == other.strip()


if __name__ == "__main__":
    main()
    os._exit(0)  # not waiting for threads that a submission left
