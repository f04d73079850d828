"""`labkit start`: working copies, a student's work, exit codes and what is said."""

import json
import socket
import subprocess
import sys

import nbformat
import pytest
from making import tiny_lab

from labkit import cli
from labkit.course import copies
from labkit.course.copies import copy_labs


def change(path, text="my own work"):
    """Do what a student does: write something into a file."""
    path.write_text(text)


def new_version(labs, title="Derivative, second edition", name="01_derivative.ipynb"):
    nbformat.write(tiny_lab(title=title), labs / name)


@pytest.fixture
def mine(labs, tmp_path):
    """A student's folder after the first start."""
    copy_labs(tmp_path / "my-labs")
    return tmp_path / "my-labs"


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_start_writes_student_editions_and_pictures(mine):
    assert files(mine) == [
        ".labkit.json",
        "00_start_here.ipynb",
        "01_derivative.ipynb",
        "images/cat.png",
    ]
    lab = nbformat.read(mine / "01_derivative.ipynb", as_version=4)
    assert "raise NotImplementedError()" in lab.cells[1].source


def test_what_a_lab_left_among_the_notebooks_is_not_copied(labs, tmp_path):
    (labs / "game.safetensors").write_bytes(b"weights")
    copy_labs(tmp_path / "theirs")
    assert not (tmp_path / "theirs" / "game.safetensors").exists()


def test_starting_again_changes_nothing(mine):
    before = {name: (mine / name).read_bytes() for name in files(mine)}
    report = copy_labs(mine)
    assert {name: (mine / name).read_bytes() for name in files(mine)} == before
    assert "all as they were" in str(report)


def test_a_changed_file_is_never_touched_while_the_lab_stays_the_same(mine):
    change(mine / "01_derivative.ipynb")
    report = copy_labs(mine)
    assert (mine / "01_derivative.ipynb").read_text() == "my own work"
    assert report.kept == ["01_derivative.ipynb"] and not report.beside
    assert "1 with your work, untouched" in str(report)


def test_an_unchanged_copy_follows_the_lab(labs, mine):
    new_version(labs)
    assert copy_labs(mine).updated == ["01_derivative.ipynb"]
    assert "second edition" in (mine / "01_derivative.ipynb").read_text()


def test_two_updates_of_a_folder_in_every_state(labs, tmp_path):
    """Untouched, edited, renamed, deleted and half-finished copies, and a lab that is new."""
    mine = tmp_path / "my-labs"
    names = [f"0{n}_lab.ipynb" for n in range(2, 7)]
    untouched, edited, renamed, deleted, half = names
    for name in names:
        new_version(labs, "First edition", name)
    assert "a new lab" not in str(copy_labs(mine))  # the first time, all are
    change(mine / edited, "edited")
    (mine / renamed).rename(mine / "mine.ipynb")
    (mine / deleted).unlink()
    finished = nbformat.read(mine / half, as_version=4)
    finished.cells[1].source = "def solved():\n    return 1"
    nbformat.write(finished, mine / half)
    work = {name: (mine / name).read_bytes() for name in (edited, "mine.ipynb", half)}

    for edition in ("Second", "Third"):
        for name in names:
            new_version(labs, f"{edition} edition", name)
        new_version(labs, "More", f"1{len(edition)}_{edition.lower()}.ipynb")
        said = str(copy_labs(mine))
        assert {name: (mine / name).read_bytes() for name in work} == work
        assert f"1{len(edition)}_{edition.lower()}.ipynb: a new lab" in said
        assert f"{untouched}: a newer version, in place of yours" in said
        for name in (edited, half):
            beside = mine / name.replace(".ipynb", ".new.ipynb")
            assert f"{edition} edition" in beside.read_text()
            assert f"{name}: there is a newer version; yours stays as it is" in said
        for name in (untouched, renamed, deleted):
            assert f"{edition} edition" in (mine / name).read_text()
    assert "all as they were" not in said and "untouched" in str(copy_labs(mine))


def test_a_new_version_arrives_beside_changed_work_and_is_told_once(labs, mine):
    change(mine / "01_derivative.ipynb")
    new_version(labs)
    first, second = copy_labs(mine), copy_labs(mine)
    assert first.beside == {"01_derivative.ipynb": "01_derivative.new.ipynb"}
    assert "the new one is 01_derivative.new.ipynb" in str(first)
    assert (mine / "01_derivative.ipynb").read_text() == "my own work"
    assert "second edition" in (mine / "01_derivative.new.ipynb").read_text()
    assert not second.beside and ".new" not in str(second)


