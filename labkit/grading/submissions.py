"""What was handed in: notebooks, in folders and archives, and what takes their place.

Nothing is unpacked on the disk. Whatever cannot be checked is a submission too, with its problem:
a student who handed in the wrong thing has a row in the table.
"""

from __future__ import annotations

import io
import lzma
import os
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from labkit.course import reading
from labkit.course.reading import NotANotebook, text_of
from labkit.paths import notebooks_dir

__all__ = ["NotANotebook", "Submission", "code_cells", "find", "text_of"]
SUFFIX = ".ipynb"
LARGEST_ARCHIVE = 200_000_000  # bytes of an archive in an archive
MOST_FILES = 50_000
MOST_LOOKS = 50  # files of an archive or folder that are opened to see whether they are notebooks
_ODD_NAME = re.compile(r"\.ipynb(?=.)", re.IGNORECASE)  # 06.ipynb.txt, 06.ipynb (1)
_PERHAPS = re.compile(r"\.(json|txt)$", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\.(.+\.ipynb)\.icloud$", re.IGNORECASE)
_INSTEAD = re.compile(
    r"\.(py|pdf|html?|doc[xm]?|od[tp]|pptx?|rtf|pages|lnk|url|rar|7z|tar|gz|tgz|bz2|xz|zip)$",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"\.(png|jpe?g|heic)$", re.IGNORECASE)  # of a screen, where it lies alone
_ZIP_PROBLEMS = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)


@dataclass(frozen=True)
class Submission:
    """What to check; `name` is what the table calls it.

    inside: names within the archive at `path`, from the outer one to the inner one. problem: why
    it cannot be checked. remark: what the table should say of it besides.
    """

    name: str
    path: Path
    inside: tuple[str, ...] = ()
    problem: str = ""
    remark: str = ""

    @property
    def file(self) -> str:
        """Name of the file itself."""
        return PurePosixPath(self.inside[-1]).name if self.inside else self.path.name

    def content(self) -> bytes:
        """What was handed in. Raises NotANotebook where it cannot be read."""
        if self.problem:
            raise NotANotebook(self.problem)
        if not self.inside:
            return reading.bytes_of(self.path)
        return _from_zip(self.path, self.inside, most=reading.LARGEST)


def find(paths: list[str | Path]) -> list[Submission]:
    """Submissions at the paths, in folders and in zip files, each once, in the order of names.

    Hidden folders are left out (.ipynb_checkpoints). What is called *.ipynb is a submission even
    if it is no file; so is a student's folder without a notebook, and what looks as if it were
    handed in for one. Raises FileNotFoundError for a path that is not there, or holds nothing.
    """
    found: dict[tuple[Path, tuple[str, ...]], Submission] = {}
    given = [Path(path) for path in paths]
    names = _names(given)
    for path in given:
        if not os.path.lexists(path):
            raise FileNotFoundError(f"{path} is not there")
        prefix = f"{path.as_posix()}/" if len(given) > 1 else ""
        if path.is_dir() and path.suffix.lower() != SUFFIX:
            several = _Tree(path, prefix).submissions(_below(path))
        elif path.suffix.lower() == ".zip":
            several = _in_archive(Submission(names[path], path), prefix, whole=True)
        else:
            several = [Submission(names[path], path)]
        if not several:
            raise FileNotFoundError(f"there is no notebook (*{SUFFIX}) in {path}")
        for one in several:
            found.setdefault((Path(os.path.abspath(one.path)), one.inside), one)
    return sorted(found.values(), key=lambda one: one.name)


def code_cells(text: str) -> list[dict[str, str]]:
    """The code cells of a notebook's text as {"id", "grade_id", "source"}; grade_id may be "".

    Raises NotANotebook unless the text is a notebook, whatever else it holds.
    """
    cells = [cell for cell in reading.notebook(text)["cells"] if cell["cell_type"] == "code"]
    return [
        {"id": cell["id"], "grade_id": reading.grade_id(cell["metadata"]), "source": cell["source"]}
        for cell in cells
    ]


