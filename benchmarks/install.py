"""What it takes to install labkit, beside what such a course needs anyway.

uv installs labkit, as it comes and without extras, and torch, torchvision, jupyterlab and
matplotlib alone; both in the versions of constraints.txt, into an environment of their own, with
an empty cache, from whatever index this machine is set up for, in turn. Wall seconds, since a
person waits: downloads and building labkit are in them, but not bytecode: as after `make lab`,
Python writes it at the first start, of what is imported then. There are ROUNDS rounds, not five: 3
GB come down the line each time. The table's seconds are medians, and change with the line. MB are
those on the disk, the environment's without the cache and the bytecode. This is the usual torch, as
`make lab` has it; on Linux it brings libraries for GPUs. Goal: at most 1.15 times both.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import median, picture, ratio, result, table

ROOT = Path(__file__).parents[1]
ROUNDS = 3
WITHOUT = "torch, torchvision, jupyterlab, matplotlib"
WHAT = {"labkit": [str(ROOT)], WITHOUT: WITHOUT.split(", ")}


def main() -> None:
    """Measure both."""
    spent = {name: [] for name in WHAT}
    for number in range(ROUNDS):
        for name in [*WHAT] if number % 2 == 0 else [*reversed(WHAT)]:
            spent[name].append(installed(WHAT[name]))
    times, sizes = ({n: [run[i] for run in runs] for n, runs in spent.items()} for i in (0, 1))
    packages = {name: runs[0][2] for name, runs in spent.items()}
    rows = [(n, packages[n], median(sizes[n]), median(times[n])) for n in WHAT]
    table(["what", "packages", "MB", "seconds"], rows)
    by_size, by_time = (ratio(found, "labkit", WITHOUT) for found in (sizes, times))
    shown = {"MB": {n: median(sizes[n]) for n in WHAT}}
    shown["seconds from an empty cache"] = {n: median(times[n]) for n in WHAT}
    picture("install", shown, unit="MB, seconds")
    result("install-size", by_size, 1.15)
    result("install-time", by_time, 1.15)


def installed(what: list[str]) -> tuple[float, float, int]:
    """Install into a new environment; wall seconds, MB, how many packages."""
    with tempfile.TemporaryDirectory() as folder:
        place, uv = Path(folder, "environment"), [sys.executable, "-m", "uv"]
        environment = {**os.environ, "UV_CACHE_DIR": str(Path(folder, "cache"))}
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, place], check=True)
        before = megabytes(place)
        options = ["-q", "-c", str(ROOT / "constraints.txt")]
        command = [*uv, "pip", "install", "--python", str(place), *options, *what]
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True)
        seconds = time.perf_counter() - start
        packages = len(list(place.glob("**/site-packages/*.dist-info")))
        return seconds, megabytes(place) - before, packages


def megabytes(folder: Path) -> float:
    """What the files of a folder take on the disk; links are not followed."""
    sizes = (os.lstat(Path(at, name)) for at, _, names in os.walk(folder) for name in names)
    return sum(found.st_size for found in sizes) / 1e6


if __name__ == "__main__":
    main()