def test_a_version_beside_that_was_worked_in_is_kept_too(labs, mine):
    change(mine / "01_derivative.ipynb")
    new_version(labs)
    copy_labs(mine)
    change(mine / "01_derivative.new.ipynb", "more work")
    new_version(labs, "Third edition")
    assert copy_labs(mine).beside == {"01_derivative.ipynb": "01_derivative.new2.ipynb"}
    assert (mine / "01_derivative.new.ipynb").read_text() == "more work"


def test_an_untouched_version_beside_is_replaced_by_a_newer_one(labs, mine):
    change(mine / "01_derivative.ipynb")
    new_version(labs)
    copy_labs(mine)
    new_version(labs, "Third edition")
    assert copy_labs(mine).beside == {"01_derivative.ipynb": "01_derivative.new.ipynb"}
    assert "Third edition" in (mine / "01_derivative.new.ipynb").read_text()
    assert not (mine / "01_derivative.new2.ipynb").exists()


def test_taking_the_new_version_over_makes_it_the_copy(labs, mine):
    change(mine / "01_derivative.ipynb")
    new_version(labs)
    copy_labs(mine)
    (mine / "01_derivative.new.ipynb").replace(mine / "01_derivative.ipynb")
    new_version(labs, "Third edition")
    assert copy_labs(mine).updated == ["01_derivative.ipynb"]


def test_a_changed_picture_is_kept_as_well(labs, mine):
    change(mine / "images" / "cat.png", "my drawing")
    (labs / "images" / "cat.png").write_bytes(b"another picture")
    copy_labs(mine)
    assert (mine / "images" / "cat.png").read_text() == "my drawing"
    assert (mine / "images" / "cat.new.png").read_bytes() == b"another picture"


