"""The wheel carries all it needs: in an environment that has only what it asks for, a lab runs."""

import os
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from making import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytest.importorskip("hatchling", reason="the test extra is not installed")
from test_setup import PROJECT, built_wheel  # noqa: E402

RUN = """
import importlib
import pkgutil
import sys
import nbformat
from nbclient import NotebookClient
import labkit
from labkit import paths
for module in pkgutil.walk_packages(labkit.__path__, "labkit."):
    if module.name != "labkit.__main__":
        importlib.import_module(module.name)
lab = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(lab, timeout=600, kernel_name="python3").execute()
print(sum(cell.cell_type == "code" for cell in lab.cells), "cells")
print(labkit.__file__, paths.notebooks_dir(), paths.data_dir(), sep="\\n")
"""


def needed(requirements):
    """The installed distributions that requirements ask for, and what those ask for, and so on."""
    found, waiting = {}, [(Requirement(text), "") for text in requirements]
    seen = set()
    while waiting:
        need, extra = waiting.pop()
        if need.marker and not need.marker.evaluate({"extra": extra}):
            continue
        for extra in {"", *need.extras}:
            key = canonicalize_name(need.name), extra
            if key not in seen:
                seen.add(key)
                found[key[0]] = metadata.distribution(need.name)
                asked = found[key[0]].requires or []
                waiting += [(Requirement(text), extra) for text in asked]
    return found


def environment(folder, distributions):
    """A Python that has these distributions, as links to where they are, and no other."""
    venv.create(folder, symlinks=os.name != "nt")
    places = next(folder.glob("lib/python*/site-packages"))
    for distribution in distributions:
        tops = {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}
        for top in tops:
            if not (places / top).exists():
                (places / top).symlink_to(distribution.locate_file(top).resolve())
    return folder / "bin" / "python"


def run(*command, folder):
    """What a command prints, run as one who has no checkout."""
    here = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    ran = subprocess.run(
        [str(part) for part in command], cwd=folder, env=here, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_wheel_runs_a_lab_where_nothing_else_is_installed(tmp_path):
    wheel = built_wheel(tmp_path / "source")
    python = environment(tmp_path / "env", needed(PROJECT["dependencies"]).values())
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run(*pip, "install", "--no-index", wheel, folder=tmp_path)  # fails if it asks for more
    labkit = python.with_name("labkit")
    run(labkit, "start", "--no-launch", "--edition=solution", "--dir=mine", folder=tmp_path)
    names = sorted(path.name for path in (tmp_path / "mine").glob("*.ipynb"))
    assert names == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    said = run(python, "-I", "-c", RUN, tmp_path / "mine" / "00_start_here.ipynb", folder=tmp_path)
    cells, *places = said.splitlines()
    assert int(cells.split()[0]) > 5
    inside = (tmp_path / "env").resolve()
    assert all(inside in Path(place).resolve().parents for place in places), places
    assert "pytest" not in run(*pip, "list", folder=tmp_path)
