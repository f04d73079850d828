"""The process that a submission runs in: `python -m labkit.grading.worker`, a request on stdin.

It reads the notebook's text from the request, never a file of it; runs, exercise by exercise, the
statements that the exercise needs and the release's check cell; and writes a line of JSON for
each to what was its standard output. Whatever the submission prints goes nowhere.
"""

from __future__ import annotations

import ast
import builtins
import json
import linecache
import os
import sys
from collections.abc import Callable
from typing import Any

from labkit.grading.labs import Exercise, Lab, identify
from labkit.grading.limits import Limits, limit_this_process
from labkit.grading.slices import Statement, needed, statements
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
    send(lab=lab.name, notes=[_note(exercise, cells) for exercise in lab.exercises])
    _get_ready(lab, request)
    send(ready=True)
    for number in range(request["first"], len(lab.exercises)):
        exercise = lab.exercises[number]
        home = _home(exercise, cells)
        problem = broken.get(home) if home is not None else None
        statement_list = needed(found, exercise.name, cell=home)
        result = _run(exercise, lab, statement_list, sources, problem, request)
        send(exercise=number, **result)


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
) -> dict:
    """Verdict on one exercise here, and the record for the judge."""
    from labkit.checks.limits import TimeIsUp, time_limit
    from labkit.grading.record import recorder
    from labkit.grading.verdict import NOT_ALLOWED, NOT_CHECKED, NOT_DONE, WRONG, first_line, judge

    if not chosen:
        state = WRONG if problem else NOT_DONE
        return {"state": state, "message": problem or f"no function {exercise.name} in it"}
    space: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    space["display"] = lambda *args, **options: None
    try:
        with time_limit(request["limits"]["seconds"] * 0.8):
            error = _execute(chosen, sources, space)
    except TimeIsUp:
        error = "its cell did not finish: is there a loop that never ends?"
    unlucky = NOT_CHECKED if NOT_ALLOWED in (error or "") else WRONG
    if exercise.name not in space:
        return {"state": unlucky, "message": first_line(error or "its function is not defined")}
    notes: list[dict] = []
    answer = recorder(space[exercise.name], notes)
    try:
        verdict = judge(exercise.check, exercise.name, answer, module=lab.module)
    except BaseException as stop:
        return {"state": WRONG, "message": f"stopped with {type(stop).__name__}"}
    if (verdict.state, unlucky) == (WRONG, NOT_CHECKED):
        return {"state": NOT_CHECKED, "message": first_line(error)}
    return {"state": verdict.state, "message": verdict.message, "record": notes}


def _execute(chosen: list[Statement], sources: list[str], space: dict) -> str | None:
    """Run the statements; what one raises is kept, and the others still run."""
    from labkit.grading.verdict import NOT_ALLOWED, of_system

    said = None
    for statement in chosen:
        name = f"<cell {statement.cell + 1}>"
        text = sources[statement.cell]
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        try:
            code = compile(ast.Module([statement.node], []), name, "exec")
            exec(code, space)
        except NotImplementedError:
            continue
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            said = f"its cell stopped with {type(error).__name__}: {_text(error)[:150]}"
            said += f"; {NOT_ALLOWED}" * of_system(error)
    return said


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _home(exercise: Exercise, cells: list[dict[str, str]]) -> int | None:
    numbers = [i for i, c in enumerate(cells) if exercise.cell in (c["id"], c["grade_id"])]
    return numbers[0] if numbers else None


def _note(exercise: Exercise, cells: list[dict[str, str]]) -> str:
    """What became of the check cell that was handed out."""
    found = [c for c in cells if exercise.check_cell in (c["id"], c["grade_id"])]
    if not found:
        return "check cell deleted"
    same = any(c["source"].strip() == exercise.handed_out.strip() for c in found)
    return "" if same else "check cell edited"


if __name__ == "__main__":
    main()
    os._exit(0)  # not waiting for threads that a submission left
