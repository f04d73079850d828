"""`import labkit` is cheap, and its submodules come when they are used."""

import os
import subprocess
import sys

import pytest

import labkit

HEAVY = ["torch", "torchvision", "matplotlib", "ipywidgets", "numpy", "skimage", "PIL", "nbformat"]


def python(program):
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_importing_labkit_imports_nothing_heavy():
    program = f"import sys, labkit; print([m for m in {HEAVY} if m in sys.modules])"
    assert python(program) == "[]"


def test_a_submodule_loads_on_first_use():
    program = (
        "import sys, labkit; before = 'labkit.paths' in sys.modules; "
        "labkit.paths.notebooks_dir; print(before, 'labkit.paths' in sys.modules)"
    )
    assert python(program) == "False True"


def test_the_command_line_starts_without_torch_and_without_a_grammar_of_addresses():
    slow = ["torch", "rfc3987_syntax", "lark"]
    program = f"import sys, labkit.cli; print([m for m in {slow} if m in sys.modules])"
    assert python(program) == "[]"


def test_that_grammar_can_be_had_by_others():
    ours, theirs = "import sys, labkit.course.nodes", "import rfc3987_syntax as r"
    said = "; print(r.is_valid_syntax('iri', 'a:b'), sys.modules[r.__name__] is r)"
    assert python(f"{ours}; {theirs}{said}") == python(f"{theirs}; {ours}{said}") == "True True"


def test_a_lab_starts_without_what_only_notebook_files_need():
    program = (
        "import sys; from labkit import data, explain, hooks, models, my_predictions, plot; "
        "from labkit import predict, widgets; from labkit.checks import lab01; "
        "print([m for m in ['nbformat', 'jsonschema'] if m in sys.modules])"
    )
    assert python(program) == "[]"


def test_threads_that_wait_sleep_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    program = "import labkit, os; print(os.environ['OMP_WAIT_POLICY'])"
    assert python(program) == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert python(program) == "active"


def test_dir_lists_the_submodules():
    assert {"cli", "course", "data", "hooks", "images", "models", "nets"} <= set(dir(labkit))
    assert "__main__" not in dir(labkit)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = labkit.nonsense


@pytest.mark.parametrize("given, kept", [(None, "1"), ("0", "0")])
def test_torch_is_asked_for_large_pages_unless_the_user_decided(given, kept):
    code = "import os, labkit; print(os.environ['THP_MEM_ALLOC_ENABLE'])"
    environment = {k: v for k, v in os.environ.items() if k != "THP_MEM_ALLOC_ENABLE"}
    environment |= {} if given is None else {"THP_MEM_ALLOC_ENABLE": given}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == kept
