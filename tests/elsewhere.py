"""Do the labs hold on other machines? `make elsewhere`, or `make elsewhere LAB=03`.

Runs every lab's solution edition with one and with four threads and with the arithmetic of other
processors, and every unit test with one thread. Then it says for each lab which comparison in an
assertion has the least room to its bound, and how far that room moved from machine to machine: what
moves more than its room hangs by a thread. Widen the sample then, not the bound.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from everything import labs_named, pytest, summary, workers
from making import ROOT
from running import error_of, run_offline

from labkit.course import editions

ONE = {"OMP_NUM_THREADS": "1"}
MACHINES = {
    "one thread": ONE,
    "four threads": {"OMP_NUM_THREADS": "4"},
    "ATen default": {**ONE, "ATEN_CPU_CAPABILITY": "default"},
    "oneDNN SSE41": {**ONE, "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "oneDNN AVX2": {**ONE, "ONEDNN_MAX_CPU_ISA": "AVX2"},
}


def main(lab: str = "") -> int:
    """Run it all, print what failed and what is close; 0 if nothing failed."""
    names, start = labs_named(lab), time.monotonic()
    if not names:
        print(f"no lab {lab!r} in notebooks/: LAB=03, for instance")
        return 2
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers()) as pool:
        asked = [(n, m, Path(folder, f"{n} {m}")) for m in MACHINES for n in reversed(names)]
        failed = [line for lines in pool.map(lambda one: in_process(*one), asked) for line in lines]
        rooms = {(name, machine): read(where) for name, machine, where in asked}
    took = {"notebooks": (time.monotonic() - start, bool(failed))}
    print("\n=== least room of an assertion to its bound")
    for name in names:
        here = {machine: rooms[name, machine] for machine in MACHINES}
        print(f"{name}: {closest(here)}")
    print("\n" + "\n".join(failed or ["no assertion failed"]), flush=True)
    if not lab:
        start = time.monotonic()
        units = subprocess.run(pytest("-m", "not browser"), cwd=ROOT, env=os.environ | ONE)
        took["unit tests"] = time.monotonic() - start, units.returncode
    print("\n" + summary(took, cores=os.cpu_count() or 1, at_once=workers()))
    return int(any(code for _, code in took.values()))


def in_process(name: str, machine: str, where: Path) -> list[str]:
    """One lab on one machine in a process of its own: what failed, a line each."""
    start = time.monotonic()
    where.mkdir()
    passive = {"OMP_WAIT_POLICY": "passive"}
    ran = subprocess.run(
        [sys.executable, __file__, "--one", name, str(where)],
        env={**os.environ, **passive, **MACHINES[machine]},
        capture_output=True,
        text=True,
    )
    lines = ran.stdout.splitlines() if ran.returncode == 0 else [ran.stderr[-2000:]]
    state = "failed" if lines else "holds"
    print(f"{name}, {machine}: {state}, {time.monotonic() - start:.0f} s", flush=True)
    return [f"{name}, {machine}: {line}" for line in lines]


def one(name: str, where: str) -> None:
    """Run a lab in this process's environment; print a line for each cell that failed."""
    lab = editions.read(ROOT / "notebooks" / f"{name}.ipynb")
    meant = {cell.id for cell in lab.cells if "raises-exception" in cell.metadata.get("tags", [])}
    for cell in lab.cells:
        cell.metadata.setdefault("tags", []).append("raises-exception")  # go on after an error
    tests = str(ROOT / "tests")
    source = f"import sys; sys.path.append({tests!r}); import rooms; rooms.watch('rooms.jsonl')"
    lab.cells.insert(0, nbformat.v4.new_code_cell(source, id="watch"))
    for cell in run_offline(lab, Path(where)).cells:
        error = error_of(cell)
        if error and cell.id not in meant:
            print(f"cell {cell.id}: {error.ename}: {error.evalue}".replace("\n", " ")[:500])


def read(where: Path) -> list[dict]:
    """The comparisons of a run, each with its number among those of the same text."""
    path, seen = where / "rooms.jsonl", defaultdict(int)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = [json.loads(line) for line in lines]
    for line in found:
        line["which"] = seen[line["text"]]
        seen[line["text"]] += 1
    return found


def closest(here: dict[str, list[dict]]) -> str:
    """The comparison with the least room for its size, over all machines, in words."""
    groups = defaultdict(dict)
    for machine, lines in here.items():
        for line in lines:
            groups[line["text"], line["which"]][machine] = line
    groups = {k: by for k, by in groups.items() if None not in [x["room"] for x in by.values()]}
    if not groups:
        return "compares nothing"
    ranked = sorted(groups.items(), key=lambda item: tightness(item[1]))
    return "\n    ".join(["", *(told(text, by) for (text, _), by in ranked[:3])]).lstrip("\n")


def tightness(by: dict[str, dict]) -> float:
    """Least room as a share of the larger side; with a bound of 0, in units of what it moves."""
    rooms = [line["room"] for line in by.values()]
    size = max(max(abs(line["left"]), abs(line["right"])) for line in by.values())
    if any(0 in (line["left"], line["right"]) for line in by.values()):
        size = max(size, 10 * (max(rooms) - min(rooms)))
    return min(rooms) / size if size else 0.0


def told(text: str, by: dict[str, dict]) -> str:
    machine, line = min(by.items(), key=lambda item: item[1]["room"])
    rooms = [one["room"] for one in by.values()]
    moved = max(rooms) - min(rooms)
    thread = "  HANGS BY A THREAD" if moved > min(rooms) else ""
    sides = f"{line['left']:.4g} against {line['right']:.4g} ({machine})"
    return f"{text}: {sides}, room {tightness(by):.0%}, moved by {moved:.2g}{thread}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        sys.exit(main(*sys.argv[1:2]))
