"""The parts of `labkit check`: files read, statements chosen, values sent, answers replayed."""

import ast
import collections
import csv
import io
import json
import os
import re
import shutil
import subprocess
import time

import nbformat
import numpy as np
import pytest
import torch
from classroom import answered, handed_out, solved, with_checks, without, write
from making import ROOT
from solving import LABS, checks_of, solutions_of

from labkit.cli import main
from labkit.course import reading
from labkit.grading import record, submissions, table, values, verdict
from labkit.grading.labs import identify, released_labs
from labkit.grading.limits import Limits
from labkit.grading.process import Worker
from labkit.grading.runner import Row, check_one
from labkit.grading.sandbox import Sandbox, best_sandbox
from labkit.grading.slices import needed, statements

EVERY = [(lab, name) for lab in LABS for name in checks_of(lab)]
every = pytest.mark.parametrize("lab, name", EVERY)


def replayed(lab, name, answer):
    """Verdicts on a function where it runs, and on its record after the way through JSON."""
    module = f"labkit.checks.lab{lab.split('_')[0]}"
    notes, source = [], f"check.{name}({name})"
    here = verdict.judge(source, name, record.recorder(answer, notes), module=module)
    sent = json.loads(json.dumps(notes))
    return here, verdict.judge(source, name, record.player(sent, name=name), module=module)


@every
def test_a_record_of_the_solution_passes_the_check(lab, name):
    here, there = replayed(lab, name, solutions_of(lab)[name])
    assert (here, there) == (verdict.Verdict("done"), verdict.Verdict("done"))


@every
def test_a_record_of_nonsense_does_not(lab, name):
    here, there = replayed(lab, name, lambda *args: torch.zeros(3))
    assert here.state == there.state == "wrong"


DETACHED = {
    "half of the cop's": lambda r, f: ((1 - r).relu().mean() + (1 + f).relu().mean().detach(),
                                       -f.mean()),
    "the cop's": lambda r, f: (((1 - r).relu().mean() + (1 + f).relu().mean()).detach(), -f.mean()),
    "the forger's": lambda r, f: [(1 - r).relu().mean() + (1 + f).relu().mean(),
                                  -f.detach().mean()],
    "another": lambda r, f: torch.stack([(1 - r).relu().mean() + (1 + f.detach()).relu().mean(),
                                         -f.mean()]),
}  # fmt: skip


@pytest.mark.parametrize("answer", DETACHED.values(), ids=DETACHED)
def test_losses_with_a_part_cut_off_are_refused_from_the_record_too(answer):
    here, there = replayed("07_gans", "hinge_losses", answer)
    assert here == there and here.state == "wrong"
    assert re.search("cut off|no longer depends on the scores", here.message)


def test_the_slopes_of_results_in_lists_tuples_and_dicts_are_played_back():
    def answer(x, y):
        return {"a": (x * y, x.sum()), "b": [y.detach(), 3, x[:0]], "c": (x * 1).half()}

    x, y = (torch.rand(2, 3, generator=torch.manual_seed(i)).requires_grad_() for i in range(2))
    notes = []
    want = record.recorder(answer, notes)(x, y)
    got = record.player(json.loads(json.dumps(notes)), name="f")(x, y)
    pairs = [(want["a"][0], got["a"][0]), (want["a"][1], got["a"][1]), (want["c"], got["c"])]
    for one, other in pairs:
        weights = torch.rand(one.shape, generator=torch.manual_seed(3)).to(one.dtype)
        options = {"allow_unused": True, "materialize_grads": True, "grad_outputs": weights}
        slopes = [torch.autograd.grad(value, [x, y], **options) for value in (one, other)]
        for a, b in zip(*slopes, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)
    assert got["b"][:2] == [got["b"][0], 3] and not got["b"][0].requires_grad


def test_too_many_slopes_are_not_sent_and_false_ones_are_torn():
    x, notes = torch.rand(40, 40, requires_grad=True), []
    record.recorder(lambda x: x * 2, notes)(x)
    assert notes[0]["slopes"] is None
    for slopes in ({"by": 3}, {"by": []}, {"by": [{"tensor": "float32"}]}, {}, {"by": [3]}):
        player = record.player([{"result": values.packed(x), "slopes": slopes}], name="f")
        with pytest.raises(record.Torn, match="slopes of another shape"):
            player(x)
    with pytest.raises(record.Torn, match="slopes of another result"):
        record.player([{"result": {"list": [1]}, "slopes": []}], name="f")(x)


