"""How the labs are run by the tests, and what must be true of a student edition that ran."""

import os
from datetime import datetime
from pathlib import Path

from making import ROOT
from nbclient import NotebookClient

from labkit.course import editions, release

OFFLINE = ROOT / "tests" / "offline"
LABS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def offline_environment(folder):
    """For a kernel that cannot leave the machine, finds no cached download and notes what it opens.

    The paths that it opens go into `opened.txt` in the folder.
    """
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(OFFLINE), str(ROOT)]),  # this labkit, installed or not
        "TORCH_HOME": str(folder / "no-cache"),
        "HF_HOME": str(folder / "no-cache"),
        "LABKIT_TEST_OPENED": str(folder / "opened.txt"),
    }


def run_offline(notebook, folder):
    """Run all cells in `folder`, without a browser."""
    client = NotebookClient(
        notebook,
        timeout=600,  # seconds a cell
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=True,
    )
    return client.execute(env=offline_environment(folder))


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def check_nothing_solved(path, notebook, opened):
    """A lab's student edition ran from top to bottom: only its checks failed, with "not done yet".

    notebook: as it was left by the run; opened: paths that the run opened, one a line.
    """
    source = editions.read(path)
    meant = {cell.id for cell in tagged(source, "raises-exception")}
    unsolved = {cell.id for cell in tagged(source, "check")} - meant
    errors = {cell.id: error for cell in notebook.cells if (error := error_of(cell))}
    assert set(errors) == unsolved | meant
    for name in unsolved:
        assert errors[name].ename == "NotDone", (name, errors[name].evalue)
        assert "not done yet" in errors[name].evalue.lower() + "".join(errors[name].traceback)
    data = {Path(x).name for x in opened.splitlines() if Path(x).parent == ROOT / "data"}
    assert data <= set(release.data_for(path.stem)), "what labkit release brings for it"


def error_of(cell):
    found = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    return found[0] if found else None


def seconds_of(cell):
    """How long a cell ran, None for one that is not code or is empty."""
    times = cell.metadata.get("execution", {})
    if not {"iopub.execute_input", "shell.execute_reply"} <= set(times):
        return None
    start, end = (times[key] for key in ("iopub.execute_input", "shell.execute_reply"))
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def time_table(name, notebook):
    """The lab's whole time and its three slowest cells, as one line."""
    times = {cell.id: seconds_of(cell) for cell in notebook.cells}
    ran = {cell: seconds for cell, seconds in times.items() if seconds is not None}
    assert len(ran) == sum(bool(c.cell_type == "code" and c.source.strip()) for c in notebook.cells)
    slow = sorted(ran.items(), key=lambda item: -item[1])[:3]
    most = ", ".join(f"{cell} {seconds:.1f} s" for cell, seconds in slow)
    return f"{name}: {sum(ran.values()):.1f} s in all; slowest: {most}"
