"""What a submission's process is refused, what the system does to it, and what it may say."""

import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import pytest
from classroom import answered, write
from making import ROOT

from labkit.grading import imports, record, runner, sandbox, seccomp, verdict
from labkit.grading.labs import released_labs
from labkit.grading.limits import Limits
from labkit.grading.process import Worker
from labkit.grading.runner import check_one
from labkit.grading.sandbox import PYTHON, Sandbox, best_sandbox, environment
from labkit.grading.submissions import Submission
from labkit.grading.warm import warmed

BEST = best_sandbox()
apart = pytest.mark.skipif(not BEST.apart, reason="no user namespaces here")
sealed = pytest.mark.skipif(not BEST.sealed, reason="no filter of system calls here")

ATTEMPTS = """
import ctypes, errno, json, mmap, os, platform, socket, subprocess, sys, threading
from labkit.grading import seccomp

libc = ctypes.CDLL(None, use_errno=True)
said = {}

def call(name, *given, number=None):
    column = ["x86_64", "aarch64"].index(platform.machine())
    number = number or seccomp._NEWER.get(name) or seccomp._NUMBERS[name][column]
    given = [ctypes.c_long(value) for value in given]
    failed = libc.syscall(ctypes.c_long(number), *given) == -1
    said[name] = errno.errorcode[ctypes.get_errno()] if failed else "works"

def attempt(name, do):
    try:
        do()
        said[name] = "works"
    except OSError as error:
        said[name] = errno.errorcode[error.errno]

attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("vsock", lambda: socket.socket(40))
attempt("pair", socket.socketpair)
attempt("shared", lambda: mmap.mmap(-1, 4096))
attempt("zero", lambda: os.open("/dev/zero", os.O_RDWR))
attempt("private", lambda: mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
attempt("process", lambda: subprocess.run([sys.executable, "-c", ""], check=True))
attempt("thread", lambda: threading.Thread(target=int).start())
call("unshare", 0x10000000)
call("clone", 0x10000000 | 17, 0, 0, 0, 0)
if platform.machine() == "x86_64":
    call("x32 socket", 1, 1, 0, number=0x40000000 + 41)
for name in ("clone3", "setns", "mount", "umount2", "pivot_root", "open_tree", "fsopen",
             "io_uring_setup", "ptrace", "process_vm_readv", "keyctl", "bpf", "userfaultfd",
             "memfd_create", "memfd_secret", "shmget", "msgget", "semget", "pidfd_getfd",
             "perf_event_open"):
    call(name, 0, 0, 0, 0, 0)
print(json.dumps(said))
"""


@pytest.fixture(params=["anew", "forked"])
def held(request):
    """The best sandbox here, its processes started anew and forked."""
    if request.param == "anew":
        return BEST
    return request.getfixturevalue("warm")


@pytest.fixture(scope="module")
def warm():
    if not BEST.apart:
        pytest.skip("no user namespaces here")
    with warmed(BEST, Limits()) as sandbox:
        yield sandbox


def ran_inside(tmp_path, program, *, sandbox=BEST, code=0):
    """What a program printed."""
    with tempfile.TemporaryFile() as errors:
        ran = sandbox.start(tmp_path, ["-c", program], size=10**6, errors=errors)
        ran.stdin.close()
        with ran.stdout as line:
            printed = line.read().decode()
        assert type(ran).__name__ == ("Popen" if sandbox is BEST else "Forked")
        errors.seek(0)
        assert ran.wait(timeout=10) == code, errors.read().decode()
    return printed


def row_of(tmp_path, body, *, sandbox=BEST, **others):
    path = write(tmp_path, "mine.ipynb", answered("00", "mirrored", body, **others))
    submission = Submission("mine", path)
    (row,) = check_one(submission, released_labs(), sandbox=sandbox, limits=Limits())
    return row


@dataclass(frozen=True)
class Scripted(Sandbox):
    """Runs a program of the test's in place of the worker."""

    apart: bool = False
    program: str = ""

    def command(self, folder, arguments, *, size):
        return [*PYTHON, "-c", self.program]


def scripted(tmp_path, program):
    return Worker({"labs": []}, tmp_path, sandbox=Scripted(program=program), limits=Limits())


@sealed
def test_what_could_reach_out_or_hide_memory_is_refused_and_the_rest_works(tmp_path, held):
    said = json.loads(ran_inside(tmp_path, ATTEMPTS, sandbox=held))
    works = {name for name, what in said.items() if what == "works"}
    assert works == {"private", "process", "thread"}
    assert said.pop("clone3") == "ENOSYS"  # which lets the C library take clone
    assert said.pop("zero") == "ENOENT"
    assert {what for name, what in said.items() if name not in works} == {"EPERM"}


