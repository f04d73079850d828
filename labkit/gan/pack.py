"""Makes what ships: `python -m labkit.gan.pack judge | generator | runs [FOLDER]`.

`judge` trains the LeNet through which fakes are judged (20 seconds), `generator` the generator
that a lab explores (about a quarter of an hour), `runs` plays the recipes of
`labkit.gan.ablations` with several seeds and writes how good their fakes are into a table (half an
hour).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from labkit import data, gan
from labkit.gan import frechet
from labkit.gan.shipped import GENERATOR, JUDGE, RUNS
from labkit.nets.shipped import append_row, read_table, write_weights
from labkit.paths import data_dir

COLUMNS = ("recipe", "seed", "steps", "cpu_seconds", "frechet", "caught", "passed", "rarest_digit")


def pack_judge(folder: Path) -> Path:
    """Train the judge and write it, float32."""
    train, _ = data.load_digits()
    return write_weights(folder / JUDGE, frechet.train_judge(train), torch.float32, {})


def pack_generator(folder: Path, *, steps: int = 8_000, seed: int = 0) -> Path:
    """Train a wider generator for long and write its running mean, float16.

    Every 1,000 steps the Fréchet distance to the held-out digits is printed. The game is saved
    every 250 steps beside the result: stopped and started again, it goes on.
    """
    train, test = data.load_digits()
    recipe, judge = gan.QUICK.but(width=48), gan.load_judge()

    def report(game: gan.Game) -> None:
        if game.step % 1000 == 0:
            print(game.step, distance_to(test, judge, game.forger), flush=True)

    part = folder / "generator.part.safetensors"
    game = gan.Game(train, recipe=recipe, steps=steps, every=250, seed=seed, checkpoint=part)
    game.play(watch=report, progress=False)
    made = {"z_dim": recipe.z_dim, "width": recipe.width, "classes": 10}
    return write_weights(
        folder / GENERATOR, game.forger, torch.float16, {"generator": json.dumps(made)}
    )


def distance_to(test: tuple, judge: nn.Module, forger: gan.Generator, *, seed: int = 0) -> float:
    """Fréchet distance of 2,000 fakes, as many of each digit, to the images of `test`."""
    fakes = gan.forge(forger, torch.arange(2000) % 10, seed=seed)
    return round(frechet.frechet(judge, fakes, test[0]), 2)


def play_run(
    name: str, recipe: gan.Recipe, judge: nn.Module, *, seed: int, cpu_seconds: float, steps: int
) -> dict:
    """One game until its steps or its CPU seconds are used up, and how good its fakes are."""
    train, test = data.load_digits()
    game = gan.Game(train, recipe=recipe, steps=steps, every=10, seed=seed)
    begin = time.process_time()
    while game.step < steps and time.process_time() - begin < cpu_seconds:
        game.play(game.step + game.every, progress=False)
    used = time.process_time() - begin
    fakes = gan.forge(game.forger, torch.arange(2000) % 10, seed=seed)
    distance = frechet.frechet(judge, fakes, test.images)
    caught, passed = (_last(game, share) for share in ("caught", "passed"))
    shares = (caught, passed, float(frechet.coverage(judge, fakes).min()))
    numbers = (seed, game.step, round(used, 1), round(distance, 2), *(round(s, 3) for s in shares))
    return dict(zip(COLUMNS, (name, *numbers), strict=True))


def _last(game: gan.Game, share: str, *, steps: int = 50) -> float:
    """Mean of the cop's share over the last steps."""
    rows = game.record.column(share)[-max(steps // game.every, 1) :]
    return sum(rows) / len(rows)


def pack_runs(
    folder: Path, *, seeds: Sequence[int] = (0, 1, 2), cpu_seconds: float = 60, steps: int = 800
) -> Path:
    """Play every recipe with every seed; the table grows row by row, rows already there stay."""
    path = folder / RUNS
    done = {(row["recipe"], int(row["seed"])) for row in read_table(path)} if path.exists() else ()
    judge = gan.load_judge()
    for seed in seeds:
        for name, recipe in gan.ablations().items():
            if (name, seed) not in done:
                limits = {"seed": seed, "cpu_seconds": cpu_seconds, "steps": steps}
                append_row(path, play_run(name, recipe, judge, **limits))
    return path


if __name__ == "__main__":
    what = {"judge": pack_judge, "generator": pack_generator, "runs": pack_runs}[sys.argv[1]]
    print(what(Path(sys.argv[2]) if len(sys.argv) > 2 else data_dir()))
