"""`labkit check` as an ordinary user, also where the tests are run by root."""

import os
import shutil
import site
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from classroom import answered, handed_out, solved, write
from making import ROOT

NOBODY = 65534
DROP = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
DROP += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


@pytest.fixture
def shared():
    """A folder that every user can read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def ordinary(folder):
    """A command that runs this Python's packages as an ordinary user."""
    if os.name == "nt" or os.geteuid() != 0:
        return [sys.executable]
    python = system_python()
    if not (python and shutil.which("setpriv")):
        pytest.skip("run by root, and no other user can start a Python of this version")
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    places = next((folder / "env").glob("lib/*/site-packages"))
    (places / "labkit.pth").write_text("\n".join([str(ROOT), *site.getsitepackages()]))
    command = [*DROP, str(folder / "env" / "bin" / "python")]
    if subprocess.run([*command, "-P", "-c", "import labkit, torch"], cwd="/").returncode:
        pytest.skip("run by root, and no other user can read this checkout or its packages")
    return command


def system_python():
    """A Python of this version outside root's home."""
    version = "{}.{}".format(*sys.version_info[:2])
    places = os.environ["PATH"].split(os.pathsep) + ["/usr/bin", "/usr/local/bin"]
    found = (shutil.which(f"python{version}", path=place) for place in places)
    return next((path for path in found if path and can_start(path)), None)


def can_start(python):
    ran = subprocess.run([*DROP, python, "-c", "import venv"], capture_output=True)
    return ran.returncode == 0


@pytest.mark.slow
def test_an_ordinary_user_gets_the_verdicts_that_jupyter_shows(shared):
    write(shared, "class/ada.ipynb", solved("00"))
    write(shared, "class/ben.ipynb", handed_out("00"))
    write(shared, "class/cem.ipynb", answered("00", "mirrored", "return image.flip(1)"))
    command = [*ordinary(shared), "-P", "-m", "labkit", "check", str(shared / "class")]
    environment = {**os.environ, "HOME": str(shared / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
    rows = [line.split() for line in ran.stdout.splitlines() if ".ipynb" in line]
    results = {row[0]: " ".join(row[3:5]) for row in rows}
    assert results["ada.ipynb"] == "done", ran.stdout + ran.stderr
    assert results["ben.ipynb"] == "not done"
    assert results["cem.ipynb"].startswith("wrong")


FORKED = """
import pathlib, tempfile
from labkit.grading import limits, sandbox, warm
best = sandbox.best_sandbox()
if best.apart:
    with warm.warmed(best, limits.Limits()) as made, tempfile.TemporaryFile() as errors:
        ran = made.start(pathlib.Path("."), ["-c", "print(6 * 7)"], size=1000, errors=errors)
        print(type(ran).__name__, ran.stdout.read().decode().strip(), ran.wait(10))
else:
    print("not apart")
"""


@pytest.mark.slow
def test_an_ordinary_users_workers_are_forked_too(shared):
    command = [*ordinary(shared), "-P", "-c", FORKED]
    environment = {**os.environ, "HOME": str(shared / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
    assert ran.stdout.split() in (["Forked", "42", "0"], ["not", "apart"]), ran.stderr
