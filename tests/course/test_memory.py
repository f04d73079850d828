"""Memory that a cell has freed goes back to the system."""

import subprocess
import sys

import pytest

from labkit.course import memory

FREED = """
import psutil
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import labkit
{more}
shell.run_cell("blocks = [bytearray(100_000) for _ in range(2000)]")
shell.run_cell("kept = blocks[::50]")
before = psutil.Process().memory_info().rss
shell.run_cell("del blocks")
print(before - psutil.Process().memory_info().rss)
"""


def freed(more=""):
    """Bytes that the system gets back where each 50th of 2000 blocks of 100 kB is kept."""
    run = [sys.executable, "-c", FREED.format(more=more)]
    return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_what_a_cell_freed_goes_back():
    assert freed() > 150e6 > 2 * freed("shell.events.callbacks['post_run_cell'].clear()")


def test_outside_a_notebook_nothing_happens():
    memory.give_back_after_each_cell()
    memory.give_back()
