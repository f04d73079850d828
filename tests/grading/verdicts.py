"""What Jupyter and what `labkit check` make of notebooks, given as lists of cells.

`python verdicts.py jupyter` (or `labkit`): JSON of {name: cells} on stdin, of {name: whether the
check is green in the end} on stdout. A process of its own, for IPython's shell is one a process.
"""

import contextlib
import io
import json
import sys

CHECK = "check.mirrored(mirrored)"


def in_jupyter(cells):
    """Whether a run from top to bottom ends with a green line of the check."""
    from IPython.core.interactiveshell import InteractiveShell

    shell, printed = InteractiveShell.instance(), io.StringIO()
    shell.reset(new_session=False)
    shell.compile.reset_compiler_flags()  # of `from __future__`
    last = None
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        for cell in cells:
            before = len(printed.getvalue())
            shell.run_cell(cell, silent=True)
            if CHECK in cell:
                last = "✓ mirrored" in printed.getvalue()[before:]
    return last


def in_labkit(cells):
    """Whether `labkit check` says done: the steps of its worker and of its judge."""
    from labkit.grading import labs, runner, slices, submissions, worker

    made = [{"cell_type": "code", "source": cell, "metadata": {}} for cell in cells]
    read = submissions.code_cells(json.dumps({"cells": made}))
    sources = [cell["source"] for cell in read]
    found, broken = slices.statements(sources)
    lab = labs.identify(read, found, "00_start_here.ipynb", labs.released_labs())
    request = {"limits": {"seconds": 20.0}, "first": 0}
    with contextlib.redirect_stdout(io.StringIO()):
        (said,) = worker.results(lab, read, sources, found, broken, request)
    said = json.loads(json.dumps(said))
    return runner._verdict(said, lab, 0)[0] == "done"


if __name__ == "__main__":
    verdict = {"jupyter": in_jupyter, "labkit": in_labkit}[sys.argv[1]]
    asked, screen = json.load(sys.stdin), sys.stdout
    print(json.dumps({name: verdict(cells) for name, cells in asked.items()}), file=screen)