def test_a_deleted_lab_comes_back_fresh(mine):
    (mine / "01_derivative.ipynb").unlink()
    report = copy_labs(mine)
    assert (mine / "01_derivative.ipynb").is_file()
    assert "01_derivative.ipynb: was gone, here is a fresh copy" in str(report)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"edition": "student"}', '{"edition": "student", "files": [1]}',
     '{"edition": "student", "files": {"01_derivative.ipynb": 3}}', "\udcff"],
)  # fmt: skip
def test_a_corrupt_record_never_leads_to_overwriting(labs, mine, text):
    change(mine / "01_derivative.ipynb")
    (mine / ".labkit.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    new_version(labs)
    new_version(labs, "Start, second edition", "00_start_here.ipynb")
    before = (mine / "00_start_here.ipynb").read_bytes()
    copy_labs(mine)
    assert (mine / "01_derivative.ipynb").read_text() == "my own work"
    assert (mine / "00_start_here.ipynb").read_bytes() == before
    assert "second edition" in (mine / "00_start_here.new.ipynb").read_text()
    assert not copy_labs(mine).beside  # told once


def test_files_of_the_same_name_that_labkit_never_wrote_are_kept(labs, tmp_path):
    change(tmp_path / "01_derivative.ipynb")
    copy_labs(tmp_path)
    assert (tmp_path / "01_derivative.ipynb").read_text() == "my own work"
    assert (tmp_path / "01_derivative.new.ipynb").is_file()


def test_a_folder_where_a_lab_should_be_is_left_alone(labs, tmp_path):
    (tmp_path / "01_derivative.ipynb").mkdir()
    copy_labs(tmp_path)
    assert (tmp_path / "01_derivative.new.ipynb").is_file()


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(labs, mine, monkeypatch):
    new_version(labs)
    before = (mine / "01_derivative.ipynb").read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        copy_labs(mine)
    assert (mine / "01_derivative.ipynb").read_bytes() == before
    assert not [name for name in files(mine) if name.startswith(".labkit-")]


def test_two_editions_do_not_share_a_folder(mine):
    with pytest.raises(ValueError, match="holds the student edition"):
        copy_labs(mine, edition="solution")


@pytest.mark.parametrize("inside", ["", "images", "deep/down"])
def test_labkits_own_notebooks_are_no_place_for_copies(labs, inside):
    before = files(labs)
    with pytest.raises(ValueError, match="choose another --dir"):
        copy_labs(labs / inside)
    assert files(labs) == before


def test_a_file_is_no_place_for_copies(labs, tmp_path):
    change(tmp_path / "notes.txt")
    with pytest.raises(ValueError, match="is a file"):
        copy_labs(tmp_path / "notes.txt")


def test_only_the_labs_asked_for_are_written(labs, tmp_path):
    report = copy_labs(tmp_path / "mine", labs=["1"])
    assert report.first == "01_derivative.ipynb"
    assert "00_start_here.ipynb" not in files(tmp_path / "mine")


def test_a_later_start_with_fewer_labs_forgets_nothing(labs, mine):
    copy_labs(mine, labs=["01"])
    new_version(labs, "Start, second edition", "00_start_here.ipynb")
    assert copy_labs(mine).updated == ["00_start_here.ipynb"]
    assert set(json.loads((mine / ".labkit.json").read_text())["files"]) == {
        "00_start_here.ipynb",
        "01_derivative.ipynb",
        "images/cat.png",
    }


def test_command_writes_without_launching(labs, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_launch", lambda command: pytest.fail("launched"))
    assert cli.main(["start", "--no-launch", "--dir", str(tmp_path / "d")]) == 0
    assert "2 new" in capsys.readouterr().out
    assert (tmp_path / "d" / "00_start_here.ipynb").is_file()


def test_editions_have_folders_of_their_own(labs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["start", "--no-launch"]) == 0
    assert cli.main(["start", "--no-launch", "--edition", "solution"]) == 0
    assert "2 * x" not in (tmp_path / "my-labs" / "01_derivative.ipynb").read_text()
    assert "2 * x" in (tmp_path / "my-labs-solution" / "01_derivative.ipynb").read_text()


def test_start_opens_the_lab_that_was_asked_for(labs, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(cli, "_launch", lambda command: commands.append(command) or 0)
    assert cli.main(["start", "01", "--dir", str(tmp_path / "d"), "--", "--port=9"]) == 0
    assert cli.main(["start", "--dir", str(tmp_path / "d")]) == 0
    assert "--LabApp.default_url=/lab/tree/01_derivative.ipynb" in commands[0]
    assert commands[0][-1] == "--port=9"
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in commands[1]
    assert f"--ServerApp.root_dir={(tmp_path / 'd').resolve()}" in commands[1]


def test_in_the_folder_of_ones_copies_that_folder_is_meant(labs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["start", "00", "--no-launch"]) == 0
    monkeypatch.chdir(tmp_path / "my-labs")  # as in JupyterLab's terminal
    assert cli.main(["start", "01", "--no-launch"]) == 0
    assert cli.main(["progress"]) == 0
    assert "0 of 1" in capsys.readouterr().out
    assert (tmp_path / "my-labs" / "01_derivative.ipynb").is_file()
    assert not (tmp_path / "my-labs" / "my-labs").exists()
    (tmp_path / "my-labs" / copies.MANIFEST).unlink()
    assert cli.main(["start", "01", "--no-launch"]) == 0
    assert (tmp_path / "my-labs" / "my-labs").is_dir()


def test_an_unknown_lab_is_exit_code_2(labs, tmp_path, capsys):
    assert cli.main(["start", "42", "--no-launch", "--dir", str(tmp_path / "d")]) == 2
    assert "there is no lab '42'; labs: 00_start_here" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_a_refused_folder_is_exit_code_1(labs, capsys):
    assert cli.main(["start", "--no-launch", "--dir", str(labs)]) == 1
    assert "choose another --dir" in capsys.readouterr().err


def test_a_command_that_is_not_understood_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["dance"])
    assert stop.value.code == 2


def test_on_a_server_the_address_is_printed(labs, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cli, "is_root", lambda: False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    options = cli.jupyter_options(tmp_path)
    assert "--no-browser" in options and "--allow-root" not in options


def test_on_a_desktop_a_browser_opens(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cli, "is_root", lambda: False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.get", lambda: object())
    assert "--no-browser" not in cli.jupyter_options(tmp_path)


def test_root_is_allowed_and_opens_no_browser(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cli, "is_root", lambda: True)
    monkeypatch.setenv("DISPLAY", ":0")
    assert {"--allow-root", "--no-browser"} <= set(cli.jupyter_options(tmp_path))


def test_jupyterlab_starts_in_the_same_process_and_understands_the_options(tmp_path):
    run = [sys.executable, "-m", "labkit", "start", "00", "--dir", str(tmp_path / "labs")]
    with socket.socket() as free:  # the port is tried although nothing is served
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run += ["--", f"--ServerApp.port={port}", "--show-config-json"]
    run = subprocess.run(run, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    shown = json.loads(run.stdout[run.stdout.index("{") :])
    assert shown["LabApp"]["default_url"] == "/lab/tree/00_start_here.ipynb"
    assert shown["ServerApp"]["root_dir"] == str((tmp_path / "labs").resolve())
    assert shown["ServerApp"]["port"] == port


def test_python_m_labkit_is_the_same_command():
    run = [sys.executable, "-m", "labkit", "--version"]
    assert subprocess.run(run, capture_output=True, text=True).stdout.startswith("labkit ")


def test_the_record_says_what_was_generated(mine):
    stored = json.loads((mine / copies.MANIFEST).read_text())
    assert stored["edition"] == "student"
    assert all(len(entry["copy"]) == 64 for entry in stored["files"].values())
