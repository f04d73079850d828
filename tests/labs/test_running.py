"""The way the labs are run by the tests, tried on notebooks of a few cells."""

import re

import nbformat
import pytest
from making import ROOT, code, notebook
from nbclient.exceptions import CellExecutionError
from running import LABS, check_nothing_solved, error_of, run_offline, time_table

from labkit.course import editions

pytestmark = pytest.mark.slow


def test_times_are_recorded_and_the_network_is_gone(tmp_path):
    made = notebook(
        code("import time\ntime.sleep(0.3)"),
        code("import urllib.request as u\nu.urlopen('http://192.0.2.1', timeout=3)",
             tags=["raises-exception"]),
        code("u.urlopen('https://example.org', timeout=3)", tags=["raises-exception"]),
        code("import os, pathlib\nprint(pathlib.Path.cwd(), os.environ.get('HTTPS_PROXY'))"),
    )  # fmt: skip
    ran = run_offline(made, tmp_path)
    assert "offline: this run may not reach '192.0.2.1'" in error_of(ran.cells[1]).evalue
    assert "offline: this run may not reach 'example.org'" in error_of(ran.cells[2]).evalue
    assert ran.cells[3].outputs[0].text == f"{tmp_path} None\n"
    assert re.match(r"tiny: \d+\.\d s in all; slowest: cell-", time_table("tiny", ran))


def test_an_error_in_an_untagged_cell_stops_the_run(tmp_path):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run_offline(notebook(code("1 / 0")), tmp_path)


def left_by_a_run(*, failed):
    """Lab 00's student edition as a run leaves it: its check says "not done yet", others fail."""
    lab = editions.make(LABS[0], "student")
    for cell in lab.cells:
        may_fail = "raises-exception" in cell.metadata.get("tags", [])
        name = "NotDone" if may_fail else "ZeroDivisionError"
        if name == "NotDone" or cell.id in failed:
            said = {"ename": name, "evalue": "mirrored: not done yet", "traceback": []}
            cell.outputs = [nbformat.v4.new_output("error", **said)]
    return lab


def test_a_run_in_which_nothing_failed_but_the_checks_passes():
    check_nothing_solved(LABS[0], left_by_a_run(failed=[]), "/somewhere/else\n")


def test_a_cell_that_failed_a_check_that_passed_and_foreign_data_are_seen():
    with pytest.raises(AssertionError):
        check_nothing_solved(LABS[0], left_by_a_run(failed=["keyhole"]), "")
    with pytest.raises(AssertionError):
        check_nothing_solved(LABS[0], editions.make(LABS[0], "student"), "")
    with pytest.raises(AssertionError, match="what labkit release brings"):
        opened = str(ROOT / "data" / "gan_runs.csv")
        check_nothing_solved(LABS[0], left_by_a_run(failed=[]), opened)
