"""A check that ends anywhere goes on from there; parts of a check make a whole."""

import csv
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import checking
import pytest
from classroom import write
from making import ROOT

from labkit import cli
from labkit.cli import main
from labkit.grading import journal, labs
from labkit.grading.limits import Limits
from labkit.grading.submissions import find

RESULTS = ("done", "wrong", "not done")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for tables; who is checked stands in its `log`."""
    (tmp_path / "tables").mkdir()
    for module, name, value in checking.pretend(tmp_path / "log"):
        monkeypatch.setattr(module, name, value)
    return tmp_path


def class_of(place, number):
    for i in range(number):
        write(place / "class", f"s{i:03d}/work.ipynb", f"{RESULTS[i % 3]}: answer {i}")
    return place / "class"


def checked(place, *options, table="table.csv"):
    """Rows of the table after a check, and the names of those that it had to check."""
    (place / "log").write_text("")
    path = place / "tables" / table
    code = main(["check", str(place / "class"), "--csv", str(path), *options])
    assert code in (1, 3)
    return rows_of(path), sorted((place / "log").read_text().split())


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def test_what_is_known_is_not_checked_again_unless_it_changed(place, monkeypatch):
    folder = class_of(place, 6)
    rows, names = checked(place)
    assert len(rows) == 13 and len(names) == 6
    assert checked(place) == (rows, [])
    write(folder, "s001/work.ipynb", "wrong: another answer")
    write(folder, "s009/work.ipynb", "done: late")
    again, names = checked(place)
    assert names == ["s001/work.ipynb", "s009/work.ipynb"] and len(again) == 15
    (folder / "s002").rename(folder / "s0022")
    assert checked(place)[1] == ["s0022/work.ipynb"]
    assert len(checked(place, "--seconds", "10")[1]) == 7
    assert checked(place)[1] == []
    monkeypatch.setattr("labkit.__version__", "9")
    assert len(checked(place)[1]) == 7


def test_another_release_or_other_code_of_labkit_counts_as_another_version(place, monkeypatch):
    class_of(place, 2)
    checked(place)
    lab = labs.Lab("00", None, (labs.Exercise("a", "1", "2", "check", "check"),))
    monkeypatch.setattr(labs, "released_labs", lambda: [lab])
    assert len(checked(place)[1]) == 2
    write(place, "labkit/__init__.py", "")
    monkeypatch.setattr("labkit.__file__", str(place / "labkit" / "__init__.py"))
    assert len(checked(place)[1]) == 2
    write(place, "labkit/new.py", "x = 1")
    assert len(checked(place)[1]) == 2 and checked(place)[1] == []


def test_what_could_not_be_checked_is_tried_again(place):
    folder = class_of(place, 3)
    write(folder, "s001/work.ipynb", "not checked: killed from outside")
    assert len(checked(place)[1]) == 3
    rows, names = checked(place)
    assert names == ["s001/work.ipynb"] and len(rows) == 7


def test_a_cut_at_any_byte_of_the_last_lines_loses_no_more_than_was_cut(place, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda number: None)  # for speed
    found = find([class_of(place, 4)])
    keys, path = journal.keys_of(found, [], Limits()), place / "tables" / "table.csv"
    rows = {one: checking.runner.check_one(one, []) for one in found}
    kept = path.with_name("table.csv.journal")
    with journal.Journal(path, keys, journals=[]) as whole:
        for one in found:
            whole.add(one, rows[one])
    lines = kept.read_bytes().splitlines(keepends=True)
    table, first = path.read_bytes(), len(lines[0]) + len(lines[1])
    for cut in range(first, first + len(lines[2]) + len(lines[3])):
        kept.write_bytes(b"".join(lines)[:cut])
        path.write_bytes(table[: cut % len(table)])
        with journal.Journal(path, keys, journals=[kept]) as part:
            ended = journal_lines(b"".join(lines), cut)
            assert list(part.found) == found[:ended], cut
            for one in found[ended:]:
                part.add(one, rows[one])
        assert path.read_bytes() == table, cut
        assert dict(journal.entries(kept)) == {keys[one]: rows[one] for one in found}, cut


def journal_lines(text, cut):
    """How many lines are left of a text that was cut; a line's own end may be missing."""
    return text[:cut].count(b"\n") + (text[cut : cut + 1] == b"\n")


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
def test_killed_again_and_again_it_comes_to_the_same_table(place):
    number, kills, draw = 60, 4, random.Random(time.time_ns())
    class_of(place, number)
    wanted, _ = checked(place, table="wanted.csv")
    (place / "log").write_text("")
    path = place / "tables" / "table.csv"
    kept = path.with_name("table.csv.journal")
    command = [sys.executable, checking.__file__, place / "log", place / "class", path]
    for share in range(1, kills + 1):
        lines, ran = share * number // (kills + 1), subprocess.Popen(command)
        while not kept.exists() or kept.read_bytes().count(b"\n") < lines:
            assert ran.poll() is None
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.02))
        ran.kill()
        ran.wait()
        rows = rows_of(path)
        assert rows[0] == wanted[0] and set(rows) <= set(wanted) and len(set(rows)) == len(rows)
        assert len(rows) > 2 * (lines - 2)  # a row is written right after its journal's line
    assert subprocess.run(command).returncode == 0
    assert rows_of(path) == wanted
    names = (place / "log").read_text().split()
    assert set(names) == {row[0] for row in wanted[1:]}
    assert len(names) <= number + 2 * kills  # two at a time: no others are checked twice


