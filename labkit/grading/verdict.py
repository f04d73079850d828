"""Runs the release's check cell on a function, or on the record of one, and says how it went."""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from labkit.checks import CheckFailed, NotDone
from labkit.checks.core import _state_kept as state_kept
from labkit.grading.limits import Limits

DONE, WRONG, NOT_DONE, NOT_CHECKED = "done", "wrong", "not done", "not checked"
NOT_ALLOWED = (
    "while it is checked, a submission has no network, no shared memory, and no files but its own "
    "new ones"
)


class Verdict(NamedTuple):
    """ "done", "wrong", "not done" or "not checked", and the first line of what the check says."""

    state: str
    message: str = ""


def judge(check: str, name: str, answer: Any, *, module: str | None) -> Verdict:
    """Run the source of a check cell with `answer` under the exercise's name.

    module: where the lab's checks are. The random state is the same for every call.
    """
    space: dict[str, Any] = {"__name__": "__main__", name: answer}
    if module:
        space["check"] = importlib.import_module(module)
    try:
        with _quiet(), state_kept():
            _seed()
            exec(compile(check, "labkit's check", "exec"), space)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _of_error(error, name)
    return Verdict(DONE)


def first_line(text: str, most: int = 300) -> str:
    """A text's first line with something in it, without control characters, at most so long."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text[: 10 * most])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = "".join(c for c in lines[0] if c.isprintable()) if lines else ""
    return line if len(line) <= most else line[: most - 3] + "..."


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with open(os.devnull, "w") as nowhere:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            yield


def _of_error(error: BaseException, name: str) -> Verdict:
    message = first_line(_said(error))
    if isinstance(error, NotDone | NotImplementedError):
        return Verdict(NOT_DONE)
    if isinstance(error, CheckFailed) and _of_forks(error):  # root knows no such limit
        most = Limits().processes
        return Verdict(WRONG, f"stopped: it started more than {most} processes")
    if isinstance(error, CheckFailed) and of_system(error):
        return Verdict(NOT_CHECKED, f"{first_line(message, 180)}; {NOT_ALLOWED}")
    if isinstance(error, CheckFailed):
        return Verdict(WRONG, message)
    if isinstance(error, AssertionError):
        return Verdict(WRONG, message or f"{name} does not do what its check asserts")
    state = NOT_CHECKED if of_system(error) or isinstance(error, MemoryError) else WRONG
    return Verdict(state, f"the check stopped with {type(error).__name__}: {message}")


def of_system(error: BaseException | None) -> bool:
    """Whether it comes from what the system refused, which Jupyter might have been allowed."""
    return _system_error(error) is not None


def _of_forks(error: BaseException) -> bool:
    """Whether it comes from a process too many: what the system then says to fork()."""
    return isinstance(_system_error(error), BlockingIOError)


def _system_error(error: BaseException | None) -> OSError | None:
    """The system's error that led to this one, if one did."""
    for _ in range(20):
        if error is None or isinstance(error, OSError):
            return error
        error = error.__context__
    return None


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _seed() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
