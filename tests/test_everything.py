"""`make test`: its three parts, one lab alone, and what it does without a browser."""

import os
import subprocess
import sys

import everything
import pytest
from making import ROOT


@pytest.fixture
def machine(monkeypatch):
    """A machine of 2 cores and enough memory, with a browser and no settings of its own."""
    monkeypatch.setattr(everything.os, "cpu_count", lambda: 2)
    memory = type("Memory", (), {"available": 2**40})
    monkeypatch.setattr(everything.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(everything, "find_browser", lambda: "/usr/bin/chromium")
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "PYTHONPATH", "CI"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def ran(machine):
    """What would be run: (command, environment) each, with the exit codes 0, 1, 0."""
    calls, codes = [], [0, 1, 0]

    def run(command, *, cwd, env):
        calls.append((command, env))
        return subprocess.CompletedProcess(command, codes[len(calls) - 1])

    machine.setattr(everything.subprocess, "run", run)
    return calls


def text(command):
    return " ".join(command[2:])


def test_all_parts_run_also_after_one_that_failed(ran, capsys):
    assert everything.main() == 1
    units, notebooks, browser = (text(command) for command, _ in ran)
    assert units == "pytest -q -n 2 --dist worksteal --no-loadscope-reorder -m not browser"
    assert "--dist loadfile --no-loadscope-reorder --nbval-lax --nbval-current-env" in notebooks
    assert " -p leaving " in notebooks, "what passed is kept for the site"
    assert notebooks.index("10_image_to_image") < notebooks.index("00_start_here")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"/{path.name}" in notebooks
    assert browser.startswith("pytest -q -n 2 --dist worksteal")
    assert browser.endswith("-m browser tests/browser")
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in said[-4:-1]] == ["passed", "FAILED", "passed"]


def test_notebooks_run_offline_and_waiting_threads_leave_the_core(ran):
    everything.main()
    here = [environment for _, environment in ran]
    assert [str(ROOT / "tests" / "offline") in e.get("PYTHONPATH", "") for e in here] == [
        False,
        True,
        False,
    ]
    assert str(ROOT / "site") in here[1]["PYTHONPATH"].split(os.pathsep), "there is leaving.py"
    assert {e["OMP_WAIT_POLICY"] for e in here} == {"passive"}
    assert [e.get("OMP_NUM_THREADS") for e in here] == ["1", "1", "1"]


@pytest.mark.parametrize("lab", ["", "06"])
def test_of_one_lab_all_cells_run_in_the_browser_of_all_labs_what_widgets_need(ran, lab):
    everything.main(lab)
    assert [e.get("LABKIT_TEST_WIDGETS") for _, e in ran] == [None, None, None if lab else "1"]


def test_bytecode_is_kept_whatever_the_machine_says(ran, machine):
    machine.setenv("PYTHONDONTWRITEBYTECODE", "1")
    everything.main()
    assert not [e for _, e in ran if "PYTHONDONTWRITEBYTECODE" in e]


def test_the_users_own_settings_hold(ran, machine):
    machine.setenv("OMP_NUM_THREADS", "3")
    machine.setenv("PYTHONPATH", "/mine")
    everything.main()
    assert {e["OMP_NUM_THREADS"] for _, e in ran} == {"3"}
    assert all(e["PYTHONPATH"].endswith("/mine") for _, e in ran)


def test_one_lab_is_its_checks_its_topic_its_notebook_and_its_page(ran):
    everything.main("06")
    units, notebooks, browser = (text(command) for command, _ in ran)
    assert units.endswith("lab06_ or 06_siamese_nets or siamese tests/labs tests/siamese")
    assert notebooks.endswith("/06_siamese_nets.ipynb") and notebooks.count(".ipynb") == 1
    assert browser.endswith("-k 06_siamese_nets tests/browser")


def test_a_number_names_one_lab_only():
    assert everything.labs_named("05") == ["05_fine_tuning_pictures"]
    assert everything.labs_named("05b") == ["05b_fine_tuning_words"]
    assert everything.topics("05b_fine_tuning_words") == ["words"]


def test_an_unknown_lab_is_said(capsys):
    assert everything.main("99") == 2
    assert "no lab '99'" in capsys.readouterr().out


@pytest.mark.parametrize("works", [True, False])
def test_without_a_browser_one_is_downloaded_or_its_tests_are_left_out(machine, capsys, works):
    found = iter([None, "/cache/chromium" if works else None])
    machine.setattr(everything, "find_browser", lambda: next(found))
    asked = []

    def run(command, **_):
        asked.append(command[1:])
        return subprocess.CompletedProcess(command, 0 if works else 1)

    machine.setattr(everything.subprocess, "run", run)
    assert everything.browser() is works
    assert asked == [["-m", "playwright", "install", "chromium"]]
    said = capsys.readouterr().out
    assert "download" in said and ("the browser tests are skipped" in said) is not works


def test_continuous_integration_does_not_go_on_without_a_browser(machine):
    machine.setenv("CI", "true")
    machine.setattr(everything, "find_browser", lambda: None)
    assert everything.browser()


def test_little_memory_means_fewer_at_once(machine):
    memory = type("Memory", (), {"available": 5 * 2**30})
    machine.setattr(everything.psutil, "virtual_memory", lambda: memory)
    assert everything.workers() == 1
    assert "-n" not in everything.pytest("-m", "browser")


def test_lines_of_tests_are_told_at_the_end_from_several_processes(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_one.py").write_text("def test_one(tell):\n    tell('it took 3 s')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "."]
    paths = f"pythonpath={ROOT / 'tests'}"
    run = subprocess.run([*command, "-o", paths], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("it took 3 s") == 1
