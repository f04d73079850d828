"""How long until one can work: importing the package, and the first figure of lab 01.

Each in a fresh process, in turn; wall seconds, since a person waits.
"""

import subprocess
import sys
import time

from benchmarks.measure import interleaved, picture, ratios, result, times_table

STATEMENTS = {
    "torch": "import torch",
    "torchvision": "import torchvision",
    "labkit": "import labkit",
    "labkit, what lab 01 imports": "from labkit import data, explain, hooks, models, plot, widgets",
    "labkit, lab 01's first figure": (
        "from labkit import data, models, plot; import io;"
        "axes = plot.image(data.load_photo('cat', size=224), title='cat');"
        "axes.figure.savefig(io.BytesIO())"
    ),
    "torch and matplotlib": "import torch; from matplotlib import pyplot",
    "d2l": "from d2l import torch",
    "fastai": "from fastai.vision.all import *",
}


def main() -> None:
    """Measure each that is installed."""
    calls = {name: fresh(code) for name, code in STATEMENTS.items() if works(name, code)}
    times = interleaved(calls, rounds=5, clock=time.perf_counter)
    times_table(times, to="torch", unit="s")
    print(
        "The first figure needs torch and matplotlib, and these two alone take more than the goal:"
        " it cannot be had.\nThe peers' rows import and draw nothing.\n"
    )
    by = ratios(times, "torch")
    picture("import", {"a fresh process": by}, unit="times import torch", goal=1.15)
    result("import", by["labkit"], 1.15)
    result("import-lab-01", by["labkit, what lab 01 imports"], 1.15)
    result("import-first-figure", by["labkit, lab 01's first figure"], 1.15)


def fresh(code: str):
    """A call that runs the code in a process of its own."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def works(name: str, code: str) -> bool:
    """Whether the code runs here; says so if not."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    if done.returncode:
        print(f"{name} is not installed here: pip install -e '.[bench]'")
    return done.returncode == 0


if __name__ == "__main__":
    main()