@every
def test_no_forged_record_passes_or_stops_the_judge(lab, name):
    module = f"labkit.checks.lab{lab.split('_')[0]}"
    results = [None, 1.5, {"tensor": "float32"}, {"weight": [9, "x"]}, {"list": [3]}, [], "x"]
    for result in results:
        notes = [{"result": result, "changes": [], "slopes": None}] * 50
        answer = record.player(notes, name=name)
        assert verdict.judge(f"check.{name}({name})", name, answer, module=module).state == "wrong"


@pytest.mark.parametrize("notes", [[], [None], [3], [{}], [{"result": 1, "changes": [{}]}]])
def test_a_torn_record_is_named(notes):
    answer = record.player(notes, name="f")
    with pytest.raises(record.Torn, match="the record"):
        answer(torch.nn.Linear(2, 2))
    with pytest.raises(record.Torn, match="no record"):
        record.player("text", name="f")


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -2.5, "text", [1, [2.0, "x"]], (1, (2,)), {"a": [1], 2: None}, [],
     torch.tensor([[1.5, -2.0]]), torch.tensor(3), torch.zeros(0, 4), torch.tensor([True, False]),
     torch.tensor([1 + 2j]), torch.ones(1, dtype=torch.bfloat16), torch.arange(6).view(2, 3).T,
     np.arange(4).reshape(2, 2), np.float32(0.5), np.array([True])],
    ids=repr,
)  # fmt: skip
def test_values_come_back_as_they_were(value):
    back = values.unpacked(json.loads(json.dumps(values.packed(value))))
    assert type(back) is type(value)
    if isinstance(value, torch.Tensor):
        assert back.dtype == value.dtype and torch.equal(back, value)
    else:
        np.testing.assert_equal(back, value)


def test_not_a_number_and_the_wish_for_gradients_survive():
    asked = torch.tensor([float("nan"), float("inf")], requires_grad=True)
    back = values.unpacked(json.loads(json.dumps(values.packed(asked))))
    assert back.requires_grad and back.isnan().tolist() == [True, False]


def test_named_tuples_and_the_like_come_back_as_plain_ones():
    pair = collections.namedtuple("Pair", "far near")(torch.tensor(1), 2)
    assert values.unpacked(values.packed(pair)) == (1, 2)
    assert values.unpacked(values.packed(collections.OrderedDict(a=1))) == {"a": 1}


def test_what_takes_long_or_is_forbidden_here_falls_back_on_what_is_needed(tmp_path):
    """Experiments of a student's own do not stand in the way of an answer."""
    body = "return image.flip(2)"
    for above in ("while True:\n    pass", "open('/etc/labkit-x', 'w')", "input('go on?')"):
        lab = answered("00", "mirrored", body)
        place = next(i for i, cell in enumerate(lab.cells) if cell.id == "mirrored")
        lab.cells.insert(place, nbformat.v4.new_code_cell(above))
        (row,) = rows_of(tmp_path, lab, sandbox=best_sandbox(), seconds=8)
        assert row.result == "done", (above, row)


def test_other_things_come_back_as_opaque():
    loop = []
    loop.append(loop)
    for value in (print, object(), {1, 2}, 2**70, b"x", np.array(["a"], dtype=object)):
        assert isinstance(values.unpacked(values.packed(value)), values.Opaque)
    assert json.dumps(values.packed(loop))


@pytest.mark.parametrize(
    "stored",
    [[1], {"tensor": "float32", "shape": [2], "data": ""}, {"tensor": "object", "shape": []},
     {"tensor": "float32", "shape": [2**30, 2**30], "data": "AAAA"},
     {"tensor": "float32", "shape": [-1], "data": ""}, {"tensor": "int8", "shape": 3, "data": ""},
     {"array": "|O", "shape": [1], "data": "AAAAAAAAAAA="}, {"scalar": "nonsense", "shape": []},
     {"array": "<f8", "shape": [1], "data": "?"}, {"dict": [[[], 1]]}, {"dict": [3]},
     {"dict": [[{"list": []}, 1]]}],
    ids=str,
)  # fmt: skip
def test_json_that_is_no_packed_value_is_refused(stored):
    with pytest.raises(ValueError):
        values.unpacked(stored)


