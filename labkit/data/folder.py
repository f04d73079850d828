"""A student's own photos: every picture below a folder, its sub-folders as classes, or an upload.

What cannot be read is skipped and listed with the reason; one bad file never stops the rest. The
decoding is `labkit.images`'; nothing is written, moved or changed.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch

from labkit.data.layout import remarks
from labkit.images import square, to_tensor

# what systems, network drives and recycle bins leave, beside every name that begins with a dot
CLUTTER = {
    "thumbs.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "lost+found",
    "lost.dir",
    "found.000",
}
PLACEHOLDER = "a photo that still lies in iCloud: download it first"


class Folder(NamedTuple):
    """Photos, their classes, and what could not be read; printing it gives the report.

    images float32 (N, 3, size, size) in [0, 1]; labels int64 (N,), numbers in `classes`; paths (N)
    and skipped ((path, reason) pairs) name the files.
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: list[str]
    paths: list[Path]
    skipped: list[tuple[Path, str]]

    def __repr__(self) -> str:
        counts = torch.bincount(self.labels, minlength=len(self.classes)).tolist()
        parts = [f"{count} {name}" for count, name in zip(counts, self.classes, strict=True)]
        lines = [f"{_count(len(self.paths))}: {', '.join(parts)}"]
        if self.skipped:
            lines.append(f"{_count(len(self.skipped), 'file')} skipped:")
        return "\n".join(lines + _reasons(self.skipped, 20))


def load_folder(path, *, size: int = 224) -> Folder:
    """Load every photo below `path`, cut to the centred square and resized to (3, size, size).

    The class of a photo is the sub-folder of `path` it lies in, however deep; photos that lie in
    `path` itself have the name of that folder as their class. Order: by path, the same everywhere.
    Anything `to_tensor` reads is read (phone photos turned upright, CMYK, 16 bits, ...); every
    other file is in `skipped` with the reason, except hidden files and the clutter that systems
    leave. Links to folders are not followed. Warns where sub-folders look like no classes (train
    and test, one folder too high) or none but one could be read. ValueError where there is no such
    folder, no file in it, or no photo that can be read; TypeError where `path` is no path or
    `size` no whole number.

    >>> import tempfile, pathlib, PIL.Image
    >>> mine = pathlib.Path(tempfile.mkdtemp())
    >>> (mine / "cats").mkdir(), PIL.Image.new("RGB", (40, 30)).save(mine / "cats" / "tom.png")
    (None, None)
    >>> load_folder(mine, size=32)
    1 photo: 1 cats
    """
    root = _check(path, size)
    found = [(path, path, reason) for path, reason in _files(root)]
    if not found:
        raise ValueError(f"{root}: there is no file in this folder to read as a photo")
    images, paths, skipped = _read_all(found, size, f"{root}: none of its files")
    for remark in remarks(root, paths, skipped):
        warnings.warn(f"{root}: {remark}", stacklevel=2)
    return as_folder(images, [_class_of(path, root) for path in paths], paths, skipped=skipped)


def load_uploads(files, *, size: int = 224) -> Folder:
    """Load the photos of an upload, as `load_folder` does: pass the `value` of a FileUpload.

    `files`: one dict a file, with at least its "name" and "content" (bytes), as ipywidgets 8 has
    them. An upload has no sub-folders, and what a photo shows is not guessed from its name: all
    are of the one class "uploaded". Files that cannot be read are in `skipped` with the reason.
    ValueError where nothing is uploaded, or nothing that can be read; TypeError for what is no
    upload.

    >>> button = ipywidgets.FileUpload(multiple=True)
    >>> mine = load_uploads(button.value) if button.value else None
    """
    _check_size(size)
    found = [_upload(file) for file in _list(files)]
    if not found:
        raise ValueError("nothing is uploaded yet: press the button and choose photos")
    images, paths, skipped = _read_all(found, size, "none of the uploaded files")
    return as_folder(images, ["uploaded"] * len(images), paths, skipped=skipped)


