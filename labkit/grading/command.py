"""`labkit check`: from paths to a printed table, a CSV file and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tqdm import tqdm

from labkit.grading import journal, labs, runner, submissions, table
from labkit.grading.limits import Limits
from labkit.grading.outlet import Outlet
from labkit.grading.sandbox import Sandbox, best_sandbox
from labkit.grading.warm import warmed


def check_paths(
    paths: list[str],
    *,
    csv: str | None = None,
    seconds: float = Limits.seconds,
    jobs: int | None = None,
    outlet: Outlet | None = None,
    shard: tuple[int, int] = (1, 1),
) -> int:
    """Check notebooks, folders and zip files of them; print the table and return an exit code.

    0: every exercise of every submission is done; 1: not every one; 3: something could not be
    checked, or is nobody's in the outlet's roster. csv: a file for the table, with a journal beside
    it, from which the same check goes on if it is ended; seconds: limit for one exercise; jobs: how
    many at a time, as many as cores if None; outlet: what else a teacher takes away; shard: (k, n)
    for the k-th of n parts, whose table and journal are called so. Raises FileNotFoundError for a
    path without notebooks, ValueError for what makes no sense.
    """
    if not 0 < seconds <= 3600 or (jobs is not None and jobs < 1):
        raise ValueError("--seconds must be above 0 (at most 3600), --jobs at least 1")
    number, parts = shard
    if not 1 <= number <= parts or (parts > 1 and not csv):
        raise ValueError("--shard K/N: K from 1 to N, and --csv for what the parts find")
    if parts > 1 and outlet:
        raise ValueError("--shard finds a part: ask for points and pages without it, at the end")
    if csv:
        _refuse_unfit(csv, paths)
    limits = Limits(seconds=seconds)
    with warmed(best_sandbox(), limits) as sandbox:
        found = submissions.find(paths)[number - 1 :: parts]
        options = {"sandbox": sandbox, "limits": limits, "jobs": jobs or cores()}
        released = labs.released_labs()
        if not csv:
            rows = _checked(found, released, **options)
        else:
            whole = Path(csv).resolve()
            part = journal.part_of(whole, number, parts) if parts > 1 else whole
            keys = journal.keys_of(found, released, limits)
            with journal.Journal(part, keys, journals=journal.journals_of(whole)) as kept:
                rows = _checked(found, released, known=kept.found, tell=kept.add, **options)
                kept.finish(rows)  # first: whatever the screen makes of the names, it is there
    print(table.as_text(rows), flush=True)
    if outlet:
        said, all_known = outlet.write(rows, found, released)
        print(said, flush=True)
        return exit_code(rows) if all_known else 3
    return exit_code(rows)


def _refuse_unfit(csv: str, paths: list[str]) -> None:
    """Raise ValueError where no table can be written, or a journal may be a student's."""
    place = Path(csv).resolve()
    if place.suffix == submissions.SUFFIX or not place.parent.is_dir():
        raise ValueError(f"--csv {csv}: name a file for the table, in a folder that is there")
    if place.exists() and not place.is_file():
        raise ValueError(f"--csv {csv}: this is no ordinary file")
    folders = {Path(path).resolve() for path in paths if os.path.isdir(path)}
    for there in journal.journals_of(place):
        if folders & {*there.parents}:
            raise ValueError(
                f"{there} lies among the submissions, where a student may have put it: move the "
                "table and its journal to another folder, or delete the journal"
            )


def _checked(
    found: list[submissions.Submission],
    released: list[labs.Lab],
    *,
    sandbox: Sandbox,
    known: Mapping = MappingProxyType({}),
    tell: Callable = lambda submission, rows: None,
    **options: Any,
) -> list[table.Row]:
    """Rows of the submissions; says how they are held, and how many are through."""
    print(f"Each submission in a process of its own; {sandbox}.", file=sys.stderr, flush=True)
    if known:
        print(f"{len(known)} of {len(found)} are known from before.", file=sys.stderr, flush=True)
    with tqdm(total=len(found), initial=len(known), unit="submission", disable=None) as bar:

        def through(submission: submissions.Submission, rows: list[table.Row]) -> None:
            tell(submission, rows)
            bar.update()

        return runner.check(found, released, sandbox=sandbox, known=known, tell=through, **options)


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