def test_parts_on_several_machines_make_the_table_of_one(place):
    class_of(place, 8)
    wanted, _ = checked(place, table="wanted.csv")
    names = []
    for k in (1, 3):
        rows, its = checked_part(place, k)
        assert {row[0] for row in rows[1:]} == set(its)
        names += its
    assert not (place / "tables" / "t.csv").exists()
    rows, missing = checked(place, table="t.csv")
    assert rows == wanted and len(missing) == 3  # part 2 was never there
    assert sorted(names + missing) == sorted({row[0] for row in wanted[1:]})
    assert checked_part(place, 2)[1] == []


def checked_part(place, k):
    (place / "log").write_text("")
    table = place / "tables" / "t.csv"
    main(["check", str(place / "class"), "--csv", str(table), "--shard", f"{k}/3"])
    return rows_of(table.with_name(f"t.{k}-of-3.csv")), (place / "log").read_text().split()


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1/0"])
def test_parts_that_there_cannot_be_are_refused(place, capsys, shard):
    folder = str(class_of(place, 1))
    assert main(["check", folder, "--shard", shard, "--csv", str(place / "t.csv")]) == 2
    assert "K from 1 to N" in capsys.readouterr().err
    assert main(["check", folder, "--shard", "1/3"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["check", folder, "--shard", "3"])
    assert "form K/N" in capsys.readouterr().err


def test_a_journal_among_the_submissions_is_not_believed(place, capsys):
    folder = class_of(place, 2)
    options = ["check", str(folder), "--csv", str(folder / "table.csv")]
    assert main(options) == 1
    assert main(options) == 2
    assert "a student may have put it" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "\n\n", "3\n[]\nnull\n", '{"key": 1, "rows": [[1]]}\n'])
def test_what_is_no_journal_is_passed_over(place, content):
    class_of(place, 2)
    write(place / "tables", "table.csv.journal", content)
    assert len(checked(place)[1]) == 2 and checked(place)[1] == []


def test_where_nothing_can_be_written_the_check_ends_and_says_so(place, monkeypatch, capsys):
    folder = class_of(place, 50)

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["check", str(folder), "--csv", str(place / "t.csv"), "--jobs", "1"]) == 3
    assert "No space left" in capsys.readouterr().err
    assert len((place / "log").read_text().split()) == 1


def test_a_table_that_is_a_link_or_no_file_is_not_replaced(place, capsys):
    folder = class_of(place, 2)
    write(place, "there.csv", "old")
    (place / "link.csv").symlink_to(place / "there.csv")
    assert main(["check", str(folder), "--csv", str(place / "link.csv")]) == 1
    assert (place / "link.csv").is_symlink() and len(rows_of(place / "there.csv")) == 5
    assert main(["check", str(folder), "--csv", os.devnull]) == 2
    assert "no ordinary file" in capsys.readouterr().err and not Path(os.devnull).is_file()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_the_job_for_slurm_checks_its_part(place, tmp_path):
    job = ROOT / "deploy" / "check.sbatch"
    write(tmp_path, "bin/labkit", '#!/bin/sh\nprintf "%s\\n" "$@"').chmod(0o755)
    variables = {"ARRAY_TASK_ID": "3", "ARRAY_TASK_MAX": "8", "CPUS_PER_TASK": "2"}
    environment = {f"SLURM_{name}": value for name, value in variables.items()}
    environment["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", job, "a class", "t.csv"], env=environment, stdout=subprocess.PIPE, text=True
    )
    options = cli._parser().parse_args(ran.stdout.splitlines())
    assert (options.paths, options.csv, options.shard) == (["a class"], "t.csv", (3, 8))
    assert options.jobs == 2 and options.exit_zero
    assert "#SBATCH --array=1-8\n" in job.read_text()
