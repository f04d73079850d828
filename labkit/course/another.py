"""Is the labkit that runs the one of the folder one works in? Two versions get mixed easily.

A release that was unpacked into a new folder is not installed by that: `labkit start` there runs
the older labkit that is, and writes its labs. This looks for another version, and changes nothing.
"""

from pathlib import Path

from labkit.course import copies, editions, release

OWN = Path(__file__).resolve().parents[2]  # folder of the labkit that runs


def another_version(*places: Path) -> Path | None:
    """Folder of a release or a checkout around one of the places, or just in it, unlike this one.

    It is unlike this one if its package or its labs differ in any byte (the student edition of our
    labs, as a release holds it, is no difference).
    """
    for place in places:
        place = place.expanduser().resolve()
        around = [folder for folder in [place, *place.parents] if _holds_labkit(folder)]
        nearest = next(iter(around), place / release.FOLDER)
        if nearest != OWN and _holds_labkit(nearest) and _differs(nearest):
            return nearest
    return None


def mend(folder: Path) -> str:
    """What to do to run the labkit of that folder."""
    made = (folder / "Makefile").is_file()  # a checkout sets itself up, a release does not
    return f"cd {folder} && {'make lab' if made else 'pip install -e .'}"


def warning(folder: Path) -> str:
    """What `labkit start` says."""
    return (
        f"these labs come from the labkit in {OWN}, since that is the one installed, not from "
        f"{folder}, which holds another version. To use that one: {mend(folder)}, then start again"
    )


def _holds_labkit(folder: Path) -> bool:
    return (folder / "labkit" / "__init__.py").is_file() and (folder / "notebooks").is_dir()


def _differs(folder: Path) -> bool:
    if _digests(folder / "labkit") != _digests(Path(__file__).parents[1]):
        return True
    theirs = {path.name: path.read_bytes() for path in (folder / "notebooks").glob("*.ipynb")}
    ours = {path.name: path for path in editions.lab_paths()}
    if theirs.keys() != ours.keys():
        return True
    return any(
        theirs[name] != path.read_bytes() and theirs[name] != release.notebook(path)
        for name, path in ours.items()
    )


def _digests(package: Path) -> dict[str, str | None]:
    paths = release._files(package)
    return {path.relative_to(package).as_posix(): copies._digest_at(path) for path in paths}