def chosen(*cells, name="f", **places):
    """Source lines that `needed` keeps of some cells."""
    found, _ = statements(list(cells))
    return [ast.unparse(s.node) for s in needed(found, name, **places)]


def test_an_exercise_needs_its_function_helpers_constants_and_imports():
    helper, constant = "def twice(x):\n    return FACTOR * x", "FACTOR = 2"
    cells = ["import torch, numpy as np", constant, "slow = train()", helper, "def f(x):\n"
             "    y = twice(x)\n    return torch.abs(y)", "print(f(1))"]  # fmt: skip
    assert chosen(*cells) == ["import torch", constant, helper, chosen(*cells)[-1]]
    assert "slow" not in "".join(chosen(*cells)) and "print" not in "".join(chosen(*cells))


def test_arguments_and_local_names_need_nothing():
    function = "def f(model):\n    image = model\n    return [x for x in image]"
    assert len(chosen("model = train()\nimage = load()\nx = 1", function)) == 1


def test_what_stands_above_the_check_counts_and_nothing_below():
    function, check = "def f(x):\n    return a + b", "check.f(f)"
    assert chosen("a = 1", function, "a = 2", check, "b = 3") == ["a = 1", function, "a = 2"]
    assert chosen("a = 1", function, "b = 3") == ["a = 1", function, "b = 3"]
    assert chosen(check, function) == []
    assert chosen("a = 1", function, "print(1)", "b = 3", until=2) == ["a = 1", function]


def test_all_definitions_above_the_check_run_and_the_last_wins():
    mine, later = "def f(x):\n    return x", "f = labkit.f"
    assert chosen("import labkit", mine, later, cell=1) == ["import labkit", mine, later]
    assert chosen("import labkit", mine, later, name="g") == []
    own = f"{mine}\ncheck.f(f)"  # tried in its own cell, checked below
    assert chosen(own, later, "import labkit", "check.f(f)", cell=0)[-2:] == [
        later,
        "import labkit",
    ]


def test_cells_as_handed_out_change_nothing_and_showing_is_no_change():
    cells = ["a = []", "a.append(1)", "import labkit.plot as plot\nplot.show(a)\nprint(a)",
             "def f(x):\n    return a"]  # fmt: skip
    assert chosen(*cells) == ["a = []", "a.append(1)", cells[-1]]
    assert chosen(*cells, given={1}) == ["a = []", cells[-1]]


def test_star_imports_items_attributes_and_magics_are_seen():
    cells = ["from math import *", "%matplotlib inline\ntable = {}", "table['a'] = 1\ntable.x = 2",
             "def f(x):\n    return table, sqrt(x)"]  # fmt: skip
    assert chosen(*cells)[:4] == ["from math import *", "table = {}", "table['a'] = 1",
                                  "table.x = 2"]  # fmt: skip


def test_cells_that_are_not_python_are_named_and_the_others_go_on():
    found, broken = statements(["def f(:", "x = 1", "y = '" + "\0'", "(" * 1000])
    assert [s.binds for s in found] == [{"x"}] and set(broken) == {0, 2, 3}
    assert "SyntaxError in line 1" in broken[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "empty"), ("  \n", "empty"), (b"\xff\xfe\0", "not text"), ("nonsense", "not JSON"),
     ("[" * 100_000, "not JSON"), ("[]", "no cells"), ('{"cells": 3}', "no cells"),
     ('{"worksheets": 3}', "no cells")],
)  # fmt: skip
def test_files_that_are_no_notebooks_say_why(tmp_path, content, said):
    path = write(tmp_path, "a.ipynb", content)
    with pytest.raises(submissions.NotANotebook, match=said):
        submissions.code_cells(submissions.text_of(path))


