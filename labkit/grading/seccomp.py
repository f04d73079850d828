"""System calls that a submission's process is refused, for good: a filter in the kernel (seccomp).

No socket of any kind, also to a service of this machine that listens on a socket file; no memory
that counts for no process (memfd, shared memory); no namespaces and mounts of its own; no hold on
other processes. What is refused gives PermissionError. The filter holds for all children too.
Written as a BPF program: https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS = {  # name -> its number on x86_64, on aarch64
    "socket": (41, 198), "socketpair": (53, 199), "mmap": (9, 222), "clone": (56, 220),
    "memfd_create": (319, 279), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "bpf": (321, 280), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
}  # fmt: skip
_NEWER = {  # the same number everywhere
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "clone3": 435, "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447,
    "open_tree_attr": 467,
}  # fmt: skip
_SOME_ARE_HARMLESS = ("mmap", "clone", "clone3")

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _FOURTH = 0, 4, 16, 40  # where they lie in struct seccomp_data
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, ...USER, ...NET and the others
_SHARED, _ANONYMOUS = 0x01, 0x20
_X32 = 0x40000000  # a second set of numbers on x86_64
_SET_SECCOMP, _FILTER = 22, 2  # of prctl(2)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def refuse_system_calls() -> bool:
    """Install the filter in this process; False where this system has none.

    The process must have CAP_SYS_ADMIN in its user namespace, or no_new_privs set.
    """
    program = filter_for(platform.machine()) if sys.maxsize > 2**32 else b""
    if not program:
        return False
    stored = _Program(len(program) // 8, program)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    done = prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(stored), 0, 0)
    return done == 0


def filter_for(machine: str) -> bytes:
    """The BPF program for "x86_64" or "aarch64", 8 bytes an instruction; b"" for others."""
    if machine not in _ARCHITECTURES:
        return b""
    column = list(_ARCHITECTURES).index(machine)
    numbers = {**_NEWER, **{name: both[column] for name, both in _NUMBERS.items()}}
    program = [
        _do(_LOAD, _ARCHITECTURE),
        _do(_IF_EQUAL, _ARCHITECTURES[machine], yes=1),
        _do(_RETURN, _KILL),  # a 32-bit program, whose numbers mean something else
        _do(_LOAD, _NUMBER),
        _do(_IF_AT_LEAST, _X32, no=1),
        _refused(),
    ]
    for name, number in numbers.items():
        if name not in _SOME_ARE_HARMLESS:
            program += [_do(_IF_EQUAL, number, no=1), _refused()]
    program += [
        _do(_IF_EQUAL, numbers["clone3"], no=1),
        _refused(errno.ENOSYS),  # then the C library takes clone, whose flags can be seen
        _do(_IF_EQUAL, numbers["clone"], no=4),
        _do(_LOAD, _FIRST),
        _do(_IF_ANY_BIT, _NEW_NAMESPACES, no=1),
        _refused(),
        _do(_RETURN, _ALLOW),
        _do(_IF_EQUAL, numbers["mmap"], no=4),
        _do(_LOAD, _FOURTH),
        _do(_IF_ANY_BIT, _SHARED, no=2),
        _do(_IF_ANY_BIT, _ANONYMOUS, no=1),
        _refused(),
        _do(_RETURN, _ALLOW),
    ]
    return b"".join(program)


def _do(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; yes, no: how many to skip then."""
    return struct.pack("=HBBI", code, yes, no, value)


def _refused(number: int = errno.EPERM) -> bytes:
    return _do(_RETURN, _FAIL | number)
