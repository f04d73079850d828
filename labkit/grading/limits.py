"""What a submission may use, and the limits a process sets on itself before it runs one."""

from __future__ import annotations

import os
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows
    resource = None


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Bytes and seconds; processes are those at one time."""

    seconds: float = 20.0  # of one exercise
    start: float = 120.0  # seconds to start up, which is labkit's own time
    memory: int = 2_000_000_000  # beyond what torch takes when it is loaded
    file: int = 50_000_000
    folder: int = 100_000_000  # all files together, where the system can hold them apart
    processes: int = 16
    output: int = 16_000_000  # of results; what is printed is thrown away
    values: int = 100_000  # in the results, a tensor being one


def limit_this_process(limits: Limits) -> None:
    """Set the operating system's limits for this process and its children, as far as it has any."""
    if resource is None:
        return
    _set("RLIMIT_CORE", 0)
    _set("RLIMIT_FSIZE", limits.file)
    _set("RLIMIT_NOFILE", 256)
    _set("RLIMIT_CPU", int(limits.seconds * 10 + limits.start))  # also for what ran away
    _set("RLIMIT_NPROC", _threads_of_this_user() + limits.processes)
    taken = _address_space()
    if taken:
        _set("RLIMIT_AS", taken + limits.memory)


def _set(name: str, value: int) -> None:
    which = getattr(resource, name, None)
    if which is None:
        return
    try:
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    except (ValueError, OSError):  # macOS knows some names that it does not set
        pass


def _address_space() -> int:
    """Bytes of address space this process has, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0


def _threads_of_this_user() -> int:
    import psutil

    count, me = 0, os.getuid()
    for process in psutil.process_iter():
        try:
            if process.uids().real == me:
                count += process.num_threads()
        except psutil.Error:
            count += 1
    return count
