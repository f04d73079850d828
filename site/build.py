"""The labs as a site to read and play with: `make site`, or `python site/build.py 01 13` for some.

Runs each lab whose run site/_build/executed lacks (`make test` leaves it there, too), makes a page
of it, and calls Sphinx. The site lies in site/_build/html and opens from a disk, without network.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import front
import links
import nbformat
import pages
import runs
from sphinx.cmd.build import build_main

from labkit.course import editions
from labkit.paths import notebooks_dir

HERE = Path(__file__).parent
BUILD = HERE / "_build"


def main(arguments: Sequence[str]) -> int:
    """Make the site; 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("labs", nargs="*", help="numbers of labs; default all")
    parser.add_argument("--to", type=Path, default=BUILD / "html", help="folder of the site")
    parser.add_argument("--kept", type=Path, default=runs.KEPT, help="labs that ran")
    parser.add_argument("--address", default=os.environ.get("LABKIT_ADDRESS"), help="for git clone")
    asked = parser.parse_args(arguments)
    paths = [editions.find_lab(name) for name in asked.labs] or editions.lab_paths()
    with_pages = BUILD / f"pages-{asked.to.name}"
    prepare(paths, with_pages, kept=asked.kept, address=asked.address)
    shutil.rmtree(asked.to, ignore_errors=True)
    if code := render(with_pages, asked.to):
        return code
    missing = links.broken(asked.to)
    print("\n".join(["Not there:", *missing]) if missing else f"{size_of(asked.to) / 1e6:.0f} MB")
    print(f"Open {asked.to / 'index.html'}")
    return bool(missing)


def prepare(paths: Sequence[Path], into: Path, *, kept: Path, address: str | None = None) -> None:
    """Write what Sphinx reads: a page a lab, the front page, other pages, pictures, downloads."""
    shutil.rmtree(into, ignore_errors=True)
    extra = into / "extra"
    for folder in ("pictures", "frames", "download"):
        (extra / folder).mkdir(parents=True)
    shutil.copytree(notebooks_dir() / "images", into / "images")
    shutil.copytree(notebooks_dir() / "images", extra / "images")
    others = sorted(notebooks_dir().glob("*.md"))
    there = {path.stem for path in [*paths, *others]}
    holds = any(path.stem == "what_holds" for path in others)
    for path in others:
        text = links.linked(path.read_text(encoding="utf-8"), there)
        (into / path.name).write_text(text, encoding="utf-8")
    for path in paths:
        begun = time.monotonic()
        ran, frames = runs.run(path, kept)
        made = pages.page(path, ran, extra / "pictures", there=there)
        opening = front.opening(path.stem, address=address, holds=holds)
        made.cells.insert(1, pages.block(opening, "opening"))
        nbformat.write(made, into / path.name)
        shutil.copytree(frames, extra / "frames", dirs_exist_ok=True)
        student = editions.make(path, "student")
        (extra / "download" / path.name).write_bytes(editions.to_bytes(student))
        print(f"{path.stem}: {time.monotonic() - begun:.0f} s", flush=True)
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    shown = "images/map.png" if (into / "images" / "map.png").is_file() else None
    names = [path.stem for path in paths], [path.stem for path in others]
    (into / "index.md").write_text(front.index(*names, readme=readme, map_at=shown), "utf-8")


def render(source: Path, to: Path) -> int:
    """Call Sphinx, warnings as errors; its exit code."""
    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE)]
    extra = ["-D", f"html_extra_path={source / 'extra'}", "-d", str(source / "doctrees")]
    return build_main([*options, *extra, str(source), str(to)])


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
