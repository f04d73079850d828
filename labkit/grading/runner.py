"""Checks submissions: a process for each, several at a time, one row for each exercise."""

from __future__ import annotations

import importlib
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

from labkit.course.reading import NotANotebook, decoded
from labkit.grading import copies
from labkit.grading.labs import Exercise, Lab
from labkit.grading.limits import Limits
from labkit.grading.process import Worker
from labkit.grading.sandbox import Sandbox
from labkit.grading.submissions import SUFFIX, Submission
from labkit.grading.table import DONE, NOT_CHECKED, NOT_DONE, WRONG, Row
from labkit.paths import notebooks_dir

_judging = threading.Lock()


def check(
    submissions: list[Submission],
    labs: list[Lab],
    *,
    sandbox: Sandbox,
    limits: Limits,
    jobs: int,
    known: Mapping[Submission, list[Row]] = MappingProxyType({}),
    tell: Callable[[Submission, list[Row]], None] = lambda submission, rows: None,
) -> list[Row]:
    """Rows of all submissions, in their order; those that are `known` are not checked again.

    `tell` hears of each that is through, from several threads; an error it raises ends the check.
    Who does not pass a lab that its own solution does not pass either is not blamed for it.
    """
    trials = Trials(labs, sandbox=sandbox, limits=limits)

    if not sandbox.apart:  # else a submission could change them on the disk before they load
        _load_checks(labs)

    ended = threading.Event()

    def one(submission: Submission) -> list[Row]:
        if submission in known or ended.is_set():
            return known.get(submission, [])
        try:
            rows = check_one(submission, labs, sandbox=sandbox, limits=limits)
            rows = [trials.judged(row) for row in rows]
        except Exception as error:  # whatever it is, the others go on
            why = f"labkit could not check it: {type(error).__name__}: {error}"
            rows = [Row(submission.name, "", "", NOT_CHECKED, why)]
        try:
            tell(submission, rows)
        except BaseException:
            ended.set()
            raise
        return rows

    with ThreadPoolExecutor(jobs) as pool:
        rows = dict(zip(submissions, pool.map(one, submissions), strict=True))
    return [row for rows in copies.told(rows).values() for row in rows]


def check_one(
    submission: Submission, labs: list[Lab], *, sandbox: Sandbox, limits: Limits
) -> list[Row]:
    """Rows of one submission: one for each exercise, or one that says why there is none.

    If an exercise ends the process, the exercises after it run in a new one.
    """
    try:
        text = decoded(submission.content())
    except NotANotebook as problem:
        return [Row(submission.name, "", "", NOT_CHECKED, str(problem))]
    request = {"notebook": text, "file": submission.file}
    request["labs"] = [lab.as_json() for lab in labs]
    attempt = _Attempt(submission, labs)
    while not attempt.finished:
        with tempfile.TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True) as folder:
            asked = {**request, "first": len(attempt.rows)}
            with Worker(asked, Path(folder), sandbox=sandbox, limits=limits) as worker:
                attempt.listen(worker, limits)
    return attempt.rows


class _Attempt:
    """The rows of a submission as they come in, over one or more processes."""

    def __init__(self, submission: Submission, labs: list[Lab]):
        self.rows: list[Row] = []
        self._name, self._remark = submission.name, submission.remark
        self._labs = {lab.name: lab for lab in labs}
        self._lab: Lab | None = None
        self._notes: list[str] = []

    @property
    def finished(self) -> bool:
        done = self._lab is None or len(self.rows) == len(self._lab.exercises)
        return bool(self.rows) and done

    def listen(self, worker: Worker, limits: Limits) -> None:
        """Take rows from a process until it is through or has ended."""
        plan = worker.message(limits.start)
        ready = plan and "lab" in plan and worker.message(limits.start)
        if self._lab is None and plan and "lab" in plan:
            self._lab, self._notes = self._labs[plan["lab"]], plan["notes"]
        if not ready:
            self._give_up((plan or {}).get("problem") or worker.why)
        while not self.finished:
            number = len(self.rows)
            message = worker.message(limits.seconds)
            if message is None:
                self._add(number, NOT_CHECKED if worker.by_system else WRONG, worker.why)
                return
            self._add(number, *_verdict(message, self._lab, number))

    def _give_up(self, why: str) -> None:
        if self._lab is None:
            self.rows.append(Row(self._name, "", "", NOT_CHECKED, why))
        else:
            for number in range(len(self.rows), len(self._lab.exercises)):
                self._add(number, NOT_CHECKED, why)

    def _add(self, number: int, result: str, remark: str) -> None:
        remark = "; ".join(filter(None, (remark, self._notes[number], self._remark)))
        exercise = self._lab.exercises[number].name
        self.rows.append(Row(self._name, self._lab.name, exercise, result, remark))


class Trials:
    """Whether the labs themselves pass: each lab's own notebook, checked once if it matters."""

    def __init__(self, labs: list[Lab], *, sandbox: Sandbox, limits: Limits):
        self._labs, self._options = labs, {"sandbox": sandbox, "limits": limits}
        self._rows: dict[str, dict[str, Row]] = {}
        self._trying = threading.Lock()

    def judged(self, row: Row) -> Row:
        """The row; "not checked" if it is not done and the lab's own answer fails as well."""
        if row.result != WRONG:
            return row
        own = self._of(row.lab).get(row.exercise)
        if own is None or own.result in (DONE, NOT_DONE):  # a release has stubs for answers
            return row
        return row._replace(result=NOT_CHECKED, remark=f"the lab itself fails: {own.remark}")

    def _of(self, lab: str) -> dict[str, Row]:
        with self._trying:
            if lab not in self._rows:
                own = Submission(lab, notebooks_dir() / f"{lab}{SUFFIX}")
                rows = check_one(own, self._labs, **self._options)
                self._rows[lab] = {row.exercise: row for row in rows}
            return self._rows[lab]


def _verdict(message: dict, lab: Lab, number: int) -> tuple[str, str]:
    """What labkit makes of a worker's message: "done" only if the record passes the check here."""
    from labkit.grading.verdict import NOT_ALLOWED, first_line

    state, said = message.get("state"), first_line(str(message.get("message") or ""))
    if message.get("exercise") != number or state not in (DONE, WRONG, NOT_DONE, NOT_CHECKED):
        return WRONG, "its process sent no result that makes sense"
    if state != DONE:
        return state, said
    here = _judge(lab.exercises[number], lab, message.get("record"))
    if here.state == DONE:
        return DONE, ""
    if here.state == NOT_CHECKED:
        why = here.message.removesuffix(f"; {NOT_ALLOWED}")
        return NOT_CHECKED, f"labkit could not judge it: {why}"
    return WRONG, f"its own process said done, but its results are not: {here.message}"


def _load_checks(labs: list[Lab]) -> None:
    import labkit.grading.record
    import labkit.grading.verdict  # noqa: F401

    for module in {lab.module for lab in labs if lab.module}:
        importlib.import_module(module)


def _judge(exercise: Exercise, lab: Lab, record: object):
    from labkit.grading.record import Torn, player
    from labkit.grading.verdict import Verdict, judge

    with _judging:  # checks keep and restore the random state of the whole process
        try:
            played = player(record, name=exercise.name)
            return judge(exercise.check, exercise.name, played, module=lab.module)
        except Torn as torn:
            return Verdict(WRONG, str(torn))
