"""What looks wrong with a folder of photos and its sub-folders as classes: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}


def remarks(root: Path, paths: list[Path], skipped: list[tuple[Path, str]]) -> Iterator[str]:
    """Say where the sub-folders of `root` are probably not the classes that are meant.

    >>> root = Path("photos")
    >>> found = [root / "train" / "cats" / "a.jpg", root / "val" / "cats" / "b.jpg"]
    >>> print(*remarks(root, found, []))
    the sub-folders train, val became classes, but look like parts of a data set: load each...
    """
    inside = [path.relative_to(root).parts for path in paths]
    tops = sorted({parts[0] for parts in inside if len(parts) > 1})
    if tops and all(top.lower() in SPLITS for top in tops):
        names = ", ".join(tops)
        yield (
            f"the sub-folder{'s' * (len(tops) > 1)} {names} became classes, but look like parts of "
            f'a data set: load each by itself, as in load_folder("{root / tops[0]}")'
        )
    elif len(tops) == 1 and all(len(parts) > 1 for parts in inside):
        yield from _one_class(root, tops[0], inside, skipped)
    elif not tops:
        yield from _lost(root, root.name, skipped)


def _one_class(root: Path, top: str, inside: list, skipped: list) -> Iterator[str]:
    below = sorted({parts[1] for parts in inside if len(parts) > 2})
    if len(below) > 1 and all(len(parts) > 2 for parts in inside):
        yield (
            f"all photos lie in the one sub-folder {top!r} and so are one class; for its "
            f'sub-folders ({", ".join(below[:5])}) as classes, load_folder("{root / top}")'
        )
    yield from _lost(root, top, skipped)


def _lost(root: Path, left: str, skipped: list[tuple[Path, str]]) -> Iterator[str]:
    """Sub-folders of which no file could be read, where a single class is left."""
    reasons = {}
    for path, reason in skipped:
        parts = path.relative_to(root).parts
        if len(parts) > 1 and parts[0] != left:
            reasons.setdefault(parts[0], reason)
    if reasons:
        first, reason = next(iter(reasons.items()))
        yield (
            f"only the class {left!r} is left, for no photo of {', '.join(reasons)} could be read "
            f"({first}: {reason})"
        )
