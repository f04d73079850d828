"""How long until one can work: importing the package, and the first figure of lab 01.

Each in a fresh process, in turn; wall seconds, since a person waits. Imports are compared with
that of torch. A figure needs matplotlib too, and those two take longer than the imports' goal
allows; so the floor of labkit's first figure is the same figure by torch and matplotlib (and
Pillow, which matplotlib imports itself): the same photo is read, cut, scaled and drawn, with the
title and in the layout that labkit chooses. Both files must be equal. The other peers only import.
"""

import subprocess
import sys
import time

from benchmarks.measure import interleaved, picture, ratio, ratios, result, times_table

FIGURE, FLOOR = "labkit, lab 01's first figure", "that figure by torch and matplotlib alone"
SAVE = """
import io, zlib
file = io.BytesIO()
axes.figure.savefig(file)
print(zlib.crc32(file.getvalue()))
"""
STATEMENTS = {
    "torch": "import torch",
    "torchvision": "import torchvision",
    "labkit": "import labkit",
    "labkit, what lab 01 imports": "from labkit import data, explain, hooks, models, plot, widgets",
    FIGURE: """
from labkit import data, models, plot
axes = plot.image(data.load_photo("cat", size=224), title="cat")
"""
    + SAVE,
    FLOOR: """
from importlib.util import find_spec
import numpy as np, torch
from matplotlib import pyplot as plt
from PIL import Image
folder = find_spec("skimage").submodule_search_locations[0]
pixels = np.array(Image.open(folder + "/data/chelsea.png").convert("RGB"))
photo = torch.from_numpy(pixels).permute(2, 0, 1)[:, :, 75:375] / 255
resize = torch.nn.functional.interpolate
photo = resize(photo[None], (224, 224), mode="bicubic", antialias=True)[0].clamp(0, 1)
axes = plt.subplots(figsize=(3.5, 3.5), layout="constrained")[1]
axes.imshow(photo.permute(1, 2, 0).numpy())
axes.set_axis_off()
axes.set_title("cat")
"""
    + SAVE,
    "d2l": "from d2l import torch",
    "fastai": "from fastai.vision.all import *",
}


def main() -> None:
    """Measure each that is installed."""
    said = {name: told(code) for name, code in STATEMENTS.items()}
    missing = [name for name in said if said[name] is None]
    if missing:
        print(f"Not installed here (pip install -e '.[bench]'): {', '.join(missing)}.\n")
    if not said[FIGURE] or said[FIGURE] != said[FLOOR]:
        raise RuntimeError(f"{FIGURE!r} and {FLOOR!r} are not the same picture")
    calls = {name: fresh(code) for name, code in STATEMENTS.items() if name not in missing}
    times = interleaved(calls, rounds=5, warmup=0, clock=time.perf_counter)
    times_table(times, to="torch", unit="s")
    by = ratios(times, "torch")
    goals = {"import": 1.15, "first figure": 1.05}
    figure = {name: ratio(times, name, FLOOR) for name in (FIGURE, FLOOR)}
    imports = {name: value for name, value in by.items() if name not in figure}
    result("import", by["labkit"], goals["import"])
    result("import-lab-01", by["labkit, what lab 01 imports"], goals["import"])
    result("import-first-figure", figure[FIGURE], goals["first figure"])
    picture(
        "import",
        {"import": imports, "first figure": figure},
        unit="times import torch, or times the figure by torch and matplotlib alone",
        goal=goals,
    )


def fresh(code: str):
    """A call that runs the code in a process of its own."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def told(code: str) -> str | None:
    """What the code prints in a process of its own; None if it fails."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return None if done.returncode else done.stdout


if __name__ == "__main__":
    main()
