"""What ships with the labs: a trained generator, the judge and a table of games, in `data/`.

`labkit.gan.pack` made these files; here they are only read.
"""

from __future__ import annotations

import json

from labkit.gan.nets import Generator
from labkit.nets.models import LeNet
from labkit.nets.shipped import filled, read_table, read_weights
from labkit.paths import data_dir

GENERATOR, JUDGE = "digit_generator.safetensors", "digit_judge.safetensors"
RUNS = "gan_runs.csv"


def load_generator() -> Generator:
    """A generator that was trained longer than a lab lasts, in eval mode, without gradients.

    Noise (B, z_dim) and labels (B,) -> digits (B, 1, 28, 28) in [0, 1]. Its file holds float16,
    the network computes in float32. FileNotFoundError or ValueError where it is missing or damaged.
    """
    weights, notes = read_weights(data_dir() / GENERATOR)
    return filled(Generator(**json.loads(notes["generator"])), weights, GENERATOR)


def load_judge() -> LeNet:
    """The LeNet trained on 4,000 real digits that `gan.frechet` looks through, in eval mode."""
    weights, _ = read_weights(data_dir() / JUDGE)
    return filled(LeNet(), weights, JUDGE)


def load_runs() -> dict[str, list[dict[str, float]]]:
    """The games of `labkit.gan.ablations`, played beforehand: recipe -> a row for each seed.

    A row has seed, steps, cpu_seconds, frechet (2,000 fakes against the held-out digits), caught
    and passed (the last 50 steps) and rarest_digit (share of the fakes).
    """
    runs = {}
    for row in read_table(data_dir() / RUNS):
        name = row.pop("recipe")
        runs.setdefault(name, []).append({key: float(value) for key, value in row.items()})
    return runs
