"""Threads: many small tensors are computed faster by one thread than by all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_each() -> Iterator[int]:
    """Let torch use one thread per operation inside; gives how many it used before.

    Results are then the same whatever the number of threads; it is put back at the end.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)
