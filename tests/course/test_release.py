"""`labkit release`: what is in it, same bytes, nobody's files touched, and that it works alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from making import ROOT

from labkit.cli import main
from labkit.course import another, copies, doctor, editions, release

LABS = [path.stem for path in editions.lab_paths()]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The release of all labs, in a folder."""
    folder = tmp_path_factory.mktemp("release") / "for-students"
    release.write(to=folder)
    return folder


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def in_release(folder, *command, **options):
    """Run a program in the release with the release's own labkit."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True,
        check=True, **options,
    ).stdout  # fmt: skip


def test_a_release_holds_labs_labkit_data_and_a_readme(unpacked):
    names = files(unpacked)
    assert {f"notebooks/{lab}.ipynb" for lab in LABS} <= names
    assert {"README.md", "environment.yml", "pyproject.toml", "constraints.txt"} <= names
    assert {"labkit/cli.py", "labkit/checks/lab00.py", "data/README.md"} <= names
    assert not [n for n in names if "__pycache__" in n or n.startswith("tests/")]
    source = {p.name for p in (ROOT / "data").iterdir() if p.is_file()}
    needed = {name for lab in LABS for name in release.data_for(lab)}
    assert {n.removeprefix("data/") for n in names if n.startswith("data/")} == needed
    assert needed <= source | {n for n in needed if n.startswith("pins/")}


def test_it_holds_no_solutions_of_the_notebooks(unpacked):
    for lab in LABS:
        given = json.loads((unpacked / "notebooks" / f"{lab}.ipynb").read_text(encoding="utf-8"))
        sources = ["".join(cell["source"]) for cell in given["cells"]]
        assert not [s for s in sources if editions.BEGIN in s or editions.BEGIN_HIDDEN in s]
        assert sum("raise NotImplementedError()" in s for s in sources) >= 1


def test_each_picture_that_a_lab_shows_and_each_page_that_it_names_is_there(unpacked):
    for path in (unpacked / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        shown = set(re.findall(r"images/\w+\.png|(?<=\]\()\w+\.md", text))
        assert {f"notebooks/{name}" for name in shown} <= files(unpacked)


def test_the_readme_names_the_labs_and_only_files_that_are_there(unpacked):
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    assert all(f"`{lab}.ipynb`: " in text for lab in LABS) and "{labs}" not in text
    for name in re.findall(r"\]\((?!https)(.*?)\)", text):
        assert (unpacked / name).is_file()


def test_a_student_starts_and_checks_in_the_release_alone(unpacked, tmp_path):
    said = in_release(unpacked, "-c", "import labkit; print(labkit.__file__)")
    assert said.strip() == str(unpacked / "labkit" / "__init__.py")
    in_release(unpacked, "-m", "labkit", "start", "--no-launch", "--dir", str(tmp_path / "mine"))
    for lab in LABS:
        mine = editions.read(tmp_path / "mine" / f"{lab}.ipynb").cells
        assert mine == editions.make(lab, "student").cells
    script = "from labkit.grading.labs import released_labs as r; print(*[x.name for x in r()])"
    assert in_release(unpacked, "-c", script).split() == LABS


@pytest.mark.parametrize("edition", ["solution", "live"])
def test_a_release_has_no_other_edition(unpacked, edition):
    with pytest.raises(ValueError, match=f"came with a release .* no {edition} edition"):
        editions.make(unpacked / "notebooks" / f"{LABS[0]}.ipynb", edition)


def test_a_wheel_can_be_built_of_a_release(tmp_path):
    release.write(["00"], to=tmp_path / "small")
    build = "from hatchling.build import build_wheel; print(build_wheel('.'))"
    wheel = tmp_path / "small" / in_release(tmp_path / "small", "-c", build).split()[-1]
    names = zipfile.ZipFile(wheel).namelist()
    assert "labkit/_share/notebooks/00_start_here.ipynb" in names and "labkit/cli.py" in names


def test_named_labs_come_with_their_data_only(tmp_path):
    report = release.write(["03", "0"], to=tmp_path / "some")
    assert [lab[:2] for lab in report.labs] == ["00", "03"]
    names = files(tmp_path / "some")
    assert "data/canids_wolf.zip" in names and not [n for n in names if n.startswith("data/cars_")]
    assert [n[10:12] for n in sorted(names) if n.endswith(".ipynb")] == ["00", "03"]
    assert "2 labs" in str(report)


def test_word_vectors_come_with_their_lab_and_are_missed_only_there(tmp_path):
    look = "from labkit.course import doctor as d; c = d.check_words(); print(c.ok, c.detail)"
    for lab, files_there in {
        "00": set(),
        "05b": {"1.safetensors", "2.safetensors", "licence.txt"},
    }.items():
        release.write([lab], to=tmp_path / lab)
        names = files(tmp_path / lab)
        found = {n.removeprefix("data/word_vectors_") for n in names if "word_vectors_" in n}
        assert found == files_there
        assert in_release(tmp_path / lab, "-c", look).startswith("True")
    (tmp_path / "05b" / "data" / "word_vectors_1.safetensors").unlink()
    assert (
        in_release(tmp_path / "05b", "-c", look) == "False word_vectors_1.safetensors is missing\n"
    )


def test_the_same_labs_give_the_same_bytes(tmp_path, unpacked):
    made = []
    for seed in ("1", "2"):
        file = tmp_path / f"{seed}.zip"
        command = [sys.executable, "-m", "labkit", "release", "--to", str(file)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        made.append(file.read_bytes())
    same = made[0] == made[1]
    assert same  # pytest would compare megabytes line by line
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        content = {n.removeprefix("labkit-student/"): archive.read(n) for n in archive.namelist()}
    assert content.keys() == files(unpacked)
    assert [n for n in content if content[n] != (unpacked / n).read_bytes()] == []


@pytest.mark.parametrize("name", ["README.md", "notebooks/00_start_here.ipynb", release.MANIFEST])
def test_files_labkit_did_not_write_stop_it_before_anything_is_written(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"did not write, .*{re.escape(name)}"):
        release.write(["00"], to=tmp_path)
    assert files(tmp_path) == {name} and (tmp_path / name).read_text() == "mine"


def test_a_file_in_place_of_a_folder_stops_it(tmp_path):
    (tmp_path / "labkit").write_text("mine")
    with pytest.raises(ValueError, match="labkit/__init__.py"):
        release.write(["00"], to=tmp_path)
    assert files(tmp_path) == {"labkit"}


def test_a_release_is_replaced_by_the_next_but_not_what_was_changed_or_added(tmp_path):
    release.write(["00", "01"], to=tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    release.write(["00"], to=tmp_path)
    assert "notebooks/01_derivative_intuition.ipynb" not in files(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("my work")
    with pytest.raises(ValueError, match="00_start_here.ipynb"):
        release.write(["00", "01"], to=tmp_path)
    assert (tmp_path / "notebooks" / "00_start_here.ipynb").read_text() == "my work"
    release.write(["01"], to=tmp_path)  # a changed file that is no longer part of it is left
    assert (tmp_path / "notebooks" / "00_start_here.ipynb").read_text() == "my work"


def test_a_record_that_points_outside_deletes_nothing(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    (tmp_path / "to").mkdir()
    record = {"../outside.txt": copies._digest(b"mine"), str(outside): copies._digest(b"mine")}
    (tmp_path / "to" / release.MANIFEST).write_text(json.dumps({"files": record}))
    with pytest.raises(ValueError, match="did not write"):
        release.write(["00"], to=tmp_path / "to")
    record["README.md"] = copies._digest(b"")
    (tmp_path / "to" / release.MANIFEST).write_text(json.dumps({"files": record}))
    release.write(["00"], to=tmp_path / "to")
    assert outside.read_text() == "mine"


def test_a_zip_is_replaced_only_if_it_is_a_release(tmp_path):
    file = tmp_path / "labs.zip"
    release.write(["00", "01"], to=file)
    first = file.read_bytes()
    release.write(["00"], to=file)
    assert len(file.read_bytes()) < len(first)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labkit-student/mine.txt", "mine")
    for content in (file.read_bytes(), b"no zip", b""):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="no release that labkit wrote"):
            release.write(["00"], to=file)
        assert file.read_bytes() == content


@pytest.mark.parametrize("name", ["notebooks", "labkit/new", "data/new"])
def test_labkits_own_folders_are_refused(name):
    with pytest.raises(ValueError, match="labkit's own"):
        release.write(["00"], to=ROOT / name)


def test_the_command_says_what_it_wrote_and_its_exit_codes(tmp_path, capsys):
    assert main(["release", "00", "--to", str(tmp_path / "a.zip")]) == 0
    assert re.search(r"Wrote 1 lab for students \(\d+ files, .* MB\)", capsys.readouterr().out)
    assert main(["release", "nonsense", "--to", str(tmp_path / "b.zip")]) == 2
    (tmp_path / "c.zip").write_text("mine")
    assert main(["release", "00", "--to", str(tmp_path / "c.zip")]) == 1
    assert "choose another --to" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["release", "00"])


# An older labkit is installed, a newer release is unpacked


def started_in(place, *options):
    """What `labkit start` of this very labkit says in a folder: its output and its warnings."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    program = "import sys, labkit.cli; sys.exit(labkit.cli.main(sys.argv[1:]))"
    command = [sys.executable, "-P", "-c", program, *options]
    run = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    return run.stdout, run.stderr