def test_odd_cells_are_read_as_far_as_they_go():
    cells = [3, {"cell_type": "markdown"}, {"cell_type": "code"},
             {"cell_type": "code", "source": ["a\n", 3, "b"], "id": 7, "metadata": [1]},
             {"cell_type": "code", "source": {}, "metadata": {"nbgrader": {"grade_id": "g"}}},
             ]  # fmt: skip
    read = submissions.code_cells(json.dumps({"cells": cells}))
    assert [c["source"] for c in read] == ["", "a\nb", ""]
    assert [c["grade_id"] for c in read] == ["", "", "g"]
    assert [c["id"] for c in read] == ["cell-1", "cell-2", "g"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_folders_links_and_large_files_are_named(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "nowhere")
    write(tmp_path, "large.ipynb", "x" * 100)
    monkeypatch.setattr(reading, "LARGEST", 99)
    said = {"pipe": "no ordinary", "folder": "a folder", "link": "No such", "large": "too large"}
    found = submissions.find([tmp_path])
    assert [s.name for s in found] == sorted(f"{name}.ipynb" for name in said)
    for submission in found:
        with pytest.raises(submissions.NotANotebook, match=said[submission.path.stem]):
            submission.content()


def test_submissions_are_found_once_in_order_without_checkpoints(tmp_path):
    for name in ("b/x.ipynb", "a.IPYNB", ".ipynb_checkpoints/a.ipynb", "b/notes.txt", "b/.x.ipynb"):
        write(tmp_path, name, "{}")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    assert [s.name for s in submissions.find([tmp_path])] == ["a.IPYNB", "b/x.ipynb"]
    several = submissions.find([tmp_path / "b", tmp_path / "b" / "x.ipynb"])
    assert len(several) == 1
    for path, said in ((tmp_path / "gone", "not there"), (tmp_path / "b" / "loop" / "e", "not")):
        with pytest.raises(FileNotFoundError, match=said):
            submissions.find([path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no notebook"):
        submissions.find([tmp_path / "empty"])


def test_a_lab_is_known_by_cells_functions_or_the_files_name():
    labs = released_labs()
    assert [lab.name for lab in labs] == LABS

    def known(notebook, file="work.ipynb"):
        cells = submissions.code_cells(json.dumps(notebook))
        lab = identify(cells, statements([c["source"] for c in cells])[0], file, labs)
        return lab and lab.name[:2]

    assert known(handed_out("06")) == "06"
    assert known(without(handed_out("06"), "exercise")) == "06"
    bare = solved("04")
    for cell in bare.cells:
        del cell["id"], cell["metadata"]
    assert known(bare) == "04"
    assert known({"cells": []}, "my_01_derivative_intuition (2).ipynb") == "01"
    assert known({"cells": []}) is None


def test_the_table_and_the_csv_say_the_same_and_harm_no_spreadsheet():
    rows = [Row("=a\n.ipynb", "00", "f", "wrong", "-1\x1b[2J, \u202e\udcff"),
            Row("b", "00", "f", "done", "")]  # fmt: skip
    read = list(csv.reader(io.StringIO(table.as_csv(rows))))
    assert read == [list(table.TITLES), ["'=a?.ipynb", "00", "f", "wrong", "'-1?[2J, ??"],
                    ["b", "00", "f", "done", ""]]  # fmt: skip
    text = table.as_text(rows)
    assert "=a?.ipynb" in text and "2 submissions: 1 done, 1 wrong" in text
    assert len(text.splitlines()) == 6 and text.isprintable() is False


def test_the_first_line_of_a_message_is_clean_and_short():
    assert verdict.first_line("\n \x1b[31mred\x1b[0m\x07 one\ntwo") == "red one"
    assert len(verdict.first_line("x" * 10_000)) == 300


def test_hidden_tests_and_plain_asserts_count(tmp_path):
    check = "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(3) == 6"
    judged = [
        verdict.judge(check, "double", f, module=None) for f in (lambda x: 2 * x, lambda x: 4)
    ]
    assert [v.state for v in judged] == ["done", "wrong"]


def test_the_help_says_what_it_does_not_protect_from(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["check", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "doesn't protect you from" in said and "labkit's own version" in said
    assert "can open no socket" in said and "`python -P -m labkit check`" in said


@pytest.mark.parametrize(
    "options",
    [["--jobs", "0"], ["--seconds", "0"], ["--seconds", "nan"], ["--csv", "gone/table.csv"],
     ["--csv", "mine.ipynb"]],
)  # fmt: skip
def test_numbers_that_make_no_sense_and_missing_paths_are_refused(tmp_path, capsys, options):
    assert main(["check", str(ROOT / "notebooks"), *options]) == 2
    assert main(["check", str(tmp_path / "gone")]) == 2
    assert "is not there" in capsys.readouterr().err


def rows_of(tmp_path, notebook, *, sandbox, **limits):
    path = write(tmp_path, "mine.ipynb", notebook)
    submission = submissions.Submission("mine", path)
    return check_one(submission, released_labs(), sandbox=sandbox, limits=Limits(**limits))


def test_without_a_sandbox_it_works_too_and_warns(tmp_path):
    plain = Sandbox(apart=False)
    assert str(plain).startswith("Warning") and "container" in str(plain)
    (row,) = rows_of(tmp_path, solved("00"), sandbox=plain)
    assert row[2:] == ("mirrored", "done", "")
    net = "import socket\nsocket.create_connection(('192.0.2.1', 9))"
    (row,) = rows_of(tmp_path, answered("00", "mirrored", net), sandbox=plain)
    assert row.result == "not checked" and "no network while it is checked" in row.remark


def test_after_an_exercise_that_ends_the_process_the_others_are_checked(tmp_path):
    lab = solved("06")
    for cell in lab.cells:
        if cell.id == "contrastive":
            cell.source = "import os\ndef contrastive(*a):\n    os._exit(3)"
    rows = rows_of(tmp_path, lab, sandbox=best_sandbox())
    assert [r.result for r in rows] == ["wrong", "done", "done", "done"]
    assert "exit code 3" in rows[0].remark


def test_what_a_process_said_last_is_heard_after_its_end(tmp_path, monkeypatch):
    """As on a busy machine, where the thread that reads comes to it late."""
    listen = Worker._listen

    def late(worker):
        while worker._process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        listen(worker)

    monkeypatch.setattr(Worker, "_listen", late)
    (row,) = rows_of(tmp_path, solved("00"), sandbox=best_sandbox())
    assert row[2:] == ("mirrored", "done", "")


def test_edited_checks_are_named_and_not_used(tmp_path):
    lab = with_checks(handed_out("00"), "print('✓')")
    (row,) = rows_of(tmp_path, lab, sandbox=best_sandbox())
    assert (row.result, row.remark) == ("not done", "check cell edited")
    for cell in lab.cells:
        cell.source = cell.source.replace("print('✓')", "check.mirrored( mirrored )  # my check")
    (row,) = rows_of(tmp_path, lab, sandbox=best_sandbox())
    assert (row.result, row.remark) == ("not done", "")


@pytest.mark.skipif(not best_sandbox().apart, reason="no user namespaces here")
def test_in_the_sandbox_nothing_outside_can_be_written(tmp_path):
    # /tmp may be an empty folder in there, everything else can only be read
    for folder, text in [
        (tmp_path / "folder", r"Errno (2|30)\b"),
        (ROOT / "labkit", r"Errno 30\b"),
    ]:
        folder.mkdir(exist_ok=True)
        place = folder / "written-by-a-submission"
        lab = answered("00", "mirrored", f"open({str(place)!r}, 'w')\nreturn image.flip(2)")
        (row,) = rows_of(tmp_path, lab, sandbox=best_sandbox())
        written = place.exists()
        place.unlink(missing_ok=True)
        assert not written and row.result == "not checked" and re.search(text, row.remark), folder


@pytest.mark.skipif(not best_sandbox().apart, reason="no user namespaces here")
def test_in_the_sandbox_null_can_be_written_by_any_user(tmp_path):
    """Sticky and writable for all, Linux would refuse to open what belongs to another user."""
    body = "import os\nopen(os.devnull, 'w').write('x')\n"
    body += "assert os.stat('/dev').st_mode & 0o7777 == 0o755\nreturn image.flip(2)"
    (row,) = rows_of(tmp_path, answered("00", "mirrored", body), sandbox=best_sandbox())
    assert row[2:] == ("mirrored", "done", "")


def test_it_says_so_where_other_processes_can_be_seen():
    assert "other processes out of sight" in str(Sandbox(apart=True))
    assert "other processes" not in str(Sandbox(apart=True, alone=False))


def test_where_namespaces_can_be_had_the_sandbox_is_used():
    bare = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "true"]
    if not (shutil.which("unshare") and subprocess.run(bare, capture_output=True).returncode == 0):
        pytest.skip("no user namespaces here")
    assert best_sandbox().apart
