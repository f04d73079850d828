"""Inside fresh Linux namespaces: make every file read-only but one folder, then run a program.

Run as `unshare ... python -m labkit.grading.confine FOLDER BYTES PROGRAM ...`. FOLDER becomes an
empty folder in memory of at most so many bytes. Devices (but /dev/null and the like) and the
folders where programs leave sockets and pipes are out of sight. The program starts without any
right to undo this: `setpriv` drops all capabilities for good, and `seccomp`, where the system has
it, refuses what would give others. Anything else that fails ends this with an error, before the
program starts.
"""

from __future__ import annotations

import ctypes
import os
import sys

from labkit.grading.seccomp import refuse_system_calls

_MOUNT_SETATTR = 442  # the same number on every architecture
_HERE, _RECURSIVE = -100, 0x8000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _BIND, _MOVE = 1, 2, 4, 4096, 8192
_DEVICES = ("null", "full", "random", "urandom")  # not zero, which can be shared memory
_MOST_FILES = 10_000  # empty ones take memory, too
_SOCKETS_LIE_IN = ("/run", "/tmp", "/var/tmp")

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user")]


def main(folder: str, size: str, *program: str) -> None:
    """Confine this process and replace it by the program."""
    _libc.mount(b"proc", b"/proc", b"proc", 0, None)  # may be forbidden; then it stays as it was
    _few_devices(folder)
    for place in _SOCKETS_LIE_IN:
        if os.path.isdir(place) and not _is_needed(place):
            _mount("tmpfs", place, kind="tmpfs", options="size=1m")
    os.makedirs(folder, exist_ok=True)
    _set_flags("/", set=_READ_ONLY | _NO_DEVICES)
    for name in _DEVICES:
        _set_flags(f"/dev/{name}", clear=_NO_DEVICES)
    options = f"size={int(size)},mode=700,nr_inodes={_MOST_FILES}"
    _mount("tmpfs", folder, kind="tmpfs", options=options)
    os.chdir(folder)
    refuse_system_calls()
    drop = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]
    os.execvp(drop[0], [*drop, *program])


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