@pytest.fixture
def newer(unpacked, tmp_path):
    """A release as one unpacks it, with a function changed in it."""
    folder = tmp_path / "new" / release.FOLDER
    for name in ("labkit", "notebooks"):
        shutil.copytree(unpacked / name, folder / name)
    with (folder / "labkit" / "paths.py").open("a") as file:
        file.write("\n# newer")
    return folder


@pytest.mark.parametrize("inside", [".", "notebooks", ".."])
def test_start_says_that_another_labkit_is_installed(newer, inside):
    out, warned = started_in(newer / inside, "start", "00", "--no-launch", "--dir", "../mine")
    assert "1 new" in out and len(warned.splitlines()) == 1
    assert f"come from the labkit in {ROOT}, " in warned and f"not from {newer}, " in warned
    assert f"cd {newer} && pip install -e ." in warned


def test_the_folder_that_is_written_to_counts_as_well(newer, tmp_path):
    warned = started_in(tmp_path, "start", "00", "--no-launch", "--dir", f"{newer}/my-labs")[1]
    assert f"not from {newer}, " in warned


def test_a_release_of_this_very_labkit_is_no_other(unpacked, tmp_path, monkeypatch):
    assert another.another_version(unpacked, ROOT, ROOT / "notebooks", tmp_path) is None
    out, warned = started_in(unpacked, "start", "00", "--no-launch", "--dir", str(tmp_path / "a"))
    assert "1 new" in out and warned == ""


@pytest.mark.parametrize("change", ["another lab", "a lab changed", "a module more"])
def test_each_difference_is_seen(newer, unpacked, change):
    shutil.copy(unpacked / "labkit" / "paths.py", newer / "labkit")
    assert another.another_version(newer) is None
    if change == "another lab":
        (newer / "notebooks" / "00_start_here.ipynb").rename(newer / "notebooks" / "99_new.ipynb")
    elif change == "a lab changed":
        path = newer / "notebooks" / "00_start_here.ipynb"
        path.write_text(path.read_text(encoding="utf-8").replace("1.", "1.."), encoding="utf-8")
    else:
        (newer / "labkit" / "more.py").touch()
    assert another.another_version(newer) == newer


def test_the_doctor_names_another_labkit(newer, monkeypatch):
    monkeypatch.chdir(newer)
    check = doctor.check_labkit()
    assert not check.ok and check.detail == f"in {ROOT}, but another version is in {newer}"
    assert check.mend == f"cd {newer} && pip install -e ."
    (newer / "Makefile").touch()
    assert doctor.check_labkit().mend == f"cd {newer} && make lab"
