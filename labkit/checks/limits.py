"""A time limit for code that a student wrote, within the notebook's own process.

On POSIX in the main thread a repeating alarm signal interrupts Python code (also one that
swallows the first exception); elsewhere, as on Windows, a thread does so by
`_thread.interrupt_main`. A loop inside one C call cannot be stopped this way by anything but a
process of its own.
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TimeIsUp(BaseException):
    """Not an Exception, so that the student's own `except Exception` does not swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp if the block takes longer; no limit off the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        yield from _by_alarm(seconds)
    else:
        yield from _by_interrupt(seconds)


def _by_alarm(seconds: float) -> Iterator[None]:
    over = False

    def ring(signum: int, frame: object) -> None:
        if not over:
            raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)  # again and again, until it gets through
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _by_interrupt(seconds: float) -> Iterator[None]:
    rang = over = False
    ended = threading.Event()

    def interrupted(signum: int, frame: object) -> None:
        if rang and not over:
            raise TimeIsUp
        if not over and callable(before):  # the student's own
            before(signum, frame)

    def ring() -> None:
        nonlocal rang
        wait = seconds
        while not ended.wait(wait):
            rang, wait = True, 0.2  # again and again, until it gets through
            _thread.interrupt_main()

    before = signal.signal(signal.SIGINT, interrupted)  # interrupt_main needs a handler
    thread = threading.Thread(target=ring, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over = True
        ended.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
