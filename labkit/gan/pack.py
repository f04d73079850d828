"""Makes what ships: `python -m labkit.gan.pack judge | generator | runs [FOLDER]`.

`judge` trains the LeNet through which fakes are judged (20 seconds), `generator` the generator
that a lab explores (about half an hour), `runs` plays the recipes of `labkit.gan.ablations` with
several seeds and writes their Frechet distances into a table (an hour and more).
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from labkit import data, frechet, gan
from labkit.gan.shipped import GENERATOR, JUDGE
from labkit.paths import data_dir

RUNS = "gan_runs.csv"
COLUMNS = ("recipe", "seed", "steps", "cpu_seconds", "frechet", "caught", "passed", "rarest_digit")


def pack_judge(folder: Path) -> Path:
    """Train the judge and write it, float32."""
    train, _ = data.load_digits()
    return _write(folder / JUDGE, frechet.train_judge(train), torch.float32, {})


def pack_generator(folder: Path, *, steps: int = 20_000, seed: int = 0) -> Path:
    """Train a wider generator on all 5,000 digits for long and write its running mean, float16."""
    train, test = data.load_digits()
    both = tuple(torch.cat(parts) for parts in zip(train, test, strict=True))
    recipe = gan.QUICK.but(width=64, fade=0.3)
    part = folder / "generator.part.safetensors"
    game = gan.Game(both, recipe=recipe, steps=steps, every=250, seed=seed, checkpoint=part)
    game.play()
    made = {"z_dim": recipe.z_dim, "width": recipe.width, "classes": 10}
    return _write(folder / GENERATOR, game.forger, torch.float16, {"generator": json.dumps(made)})


def play_run(
    name: str, recipe: gan.Recipe, judge: nn.Module, *, seed: int, cpu_seconds: float, steps: int
) -> dict:
    """One game until its steps or its CPU seconds are used up, and how good its fakes are."""
    train, test = data.load_digits()
    game, begin = gan.Game(train, recipe=recipe, steps=steps, seed=seed), time.process_time()
    while game.step < steps and time.process_time() - begin < cpu_seconds:
        game.play(game.step + game.every, progress=False)
    used = time.process_time() - begin
    fakes = gan.forge(game.forger, torch.arange(2000) % 10, seed=seed)
    last = game.record.rows[-1]
    distance = frechet.frechet(judge, fakes, test.images)
    shares = (last.caught, last.passed, float(frechet.coverage(judge, fakes).min()))
    numbers = (seed, game.step, round(used, 1), round(distance, 2), *(round(s, 3) for s in shares))
    return dict(zip(COLUMNS, (name, *numbers), strict=True))


def pack_runs(
    folder: Path, *, seeds: Sequence[int] = (0, 1, 2), cpu_seconds: float = 60, steps: int = 1200
) -> Path:
    """Play every recipe with every seed; the table grows row by row, rows already there stay."""
    path = folder / RUNS
    done = {(row["recipe"], int(row["seed"])) for row in read_runs(path)} if path.exists() else ()
    judge = gan.load_judge()
    for seed in seeds:
        for name, recipe in gan.ablations().items():
            if (name, seed) not in done:
                limits = {"seed": seed, "cpu_seconds": cpu_seconds, "steps": steps}
                _append(path, play_run(name, recipe, judge, **limits))
    return path


def read_runs(path: Path) -> list[dict[str, str]]:
    """The rows of a table of runs."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _append(path: Path, row: dict) -> None:
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            table.writeheader()
        table.writerow(row)


def _write(path: Path, model: nn.Module, dtype: torch.dtype, notes: dict[str, str]) -> Path:
    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    save_file(weights, path, metadata=notes)
    return path


if __name__ == "__main__":
    what = {"judge": pack_judge, "generator": pack_generator, "runs": pack_runs}[sys.argv[1]]
    print(what(Path(sys.argv[2]) if len(sys.argv) > 2 else data_dir()))
