"""A sandbox whose processes need not load torch: each is forked from one that has (`forks`).

Loading takes some two seconds of a processor for each submission; a fork takes a hundredth of
that. Both ways the same function confines the process (`confine`), and the same worker runs in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from labkit.grading.limits import Limits
from labkit.grading.sandbox import PYTHON, Sandbox, environment, tried


@contextlib.contextmanager
def warmed(sandbox: Sandbox, limits: Limits) -> Iterator[Sandbox]:
    """The sandbox, with quick starts where the system keeps processes apart; else as it is."""
    if not sandbox.apart:
        yield sandbox
        return
    with Nursery(sandbox, limits) as nursery:
        yield Warm(sandbox.apart, sandbox.alone, sandbox.sealed, nursery)


@dataclass(frozen=True)
class Warm(Sandbox):
    """A sandbox that starts processes by a nursery, and as it always did if that fails."""

    nursery: Nursery | None = None

    def start(
        self, folder: Path, arguments: list[str], *, size: int, errors: BinaryIO
    ) -> subprocess.Popen | Forked:
        """A process that runs so, to talk to by its standard input and output."""
        try:
            return self.nursery.start(arguments, errors)
        except OSError:
            return super().start(folder, arguments, size=size, errors=errors)


class Nursery:
    """The process of `forks`. Use in a `with` block.

    It loads while others go on, and is tried at the first start: where what it forks is not held
    as by the sandbox given, that start and all later ones raise OSError.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits):
        self._sandbox, self._asking, self._works = sandbox, threading.Lock(), None
        self._folder = tempfile.TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(limits.start)
        with theirs:
            number, place = theirs.fileno(), self._folder.name
            given = [str(number), place, str(limits.folder)]
            self._process = subprocess.Popen(
                [*PYTHON, "-m", "labkit.grading.forks", *given],
                cwd=place,
                env=environment(Path(place)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,
            )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: Any) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def start(self, arguments: list[str], errors: BinaryIO) -> Forked:
        """A new process that runs `python *arguments`, -c or the worker; from any thread."""
        with self._asking:
            try:
                self._works = self._holds() if self._works is None else self._works
                if not self._works:
                    raise OSError("processes cannot be forked here, or are not held as they should")
                return self._forked(arguments, errors)
            except OSError:
                self._works = False
                raise

    def _holds(self) -> bool:
        """Whether what it forks is held as a process that the sandbox starts."""
        if self._line.recv(100) != b"ready":
            return False
        said = tried(lambda _, arguments, **options: self._forked(arguments, options["errors"]))
        return said == ["apart", str(self._sandbox.alone), str(self._sandbox.sealed)]

    def _forked(self, arguments: list[str], errors: BinaryIO) -> Forked:
        (its_input, told), (heard, its_output), (status, its_status) = (os.pipe() for _ in range(3))
        theirs = [its_input, its_output, errors.fileno(), its_status]
        try:
            socket.send_fds(self._line, [json.dumps(arguments).encode()], theirs)
            number = self._line.recv(100)
            if not number:
                raise OSError("the process that forks others has ended")
            return Forked(int(number), told, heard, status)
        except OSError:
            for file in (told, heard, status):
                os.close(file)
            raise
        finally:
            for file in (its_input, its_output, its_status):
                os.close(file)


class Forked:
    """What `subprocess.Popen` is for a child, for a process that another one has forked."""

    def __init__(self, pid: int, told: int, heard: int, status: int):
        self.pid, self.returncode = pid, None
        self.stdin, self.stdout = os.fdopen(told, "wb"), os.fdopen(heard, "rb")
        self._status, self._asking = status, threading.Lock()
        self._process = psutil.Process(pid)  # it is there: its parent has not buried it yet

    def poll(self) -> int | None:
        """The exit code, None as long as it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises subprocess.TimeoutExpired if it runs after so many seconds."""
        with self._asking:
            if self.returncode is None:
                if not connection.wait([self._status], timeout):
                    raise subprocess.TimeoutExpired("a worker", timeout)
                code = os.read(self._status, 100)
                os.close(self._status)
                self.returncode = int(code) if code else -signal.SIGKILL  # it could not say
        return self.returncode

    def kill(self) -> None:
        """End it at once, and what it runs in its namespaces."""
        with contextlib.suppress(psutil.Error):
            self._process.kill()
