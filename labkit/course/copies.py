"""Working copies: the folder of labs a student works in (my-labs/).

A file the student changed is never written to. What labkit generated is remembered by its
SHA-256 in `.labkit.json` of that folder; a file that no longer has it is the student's, and a
newer version arrives beside it. Without a readable record every file counts as the student's.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from labkit.course import editions, notes, paths
from labkit.course.writing import write_whole
from labkit.paths import notebooks_dir

MANIFEST = ".labkit.json"


@dataclass
class Report:
    """What copying did: file names by outcome, and the lab to open first."""

    folder: Path
    first: str | None = None
    page: str | None = None  # the page of a path
    again: bool = False  # labkit has put labs there before
    new: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)  # the student had deleted them
    updated: list[str] = field(default_factory=list)  # unchanged by the student, replaced
    same: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # the student's own, left alone
    beside: dict[str, str] = field(default_factory=dict)  # the student's own -> new version

    def __str__(self) -> str:
        return "\n".join([self._headline(), *self._news()])

    def _headline(self) -> str:
        words = [("new", self.new), ("updated", self.updated), ("brought back", self.restored)]
        words += [("with your work, untouched", [*self.kept, *self.beside])]
        counts = [(word, len(_labs(names))) for word, names in words]
        said = ", ".join(f"{count} {word}" for word, count in counts if count)
        return f"Labs in {self.folder}: {said or 'all as they were'}."

    def _news(self) -> list[str]:
        news = [f"  {name}: a new lab" for name in _labs(self.new) if self.again]
        news += [
            f"  {name}: a newer version, in place of yours, which you had not changed"
            for name in _labs(self.updated)
        ]
        news += [f"  {name}: was gone, here is a fresh copy" for name in self.restored]
        news += [
            f"  {mine}: there is a newer version; yours stays as it is, the new one is {new}"
            for mine, new in self.beside.items()
        ]
        return news


def _labs(names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".ipynb")]


def copy_labs(
    to: str | Path,
    *,
    edition: str = "student",
    labs: list[str] | None = None,
    path: str | None = None,
) -> Report:
    """Write working copies of the labs (all, or those named) and their pictures into `to`.

    Of a path ("weekend", see `paths`) its labs and its page. With the live edition, a page of
    speaker's notes for each lab, too. Never overwrites a file that was changed since it was
    generated: a newer version is then written beside it as NAME.new.ipynb, once. Raises UnknownLab
    for a lab that is not there and ValueError if `to` is a file, lies in labkit's own notebooks, or
    holds another edition.
    """
    chosen = paths.chosen(labs, path)
    contents = {lab.name: editions.to_bytes(editions.make(lab, edition)) for lab in chosen}
    folder = _checked_folder(Path(to).expanduser())
    first = next(iter(contents), None)
    if edition == "live":
        pages = {notes.name_of(lab.name): editions.speakers_notes(lab) for lab in chosen}
        contents |= {name: page.encode("utf-8") for name, page in pages.items()}
    page = paths.page_name(path) if path else None
    left_out = {paths.page_name(name) for name in paths.PATHS if labs or path} - {page}
    contents |= {name: asset for name, asset in _assets().items() if name not in left_out}
    page = page if page in contents else None  # not every release has it
    record = _Record.read(folder, edition)
    report = Report(folder, first=first, page=page, again=bool(record.files))
    for name, content in contents.items():
        _copy_one(folder / name, name, content, record, report)
    record.write(folder)
    return report


class _Record:
    """What labkit wrote: name -> digests of the last copy and of a version put beside it."""

    def __init__(self, edition: str, files: dict[str, dict[str, str]]):
        self.edition, self.files = edition, files

    @classmethod
    def read(cls, folder: Path, edition: str) -> "_Record":
        try:
            stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            files = {str(name): _strings(entry) for name, entry in stored["files"].items()}
            held = stored["edition"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(edition, {})
        if held != edition:
            raise ValueError(
                f"{folder} holds the {held} edition; choose another folder for the "
                f"{edition} edition with --dir"
            )
        return cls(edition, files)

    def write(self, folder: Path) -> None:
        stored = {"edition": self.edition, "files": self.files}
        text = json.dumps(stored, indent=1, sort_keys=True) + "\n"
        write_whole(folder / MANIFEST, text.encode("utf-8"))


def _strings(entry: dict) -> dict[str, str]:
    return {key: value for key, value in entry.items() if isinstance(value, str)}


def _copy_one(path: Path, name: str, content: bytes, record: _Record, report: Report) -> None:
    known = record.files.get(name, {})
    made, here = _digest(content), _digest_at(path)
    if not os.path.lexists(path):
        write_whole(path, content)
        (report.restored if known else report.new).append(name)
    elif here == made:
        report.same.append(name)
    elif here is not None and here in known.values():  # as generated: no work of theirs in it
        write_whole(path, content)
        report.updated.append(name)
    elif made in known.values():  # theirs, and nothing new since they were told
        report.kept.append(name)
        return
    else:
        _offer(path, name, content, known.get("beside"), report)
        record.files[name] = {**known, "beside": made}
        return
    record.files[name] = {"copy": made}


def _offer(path: Path, name: str, content: bytes, offered: str | None, report: Report) -> None:
    """Put a newer version beside a changed file, over nothing but an untouched earlier offer."""
    made, number = _digest(content), 1
    while True:
        beside = path.with_name(f"{path.stem}.new{number if number > 1 else ''}{path.suffix}")
        here = _digest_at(beside)
        if here == made:
            report.kept.append(name)
            return
        if not os.path.lexists(beside) or (here is not None and here == offered):
            write_whole(beside, content)
            report.beside[name] = beside.name
            return
        number += 1


def _checked_folder(folder: Path) -> Path:
    real, source = folder.resolve(), notebooks_dir().resolve()
    if real == source or source in real.parents:
        raise ValueError(f"{folder} lies in labkit's own notebooks; choose another --dir")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; choose a folder with --dir")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _assets() -> dict[str, bytes]:
    """Pages beside the notebooks and what lies in folders there, pictures mostly, by relative path.

    Nothing else that lies among them: running a lab there may leave files of its own.
    """
    source, assets = notebooks_dir(), {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        hidden = any(part.startswith((".", "_")) for part in name.parts)
        wanted = len(name.parts) > 1 or path.suffix == ".md"
        if path.is_file() and wanted and not hidden:
            assets[name.as_posix()] = path.read_bytes()
    return assets


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_at(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes()) if path.is_file() else None  # a pipe would wait
    except OSError:
        return None
