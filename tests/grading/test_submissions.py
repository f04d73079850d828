"""What is handed in, in folders and zip files: each has a row, and each keeps its name."""

import csv
import io
import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from classroom import answered, handed_out, solved, write

from labkit.cli import main
from labkit.course import editions
from labkit.grading import command, copies, runner, table
from labkit.grading.labs import released_labs
from labkit.grading.limits import Limits
from labkit.grading.sandbox import best_sandbox
from labkit.grading.submissions import NotANotebook, Submission, find
from labkit.grading.table import Row

BOOK = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]})
LMS = "Ada B_1_assignsubmission_file_"


def zipped(method=zipfile.ZIP_DEFLATED, **files):
    """Bytes of a zip file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def names(path):
    return {one.name: one.problem for one in find([path])}


CLASS = {
    f"{LMS}/06.ipynb": BOOK,
    f"{LMS}/data/x.csv": "1",
    "王小明_2_assignsubmission_file_/06.ipynb.txt": BOOK,
    "Cem_3_assignsubmission_file_/06 (1).json": BOOK,
    "Dia_4_assignsubmission_file_/my-labs.zip": zipped(**{"my-labs/06.ipynb": BOOK, "a.txt": ""}),
    "Eve_5_assignsubmission_onlinetext_/onlinetext.html": "<p>see my drive</p>",
    "Fay_6_assignsubmission_file_/.06.ipynb.icloud": "bplist00",
    "Gil_7_assignsubmission_file_/.ipynb_checkpoints/06.ipynb": BOOK,
    "Gil_7_assignsubmission_file_/__MACOSX/._06.ipynb": "junk",
    "Hal_8_assignsubmission_file_/work.zip": b"no zip",
    "Ida_9_assignsubmission_file_/06.rar": "Rar!",
    "Jon_10_assignsubmission_file_/06.ipynb": BOOK,
    "Jon_10_assignsubmission_file_/notes.json": "{}",
}
EXPECTED = {
    f"{LMS}/06.ipynb": "",
    "王小明_2_assignsubmission_file_/06.ipynb.txt": "",
    "Cem_3_assignsubmission_file_/06 (1).json": "",
    "Dia_4_assignsubmission_file_/my-labs.zip/my-labs/06.ipynb": "",
    "Eve_5_assignsubmission_onlinetext_": "no notebook in it, but onlinetext.html",
    "Fay_6_assignsubmission_file_/.06.ipynb.icloud": "iCloud",
    "Gil_7_assignsubmission_file_": "an empty folder",
    "Hal_8_assignsubmission_file_/work.zip": "cannot be opened",
    "Ida_9_assignsubmission_file_": "no notebook in it, but 06.rar",
    "Jon_10_assignsubmission_file_/06.ipynb": "",
}


@pytest.mark.parametrize("where", ["folder", "folder in a folder", "zip", "zip of a folder"])
def test_every_student_of_a_course_platform_has_one_row(tmp_path, where):
    top = "class/" if where.endswith("a folder") else ""
    if "zip" in where:
        path = tmp_path / "class.zip"
        path.write_bytes(zipped(**{top + name: content for name, content in CLASS.items()}))
    else:
        path = tmp_path / "all"
        for name, content in CLASS.items():
            write(path, top + name, content)
    found = names(path)
    expected = {top + name: problem for name, problem in EXPECTED.items()}
    if "zip" in where:  # which does not name folders that hold nothing else
        assert found.pop(f"{top}Gil_7_assignsubmission_file_", None) is None
        expected.pop(f"{top}Gil_7_assignsubmission_file_")
    assert found.keys() == expected.keys()
    for name, problem in expected.items():
        assert problem in found[name] and bool(problem) == bool(found[name]), name
    for one in find([path]):
        assert one.problem or one.content() == BOOK.encode()


def test_what_lies_flat_in_a_folder_has_a_row_each(tmp_path):
    for name in ("ada.ipynb", "ben.ipynb.txt", "list.csv", "README.md", "names.json"):
        write(tmp_path, name, BOOK if "ipynb" in name else "{}")
    for name in ("cem.pdf", "dia.py", "pictures/a.png", "eve/work.docx"):
        write(tmp_path, name, "x")
    write(tmp_path, "fay.zip", zipped(**{"06.ipynb": BOOK}))
    write(tmp_path, "gil.zip", zipped(**{"06.docx": "x"}))
    found = names(tmp_path)
    good = {"ada.ipynb", "ben.ipynb.txt", "fay.zip/06.ipynb"}
    assert {name for name, problem in found.items() if not problem} == good
    assert found.keys() - good == {"cem.pdf", "dia.py", "eve", "gil.zip"}


def test_groups_of_a_class_lose_nobody(tmp_path):
    for name in ("g1/ada/06.ipynb", "g1/ben/x.pdf", "g2/cem/06.ipynb", "g2/cem/data/x.csv"):
        write(tmp_path, name, BOOK)
    (tmp_path / "g2" / "dia").mkdir()
    assert {n for n, problem in names(tmp_path).items() if problem} == {"g1/ben", "g2/dia"}


def test_odd_names_have_a_row_unless_the_notebook_itself_is_there(tmp_path):
    for name in ("a.ipynb", "a.ipynb.bak", "a.json", "b.ipynb~", "c.ipynb (1)", "d.txt", "e.txt"):
        write(tmp_path, name, "no" if name == "e.txt" else BOOK)
    write(tmp_path, "f/06.ipynb", BOOK)
    write(tmp_path, "f/06.json", BOOK)
    expected = ["a.ipynb", "b.ipynb~", "c.ipynb (1)", "d.txt", "f/06.ipynb"]
    assert list(names(tmp_path)) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_nothing_that_is_no_file_stalls_the_command(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    (tmp_path / "b.zip").symlink_to("/dev/zero")
    broken = bytearray(zipped(**{"x.json": BOOK * 9, "y.zip": BOOK * 9}, method=zipfile.ZIP_LZMA))
    broken[60:90] = bytes(30)
    write(tmp_path, "c.zip", bytes(broken))
    odd = {"cell_type": "code", "input": "x", "outputs": [{"output_type": []}]}
    write(tmp_path, "d.json", json.dumps({"worksheets": [{"cells": [odd]}]}))
    write(tmp_path, "e.zip", zipped(**{f"{i}.json": "{}" for i in range(4000)}))
    found = names(tmp_path)
    assert "no ordinary file" in found["a.zip"] and "no ordinary file" in found["b.zip"]
    assert found["d.json"] == "" and "no notebook" in found["e.zip"]


def test_a_students_own_folder_has_no_row_for_its_pictures(tmp_path):
    for name in ("06.ipynb", "images/a.png", "tables/t.csv"):
        write(tmp_path, name, BOOK)
    (tmp_path / "empty").mkdir()
    assert list(names(tmp_path)) == ["06.ipynb"]


def test_paths_on_the_command_line_keep_the_students_names(tmp_path, monkeypatch):
    for student in ("ada", "ben"):
        write(tmp_path, f"class/{student}/06.ipynb", BOOK)
    paths = sorted((tmp_path / "class").glob("*/06.ipynb"))
    assert [one.name for one in find(paths)] == ["ada/06.ipynb", "ben/06.ipynb"]
    assert [one.name for one in find(paths[:1])] == ["06.ipynb"]
    monkeypatch.chdir(tmp_path / "class")
    assert [one.name for one in find(["ada", "ben/06.ipynb"])] == ["ada/06.ipynb", "ben/06.ipynb"]


def test_zip_files_that_are_meant_badly_are_named(tmp_path, monkeypatch):
    deep = zipped(**{"1.zip": zipped(**{"2.zip": zipped(**{"3.zip": zipped()})})})
    write(tmp_path, "deep.zip", deep)
    write(tmp_path, "up.zip", zipped(**{"../../06.ipynb": BOOK}))
    write(tmp_path, "bomb.zip", zipped(**{"06.ipynb": "0" * 60_000_000}))
    found = {one.name: one for one in find([tmp_path])}
    assert "not opened" in found["deep.zip/1.zip/2.zip/3.zip"].problem
    assert "up.zip/../../06.ipynb" not in found or found["up.zip/../../06.ipynb"].content()
    with pytest.raises(NotANotebook, match="more than 50 MB"):
        found["bomb.zip/06.ipynb"].content()
    monkeypatch.setattr("labkit.grading.submissions.MOST_FILES", 1)
    write(tmp_path, "many.zip", zipped(a="", b=""))
    assert "names 2 files" in names(tmp_path)["many.zip"]


def test_a_newer_version_beside_ones_own_makes_no_second_rows():
    def rows(name, *results):
        one = Submission(name, Path(name))  # which is not there: no two are the same
        return {one: [Row(name, "06", f"e{i}", r, "") for i, r in enumerate(results)]}

    mine, new = "ada/06.ipynb", "ada/06.new2.ipynb"
    given = rows(mine, "done", "not done") | rows(new, "not done", "wrong")
    (told,) = copies.told(given).values()
    assert [row[:1] + row[3:] for row in told] == [
        (mine, "done", ""),
        (mine, "wrong", "in 06.new2.ipynb"),
    ]
    alone = rows(new, "done")
    assert copies.told(alone) == alone


def test_the_same_file_twice_is_told(tmp_path):
    text = json.dumps(solved("00"))
    write(tmp_path, "ada/00.ipynb", text)
    write(tmp_path, "cem/00.ipynb", json.dumps(solved("00"), indent=1))
    write(tmp_path, "dia/00.ipynb", json.dumps(handed_out("00")))
    write(tmp_path, "eve/00.ipynb", json.dumps(handed_out("00")))
    (tmp_path / "ben").mkdir()
    (tmp_path / "ben" / "00.ipynb").symlink_to(tmp_path / "ada" / "00.ipynb")
    found = find([tmp_path])
    rows = {one: [Row(one.name, "00", "mirrored", "done" if one.name[0] in "abc" else "not done",
                      "")] for one in found}  # fmt: skip
    remarks = {one.name[:3]: row.remark for one, (row,) in copies.told(rows).items()}
    assert remarks == {"ada": "the same file as ben/00.ipynb", "ben": "the same file as "
                       "ada/00.ipynb", "cem": "", "dia": "", "eve": ""}  # fmt: skip


def test_a_lab_that_fails_itself_blames_nobody(tmp_path, monkeypatch):
    source = next(path for path in editions.lab_paths() if path.name.startswith("00"))
    lab = editions.read(source)
    for cell in lab.cells:
        if cell.id == "mirrored":
            cell.source = cell.source.replace("image.flip(2)", "image.flip(gone)")
    write(tmp_path, f"notebooks/{source.name}", json.dumps(lab))
    monkeypatch.setattr(editions, "notebooks_dir", lambda: tmp_path / "notebooks")
    monkeypatch.setattr(runner, "notebooks_dir", lambda: tmp_path / "notebooks")
    wrong = answered("00", "mirrored", "return image.flip(1)")
    for name, notebook in (("ada", wrong), ("ben", solved("00")), ("cem", handed_out("00"))):
        write(tmp_path, f"class/{name}.ipynb", notebook)
    rows = runner.check(
        find([tmp_path / "class"]),
        released_labs(),
        sandbox=best_sandbox(),
        limits=Limits(),
        jobs=1,
    )
    assert [row.result for row in rows] == ["not checked", "done", "not done"]
    assert "the lab itself fails: " in rows[0].remark and "gone" in rows[0].remark


@pytest.mark.parametrize(
    "results, code",
    [(["done"], 0), (["done", "not done"], 1), (["wrong"], 1), (["done", "not checked"], 3),
     (["not checked", "wrong"], 3)],
)  # fmt: skip
def test_exit_codes_tell_not_done_from_not_checked(results, code, monkeypatch, capsys):
    rows = [Row("a", "00", "f", result, "") for result in results]
    assert command.exit_code(rows) == code
    monkeypatch.setattr(command, "check_paths", lambda *a, **k: command.exit_code(rows))
    assert main(["check", "x.ipynb"]) == code
    assert main(["check", "x.ipynb", "--exit-zero"]) == (0 if code == 1 else code)


def test_the_table_is_written_before_the_screen_can_fail(tmp_path, monkeypatch):
    write(tmp_path, "class/王小明/notes.pdf", "x")
    monkeypatch.setattr(table, "as_text", lambda rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["check", str(tmp_path / "class"), "--csv", str(tmp_path / "t.csv")])
    (row,) = csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8"))
    assert row["submission"] == "王小明" and row["result"] == "not checked"


def test_a_screen_that_lacks_letters_shows_the_rest(tmp_path, monkeypatch):
    write(tmp_path, "class/王小明/notes.pdf", "x")
    for argv in (["check", str(tmp_path / "class")], ["progress", "--dir", str(tmp_path)]):
        screen = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
        monkeypatch.setattr("sys.stdout", screen)
        code = main(argv)
        screen.flush()
        said = screen.buffer.getvalue().decode("cp1252")
        assert (code, "???" in said) == ((3, True) if argv[0] == "check" else (0, False))
        assert "not checked" in said or re.search(r"0 of 1 +-\n", said)


def test_long_names_are_cut_on_the_screen_only_and_formulas_are_quoted():
    long, evil = "x" * 200 + ".ipynb", "a;=1+1;b.ipynb"
    rows = [Row(name, "00", "f", "done", "") for name in (long, evil, "王" * 40)]
    text, stored = table.as_text(rows), table.as_csv(rows)
    assert max(map(len, text.splitlines())) < 100 and "xxx.ipynb" in text
    assert long in stored and f'"{evil}"' in stored
    lines = text.splitlines()[2:5]
    assert len({line.index(" 00 ") + line.count("王") for line in lines}) == 1  # one column