FILES = """
import pathlib
try:
    for number in range(20_000):
        pathlib.Path(str(number)).touch()
except OSError:
    print(number)
"""


@apart
def test_many_empty_files_are_refused(tmp_path, held):
    assert 9000 < int(ran_inside(tmp_path, FILES, sandbox=held)) < 10_000


def outcome(program, architecture, number, *arguments):
    """What a BPF program says to a system call, worked out instruction by instruction."""
    arguments = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments)
    steps, place, value = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        code, yes, no, k = steps[place]
        place += 1
        if code == 0x06:
            return k
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
        else:
            holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
            place += yes if holds else no


@pytest.mark.parametrize(
    ("machine", "mark", "column"), [("x86_64", 0xC000003E, 0), ("aarch64", 0xC00000B7, 1)]
)
def test_the_filter_for_both_kinds_of_processor(machine, mark, column):
    program = seccomp.filter_for(machine)
    number = {name: both[column] for name, both in seccomp._NUMBERS.items()} | seccomp._NEWER
    allowed, refused = 0x7FFF0000, 0x50000 | errno.EPERM

    def said(name, *arguments):
        return outcome(program, mark, number[name], *arguments)

    for name in number.keys() - {"clone", "clone3", "mmap"}:
        assert said(name) == refused, name
    assert said("clone3") == 0x50000 | errno.ENOSYS
    thread, namespaces = 0x3D0F00, (0x20000, 0x2000000, 0x10000000, 0x20000000, 0x40000000)
    assert said("clone", thread) == said("clone", signal.SIGCHLD) == allowed
    assert all(said("clone", signal.SIGCHLD | flag) == refused for flag in namespaces)
    assert said("mmap", 0, 4096, 3, 0x21) == said("mmap", 0, 4096, 3, 0x23) == refused
    assert said("mmap", 0, 4096, 3, 0x22) == said("mmap", 0, 4096, 1, 0x01) == allowed
    assert outcome(program, mark, {0: 0, 1: 63}[column]) == allowed  # read
    assert outcome(program, mark, 0x40000000 + 41) == refused
    assert outcome(program, 0x40000003, 1) == 0x80000000
    assert seccomp.filter_for("riscv64") == b""


@sealed
@pytest.mark.skipif(not os.access(ROOT, os.W_OK), reason="this checkout cannot be written")
def test_a_service_with_a_socket_file_hears_nothing(tmp_path, held):
    with tempfile.TemporaryDirectory(dir=ROOT) as folder, socket.socket(socket.AF_UNIX) as service:
        place = os.path.join(folder, "s")
        service.bind(place)
        service.listen()
        service.settimeout(0.1)
        body = f"import socket\nsocket.socket(1).connect({place!r})"
        row = row_of(tmp_path, body, sandbox=held)
        with pytest.raises(TimeoutError):
            service.accept()
    assert row.result == "not checked"
    assert "PermissionError" in row.remark and row.remark.endswith(verdict.NOT_ALLOWED)


def test_where_sockets_or_namespaces_are_open_it_is_said(monkeypatch):
    for said in ([], ["apart", "True", "False"], ["apart", "False", "True"]):
        monkeypatch.setattr(sandbox, "tried", lambda _, said=said: said)
        best = best_sandbox()
        assert best.apart == bool(said) and best.sealed == (said[2:] == ["True"])
        assert str(best).startswith("Warning") == (not said)
        assert ("socket files, and memory" in str(best)) == (said[2:] == ["False"])


def test_the_variables_of_a_submission_name_no_folder_at_hand(monkeypatch, tmp_path):
    there = str(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", there, "relative"]))
    monkeypatch.setenv("PATH", os.pathsep.join([there, ""]))
    monkeypatch.setenv("A_SECRET", "x")
    given = environment(tmp_path)
    assert given["PYTHONPATH"] == given["PATH"] == given["HOME"] == there
    assert "A_SECRET" not in given


@pytest.mark.parametrize("how", ["module", "variable", "parent"])
def test_modules_among_the_submissions_are_not_taken(tmp_path, how):
    folder, place = tmp_path / "class", str(ROOT)
    write(folder, "ada.ipynb", "{}")
    write(folder, "torch.py", "print('taken')")
    write(tmp_path, "torch.py", "print('taken')")
    options = ["-P"] if how == "variable" else []
    path = os.pathsep.join(["", place] if how == "variable" else [place])
    given = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, *options, "-m", "labkit", "check", str(folder)],
        cwd=tmp_path if how == "parent" else folder,
        env=given,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2 and "taken" not in ran.stdout + ran.stderr
    assert "python -P -m labkit check" in ran.stderr