def _names(paths: list[Path]) -> dict[Path, str]:
    """What to call files: their names, or if they lie apart the way from where they all lie."""
    folders = [os.path.abspath(path.parent) for path in paths]
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # on two drives
        return {path: path.as_posix() for path in paths}
    return {path: Path(os.path.relpath(os.path.abspath(path), common)).as_posix() for path in paths}


def _below(folder: Path) -> list[str]:
    """Files and folders (with a / at the end) below a folder; links to folders are not followed."""
    found = []
    for here, folders, files in os.walk(folder):
        lie_in = Path(here).relative_to(folder)
        notebooks = [name for name in folders if name.lower().endswith(SUFFIX)]
        folders[:] = [n for n in folders if n not in notebooks and not n.startswith(".")]
        found += [(lie_in / name).as_posix() for name in [*files, *notebooks]]
        found += [(lie_in / name).as_posix() + "/" for name in folders]
    return found


class _Tree:
    """A folder, or an archive that holds as much as one."""

    def __init__(self, path: Path, prefix: str, inside: tuple[str, ...] = ()):
        self._path, self._prefix, self._inside = path, prefix, inside

    def submissions(self, entries: list[str], *, whole: bool = True) -> list[Submission]:
        """The submissions among its files; whole: this may be a class, a folder a student."""
        entries = sorted(name for name in entries if not _is_hidden(name))
        root = _common_folder(entries)
        self._proper = {name.lower() for name in entries if name.lower().endswith(SUFFIX)}
        self._looks = 0
        found, places = [], []
        for name in entries:
            several = self._of_file(name, alone=whole and "/" not in name[len(root) :])
            places += [PurePosixPath(name)] * bool(several)
            found += several
        return found + (self._without(entries, PurePosixPath(root), places) if whole else [])

    def _of_file(self, name: str, *, alone: bool) -> list[Submission]:
        """A submission if the file is one; alone: it lies beside the students' folders."""
        one, file = self._submission(name), PurePosixPath(name).name
        if name.endswith("/"):
            return []
        if _PLACEHOLDER.search(file):
            why = "this stands for a file that was left in iCloud: it was not downloaded"
            return [replace(one, problem=f"not a notebook: {why}")]
        if name.lower().endswith(SUFFIX):
            return [one]
        if name.lower().endswith(".zip"):
            return _in_archive(one, f"{one.name}/", needed=alone)
        odd = _ODD_NAME.search(file)
        if odd and name[: -len(file)].lower() + file[: odd.end()].lower() not in self._proper:
            return [replace(one, remark="not called *.ipynb")]
        if not odd and _PERHAPS.search(file) and self._is_one_after_all(one, name, alone):
            return [replace(one, remark="not called *.ipynb")]
        if alone and (_INSTEAD.search(name) or _PICTURE.search(name)):
            return [replace(one, problem="not a notebook, nor a zip file of notebooks")]
        return []

    def _is_one_after_all(self, one: Submission, name: str, alone: bool) -> bool:
        """Whether a file of another name is a notebook, where there is none beside it."""
        folder = name.rpartition("/")[0]
        beside = {proper.rpartition("/")[0] for proper in self._proper}
        if self._looks >= MOST_LOOKS or (folder.lower() in beside and not alone):
            return False
        if f"{name.rpartition('.')[0]}{SUFFIX}".lower() in self._proper:
            return False
        self._looks += 1
        try:
            return bool(code_cells(reading.decoded(one.content())))
        except NotANotebook:
            return False

    def _submission(self, name: str) -> Submission:
        if self._inside or not self._path.is_dir():
            return Submission(self._prefix + name, self._path, (*self._inside, name))
        return Submission(self._prefix + name, self._path / name)

    def _without(
        self, entries: list[str], root: PurePosixPath, places: list[PurePosixPath]
    ) -> list[Submission]:
        """A row for each folder that could be a student's and has nothing to check.

        Those are folders beside one that has something, or of a class that has nothing at all, or
        with what is handed in for a notebook; in the groups of a class, the latter and empty ones.
        """
        holding, direct = {p for place in places for p in place.parents}, {p.parent for p in places}
        inside: dict[PurePosixPath, list[str]] = {}
        for name in entries:
            for folder in PurePosixPath(f"{name}x").parents:  # x: of a folder's own entry, too
                inside.setdefault(folder, []).append(name[len(folder.as_posix()) + 1 :])
        found = []
        for folder in inside.keys() - holding - {root, *root.parents}:
            files = [name for name in inside[folder] if name and not name.endswith("/")]
            instead = any(_INSTEAD.search(name) for name in files)
            if folder.parent == root:
                others = any(other.parent == root for other in holding - {root})
                ours = (notebooks_dir() / folder.name).is_dir()
                missing = instead or not ours and (others or not places)
            else:
                in_group = folder.parent in holding - direct
                missing = in_group and (instead or not files)
            if missing:
                some = ", ".join(files[:3]) + ", ..." * (len(files) > 3)
                why = f"no notebook in it, but {some}" if files else "an empty folder"
                found.append(replace(self._submission(folder.as_posix()), problem=why))
        return found


