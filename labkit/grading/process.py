"""A worker's process: started with a request, listened to, watched, and ended with all it began."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import subprocess
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from labkit.grading.limits import Limits
from labkit.grading.sandbox import Sandbox

_LOOK_EVERY = 0.1  # seconds
_KILL_SIGNAL = 9


class Worker:
    """One process for one submission. Use in a `with` block: at its end nothing is left of it.

    `why` says, once `message` has returned None, why there is no more to hear; `by_system` is
    whether it was ended neither by labkit nor by itself.
    """

    def __init__(self, request: dict, folder: Path, *, sandbox: Sandbox, limits: Limits):
        self.why, self.by_system, self._limits, self._seen = "", False, limits, {}
        self._token = secrets.token_hex(16)
        self._messages: queue.Queue = queue.Queue()
        self._errors = tempfile.TemporaryFile()
        worker = ["-m", "labkit.grading.worker"]
        options = {"size": limits.folder, "errors": self._errors}
        self._process = sandbox.start(folder, worker, **options)
        self._first = _found(self._process.pid)
        request = {**request, "token": self._token, "apart": sandbox.apart}
        request["limits"] = asdict(limits)
        data = json.dumps(request).encode()
        threading.Thread(target=self._tell, args=[data], daemon=True).start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: Any) -> None:
        self._end()
        self._errors.close()

    def message(self, seconds: float) -> dict | None:
        """The next message; None if the process ended or had to be ended, see `why`."""
        deadline = time.monotonic() + seconds
        while not self.why:
            try:
                message = self._messages.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                self._look(deadline, seconds)
                continue
            if isinstance(message, dict):
                return message
            self.why = message or self._how_it_ended()
        self._end()
        return None

    def _look(self, deadline: float, seconds: float) -> None:
        """Set `why` if the processes take too much, or too long."""
        family = self._family()
        taken = sum(_memory(p) for p in family)
        if len(family) > self._limits.processes:
            self.why = f"stopped: it started more than {self._limits.processes} processes"
        elif taken > self._limits.memory + 10**9 + 5 * 10**8 * len(family):
            self.why = f"stopped: it took {taken / 1e9:.1f} GB of memory"
        elif time.monotonic() > deadline:
            self.why = f"stopped: not finished after {seconds:g} s"
        elif self._process.poll() is not None:
            self._listener.join(timeout=2)  # what it said last may not have been read yet
            if self._messages.empty():
                self.why = self._how_it_ended()

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "stopped: it closed the line to labkit"
        self.by_system = code == -_KILL_SIGNAL  # the first of its namespace cannot kill itself
        if self.by_system:
            return "its process was killed from outside, as by a system that runs out of memory"
        said = self._last_error()
        return f"its process ended before the check did (exit code {code}){said}"

    def _last_error(self) -> str:
        """The last line of what was said before the submission began, as ": ..."."""
        self._errors.seek(max(self._errors.seek(0, os.SEEK_END) - 1000, 0))
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return ": " * bool(last) + last

    def _family(self) -> list[psutil.Process]:
        """All processes that come from this one; those seen once are remembered."""
        family = list(self._first)
        with contextlib.suppress(psutil.Error):
            family += [child for p in self._first for child in p.children(recursive=True)]
        self._seen.update({(p.pid, p.create_time()): p for p in family if _alive(p)})
        self._seen = {key: p for key, p in self._seen.items() if _alive(p)}
        return list(self._seen.values())

    def _end(self) -> None:
        """End every process that came from this one, also those that start meanwhile."""
        for _ in range(20):
            family = self._family()
            for process in family:
                _kill(process)
            if self._process.poll() is None:
                self._process.kill()
            if not family:
                break
            psutil.wait_procs(family, timeout=0.2)
        self._process.wait(timeout=10)

    def _tell(self, data: bytes) -> None:
        try:
            with self._process.stdin as line:
                line.write(data)
        except OSError:
            pass  # it ended before it had heard all

    def _listen(self) -> None:
        """Put messages into the queue: those with the token; "" at the end, a text if too much."""
        start = self._token.encode() + b" "
        left, values = self._limits.output, self._limits.values
        with self._process.stdout as line:
            while text := line.readline(left + 1):
                left -= len(text)
                values -= sum(map(text.count, (b",", b"[", b"{")))  # an empty list takes 60 bytes
                if left < 0 or values < 0:
                    self._messages.put("stopped: its results are too large")
                    return
                if text.startswith(start):
                    self._messages.put(_parsed(text[len(start) :]))
        self._messages.put("")


def _parsed(text: bytes) -> dict | str:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    return message if isinstance(message, dict) else "stopped: it sent nonsense"


def _found(pid: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(pid)]
    except psutil.Error:
        return []


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        pass


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
