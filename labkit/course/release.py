"""What students get: their edition of the labs, labkit itself, the data, a README. One command.

The release needs nothing else but the packages that labkit builds on: `pip install -e .` in it
installs labkit, `labkit start` opens the labs. It holds no solutions of notebooks; but labkit's
checks know what is right, and who reads them finds it.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from labkit.course import catalog, copies, editions, paths
from labkit.course.writing import write_whole
from labkit.paths import data_dir, notebooks_dir

MANIFEST = ".labkit-release.json"
FOLDER = "labkit-student"  # the one folder in a zip file
ENVIRONMENT = """\
# conda env create -f environment.yml && conda activate labkit && labkit start
name: labkit
channels:
  - conda-forge
dependencies:
  - python=3.12
  - pip
  - pip:
      - "-e ."
"""
_ALWAYS = ["README.md", "pins/*"]
_NEEDS = {  # lab -> files of data/; a lab that is not named here gets all
    "00": [],
    "01": [],
    "02": [],
    "03": ["canids_*.zip"],
    "04": [],
    "05": ["cars_*", "finetuning.csv"],
    "05b": ["word_vectors_*"],
    "06": [],
    "07": ["digit_generator*", "digit_judge*", "gan_runs.csv"],
    "08": ["digit_*", "density_race.csv"],
    "09": ["speaker.safetensors", "imitations.csv", "spoken_people.csv"],
    "10": [
        "seasons.zip",
        "translat*",
        "wolf_to_husky.safetensors",
        "portraits.zip",
        "growing.csv",
        "heads.safetensors",
    ],
    "11": ["portraits.zip", "forger.safetensors", "swaps.csv"],
    "12": ["connect_*"],
    "13": ["widths.csv"],
    "14": ["defences.csv"],
    "15": [],
    "16": ["trials.npz", "searches.csv"],
    "17": ["few_labels.csv"],
    "19": ["word_vectors_*"],
    "18": ["depths.csv", "shrinks.csv"],
}


@dataclass
class Report:
    """What was written, and where to."""

    to: Path
    labs: list[str]
    files: int
    size: int  # bytes

    def __str__(self) -> str:
        labs = f"{len(self.labs)} lab{'s' * (len(self.labs) != 1)}"
        return (
            f"Wrote {labs} for students ({self.files} files, {self.size / 1e6:.1f} MB): {self.to}"
        )


def write(labs: list[str] | None = None, *, to: str | Path, path: str | None = None) -> Report:
    """Write a release of the labs (all, those of a path, or those named) into a folder or *.zip.

    The same labs, labkit and data give the same bytes. A release that labkit wrote there earlier
    is replaced; raises ValueError, before anything is written, if that would touch another file
    or one that was changed since, and FileNotFoundError outside a checkout of the repository.
    """
    chosen = sorted(paths.chosen(labs, path))
    contents = _contents(chosen, also=[paths.page_name(path)] if path else [])
    contents["README.md"] = _readme(chosen, path).encode()
    record = {name: copies._digest(content) for name, content in contents.items()}
    contents[MANIFEST] = (json.dumps({"files": record}, indent=1) + "\n").encode()
    to = Path(to).expanduser()
    if to.suffix.lower() == ".zip":
        _write_zip(contents, to)
    else:
        _write_folder(contents, to)
    size = sum(map(len, contents.values()))
    return Report(to, [lab.stem for lab in chosen], len(contents), size)


def data_for(lab: str) -> list[str]:
    """Names of the files in data/ that a lab needs: "05b_fine_tuning_words" -> [...]."""
    names = (p.relative_to(data_dir()).as_posix() for p in _files(data_dir()))
    return [name for name in names if needs(lab, name)]


def needs(lab: str, name: str) -> bool:
    """Whether a lab needs a file of data/, be it there or not."""
    patterns = _ALWAYS + _NEEDS.get(lab.split("_")[0], ["*"])
    return any(fnmatch(name, pattern) for pattern in patterns)


def notebook(path: Path) -> bytes:
    """A lab as students get it, marked, so that `labkit start` does not take it for the source."""
    made = editions.make(path, "student")
    made.metadata["labkit"] = dict(editions.RELEASED)
    return editions.to_bytes(made)


def _contents(labs: list[Path], *, also: list[str]) -> dict[str, bytes]:
    """All files but the record and the README, by name, in order; also: pages beside the labs."""
    root = notebooks_dir().parent
    if not (root / "pyproject.toml").is_file():
        raise FileNotFoundError(
            "a release is made from a checkout of labkit's repository, which holds what installs "
            "it; this labkit was installed without: type `python -m labkit release ...` there"
        )
    contents = {f"notebooks/{lab.name}": notebook(lab) for lab in labs}
    text = b"".join(contents.values()).decode() + " ".join(also)
    shown = {name: data for name, data in copies._assets().items() if name in text}
    contents |= {f"notebooks/{name}": data for name, data in shown.items()}
    for name in sorted({name for lab in labs for name in data_for(lab.stem)}):
        contents[f"data/{name}"] = (data_dir() / name).read_bytes()
    package = Path(__file__).parents[1]
    for path in _files(package):
        name = path.relative_to(package).as_posix()
        contents[f"labkit/{name}"] = path.read_bytes()
    for name in ("pyproject.toml", "constraints.txt", "LICENSE"):
        contents[name] = (root / name).read_bytes()
    contents["environment.yml"] = ENVIRONMENT.encode()
    return dict(sorted(contents.items()))


def _files(folder: Path) -> list[Path]:
    """Files below a folder that are no caches, hidden or packed copies, in order."""
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        skipped = any(p.startswith(".") or p in ("__pycache__", "_share") for p in parts)
        if path.is_file() and not skipped and path.suffix != ".pyc":
            found.append(path)
    return found


def _readme(chosen: list[Path], path: str | None) -> str:
    titles = {lab.name: catalog.title_of(editions.read(lab)) for lab in chosen}
    lines = "\n".join(f"- `{name}`: {title or name}" for name, title in titles.items())
    if path:
        lines += (
            f"\n\nGo through them with `labkit start --path {path}`: a page says in which order."
        )
    text = Path(__file__).with_name("release_readme.md").read_text(encoding="utf-8")
    return text.replace("{labs}", lines)


def _write_folder(contents: dict[str, bytes], folder: Path) -> None:
    source = notebooks_dir().parent.resolve()
    for kept in ("labkit", "data", "notebooks"):
        if (source / kept) in [folder.resolve(), *folder.resolve().parents]:
            raise ValueError(f"{folder} lies in labkit's own {kept}/; choose another --to")
    old = _record(folder)
    _refuse([name for name in contents if not _is_ours(folder, name, contents[name], old)], folder)
    for name in old:
        if name not in contents and copies._digest_at(folder / name) == old[name]:
            (folder / name).unlink()  # of an earlier release, and as it was
    for name, content in contents.items():
        write_whole(folder / name, content)


def _record(folder: Path) -> dict[str, str]:
    """What an earlier release wrote into the folder: name -> digest."""
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {n: d for n, d in stored["files"].items() if isinstance(d, str) and _is_inside(n)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _is_ours(folder: Path, name: str, content: bytes, old: dict[str, str]) -> bool:
    """Whether a file of the release may be written: nothing is there, or what labkit wrote."""
    path = folder / name
    within = [folder / part for part in PurePosixPath(name).parents]
    if any(place.exists() and not place.is_dir() for place in within):
        return False
    if not path.exists() and not path.is_symlink():
        return True
    here = copies._digest_at(path)
    known = [copies._digest(content), old.get(name)] if name != MANIFEST or not old else [here]
    return here is not None and here in known


def _refuse(names: list[str], to: Path) -> None:
    if names:
        some = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise ValueError(
            f"{to} holds files that labkit did not write, or that were changed since: {some}. "
            "Nothing was written; choose another --to, or move them away"
        )


def _write_zip(contents: dict[str, bytes], path: Path) -> None:
    if (path.exists() or path.is_symlink()) and not _is_our_zip(path):
        raise ValueError(f"{path} is no release that labkit wrote; choose another --to")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # bytes that no zlib changes
        for name, content in contents.items():
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    write_whole(path, file.getvalue())


def _is_our_zip(path: Path) -> bool:
    """Whether all of a zip file is as its own record says."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = {n.removeprefix(f"{FOLDER}/"): archive.read(n) for n in archive.namelist()}
        record = json.loads(files.pop(MANIFEST))["files"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, RuntimeError):
        return False
    return record == {name: copies._digest(content) for name, content in files.items()}
