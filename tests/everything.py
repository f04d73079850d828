"""All tests, in three parts and on all cores: `make test`, or `make test LAB=03` for one lab.

unit tests: everything that needs neither a whole lab nor a browser. notebooks: the solution edition
of each lab, cell by cell, by nbval, and what its prose quotes. real browser: the student edition of
each lab, Run All and its widgets, in JupyterLab and Chromium; of one lab whole, of all labs what
their widgets, exercises and checks need. At the end stands how long each part took.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import prose
import psutil
from making import ROOT

import labkit
from labkit.course.browser import find_browser

WAITS = ["--nbval-cell-timeout=900", "--nbval-kernel-startup-timeout=300"]
NBVAL = ["--nbval-lax", "--nbval-current-env", *WAITS, "-p", "leaving"]
# Wings that every lab uses: their tests concern none in particular.
COMMON = {"checks", "course", "data", "images", "nets", "plot", "render", "widgets"}
GIB = 2**30


def main(lab: str = "") -> int:
    """Run all parts, say what each took; 0 if none failed."""
    names = labs_named(lab)
    if not names:
        print(f"no lab {lab!r} in notebooks/: LAB=03, for instance")
        return 2
    took = {}
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        parts = {"unit tests": units(lab, names), "notebooks": solutions(names, Path(folder))}
        if browser():
            parts["real browser"] = in_browser(lab, names)
        for part, command in parts.items():
            print(f"\n=== {part}\n", flush=True)
            start = time.monotonic()
            ran = subprocess.run(command, cwd=ROOT, env=environment(part, lab))
            took[part] = time.monotonic() - start, ran.returncode
    print("\n" + summary(took, cores=os.cpu_count() or 1, at_once=workers()))
    return max(code for _, code in took.values())


def labs_named(lab: str) -> list[str]:
    """Names of the labs whose number or name begins so; all for ""."""
    names = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    return [n for n in names if not lab or lab in (n, n.split("_")[0])]


def units(lab: str, names: list[str]) -> list[str]:
    """What is tested without a browser: of one lab its checks, widgets, form and topics."""
    if not lab:
        return pytest("-m", "not browser")
    about = sorted({topic for name in names for topic in topics(name)})
    keys = [*(f"lab{name.split('_')[0]}_" for name in names), *names, *about]
    places = ["tests/labs", *(f"tests/{topic}" for topic in about)]
    return pytest("-m", "not browser", "-k", " or ".join(keys), *places)


def topics(name: str) -> list[str]:
    """Wings that a lab imports and not every lab does, such as siamese for lab 06."""
    lab = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in lab.cells if cell.cell_type == "code")
    lines = re.findall(r"^from labkit.* import (?:\([^)]*\)|.*)", code, flags=re.MULTILINE)
    found = set()
    for node in (ast.parse(line).body[0] for line in lines):
        inside = node.module.split(".")[1:2]
        found |= set(inside or [alias.name for alias in node.names])
    found = {labkit._WING.get(name, name) for name in found}
    return sorted(t for t in found - COMMON if (ROOT / "tests" / t).is_dir())


def solutions(names: list[str], folder: Path) -> list[str]:
    """The labs by nbval, each by one process: copies that also check their prose.

    What passed is kept for `make site`: see site/leaving.py.
    """
    last_first = reversed(prose.write_checked(names, folder))  # later labs take longer
    paths = (str(path.relative_to(ROOT)) for path in last_first)
    return pytest(*NBVAL, *paths, share="loadfile")


def in_browser(lab: str, names: list[str]) -> list[str]:
    """The tests in a real browser, or those of one lab."""
    return pytest("-m", "browser", *(["-k", " or ".join(names)] if lab else []), "tests/browser")


def pytest(*arguments: str, share: str = "worksteal") -> list[str]:
    """A pytest command on several cores."""
    spread = ["-n", str(workers()), "--dist", share, "--no-loadscope-reorder"]
    spread = spread if workers() > 1 else []
    return [sys.executable, "-m", "pytest", "-q", *spread, *arguments]


def workers() -> int:
    """Processes side by side: one a core, each with 4 GB of memory, 8 at most."""
    room = psutil.virtual_memory().available // (4 * GIB)
    return max(1, min(os.cpu_count() or 1, room, 8))


def environment(part: str, lab: str = "") -> dict[str, str]:
    """Threads that wait leave the core to others; where processes share cores, each has one thread.

    Other numbers of threads are tried by `make elsewhere`. Notebooks run offline. Hundreds of
    processes import the same modules, so they keep the bytecode, whatever the machine says.
    """
    here = {"OMP_WAIT_POLICY": "passive", **os.environ}
    here.pop("PYTHONDONTWRITEBYTECODE", None)
    if workers() > 1:
        here.setdefault("OMP_NUM_THREADS", "1")
    if part == "real browser" and not lab:
        here["LABKIT_TEST_WIDGETS"] = "1"  # see leading.py; the notebooks ran whole already
    if part == "notebooks":
        paths = [str(ROOT / "tests" / "offline"), str(ROOT / "site"), here.get("PYTHONPATH", "")]
        here["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return here


def browser() -> bool:
    """Whether there is a browser; where not, one is downloaded if that is possible."""
    if find_browser() or os.environ.get("CI"):
        return True  # in continuous integration its tests fail without one
    print(
        "No Chromium or Chrome here: trying `playwright install chromium`, a download.", flush=True
    )
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    done = subprocess.run(command, capture_output=True)
    if done.returncode == 0 and find_browser():
        return True
    print("It cannot be had: the browser tests are skipped. Install Chromium or Chrome for them.")
    return False


def summary(took: dict[str, tuple[float, int]], *, cores: int, at_once: int) -> str:
    """A line a part: minutes and whether it passed."""
    lines = [f"=== {at_once} at once on {cores} cores"]
    lines += [
        f"{part:14} {seconds // 60:3.0f}:{seconds % 60:02.0f}  {'FAILED' if code else 'passed'}"
        for part, (seconds, code) in took.items()
    ]
    whole = sum(seconds for seconds, _ in took.values())
    return "\n".join([*lines, f"{'all':14} {whole // 60:3.0f}:{whole % 60:02.0f}"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