@pytest.mark.parametrize("what", [b"[],", b"1,", b"[", b'{"":"",'])
def test_a_forged_record_takes_little_memory_here(tmp_path, what):
    program = "import json, sys\nrequest = json.load(sys.stdin)\n"
    program += f"text = {what!r} * (15_000_000 // {len(what)})\n"
    program += "sys.stdout.buffer.write(request['token'].encode() + b' [' + text + b'0]\\n')"
    with scripted(tmp_path, program) as worker:
        tracemalloc.start()
        assert worker.message(60) is None
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert worker.why == "stopped: its results are too large"
    assert peak < 60e6


def test_many_small_messages_count_together(tmp_path):
    program = "import json, sys\ntoken = json.load(sys.stdin)['token']\n"
    program += "for _ in range(200):\n    print(token, json.dumps({'x': [0] * 1000}))"
    with scripted(tmp_path, program) as worker:
        heard = 0
        while worker.message(60) is not None:
            heard += 1
    assert 90 <= heard < 100 and "too large" in worker.why


def test_why_a_process_did_not_start_is_told(tmp_path):
    with scripted(tmp_path, f"raise OSError({errno.ENOSPC}, 'No space left')") as worker:
        assert worker.message(60) is None
    assert "No space left" in worker.why and not worker.by_system


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
def test_a_process_that_the_system_killed_is_not_checked(tmp_path):
    row = row_of(tmp_path, "import os\nos.kill(os.getpid(), 9)", sandbox=Sandbox(apart=False))
    assert row.result == "not checked" and "killed from outside" in row.remark


@apart
def test_in_the_sandbox_a_submission_cannot_kill_itself_to_be_not_checked(tmp_path, held):
    body = "import os\nos.kill(os.getpid(), 9)\nos.kill(0, 9)\nreturn image"
    row = row_of(tmp_path, body, sandbox=held)
    assert row.result == "wrong" and "the image as it was" in row.remark


@apart
@pytest.mark.parametrize("where", ["function", "helper"])
def test_what_only_the_sandbox_forbids_is_not_checked_instead_of_wrong(tmp_path, held, where):
    place = str(ROOT / "labkit" / "note.txt")
    write_note, body = f"open({place!r}, 'w')", "return image.flip(2)"
    if where == "function":
        body, before = f"try:\n    {write_note}\nexcept OSError:\n    raise ValueError()", ""
    else:
        body, before = f"NOTE\n{body}", f"NOTE = {write_note}\n"
    row = row_of(tmp_path, body, before=before, sandbox=held)
    assert not Path(place).exists()
    assert row.result == "not checked" and "no files" in row.remark, row


def test_an_error_of_the_system_in_a_check_is_not_the_students():
    for error in ("OSError(24, 'Too many open files')", "MemoryError()"):
        said = verdict.judge(f"raise {error}", "f", None, module=None)
        assert said.state == "not checked" and error[:5] in said.message
    assert verdict.judge("raise ValueError(3)", "f", None, module=None).state == "wrong"


def test_where_labkit_itself_lacks_memory_or_files_an_answer_is_not_checked(monkeypatch):
    (lab,) = [lab for lab in released_labs() if lab.name.startswith("00")]
    notes = []
    answer = record.recorder(lambda image: image.flip(2), notes)
    source, module = lab.exercises[0].check, lab.module
    assert verdict.judge(source, "mirrored", answer, module=module).state == "done"
    message = {"exercise": 0, "state": "done", "message": "", "record": notes}
    assert runner._verdict(message, lab, 0) == ("done", "")
    for error, said in ((MemoryError(), "allocate memory"), (OSError(24, "Too many"), "Too many")):
        monkeypatch.setattr(record, "unpacked", raising(error))
        result, remark = runner._verdict(message, lab, 0)
        assert result == "not checked" and said in remark and "could not judge" in remark
        assert verdict.NOT_ALLOWED not in remark


def raising(error):
    def stop(*args):
        raise error

    return stop


def test_an_environment_below_the_submissions_is_none_of_theirs(tmp_path, monkeypatch):
    """As in a checkout: `labkit check handed_in.ipynb` beside .venv."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / ".venv" / "lib"), str(tmp_path / "other")])
    imports.refuse_students_modules([str(tmp_path / "x.ipynb")])
    with pytest.raises(ValueError, match="other"):
        imports.refuse_students_modules([str(tmp_path)])
    sys.path.append(str(tmp_path))
    with pytest.raises(ValueError, match="would take modules"):
        imports.refuse_students_modules([str(tmp_path / "x.ipynb")])
