"""The process that has loaded what every worker needs, and forks one for each submission.

`python -m labkit.grading.forks LINE FOLDER BYTES`, started by `warm`. It never runs a submission
itself, nor does it hear of one: a worker is forked before it is told what to do, so no submission
can change what the next one meets. What a worker writes into memory is its own (copy on write).

On the socket LINE it says "ready", then answers each message with the number of a new process. A
message is the JSON of Python's arguments, with four files: what becomes the standard input,
output and errors, and where to write the exit code. When LINE ends, it ends, and all with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import socket
import sys
import traceback

from labkit.grading import confine


def main(line: str, folder: str, size: str) -> None:
    """Serve the line until it ends."""
    _load()
    with socket.socket(fileno=int(line)) as connection:
        connection.sendall(b"ready")
        while True:
            message, files, _, _ = socket.recv_fds(connection, 1_000_000, 4)
            _bury()
            if not message:
                return
            own = os.getpid()
            process = os.fork()
            if process == 0:
                _serve(json.loads(message), files, own, folder, int(size))
            for file in files:
                os.close(file)
            connection.sendall(str(process).encode())


def _load() -> None:
    """Import what takes long. Raises RuntimeError if threads were started: forks lack them."""
    import IPython.core.inputtransformer2  # noqa: F401  reads cells
    import psutil  # noqa: F401
    import torch

    import labkit.checks
    import labkit.grading.record
    import labkit.grading.verdict
    import labkit.grading.worker  # noqa: F401

    for module in pkgutil.iter_modules(labkit.checks.__path__, "labkit.checks."):
        with contextlib.suppress(Exception):  # whoever needs it will tell
            importlib.import_module(module.name)
    torch.set_num_threads(1)
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a library has started threads: this process cannot be forked")
    gc.collect()
    gc.freeze()


def _bury() -> None:
    """Let the numbers of processes that have ended be used again."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(arguments: list[str], files: list[int], parent: int, folder: str, size: int) -> None:
    """In the fork: start a confined process, wait for it, write its exit code; never returns."""
    *streams, status = files
    try:
        confine.die_with_parent()
        if os.getppid() != parent:  # it has died already
            return
        for number, file in enumerate(streams):
            os.dup2(file, number)
        code = confine.run(lambda: _run(arguments), folder, size)
        os.write(status, str(code).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _run(arguments: list[str]) -> None:
    """As Python runs these arguments: -c and a program's text, or the worker's module."""
    import numpy as np
    import torch

    from labkit.grading import worker

    np.random.seed()  # numbers of its own, as in every process; Python's `random` sees to it
    torch.default_generator.seed()
    option, program, *sys.argv[1:] = arguments
    if option == "-c":
        exec(program, {"__name__": "__main__"})
        sys.stdout.flush()
    else:
        worker.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