def _in_archive(
    one: Submission, prefix: str, *, whole: bool = False, needed: bool = True
) -> list[Submission]:
    """What a zip file holds, read without unpacking it; itself with a problem if that fails.

    needed: it has a row of its own if there is no notebook in it.
    """
    if len(one.inside) > 2:
        return [replace(one, problem="archives in archives in archives are not opened")]
    try:
        with _opened(one.path, one.inside) as archive:
            entries = [info.filename.replace("\\", "/") for info in archive.infolist()]
    except NotANotebook as problem:
        return [replace(one, problem=str(problem))]
    if len(entries) > MOST_FILES:
        return [replace(one, problem=f"not opened: it names {len(entries):,} files")]
    found = _Tree(one.path, prefix, one.inside).submissions(entries, whole=whole)
    if not found and needed:
        return [replace(one, problem="there is no notebook in it")]
    return found


def _opened(path: Path, inside: tuple[str, ...]) -> zipfile.ZipFile:
    """An archive, or one in it. Raises NotANotebook where that cannot be."""
    content = path
    if inside:
        content = io.BytesIO(_from_zip(path, inside, most=LARGEST_ARCHIVE))
    elif not path.is_file():  # a pipe would wait for ever
        raise NotANotebook("this zip file is no ordinary file")
    try:
        return zipfile.ZipFile(content)
    except (*_ZIP_PROBLEMS, OSError, ValueError) as error:
        raise NotANotebook(f"this zip file cannot be opened: {error}") from None


def _from_zip(path: Path, inside: tuple[str, ...], *, most: int) -> bytes:
    """A file in an archive (in an archive), at most so many bytes whatever it says of itself."""
    *outer, name = inside
    with _opened(path, tuple(outer)) as archive:
        names = {info.filename.replace("\\", "/"): info for info in archive.infolist()}
        try:
            with archive.open(names[name]) as file:
                content = file.read(most + 1)
        except (*_ZIP_PROBLEMS, OSError, ValueError, KeyError) as error:
            raise NotANotebook(f"cannot be read from its zip file: {error}") from None
    if len(content) > most:
        raise NotANotebook(f"not read: more than {most / 1e6:.0f} MB")
    return content


def _is_hidden(name: str) -> bool:
    *folders, file = name.rstrip("/").split("/")
    hidden = [part for part in folders if part.startswith(".") or part == "__MACOSX"]
    return bool(hidden) or file == "__MACOSX" or (file[:1] == "." and not _PLACEHOLDER.search(file))


def _common_folder(entries: list[str]) -> str:
    """The folder that everything lies in, "" without one: "class/" of class/ada/1.ipynb, ..."""
    top = ""
    while True:
        inner = [name[len(top) :] for name in entries if name != top]
        firsts = {name.split("/")[0] for name in inner}
        if len(firsts) != 1 or not all("/" in name for name in inner):
            return top
        deeper = top + firsts.pop() + "/"
        if not any("/" in name[len(deeper) :] for name in entries):
            return top  # a single student's folder
        top = deeper
