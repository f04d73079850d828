"""One picture a lab, taken from the lab itself: `python tests/gallery.py`.

Runs each source notebook up to its last cell tagged "picture" and saves the first image that this
cell shows as notebooks/images/<lab>.png, for the README and lab 00.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

from nbformat import NotebookNode

from labkit.course import editions
from labkit.paths import notebooks_dir

WIDTH = 640  # pixels at most


def main(labs: list[str]) -> int:
    """Make the pictures of these labs, or of all; the exit code is the number of labs without."""
    paths = [editions.find_lab(lab) for lab in labs] or editions.lab_paths()
    missing = 0
    for path in paths:
        notebook = picture_part(editions.read(path))
        if notebook is None:
            print(f"{path.name}: no cell has the tag 'picture'")
            missing += 1
            continue
        target = notebooks_dir() / "images" / f"{path.stem}.png"
        save_small(run(notebook), target)
        print(target)
    return missing


def picture_part(notebook: NotebookNode) -> NotebookNode | None:
    """The notebook cut off behind its last picture cell; None if it has none."""
    tagged = [i for i, c in enumerate(notebook.cells) if "picture" in c.metadata.get("tags", [])]
    if not tagged:
        return None
    notebook.cells = notebook.cells[: tagged[-1] + 1]
    return notebook


def run(notebook: NotebookNode) -> bytes:
    """Run all cells; the PNG that the last one shows. Raises ValueError if it shows none."""
    from nbclient import NotebookClient

    options = {"timeout": 120, "kernel_name": "python3", "extra_arguments": ["--log-level=ERROR"]}
    NotebookClient(notebook, **options).execute()
    for output in notebook.cells[-1].outputs:
        if "image/png" in output.get("data", {}):
            return base64.b64decode(output["data"]["image/png"])
    raise ValueError("the picture cell shows no picture")


def save_small(png: bytes, target: Path) -> None:
    """Write the picture at no more than WIDTH pixels, with few colours, so that it stays small."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((WIDTH, WIDTH))
    target.parent.mkdir(exist_ok=True)
    # octree: the other way to choose colours leaves none for a scale's narrow ends
    options = {"method": Image.Quantize.FASTOCTREE, "dither": Image.Dither.FLOYDSTEINBERG}
    picture.quantize(256, **options).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
