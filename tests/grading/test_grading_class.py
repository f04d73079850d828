"""`labkit check` on a whole class: 30 submissions, good, half-done, wrong, hostile, row by row."""

import csv
import re
import time
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest
from classroom import answered, handed_out, solutions, solved, with_checks, without, write
from making import ROOT

from labkit.cli import main
from labkit.grading import command

GREEN = 'print("\\x1b[32m✓ mirrored is right\\x1b[0m")\n'
PATCH = "import torch\ntorch.allclose = torch.equal = lambda *a, **k: True\nreturn image"
FORGED_MESSAGE = """\
import gc, os, types
for f in gc.get_objects():
    if isinstance(f, types.FunctionType) and f.__qualname__ == "_channel.<locals>.send":
        f(exercise=0, state="done", message="", record=[])
        os._exit(0)
return image"""
FORKS = """\
import os, time
for _ in range(40):
    if os.fork() == 0:
        time.sleep(100)
time.sleep(100)"""
TIDY = """\
import os, shutil
shutil.rmtree(os.environ["HOME"], ignore_errors=True)
shutil.rmtree(".", ignore_errors=True)
return image.flip(2)"""
HELPER = "import torch\n\nLAST = 2\n\n\ndef _turned(x):\n    return torch.flip(x, [LAST])\n"
BROKEN = "def mirrored(image):\n    return image.flip(2"

WARM_UP, SIAMESE = ["mirrored"], ["contrastive", "errors", "one_shot", "hardest"]
HOSTILE = {  # name -> (body of mirrored, result, remark)
    "h01-endless": ("while True:\n    pass", "wrong", "had not finished after 10 s"),
    "h02-endless-in-c": ("return sum(iter(int, 1))", "wrong", "stopped: not finished after 20 s"),
    "h03-exit": ("import os\nos._exit(0)", "wrong", r"its process ended .*\(exit code 0\)"),
    "h04-forks": (FORKS, "wrong", "more than 16 processes"),
    "h05-prints": ("print('x\\n' * 200_000)\nreturn image.flip(2)", "done", "^$"),
    "h06-input": ("return image.flip(int(input('which? ')))", "wrong", "EOFError"),
    "h07-sys-exit": ("import sys\nsys.exit()", "wrong", r"SystemExit .*exit\(\) has no place"),
    "h08-memory": ("return [bytes(10**8) for _ in range(100)]", "wrong", "MemoryError|GB of mem"),
    "h09-large-file": ("open('f', 'wb').write(bytes(10**8))", "not checked", "OSError.*too large"),
    "h10-deletes": (TIDY, "done", "^$"),
    "h11-green-line": (GREEN + "return image", "wrong", "this is the image as it was"),
    "h12-patches-torch": (PATCH, "wrong", "its own process said done, but .* the image as it was"),
    "h13-forged-message": (FORGED_MESSAGE, "wrong", "said done, but .* the record ends"),
    "h14-network": ("import socket\nsocket.create_connection(('192.0.2.1', 9))", "not checked",
                    "not permitted.*no network"),
}  # fmt: skip


