"""What it costs to check a class: labkit check, nbgrader autograde, otter-grader.

CPU seconds a submission, those of all child processes included, in a class of CLASS copies of a
solved notebook; labs 00 and 06. All get the same notebook, without the lab's demos: the peers run
every cell, labkit what the exercises need. labkit checks the class, each submission held apart
from the network and the disk. The peers run submissions unprotected, one after the other; they are
given one and none, and a class is reckoned from that: a start, and CLASS times the difference.

otter is called as its `otter.api` says, without a container (`otter grade` starts one for each
submission, and needs Docker). It asks for an older wrapt than fastai's spacy, so it is installed
apart, and borrows the other packages from here. Goal: a tenth of the cheaper peer's CPU seconds.
"""

import ctypes
import os
import resource
import site
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbformat

from benchmarks.measure import Times, cheapest, interleaved, median, picture, ratio, result, table

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "grading"), str(ROOT / "tests")]

import classroom  # noqa: E402  a student's notebook
import test_nbgrader as course  # noqa: E402  a course of nbgrader's

CLASS, ROUNDS, LABS = 20, 5, ["00", "06"]
OTTER = "otter-grader==7.0.0"
OTTER_TEST = """\
OK_FORMAT = False
from otter.test_files import test_case
name, points = {name!r}, 1

@test_case()
def test(env):
    exec({source!r}, env)
"""
OTTER_GRADES = """\
import sys
from otter.api import grade_submission
for path in sys.argv[2:]:
    graded = grade_submission(path, sys.argv[1], quiet=True)
    assert graded.total == graded.possible > 0, graded.summary()
"""
NONE = ", no submission"
SUBREAPER = 36  # prctl(2)


def main() -> None:
    """Measure both labs."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)  # for those of `cpu_seconds`
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    shown, rows = {}, []
    with tempfile.TemporaryDirectory() as folder:
        otter = otter_python(Path(folder))
        for lab in LABS:
            calls = calls_of(lab, Path(folder, lab), otter)
            times = interleaved(calls, rounds=ROUNDS, warmup=0, clock=cpu_seconds)
            times = a_submission(times)
            best = cheapest(times, but=["labkit"])
            medians = {name: median(spent) for name, spent in times.items()}
            rows += [(lab, name, m, ratio(times, name, "labkit")) for name, m in medians.items()]
            shown[f"lab {lab}, a class of {CLASS}"] = medians
            result(f"check-{lab}", ratio(times, "labkit", best), 0.1)
    table(["lab", "what", "CPU s a submission", "x labkit"], rows)
    picture("check", shown, unit="CPU seconds a submission")


def cpu_seconds() -> float:
    """CPU seconds of all processes that were started from here and have ended."""
    while True:
        try:
            os.wait()  # those that outlived the process that started them
        except ChildProcessError:
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            return spent.ru_utime + spent.ru_stime


def a_submission(times: Times) -> Times:
    """Seconds a submission in a class of CLASS, from those of a class, or of one and of none."""
    found = {"labkit": [t / CLASS for t in times["labkit"]]}
    for name in (name for name in times if name + NONE in times):
        pairs = zip(times[name], times[name + NONE], strict=True)
        found[name] = [one - none + none / CLASS for one, none in pairs]
    return found


def calls_of(lab: str, folder: Path, otter: str | None) -> dict[str, Callable]:
    """{name: call}, after the folders of each are made."""
    _, name = course.course_of(folder, lab)
    handed_in = course.filled(nbformat.read(folder / "release" / "lab" / name, as_version=4), lab)
    for number in range(CLASS):
        classroom.write(folder, f"class/{number:02}/{name}", handed_in)
    classroom.write(folder, f"submitted/ada/lab/{name}", handed_in)
    patient = [f"--ExecutePreprocessor.{what}timeout=600" for what in ("", "iopub_")]
    autograde = ["autograde", "lab", "--create", f"--course-dir={folder}", *patient]
    calls = {
        "labkit": partial(labkit, folder / "class"),
        "nbgrader": partial(nbgrader, folder, [*autograde, "--force"]),
        f"nbgrader{NONE}": partial(nbgrader, folder, autograde),  # all are graded already
    }
    if otter:
        grade = otter_call(otter, handed_in, folder, name)
        calls |= {"otter": partial(run, [*grade, folder / "otter" / name])}
        calls |= {f"otter{NONE}": partial(run, grade)}
    return calls


def labkit(folder: Path) -> None:
    """Check a class that has done everything."""
    run([sys.executable, "-P", "-m", "labkit", "check", folder])  # fails unless all are done


def nbgrader(folder: Path, command: list[str]) -> None:
    """Autograde, and see that the one who handed in has all points."""
    from nbgrader.api import Gradebook

    course.run(*command, folder=folder)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        (ada,) = book.assignment_submissions("lab")
        assert ada.score == ada.max_score > 0, f"{ada.score} of {ada.max_score} points"


def otter_call(python: str, handed_in: nbformat.NotebookNode, folder: Path, name: str) -> list:
    """The command that grades the notebooks whose paths follow, with labkit's checks as tests."""
    classroom.write(folder, f"otter/{name}", classroom.without(handed_in, "check"))
    for number, cell in enumerate(handed_in.cells):
        if "check" in cell.metadata.get("tags", []):
            test = OTTER_TEST.format(name=f"check_{number}", source=cell.source)
            classroom.write(folder, f"tests/check_{number}.py", test)
    alone = ["--no-config", "--no-requirements", "--no-environment"]
    made = [*alone, "-t", folder / "tests", "-o", folder / "autograder.zip"]
    run([python, "-m", "otter", "generate", *made])
    return [python, "-c", OTTER_GRADES, folder / "autograder.zip"]


def otter_python(folder: Path) -> str | None:
    """Python of an environment with otter and this one's packages; None if it cannot be had."""
    place = folder / "otter"
    uv, python = [sys.executable, "-m", "uv"], str(place / "bin" / "python")
    try:
        run([*uv, "venv", "--python", sys.executable, place])
        run([*uv, "pip", "install", "--python", python, OTTER])
    except subprocess.CalledProcessError as error:
        print(f"{OTTER} cannot be installed: {error.stderr.decode()[-300:]}")
        return None
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    return python


def run(command: list) -> None:
    """Run a command; fails if it does."""
    subprocess.run(command, check=True, capture_output=True, cwd=tempfile.gettempdir())


if __name__ == "__main__":
    main()
