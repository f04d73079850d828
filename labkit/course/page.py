"""The last page: what a student predicted in all labs, how it came out, and what they now doubt.

    labkit.my_page(["Does the school's survey hear the slow ones?", ...])

One HTML file beside the notebook, to keep and to print: nothing in it is loaded from elsewhere, and
nothing leaves the machine. A page that was edited by hand is never overwritten.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from labkit.course import prediction
from labkit.course.document import document
from labkit.course.progress import LabProgress, progress
from labkit.course.session import notebook_path
from labkit.course.writing import write_whole

NAME = "my_page"
_SEAL = re.compile(r"<!-- written by labkit: ([0-9a-f]{64}) -->\n\Z")
_STYLE = """\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 50rem; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; }
h3 { margin: 1.8rem 0 .3rem; }
li { margin: .4rem 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8888; padding: .25rem .5rem; text-align: left; }
td, th { vertical-align: top; overflow-wrap: anywhere; }
.rule { border-bottom: 1px solid #8888; height: 2rem; }
@media print {
  :root { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  tr, li { break-inside: avoid; }
  h3 { break-after: avoid; }
}"""


def my_page(doubts: Sequence[str] = ()) -> None:
    """Write the page of this notebook's folder, with your own doubts on top, and show a link to it.

    `doubts` is a list of texts. TypeError for one text alone, or for what is no text.
    """
    from IPython.display import display

    notebook = notebook_path()
    there = notebook and notebook.parent.is_dir()
    path = write(notebook.parent if there else Path.cwd(), doubts)
    said = f"Your page is {path.name}, beside this notebook. Nothing was sent anywhere."
    if path.stem != NAME:
        said += f" ({NAME}.html isn't as labkit wrote it, so it stays as it is.)"
    link = f'<a href="{html.escape(path.name)}" target="_blank">{html.escape(path.name)}</a>'
    shown = html.escape(said, quote=False).replace(path.name, link, 1)
    display({"text/plain": said, "text/html": shown}, raw=True)


def write(folder: Path, doubts: Sequence[str] = (), *, day: date | None = None) -> Path:
    """Write the page of a folder of labs; its path. Raises as `my_page`, and OSError.

    It replaces the last one, but none that somebody edited: then there is a new name.
    """
    if isinstance(doubts, str):
        raise TypeError(f"doubts is one text, {doubts!r}; give a list of texts: [{doubts!r}]")
    if wrong := [doubt for doubt in doubts if not isinstance(doubt, str)]:
        raise TypeError(f"doubts are texts; {wrong[0]!r} is a {type(wrong[0]).__name__}")
    doubts = [doubt.strip() for doubt in doubts if doubt.strip()]
    labs = progress(folder)
    text = page(labs, _others(folder, labs), doubts, day=day or date.today())
    names = [NAME, *(f"{NAME}_{number}" for number in range(2, 10_000))]
    free = (Path(folder, f"{name}.html") for name in names)
    path = next(path for path in free if not path.exists() or _is_ours(path))
    write_whole(path, text.encode("utf-8"))
    return path


def page(
    labs: Sequence[LabProgress],
    others: dict[str, prediction.Answers],
    doubts: Sequence[str],
    *,
    day: date,
) -> str:
    """The page as HTML, sealed with its own hash; `others` are answers beside no lab, by file."""
    begun = {lab.title: lab.answers for lab in labs if lab.answers} | others
    body = [
        "<h1>What I now doubt</h1>",
        f"<p>Written on {day.isoformat()} by labkit, from the files of one folder.</p>",
        _doubts(doubts),
        "<h2>What I predicted</h2>",
        f"<p>{_total(begun)}</p>",
        *(f"<h3>{html.escape(title)}</h3>{_table(answers)}" for title, answers in begun.items()),
        "<h2>What I solved</h2>",
        _solved(labs),
    ]
    text = (
        document("What I now doubt", style=_STYLE, body="\n".join(body))
        .encode("utf-8", "replace")
        .decode("utf-8")
    )
    return f"{text}<!-- written by labkit: {_hash(text)} -->\n"


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, `right` of `count` (Wilson, 1927).

    >>> wilson(0, 10)[0], round(wilson(5, 10)[1], 2)
    (0.0, 0.76)
    """
    z = 1.96
    middle = (right + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * (right * (count - right) / count + z**2 / 4) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _doubts(doubts: Sequence[str]) -> str:
    if doubts:
        return "<ul>" + "".join(f"<li>{html.escape(doubt)}</li>" for doubt in doubts) + "</ul>"
    return "<p>Nothing written yet. Room for a pen:</p>" + '<div class="rule"></div>' * 5


def _total(begun: dict[str, prediction.Answers]) -> str:
    """In words: how many came true, how sure that is, and what drawing lots would give."""
    scores = [prediction.score(answers) for answers in begun.values()]
    right, count = (sum(numbers) for numbers in zip(*scores, strict=True)) if scores else (0, 0)
    if not count:
        return "No prediction is recorded in this folder whose result is out."
    low, high = wilson(right, count)
    said = (
        f"<b>{right} of {count} predictions came true: {right / count:.0%}</b> (95 % interval "
        f"{low:.0%} to {high:.0%}, as if each stood alone)."
    )
    known = [_options(a) for answers in begun.values() for a in answers.values() if "truth" in a]
    if all(known):
        said += f" Drawing lots gives {sum(1 / options for options in known):.1f} on average."
    return said


def _options(answer: dict) -> int:
    """How many options there were; 0 if the file doesn't say."""
    options = answer.get("options")
    return options if type(options) is int and options > 1 else 0


def _table(answers: prediction.Answers) -> str:
    rows = []
    for question, answer in answers.items():
        truth = answer.get("truth")
        sign = "" if truth is None else "✓" if truth == answer["answer"] else "✗"
        cells = (sign, question, answer["answer"], "not yet" if truth is None else truth)
        rows.append("".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells))
    names = ("", "question", "I said", "came out")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _solved(labs: Sequence[LabProgress]) -> str:
    begun = [lab for lab in labs if lab.solved]
    if not begun:
        return "<p>No exercise is solved, as the notebooks were last saved.</p>"
    rows = "".join(
        f"<tr><td>{html.escape(lab.title)}</td><td>{lab.solved} of {len(lab.exercises)}</td></tr>"
        for lab in begun
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _others(folder: Path, labs: Sequence[LabProgress]) -> dict[str, prediction.Answers]:
    """Answers that `progress` gives to no lab, by the name of their file."""
    taken = {question for lab in labs for question in lab.answers}
    read = {name: prediction.read(path) for name, path in sorted(prediction.files(folder).items())}
    return {name: found for name, found in read.items() if found and not found.keys() <= taken}


def _is_ours(path: Path) -> bool:
    """Whether a page is as labkit wrote it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    seal = _SEAL.search(text)
    return bool(seal) and _hash(text[: seal.start()]) == seal[1]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