def expectation():
    """File -> (content, rows); a row is (exercise, result, regular expression of the remark)."""
    done = [(name, "done", "^$") for name in SIAMESE]
    empty = [(name, "not done", "^$") for name in SIAMESE]
    mirrored = solutions("00")["mirrored"]
    made = {
        "ada/06.ipynb": (solved("06"), done),
        "ben/06.ipynb": (handed_out("06"), empty),
        "cem/06.ipynb": (solved("06", only=["hardest", "one_shot"]),
                         [*empty[:2], *done[2:]]),
        "dia/06.ipynb": (answered("06", "errors", "a, b = distances <= threshold, same\n"
                                  "return (~a)[b].float().mean(), a[~b].float().mean()"),
                         [empty[0], ("errors", "wrong", "are swapped"), *empty[2:]]),
        "eve/warm-up.ipynb": (solved("00"), one("done")),
        "fay/00.ipynb": (answered("00", "mirrored", "return _turned(image)", before=HELPER),
                         one("done")),
        "gil/00.ipynb": (answered("00", "mirrored", "return image.flip(1)"),
                         one("wrong", "this is upside down")),
        "hal/00.ipynb": (without(solved("00"), "check"), one("done", "^check cell deleted$")),
        "ida/00.ipynb": (with_checks(handed_out("00"), "print('✓')"),
                         one("not done", "^check cell edited$")),
        "jon/00.ipynb": (with_checks(solved("00"), "while True: pass"),
                         one("done", "^check cell edited$")),
        "kim/00_start_here.ipynb": (without(handed_out("00"), "exercise"),
                                    one("not done", "no function mirrored in it")),
        "lea/00.ipynb": (replaced(handed_out("00"), BROKEN), one("wrong", "SyntaxError in line")),
        "max/00.ipynb": (answered("00", "mirrored", "return image.flip(9)"),
                         one("wrong", "IndexError")),
    }  # fmt: skip
    assert "flip" in mirrored
    made |= {f"{name}/00.ipynb": (answered("00", "mirrored", body), one(result, remark))
             for name, (body, result, remark) in HOSTILE.items()}  # fmt: skip
    return made | {
        "x1.ipynb": (bytes(range(256)), unreadable("not text")),
        "x2.ipynb": ('{"a": [1, 2]}', unreadable("it has no cells")),
        "x3.ipynb": ("", unreadable("the file is empty")),
    }


def one(result, remark="^$"):
    return [("mirrored", result, remark)]


def unreadable(remark):
    return [("", "not checked", f"not a notebook: .*{remark}")]


def replaced(notebook, source):
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = source
    return notebook


@pytest.mark.slow
@pytest.mark.parametrize("way", ["forked", "anew"])
def test_a_class_of_thirty_is_checked_in_one_command(tmp_path, capsys, monkeypatch, way):
    if way == "anew":
        monkeypatch.setattr(command, "warmed", lambda sandbox, limits: nullcontext(sandbox))
    folder, expected = tmp_path / "class", expectation()
    assert len(expected) == 30
    for name, (content, _) in expected.items():
        write(folder, name, content)
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    table = tmp_path / "table.csv"
    assert main(["check", str(folder), "--csv", str(table)]) == 3
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    wanted = [(name, *row) for name in sorted(expected) for row in expected[name][1]]
    assert [(r["submission"], r["exercise"], r["result"]) for r in rows] == [w[:3] for w in wanted]
    for row, want in zip(rows, wanted, strict=True):
        assert re.search(want[3], row["remark"]), (row, want[3])
    printed = capsys.readouterr().out
    assert all(row["remark"] in printed for row in rows)
    assert "30 submissions: " in printed
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before


@pytest.mark.slow
def test_nothing_is_left_running_after_a_fork_bomb(tmp_path):
    start = time.time()
    write(tmp_path, "forks.ipynb", answered("00", "mirrored", FORKS))
    assert main(["check", str(tmp_path / "forks.ipynb")]) == 1
    own = psutil.Process().children(recursive=True)
    assert not [p for p in own if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not [p for p in psutil.process_iter() if is_stray(p, since=start)]


def is_stray(process, *, since):
    """Whether this is a worker that nobody waits for any more."""
    try:
        names = {"labkit.grading.worker", "labkit.grading.forks"}
        worker = bool(names & {*process.cmdline()})
        return worker and process.create_time() > since and process.ppid() <= 1
    except psutil.Error:
        return False


@pytest.mark.slow
def test_the_solutions_of_every_lab_pass(tmp_path, capsys):
    assert main(["check", str(ROOT / "notebooks")]) == 0
    labs = {Path(line.split()[0]).stem for line in capsys.readouterr().out.splitlines()[2:-2]}
    assert labs == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
