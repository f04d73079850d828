"""Fixtures shared by the tests, and lines they have for the end of the report."""

import sys

import nbformat
import pytest
from making import tiny_lab


@pytest.fixture
def tell(request):
    """Function that takes a line to print after all tests: a time, where a picture lies."""
    return lambda line: request.node.user_properties.append(("tell", line))


def pytest_terminal_summary(terminalreporter):
    reports = [report for some in terminalreporter.stats.values() for report in some]
    ended = [report for report in reports if getattr(report, "when", None) == "teardown"]
    lines = [line for r in ended for name, line in r.user_properties if name == "tell"]
    if lines:
        terminalreporter.section("measured")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def numbers_as_always():
    """Random numbers without a seed of their own are the same in every run of a test."""
    for module, seed in (("random", "seed"), ("numpy.random", "seed"), ("torch", "manual_seed")):
        if module in sys.modules:  # not imported for this
            getattr(sys.modules[module], seed)(0)


@pytest.fixture(autouse=True)
def no_figures_left():
    """Close what a test drew; pyplot is not imported for this."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def labs(tmp_path, monkeypatch):
    """A folder of two tiny labs and a picture that labkit takes for its own notebooks."""
    folder = tmp_path / "notebooks"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "cat.png").write_bytes(b"a picture")
    nbformat.write(tiny_lab(title="Start"), folder / "00_start_here.ipynb")
    nbformat.write(tiny_lab(title="Derivative"), folder / "01_derivative.ipynb")
    for module in ("editions", "copies"):
        monkeypatch.setattr(f"labkit.course.{module}.notebooks_dir", lambda: folder)
    return folder