def as_folder(images, names, paths, *, classes=None, skipped=()) -> Folder:
    """Make a Folder of images (3, S, S) with the class name of each; numbers follow `classes`."""
    classes = sorted(set(names)) if classes is None else list(classes)
    labels = torch.tensor([classes.index(name) for name in names], dtype=torch.int64)
    return Folder(torch.stack(list(images)), labels, classes, list(paths), list(skipped))


def _check(path, size: int) -> Path:
    """Return the folder, absolute; raise in words unless it can be looked into."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"pass the path of a folder, got {type(path).__name__}")
    _check_size(size)
    root = Path(os.path.abspath(os.path.expanduser(path)))
    if root.is_file():
        raise ValueError(f"{root}: this is a file; pass the folder (unpack an archive first)")
    if not root.is_dir():
        raise ValueError(f"{root}: there is no such folder (current folder: {Path.cwd()})")
    return root


def _check_size(size: int) -> None:
    square(torch.zeros(3, 1, 1), size)  # raises for a size that is none


def _list(files) -> list:
    """The files of an upload; TypeError for anything but several of them."""
    if isinstance(files, (tuple, list)):
        return list(files)
    raise TypeError(
        "pass the value of a FileUpload, a tuple with a dict for each file; got "
        f"{type(files).__name__}"
    )


def _upload(file) -> tuple[Path, io.BytesIO, str]:
    """Name, content as an open file that has this name for messages, and no reason to skip it."""
    try:
        path, content = Path(file["name"]), io.BytesIO(file["content"])
    except (KeyError, TypeError, IndexError) as error:
        raise TypeError(
            'each uploaded file is a dict with its "name" and "content" (bytes), got '
            f"{type(file).__name__}"
        ) from error
    content.name = str(path)
    return path, content, ""


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield (path, "" or why it is not to be opened) of all that may be a photo, in order."""
    closed, found = [], []
    for folder, folders, files in os.walk(root, onerror=closed.append):
        folders[:] = [name for name in folders if not _is_clutter(name)]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [(Path(folder, name), "a link to a folder: not followed") for name in links]
        found += [(Path(folder, name), "") for name in files if not _is_clutter(name)]
        found += [(Path(folder, name), PLACEHOLDER) for name in files if _is_placeholder(name)]
    found += [(Path(error.filename), f"cannot be opened ({error.strerror})") for error in closed]
    yield from sorted(found, key=lambda item: item[0].relative_to(root).as_posix())


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name.lower() in CLUTTER


def _is_placeholder(name: str) -> bool:
    return name.startswith(".") and name.lower().endswith(".icloud")


def _class_of(path: Path, root: Path) -> str:
    inside = path.relative_to(root).parts
    return inside[0] if len(inside) > 1 else root.name or str(root)


def _read_all(found, size: int, what: str) -> tuple[list, list[Path], list[tuple[Path, str]]]:
    """Read each (path, source, "" or why not): images, their paths, (path, reason) of the rest."""
    from tqdm.auto import tqdm

    images, paths, skipped = [], [], []
    for path, source, reason in tqdm(found, desc="photos", leave=False, disable=None, delay=2):
        try:
            if not reason:
                images.append(square(to_tensor(source), size))
                paths.append(path)
        except Exception as error:  # whatever is wrong with one file, the others are read
            reason = str(error).removeprefix(f"{path}: ") or type(error).__name__
        if reason:
            skipped.append((path, reason))
    if not images:
        raise ValueError("\n".join([f"{what} can be read as a photo", *_reasons(skipped, 5)]))
    return images, paths, skipped


def _count(count: int, what: str = "photo") -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _reasons(skipped: list[tuple[Path, str]], most: int) -> list[str]:
    """One line a file, and how many more there are."""
    lines = [f"  {path}: {reason}" for path, reason in skipped[:most]]
    return lines + [f"  and {len(skipped) - most} more"] * (len(skipped) > most)
