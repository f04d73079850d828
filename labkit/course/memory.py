"""What a cell no longer needs goes back to the system: on Linux the C library would keep it.

glibc keeps freed blocks of up to 32 MB for later, scattered between those in use. After a lab that
can be half of what a kernel takes, which neighbours on a shared machine could have used.
"""

import ctypes
import sys


def give_back(*_) -> None:
    """Give memory that was freed back to the system: some milliseconds. Nothing outside glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)


def give_back_after_each_cell() -> None:
    """Call `give_back` after each cell of the notebook that runs here, if one does."""
    ipython = sys.modules.get("IPython")  # not imported for this: a script has none
    shell = ipython.get_ipython() if ipython else None
    if shell and give_back not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", give_back)
