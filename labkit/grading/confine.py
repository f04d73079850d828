"""Linux namespaces of one's own, in which every file is read-only but those of one folder.

`run` calls a function there, in a process that can reach nothing else: no network, no other
process, no device but /dev/null and the like, none of the folders where programs leave sockets
and pipes. It has no right to undo this: it drops all capabilities for good, and `seccomp`, where
the system has it, refuses what would give others. Anything else that fails ends it with an error,
before the function is called.

`python -m labkit.grading.confine FOLDER BYTES PROGRAM ...` starts a program so. Namespaces are
made as `unshare --map-root-user --kill-child` does, capabilities dropped as by `setpriv`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable

from labkit.grading.seccomp import refuse_system_calls

_NAMESPACES = 0x10000000 | 0x40000000 | 0x00020000 | 0x08000000 | 0x20000000
"""Of users, network, mounts, ipc, processes: flags of unshare(2)."""
_DIE_WITH_PARENT, _DROP, _NO_NEW_RIGHTS = 1, 24, 38  # of prctl(2)
_CAPABILITIES_VERSION = 0x20080522
_MOUNT_SETATTR, _CLOSE_RANGE = 442, 436  # the same numbers on every architecture
_HERE, _RECURSIVE = -100, 0x8000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _BIND, _MOVE = 1, 2, 4, 4096, 8192
_PRIVATE_BELOW = 0x40000 | 16384
_DEVICES = ("null", "full", "random", "urandom")  # not zero, which can be shared memory
_MOST_FILES = 10_000  # empty ones take memory, too
_SOCKETS_LIE_IN = ("/run", "/tmp", "/var/tmp")

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user")]


def main(folder: str, size: str, *program: str) -> None:
    """Run a program, confined, and end as it ends."""
    code = run(lambda: os.execvp(program[0], program), folder, int(size))
    if code < 0:
        with contextlib.suppress(OSError):  # SIGKILL can't be caught anyway
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def run(function: Callable[[], object], folder: str, size: int) -> int:
    """Exit code of a process that calls the function, confined; -9 if it was killed, and so on.

    folder: becomes an empty folder in memory of at most `size` bytes, and the one at hand. Of open
    files the process has the first three only. It dies with the process that called this, which
    then has namespaces of its own, too.
    """
    _make_namespaces()
    alive, held = os.pipe()
    pid = os.fork()
    if pid:
        os.close(alive)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        os.close(held)
        die_with_parent()
        if select.select([alive], [], [], 0)[0]:  # it has died already
            os._exit(1)
        os.setsid()  # signals to its group reach nobody else
        _close_files_from(3)
        _confine(folder, size)
        function()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def die_with_parent() -> None:
    """Have the kernel kill this process once the one that forked it has ended."""
    _check(_libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0), "prctl")


def _close_files_from(first: int) -> None:
    numbers = ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF)
    _check(_libc.syscall(ctypes.c_long(_CLOSE_RANGE), *numbers, ctypes.c_uint(0)), "close_range")


def _make_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(_NAMESPACES), "unshare")
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {user} 1"),
        ("gid_map", f"0 {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(content)
    _mount("", "/", flags=_PRIVATE_BELOW, safe=False)


def _confine(folder: str, size: int) -> None:
    _libc.mount(b"proc", b"/proc", b"proc", 0, None)  # may be forbidden; then it stays as it was
    _few_devices(folder)
    for place in _SOCKETS_LIE_IN:
        if os.path.isdir(place) and not _is_needed(place):
            _mount("tmpfs", place, kind="tmpfs", options="size=1m")
    os.makedirs(folder, exist_ok=True)
    _set_flags("/", set=_READ_ONLY | _NO_DEVICES)
    for name in _DEVICES:
        _set_flags(f"/dev/{name}", clear=_NO_DEVICES)
    options = f"size={size},mode=700,nr_inodes={_MOST_FILES}"
    _mount("tmpfs", folder, kind="tmpfs", options=options)
    os.chdir(folder)
    _drop_capabilities()
    refuse_system_calls()


def _drop_capabilities() -> None:
    """All, for good: also programs that this process starts get none."""
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for number in range(last + 1):
        _check(_libc.prctl(_DROP, number, 0, 0, 0), "prctl")
    version = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)  # of this process
    _check(_libc.capset(version, (ctypes.c_uint32 * 6)()), "capset")
    _check(_libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0), "prctl")


def _few_devices(folder: str) -> None:
    """A /dev of nothing but harmless devices, put together in `folder`.

    Mode 755: where a folder is sticky and writable for all, Linux refuses to open the devices of
    another owner (root) for writing by `open(path, "w")`.
    """
    _mount("tmpfs", folder, kind="tmpfs", options="size=1m,mode=755")
    for name in _DEVICES:
        place = os.path.join(folder, name)
        open(place, "w").close()
        _mount(f"/dev/{name}", place, flags=_BIND, safe=False)
    _mount(folder, "/dev", flags=_MOVE, safe=False)


def _is_needed(place: str) -> bool:
    """Whether Python or labkit lie in a folder."""
    paths = [sys.prefix, sys.base_prefix, sys.executable, __file__, *sys.path]
    return any(os.path.realpath(p).startswith(os.path.realpath(place) + "/") for p in paths if p)


def _mount(
    source: str, target: str, *, kind: str = "", flags: int = 0, options: str = "", safe=True
) -> None:
    flags |= _NO_SUID | _NO_DEVICES if safe else 0
    names = [os.fsencode(text) if text else None for text in (source, target, kind)]
    done = _libc.mount(*names, ctypes.c_ulong(flags), options.encode() or None)
    _check(done, f"mount {target}")


def _set_flags(place: str, *, set: int = 0, clear: int = 0) -> None:
    """Of the mount at a place and of all below it."""
    attributes = _Attributes(set=set, clear=clear)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_HERE),
        ctypes.c_char_p(os.fsencode(place)),
        ctypes.c_uint(_RECURSIVE),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    _check(result, f"mount_setattr {place}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
