"""Frechet distance after 30 and 60 CPU-seconds: labkit's quick recipe, the tutorial's DCGAN, d2l's.

Three seeds, one thread, the same digits; time is counted while networks train and stopped for
judging. Distances are those of labkit's judge, 2,000 fakes against the digits held out; the floor
is what 2,000 real training digits get.
"""

import math
import time

import torch

from benchmarks.measure import median, picture, result, table
from labkit import data
from labkit.gan import QUICK, TUTORIAL, Game, forge, frechet
from labkit.gan.shipped import load_judge

SECONDS, SEEDS, FAKES, ROUND = (30, 60), range(3), 2000, 10
# d2l's chapter on DCGAN: batches of 256, Adam at 0.005; the networks as in the tutorial, at 28 px
D2L = TUTORIAL.but(batch_size=256, lr_generator=5e-3, lr_discriminator=5e-3)
RECIPES = {"labkit, quick": QUICK, "the tutorial": TUTORIAL, "d2l's rates and batches": D2L}


def main() -> None:
    """Play all games."""
    torch.set_num_threads(1)
    train, held_out = data.load_digits()
    judge = load_judge()
    floor = frechet.frechet(judge, train.images[:FAKES], held_out.images)
    found = {
        name: [play(recipe, seed, train, held_out, judge) for seed in SEEDS]
        for name, recipe in RECIPES.items()
    }
    middle = {name: [median(c) for c in zip(*runs, strict=True)] for name, runs in found.items()}
    rows = [
        (name, *values, ", ".join(f"{run[-1]:.0f}" for run in found[name]))
        for name, values in middle.items()
    ]
    titles = ["recipe", *(f"median after {s} CPU s" for s in SECONDS), f"each, {SECONDS[-1]} s"]
    table(titles, [*rows, ("floor: real digits", floor, floor, "")])
    bars = {name: values[-1] for name, values in middle.items()} | {"floor: real digits": floor}
    title = f"after {SECONDS[-1]} CPU seconds, median of {len(SEEDS)} seeds"
    picture("gan", {title: bars}, unit="Frechet distance (less is better)")
    quick, *others = (values[-1] - floor for values in middle.values())
    result("gan", min(others) / quick, 10, at_most=False)


def play(recipe, seed, train, held_out, judge) -> list[float]:
    """The distance after each of SECONDS CPU-seconds of training; inf if the game diverged."""
    game, spent, found = Game(train, recipe=recipe, seed=seed, every=ROUND, steps=100_000), 0.0, []
    for limit in SECONDS:
        try:
            while spent < limit:
                start = time.process_time()
                game.play(game.step + ROUND, progress=False)
                spent += time.process_time() - start
        except FloatingPointError:
            found.append(math.inf)
            continue
        fakes = forge(game.forger, torch.arange(FAKES) % 10, seed=seed)
        found.append(frechet.frechet(judge, fakes, held_out.images))
    return found


if __name__ == "__main__":
    main()
