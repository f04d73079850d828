"""`labkit check`: from paths to a printed table, a CSV file and an exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tqdm import tqdm

from labkit.grading import labs, runner, submissions, table
from labkit.grading.limits import Limits
from labkit.grading.outlet import Outlet
from labkit.grading.sandbox import best_sandbox


def check_paths(
    paths: list[str],
    *,
    csv: str | None = None,
    seconds: float = Limits.seconds,
    jobs: int | None = None,
    outlet: Outlet | None = None,
) -> int:
    """Check notebooks, folders and zip files of them; print the table and return an exit code.

    0: every exercise of every submission is done; 1: not every one; 3: something could not be
    checked, or is nobody's in the outlet's roster. csv: a file for the table; seconds: limit for
    one exercise; jobs: how many at a time, as many as cores if None. Raises FileNotFoundError for
    a path without notebooks, ValueError for numbers that make no sense.
    """
    if not 0 < seconds <= 3600 or (jobs is not None and jobs < 1):
        raise ValueError("--seconds must be above 0 (at most 3600), --jobs at least 1")
    if csv and (Path(csv).suffix == submissions.SUFFIX or not Path(csv).absolute().parent.is_dir()):
        raise ValueError(f"--csv {csv}: name a file for the table, in a folder that is there")
    found = submissions.find(paths)
    released, sandbox = labs.released_labs(), best_sandbox()
    print(f"Each submission in a process of its own; {sandbox}.", file=sys.stderr, flush=True)
    with tqdm(total=len(found), unit="submission", disable=None) as bar:
        rows = runner.check(
            found,
            released,
            sandbox=sandbox,
            limits=Limits(seconds=seconds),
            jobs=jobs or cores(),
            tell=lambda submission: bar.update(),
        )
    if csv:  # first: whatever the screen makes of the names, the table is there
        Path(csv).write_text(table.as_csv(rows), encoding="utf-8")
    print(table.as_text(rows), flush=True)
    if outlet:
        said, all_known = outlet.write(rows, found, released)
        print(said, flush=True)
        return exit_code(rows) if all_known else 3
    return exit_code(rows)


def exit_code(rows: list[table.Row]) -> int:
    """0 if all are done, 1 if some are not, 3 if some could not be checked."""
    results = {row.result for row in rows}
    if table.NOT_CHECKED in results:
        return 3
    return 0 if results <= {table.DONE} else 1


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
