"""A page for each student: their exercises, the verdicts and what the checks say.

Moodle and Canvas take the pages back as they are, zipped: their names begin as the hand-ins' do. A
page that was changed since labkit wrote it stays; `MANIFEST` knows what labkit wrote.
"""

from __future__ import annotations

import html
import json
import os
from pathlib import Path

from labkit.course import copies as files
from labkit.course.document import document
from labkit.course.writing import write_whole
from labkit.grading import copies
from labkit.grading.marks import Line, Mark

MANIFEST = ".labkit-feedback.json"
_STYLE = """\
body { font: 1rem/1.5 sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0 }
td { border-top: 1px solid #8888 }
td:nth-child(2) { white-space: nowrap }"""
_TABLE = """\
<h2>{lab}: {points:g} of {most:g} points</h2>
{remarks}<table>
<tr><th>Exercise</th><th>Verdict</th><th>What the check says</th></tr>
{rows}
</table>
"""


def write(lines: list[Line], folder: str | Path) -> tuple[int, list[str]]:
    """Write a page for each student who handed something in.

    Returns how many pages there are, and the names of those that stay as somebody changed them.
    Raises OSError where the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known, kept, names = _known(folder), [], set()
    for line in lines:
        if not (line.marks or line.unread):
            continue
        name = _name(line, names)
        names.add(name.casefold())
        content = page(line).encode("utf-8", "replace")
        if _may_write(folder / name, content, known.get(name)):
            write_whole(folder / name, content)
            known[name] = files._digest(content)
        else:
            kept.append(name)
    write_whole(folder / MANIFEST, json.dumps(known, indent=1, sort_keys=True).encode())
    return len(names), kept


def page(line: Line) -> str:
    """The page of one student, as HTML that needs nothing else."""
    title = f"Feedback for {line.student.label}"
    body = [f"<h1>{html.escape(title)}</h1>", *map(_table, line.marks.items())]
    body += [f"<p>{html.escape(remark)}</p>" for remark in line.unread]
    return document(title, style=_STYLE, body="\n".join(body))


def comment(mark: Mark) -> str:
    """A mark in one line of HTML, as for Moodle's comments."""
    said = (f"{row.exercise}: {_said(row.result, row.remark)}" for row in mark.rows)
    return "<br>".join(html.escape(text, quote=False) for text in said)


def _table(item: tuple[str, Mark]) -> str:
    lab, mark = item
    cells = [(row.exercise, row.result, copies.without_others(row.remark)) for row in mark.rows]
    remarks = "; ".join(mark.remarks + mark.doubts)
    rows = ("".join(f"<td>{html.escape(text)}</td>" for text in row) for row in cells)
    return _TABLE.format(
        lab=html.escape(lab),
        points=mark.points,
        most=mark.most,
        remarks=f"<p>{html.escape(remarks)}</p>\n" if remarks else "",
        rows="\n".join(f"<tr>{row}</tr>" for row in rows),
    )


def _said(result: str, remark: str) -> str:
    remark = copies.without_others(remark)
    return f"{result} ({remark})" if remark else result


def _name(line: Line, taken: set[str]) -> str:
    """A file's name that the platform knows, or else the student's; no two are the same."""
    senders = [*(mark.sender for mark in line.marks.values()), line.sender]
    prefix = next((sender.prefix for sender in senders if sender and sender.prefix), "")
    student = "".join(c if c.isalnum() or c in " -@." else "_" for c in line.student.label)
    stem = f"{prefix}feedback" if prefix else student.strip(" .")[:80] or "student"
    number, name = 1, f"{stem}.html"
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}.html"
    return name


def _may_write(path: Path, content: bytes, known: str | None) -> bool:
    here = files._digest_at(path)
    return not os.path.lexists(path) or (
        here is not None and here in (known, files._digest(content))
    )


def _known(folder: Path) -> dict[str, str]:
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {name: said for name, said in stored.items() if isinstance(said, str)}
    except (OSError, ValueError, AttributeError):
        return {}
