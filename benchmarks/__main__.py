"""`python -m benchmarks [NAME ...]`: run benchmarks and write what they print to results.md.

Each runs in a process of its own, one after the other. A section of results.md is replaced when
its benchmark has run to the end; the others stay, and so does "history", of questions no longer
asked. The table of README.md is made from the RESULT lines of all sections.
"""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RESULTS, README = HERE / "results.md", HERE.parent / "README.md"
SHARED = {"__init__", "__main__", "measure"}
HEAD = """\
# Benchmarks: labkit beside its peers

Written by `make bench`; each section says on which machine. Every script measures labkit and its
peers in turn in one run; CPU seconds unless it says otherwise. Ratios count, not seconds. Where a
CUDA device is found, scripts that can use it add rows for it; none was at hand for what follows,
and on Apple's MPS nothing has been run.
"""
RESULT = re.compile(r"(?m)^ *RESULT (\S+) (\S+) (\S+) (\S+)$")
SHOWN = 10  # rows of README's table
HISTORY = "history"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def names() -> dict[str, str]:
    """All benchmarks, {name: module}: the scripts of this folder that ask a question."""
    found = sorted(path.stem for path in HERE.glob("*.py"))
    scripts = [stem for stem in found if stem not in SHARED and not stem.startswith("_")]
    return {stem.strip("_").replace("_", "-"): stem for stem in scripts}


def main(wanted: list[str]) -> int:
    """Run the benchmarks (all, if none is named); 0 if all of them ended well."""
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    failed = [name for name in wanted or known if not run(name, known[name])]
    if failed:
        print(f"did not end well: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def run(name: str, module: str) -> bool:
    """Run one, show what it prints, store it; False if it failed."""
    print(f"== {name}", flush=True)
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    lines = []
    with subprocess.Popen(
        command, cwd=HERE.parent, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode == 0:
        store(name, "".join(lines))
    return process.returncode == 0


def store(name: str, said: str) -> None:
    """Put what a benchmark said into its section of results.md, and renew the summaries."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    said = re.sub(r"(?m)^RESULT", "    RESULT", said.strip())  # as code, a line each
    said = re.sub(r"(?m)^(    RESULT.*\n)(?!    RESULT|\n)", r"\1\n", said)
    kept = {**sections(text), name: f"{_intro(name)}\n\n{said}\n"}
    kept = {title: kept[title] for title in [*names(), HISTORY] if title in kept}
    parts = [f"## {title}\n\n{body.strip()}\n" for title, body in kept.items()]
    RESULTS.write_text("\n".join([HEAD, *parts]), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    if BEGIN in readme:
        before, _, rest = readme.partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text(f"{before}{BEGIN}\n{summary(kept)}{END}{after}", encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """The sections of results.md, {name: text}."""
    parts = re.split(r"(?m)^## ", text)[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}


def summary(kept: dict[str, str]) -> str:
    """A Markdown table of the ten results with the least room, one a benchmark, in its order."""
    known, worst = names(), {}
    for title, body in kept.items():
        if found := RESULT.findall(body):
            worst[title] = max(found, key=_nearness)
    shown = sorted(worst, key=lambda title: _nearness(worst[title]))[-SHOWN:]
    rows = ["| benchmark | measured | goal | |", "|---|---|---|---|"]
    for title in (title for title in worst if title in shown):
        what, value, goal, verdict = worst[title]
        part = what.removeprefix(title).strip("-").replace("-", " ")
        link = f"[{title}](benchmarks/{known[title]}.py)" + f", {part}" * bool(part)
        sign = "at most" if goal[0] == "<" else "at least"
        rows.append(f"| {link} | {value} | {sign} {goal[2:]} | {verdict} |")
    return "\n".join(rows) + "\n"


def _nearness(result: tuple[str, str, str, str]) -> float:
    """How near a result is to missing its goal: above 1 it is short of it."""
    value, bound = float(result[1]), float(result[2][2:])
    if bound == 0:
        return 1 - value
    return value / bound if result[2][0] == "<" else bound / value


def _intro(name: str) -> str:
    """The question (the script's docstring), the machine, the picture."""
    script = HERE / f"{names()[name]}.py"
    question = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    image = HERE / "images" / f"{name}.png"
    shown = f"\n\n[![{name}](images/{name}.png)]({script.name})" if image.exists() else ""
    return f"[{script.name}]({script.name}): {question}\n\n{machine()}{shown}"


def machine() -> str:
    """The machine and the versions, in a line."""
    import torch

    what = f"{os.cpu_count()} CPU cores ({_processor()}), Python {platform.python_version()}"
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"Measured on {what}, torch {torch.__version__}{gpu}."


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return re.search(r"model name\s*: (.+)", text)[1]
    except (OSError, TypeError):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
