"""The way the labs are run by the tests, tried on notebooks of a few cells."""

import re

import pytest
from making import code, notebook
from nbclient.exceptions import CellExecutionError
from running import error_of, run_offline, time_table

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
