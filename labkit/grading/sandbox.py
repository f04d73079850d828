"""How far the system keeps a submission's process apart: tried once, and said.

On Linux with `unshare` and `setpriv` (util-linux) and user namespaces, a submission has no
network, sees no other process (unless mounting /proc is forbidden), and can write nowhere but in
its own folder in memory. Elsewhere
Python's own sockets are closed, which stops a mistake, not an attack.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PYTHON = [sys.executable, "-P", "-B"]
_UNSHARE = ["--user", "--map-root-user", "--net", "--mount", "--ipc", "--pid", "--fork"]
_TRIAL = """
import os, pathlib, socket, sys
assert all(name == "lo" for _, name in socket.if_nameindex())
folder = pathlib.Path(sys.argv[1])
(folder / "inside").write_text("x")
open(os.devnull, "w").close()
try:
    pathlib.Path(sys.argv[2], "outside").write_text("x")
except OSError:
    print("apart", [int(name) for name in os.listdir("/proc") if name.isdigit()] == [os.getpid()])
"""


@dataclass(frozen=True)
class Sandbox:
    """A way to start processes; `apart` if the system itself keeps them in.

    alone: they see no other process either, which a system may forbid (a container, mostly).
    """

    apart: bool
    alone: bool = True

    def command(self, folder: Path, arguments: list[str], *, size: int) -> list[str]:
        """Command that runs Python with `arguments`, whose files lie in `folder` (size: bytes)."""
        if not self.apart:
            return [*PYTHON, *arguments]
        confine = [*PYTHON, "-m", "labkit.grading.confine", str(folder), str(size)]
        unshare = [shutil.which("unshare") or "unshare", *_UNSHARE, "--kill-child"]
        return [*unshare, *confine, *PYTHON, *arguments]

    def __str__(self) -> str:
        if self.apart:
            hidden = ", other processes out of sight" if self.alone else ""
            return f"without network, files written in memory only{hidden}"
        return (
            "Warning: this system does not keep submissions apart (no Linux user namespaces). "
            "Python's sockets are closed, but hostile code finds ways out, and can write wherever "
            "you can: check only work of people you trust, or in a container or virtual machine"
        )


def best_sandbox() -> Sandbox:
    """The strictest sandbox that works here, found by trying it."""
    said = _tried(Sandbox(apart=True))
    return Sandbox(apart=said[:1] == ["apart"], alone=said[1:] == ["True"])


def _tried(sandbox: Sandbox) -> list[str]:
    """What a program says that does in the sandbox as submissions do; nothing if it cannot."""
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return []
    with tempfile.TemporaryDirectory() as outside:
        inside = Path(outside, "inside")
        inside.mkdir()
        trial = ["-c", _TRIAL, str(inside), outside]
        command = sandbox.command(inside, trial, size=1_000_000)
        try:
            ran = subprocess.run(command, capture_output=True, timeout=60, text=True)
        except (OSError, subprocess.SubprocessError):
            return []
    return ran.stdout.split() if ran.returncode == 0 else []
