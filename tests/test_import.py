"""`import labkit` is cheap, and its submodules come when they are used."""

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


def test_the_command_line_starts_without_torch():
    program = "import sys, labkit.cli; print('torch' in sys.modules)"
    assert python(program) == "False"


def test_dir_lists_the_submodules():
    assert {"cli", "data", "editions", "hooks", "images", "models"} <= set(dir(labkit))
    assert "__main__" not in dir(labkit)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = labkit.nonsense
