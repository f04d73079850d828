"""Workers that are forked from a process with torch in it: held as those started anew."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from classroom import answered, solved, write

from labkit.grading import warm
from labkit.grading.labs import released_labs
from labkit.grading.limits import Limits
from labkit.grading.runner import check_one
from labkit.grading.sandbox import Sandbox, best_sandbox
from labkit.grading.submissions import Submission

BEST = best_sandbox()
pytestmark = pytest.mark.skipif(not BEST.apart, reason="no user namespaces here")


@pytest.fixture(scope="module")
def sandbox():
    with warm.warmed(BEST, Limits()) as made:
        yield made


def started(sandbox, folder, program, *arguments):
    errors = tempfile.TemporaryFile()
    return sandbox.start(folder, ["-c", program, *arguments], size=10**6, errors=errors), errors


def said(sandbox, folder, program, *arguments):
    """What a program prints as JSON."""
    ran, errors = started(sandbox, folder, program, *arguments)
    with ran.stdin, ran.stdout as line, errors:
        printed = line.read().decode()
        errors.seek(0)
        assert ran.wait(10) == 0, errors.read().decode()
    return json.loads(printed)


def row_of(folder, body, sandbox, **others):
    path = write(folder, "mine.ipynb", answered("00", "mirrored", body, **others))
    (row,) = check_one(Submission("mine", path), released_labs(), sandbox=sandbox, limits=Limits())
    return row


STATE = """
import json, os, pathlib, random, resource, signal, subprocess, sys, threading
import numpy as np, torch

def status(text):
    names = "Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp:", "Threads", "SigIgn", "SigBlk"
    return [line for line in text.splitlines() if line.startswith(names)]

maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
print(json.dumps({
    "own": status(pathlib.Path("/proc/self/status").read_text()),
    "child's": status(subprocess.check_output(["cat", "/proc/self/status"], text=True)),
    "files": [n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")],
    "processes": [int(n) for n in os.listdir("/proc") if n.isdigit()] == [os.getpid()] == [1],
    "shared": [line for line in maps if line.split()[1][3] == "s" and "w" in line.split()[1]],
    "here": os.path.samefile(".", os.environ["HOME"]) and os.listdir("."),
    "variables": {k: v for k, v in os.environ.items() if v != os.environ["HOME"]},
    "group": [os.getsid(0), os.getpgid(0)],
    "limits": [resource.getrlimit(n) for n in range(16)],
    "signals": [str(signal.getsignal(n)) for n in signal.valid_signals()],
    "mask": os.umask(0),
    "arguments": sys.argv[1:],
    "threads": [torch.get_num_threads() == 1 or "anew", threading.active_count()],
    "type": str(torch.get_default_dtype()),
}))
"""


def test_a_fork_is_in_the_state_of_a_process_started_anew(sandbox, tmp_path):
    anew = said(BEST, tmp_path, STATE, "one", "two")
    fork = said(sandbox, tmp_path, STATE, "one", "two")
    assert fork == anew
    assert fork["files"] == ["0", "1", "2"] and fork["shared"] == [] and fork["processes"]
    assert fork["here"] == [] and fork["arguments"] == ["one", "two"]
    rights = [line.split() for line in fork["own"] if line.startswith("Cap")]
    assert len(rights) == 5 and {right for _, right in rights} == {"0" * 16}


def test_forks_draw_numbers_of_their_own(sandbox, tmp_path):
    program = "import numpy, random, torch\n"
    program += "print([numpy.random.rand(), random.random(), torch.rand(1).item()])"
    one, other = (said(sandbox, tmp_path, program) for _ in range(2))
    assert not set(one) & set(other)


CHANGES = """
import builtins, os, sys, torch, numpy, labkit.checks.lab00, labkit.grading.worker, signal
torch.allclose = torch.equal = lambda *a, **k: True
labkit.checks.lab00.mirrored = labkit.grading.worker._run = builtins.sorted = print
torch.manual_seed(1), torch.set_default_dtype(torch.float64), torch.set_grad_enabled(False)
torch.nn.changed = os.environ["CHANGED"] = "yes"
sys.path.insert(0, "/"), sys.modules.pop("json"), os.umask(0o777), signal.alarm(100)
open("left", "w").write("x"), os.mkdir("folder")
print(1)
"""


def test_nothing_that_a_fork_does_is_seen_by_the_next(sandbox, tmp_path):
    before = said(sandbox, tmp_path, STATE)
    assert said(sandbox, tmp_path, CHANGES) == 1
    assert said(sandbox, tmp_path, STATE) == before
    row = row_of(tmp_path, "return image.flip(1)", sandbox)
    assert row.result == "wrong" and "upside down" in row.remark
    assert row_of(tmp_path, "return image.flip(2)", sandbox).result == "done"


LIMITS = """
import resource
others = set(range(16)) - {resource.RLIMIT_AS}
raise ValueError([resource.getrlimit(number) for number in sorted(others)])"""
ROOM = """
import resource
pages = int(open("/proc/self/statm").read().split()[0])
left = resource.getrlimit(resource.RLIMIT_AS)[0] - pages * resource.getpagesize()
raise ValueError(f"{left / 1e9:.1f} GB")"""


def test_the_limits_are_the_same(sandbox, tmp_path):
    for body in (LIMITS, ROOM):
        rows = [row_of(tmp_path, body, way) for way in (BEST, sandbox)]
        assert rows[0] == rows[1] and rows[0].result == "wrong"
    assert "2.0 GB" in rows[0].remark


def test_memory_is_limited_beyond_what_torch_takes(sandbox, tmp_path):
    for size, result in ((10**9, "done"), (3 * 10**9, "wrong")):
        body = f"room = bytearray({size})\nreturn image.flip(2)"
        assert row_of(tmp_path, body, sandbox).result == result


@pytest.mark.parametrize(
    ("program", "code", "error"),
    [("import os; os._exit(7)", 7, ""), ("1 / 0", 1, "ZeroDivisionError"), ("", 0, ""),
     ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV, "")],
)  # fmt: skip
def test_the_exit_code_comes_through(sandbox, tmp_path, program, code, error):
    for way in (sandbox, BEST):
        ran, errors = started(way, tmp_path, program)
        assert ran.wait(10) == ran.poll() == ran.returncode == code
        errors.seek(0)
        assert error in errors.read().decode()
        ran.stdin.close(), ran.stdout.close(), errors.close()


@pytest.mark.parametrize("which", ["outer", "inner"])
def test_a_fork_that_is_killed_says_so_and_leaves_nothing(sandbox, tmp_path, which):
    ran, errors = started(sandbox, tmp_path, "import time; print(flush=True); time.sleep(100)")
    assert ran.stdout.readline() and ran.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        ran.wait(0.01)
    (inner,) = psutil.Process(ran.pid).children()
    ran.kill() if which == "outer" else inner.kill()
    assert ran.wait(10) == -signal.SIGKILL
    ran.kill()
    psutil.wait_procs([inner], timeout=10)
    assert not inner.is_running() or inner.status() == psutil.STATUS_ZOMBIE
    ran.stdin.close(), ran.stdout.close(), errors.close()


def test_what_a_killed_process_leaves_is_not_checked(sandbox, tmp_path, monkeypatch):
    start = warm.Warm.start

    def soon_killed(*given, **options):
        ran = start(*given, **options)
        psutil.Process(ran.pid).kill()
        return ran

    monkeypatch.setattr(warm.Warm, "start", soon_killed)
    row = row_of(tmp_path, "return image.flip(2)", sandbox)
    assert row.result == "not checked" and "killed from outside" in row.remark


def test_where_forking_fails_workers_start_as_always(tmp_path):
    with warm.warmed(BEST, Limits()) as sandbox:
        assert row_of(tmp_path, "return image.flip(2)", sandbox).result == "done"
        sandbox.nursery._process.kill()
        assert row_of(tmp_path, "return image.flip(2)", sandbox).result == "done"
        ran, errors = started(sandbox, tmp_path, "")
        with ran, errors:
            assert isinstance(ran, subprocess.Popen)
    apart = Sandbox(apart=False)
    with warm.warmed(apart, Limits()) as sandbox:
        assert sandbox is apart


def test_a_fork_that_is_held_less_than_it_should_be_is_not_used(tmp_path):
    other = Sandbox(apart=True, alone=not BEST.alone, sealed=BEST.sealed)
    with warm.Nursery(other, Limits()) as nursery:
        for _ in range(2):
            with pytest.raises(OSError), tempfile.TemporaryFile() as errors:
                nursery.start(["-c", ""], errors)


def test_what_reads_a_cell_is_loaded_before_the_forks():
    program = "import sys; from labkit.grading import forks, slices; forks._load()\n"
    program += "before = {*sys.modules}; slices.as_python('%time x = 1')\n"
    program += "print([m for m in {*sys.modules} - before if m.startswith('IPython')])"
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}  # as the nursery has it
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, env=alone, capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr


def test_a_process_with_threads_is_not_forked():
    program = "import threading, time\nfrom labkit.grading import forks\n"
    program += "threading.Thread(target=time.sleep, args=[600], daemon=True).start()\nforks._load()"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 1 and "has started threads" in ran.stderr


ENDLESS = "import time\nfrom pathlib import Path\nwhile True:\n    time.sleep(0.1)"


def test_when_labkit_is_killed_nothing_goes_on(tmp_path):
    write(tmp_path, "class/ada.ipynb", answered("00", "mirrored", ENDLESS))
    command = [sys.executable, "-P", "-m", "labkit", "check", str(tmp_path / "class")]
    ran = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own, until = psutil.Process(ran.pid), time.monotonic() + 120
    while len(family := own.children(recursive=True)) < 3:  # the nursery, a worker's two
        assert time.monotonic() < until and ran.poll() is None
        time.sleep(0.05)
    ran.kill()
    ran.wait()
    _, left = psutil.wait_procs(family, timeout=20)
    assert not [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_no_file_stays_open_and_no_folder(tmp_path):
    before = set(os.listdir("/proc/self/fd"))
    with warm.warmed(BEST, Limits()) as sandbox:
        folder = Path(sandbox.nursery._folder.name)
        for _ in range(3):
            row_of(tmp_path, "return image.flip(2)", sandbox)
        assert folder.is_dir() and not list(folder.iterdir())
    assert set(os.listdir("/proc/self/fd")) == before and not folder.exists()


def test_all_exercises_of_a_lab_both_ways(sandbox, tmp_path):
    path = write(tmp_path, "mine.ipynb", solved("06", only=["hardest", "errors"]))
    options = {"limits": Limits()}
    ways = [check_one(Submission("x", path), released_labs(), sandbox=s, **options)
            for s in (BEST, sandbox)]  # fmt: skip
    assert ways[0] == ways[1] and len(ways[0]) == 4
