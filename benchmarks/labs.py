"""Each lab from its first to its last cell, as the kernel of a student runs it.

Wall seconds of all cells of the student edition and of the longest one, medians of RUNS runs, the
labs in turn; and the share of the wall seconds that was spent inside torch's kernels, from a
further run with torch's profiler on. There is no peer. All labs take about an hour.
"""

import re
import sys
import time

import nbformat
from nbclient import NotebookClient

from benchmarks.measure import median, picture, result, table
from labkit import editions

RUNS = 5
WATCH = """\
import time as _time
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
        events = self.profile.function_events
        self.inside += sum(event.self_cpu_time_total for event in events) / 1e6


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
    rows = []
    for path, notebook in labs.items():
        total, longest = (median([part(run) for run in runs[path]]) for part in (sum, max))
        slowest = max(map(sum, runs[path]))
        rows.append((path.stem, total, slowest, longest, share(notebook, path.parent)))
    table(["lab", "all cells, s", "slowest run, s", "longest cell, s", "inside torch"], rows)
    bars = {lab: total for lab, total, *_ in rows}
    picture("labs", {f"student edition, all cells, median of {RUNS} runs": bars}, unit="seconds")
    for lab, total, *_ in rows:
        number = lab.partition("_")[0]
        result(f"labs-{number}", total, 180 if number == "07" else 90)


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
