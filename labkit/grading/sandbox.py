"""How far the system keeps a submission's process apart: tried once, and said.

On Linux with `unshare` and `setpriv` (util-linux) and user namespaces, a submission has no
network, sees no other process (unless mounting /proc is forbidden), and can write nowhere but in
its own folder in memory. On x86-64 and ARM it can open no socket at all (`seccomp`). Elsewhere
Python's own sockets are closed, which stops a mistake, not an attack.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PYTHON = [sys.executable, "-P", "-B"]
_UNSHARE = ["--user", "--map-root-user", "--net", "--mount", "--ipc", "--pid", "--fork"]
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
        confine = [*PYTHON, "-m", "labkit.grading.confine", str(folder), str(size)]
        unshare = [_found("unshare") or "unshare", *_UNSHARE, "--kill-child"]
        return [*unshare, *confine, *PYTHON, *arguments]

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
    said = _tried(Sandbox(apart=True))
    if said[:1] != ["apart"]:
        return Sandbox(apart=False, alone=False, sealed=False)
    return Sandbox(apart=True, alone=said[1] == "True", sealed=said[2] == "True")


def environment(folder: Path) -> dict[str, str]:
    """Few variables, none that hold secrets; home and temporary files are in the folder."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    kept |= {name: _absolute(os.environ[name]) for name in _PATHS if name in os.environ}
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(folder))
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "MPLBACKEND": "agg"}
    return {**kept, **places, **threads, "PYTHONHASHSEED": "0"}


def _absolute(paths: str) -> str:
    """Without the entries that mean something else in every folder ("" is the one at hand)."""
    return os.pathsep.join(path for path in paths.split(os.pathsep) if os.path.isabs(path))


def _found(program: str) -> str | None:
    return shutil.which(program, path=_absolute(os.environ.get("PATH", os.defpath)))


def _tried(sandbox: Sandbox) -> list[str]:
    """What a program says that does in the sandbox as submissions do; nothing if it cannot."""
    if not (_found("unshare") and _found("setpriv")):
        return []
    with tempfile.TemporaryDirectory(prefix="labkit-") as name:
        folder = Path(name)
        trial = ["-c", _TRIAL, tempfile.gettempdir(), os.readlink("/proc/self/ns/net")]
        try:
            ran = subprocess.run(
                sandbox.command(folder, trial, size=1_000_000),
                cwd=folder,
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                start_new_session=True,
                timeout=60,
                text=True,
            )
        except (OSError, subprocess.SubprocessError):
            return []
    return ran.stdout.split() if ran.returncode == 0 else []
