"""Each lab from its first to its last cell, as the kernel of a student runs it.

Wall seconds of all cells of the student edition and of the longest one, medians of RUNS runs, the
labs in turn; and the share of the wall seconds that was spent inside torch's kernels, from a
further run with torch's profiler on. There is no peer. All 21 labs take an hour and a half;
what each run took is said as it ends.
"""

import re
import sys
import time

import nbformat
from nbclient import NotebookClient

from benchmarks.measure import median, picture, result, table
from labkit.course import editions

RUNS = 3
WATCH = """\
import os as _os
import time as _time

_os.environ["KINETO_LOG_LEVEL"] = "99"
from torch.autograd import profiler as _profiler


class _Watch:
    inside = wall = 0.0
    profile = None

    def begin(self, *_):
        self.profile = _profiler.profile().__enter__()
        self.start = _time.perf_counter()

    def end(self, *_):
        if self.profile is None:  # the cell that this stands in
            return
        self.wall += _time.perf_counter() - self.start
        self.profile.__exit__(None, None, None)
        events = self.profile.kineto_results.events()
        self.inside += _covered(
            (e.start_thread_id(), e.start_ns(), e.end_ns()) for e in events if "::" in e.name()
        )
        self.profile = None


def _covered(spans):
    seconds, thread, until = 0.0, None, 0
    for who, start, end in sorted(spans):
        if who != thread:
            thread, until = who, 0
        if end > until:  # the rest is inside another operation
            seconds += (end - max(start, until)) / 1e9
            until = end
    return seconds


_watch = _Watch()
get_ipython().events.register("pre_run_cell", _watch.begin)
get_ipython().events.register("post_run_cell", _watch.end)
"""
SAY = 'print(f"share {_watch.inside / _watch.wall:.3f}")'


def main(names: list[str]) -> None:
    """Run the labs named, or all."""
    paths = [editions.find_lab(name) for name in names] if names else editions.lab_paths()
    labs = {path: editions.make(path, "student") for path in paths}
    runs = {path: [] for path in paths}
    for _ in range(RUNS):
        for path, notebook in labs.items():
            runs[path].append(seconds(notebook, path.parent))
            print(path.stem, f"{sum(runs[path][-1]):.1f} s", file=sys.stderr, flush=True)
    shares = {path: share(notebook, path.parent) for path, notebook in labs.items()}
    report([(path.stem, *_summary(runs[path]), shares[path]) for path in paths])


def _summary(runs: list[list[float]]) -> tuple[float, float, float]:
    """Seconds of all cells, median and slowest run, and of the longest cell."""
    totals = [sum(run) for run in runs]
    return median(totals), max(totals), median([max(run) for run in runs])


def report(rows: list[tuple]) -> None:
    """The table, the picture, and the results."""
    table(["lab", "all cells, s", "slowest run, s", "longest cell, s", "inside torch"], rows)
    bars = {lab: total for lab, total, *_ in rows}
    picture("labs", {f"student edition, all cells, median of {RUNS} runs": bars}, unit="seconds")
    for lab, total, *_ in rows:
        number = lab.partition("_")[0]
        result(f"labs-{number}", total, 180 if number in ("07", "08") else 90)


def seconds(notebook: nbformat.NotebookNode, folder) -> list[float]:
    """Run the cells one by one; wall seconds of each."""
    client, spent = _client(notebook, folder), []
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            start = time.perf_counter()
            client.execute_cell(cell, index)
            spent.append(time.perf_counter() - start)
    return spent


def share(notebook: nbformat.NotebookNode, folder) -> float:
    """Part of the seconds that was spent inside torch's kernels; nan if it cannot be had."""
    code = nbformat.v4.new_code_cell
    measured = nbformat.v4.new_notebook(metadata=notebook.metadata)
    measured.cells = [code(WATCH), *notebook.cells, code(SAY)]
    _client(measured, folder).execute()
    said = "".join(output.get("text", "") for output in measured.cells[-1].outputs)
    found = re.search(r"share ([\d.]+)", said)
    return float(found[1]) if found else float("nan")


def _client(notebook: nbformat.NotebookNode, folder) -> NotebookClient:
    where = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=900, resources=where)


if __name__ == "__main__":
    main(sys.argv[1:])
