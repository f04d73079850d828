"""How far the system keeps a submission's process apart: tried once, and said.

On Linux with user namespaces, a submission has no network, sees no other process (unless mounting
/proc is forbidden), and can write nowhere but in its own folder in memory (`confine`). On x86-64
and ARM it can open no socket at all (`seccomp`). Elsewhere Python's own sockets are closed, which
stops a mistake, not an attack.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PYTHON = [sys.executable, "-P", "-B"]
_PATHS = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
_KEPT_VARIABLES = (
    "LANG", "LC_ALL", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT",
    "NUMBER_OF_PROCESSORS",
)  # fmt: skip
_TRIAL = """
import mmap, os, pathlib, socket, sys

def refused(do, *given):
    try:
        do(*given)
    except OSError:
        return True
    return False

outside, network = sys.argv[1:]
assert os.readlink("/proc/self/ns/net") != network
pathlib.Path("inside").write_text("x")
open(os.devnull, "w").close()
assert refused(pathlib.Path(outside, "outside").write_text, "x")
alone = [int(name) for name in os.listdir("/proc") if name.isdigit()] == [os.getpid()]
sealed = refused(socket.socket, socket.AF_UNIX) and refused(mmap.mmap, -1, 1)
print("apart", alone, sealed)
"""


@dataclass(frozen=True)
class Sandbox:
    """A way to start processes; `apart` if the system itself keeps them in.

    alone: they see no other process either, which a system may forbid (a container, mostly).
    sealed: they cannot open sockets, also to a service's socket file, nor hide memory.
    """

    apart: bool
    alone: bool = True
    sealed: bool = True

    def command(self, folder: Path, arguments: list[str], *, size: int) -> list[str]:
        """Command that runs Python with `arguments`, whose files lie in `folder` (size: bytes)."""
        if not self.apart:
            return [*PYTHON, *arguments]
        confine = ["-m", "labkit.grading.confine", str(folder), str(size)]
        return [*PYTHON, *confine, *PYTHON, *arguments]

    def start(
        self, folder: Path, arguments: list[str], *, size: int, errors: BinaryIO
    ) -> subprocess.Popen:
        """A process that runs so, to talk to by its standard input and output."""
        return subprocess.Popen(
            self.command(folder, arguments, size=size),
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def __str__(self) -> str:
        if self.apart:
            hidden = ", other processes out of sight" if self.alone else ""
            open = "" if self.sealed else " (but for socket files, and memory can be hidden)"
            return f"without network{open}, files written in memory only{hidden}"
        return (
            "Warning: this system does not keep submissions apart (no Linux user namespaces). "
            "Python's sockets are closed, but hostile code finds ways out, and can write wherever "
            "you can: check only work of people you trust, or in a container or virtual machine"
        )


def best_sandbox() -> Sandbox:
    """The strictest sandbox that works here, found by trying it."""
    said = tried(Sandbox(apart=True).start) if sys.platform == "linux" else []
    if said[:1] != ["apart"]:
        return Sandbox(apart=False, alone=False, sealed=False)
    return Sandbox(apart=True, alone=said[1] == "True", sealed=said[2] == "True")


def environment(folder: Path) -> dict[str, str]:
    """Few variables, none that hold secrets; home and temporary files are in the folder."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    kept |= {name: _absolute(os.environ[name]) for name in _PATHS if name in os.environ}
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(folder))
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "MPLBACKEND": "agg"}
    return {**kept, **places, **threads, "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": ""}


def _absolute(paths: str) -> str:
    """Without the entries that mean something else in every folder ("" is the one at hand)."""
    return os.pathsep.join(path for path in paths.split(os.pathsep) if os.path.isabs(path))


def tried(start: Callable) -> list[str]:
    """What a program says that does as submissions do; nothing if it cannot.

    start: a sandbox's.
    """
    network = os.readlink("/proc/self/ns/net")
    trial = ["-c", _TRIAL, tempfile.gettempdir(), network]
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder, tempfile.TemporaryFile() as file:
        try:
            process = start(Path(folder), trial, size=1_000_000, errors=file)
        except OSError:
            return []
        late = threading.Timer(60, process.kill)
        late.start()
        process.stdin.close()
        with process.stdout as line:
            said = line.read().decode().split()
        code = process.wait()
        late.cancel()
    return said if code == 0 else []
