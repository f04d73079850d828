"""What ships with lab 10: translators by how they learned, and the errors of three seeds each."""

from __future__ import annotations

import json
from typing import NamedTuple

from torch import nn

from labkit.nets.shipped import filled, read_table, read_weights
from labkit.paths import data_dir
from labkit.translate.nets import Translator
from labkit.translate.training import Both

WEIGHTS, TABLE = "translators.safetensors", "translations.csv"
HUSKY = "wolf_to_husky.safetensors"
KINDS = {  # of two piles, the two by two; then of pairs
    "neither": {"cycle": 0.0, "skip": False},
    "cycle": {"skip": False},
    "skip": {"cycle": 0.0},
    "cycle and skip": {},
    "pairs": {},
    "pairs and critic": {"critic": 0.1},
}


class Row(NamedTuple):
    """A training by kind and seed, measured on the test places.

    ground, animal: mean `errors` (0 to 1); sharp: mean `sharpness` of the ground; back_fake and
    back_true: what `way_back` measures, nan for the kinds that learn no way back.
    """

    kind: str
    seed: int
    ground: float
    animal: float
    sharp: float
    back_fake: float
    back_true: float


def load_translators() -> dict[str, Both | Translator]:
    """The translators of seed 10 by kind (`KINDS`): both ways, or only there for those of pairs.

    In eval mode, frozen. FileNotFoundError, ValueError where the file is missing or damaged.
    """
    weights, notes = read_weights(data_dir() / WEIGHTS)
    nets = nn.ModuleDict({kind: _blank(kind) for kind in json.loads(notes["kinds"])})
    filled(nets, {name: value.float() for name, value in weights.items()}, WEIGHTS)
    return {kind: Both(*ways) if len(ways) == 2 else ways[0] for kind, ways in nets.items()}


def load_wolf_to_husky() -> Translator:
    """A translator that learned from a pile of wolves and a pile of huskies, all in winter."""
    weights, _ = read_weights(data_dir() / HUSKY)
    return filled(Translator(), {name: value.float() for name, value in weights.items()}, HUSKY)


def _blank(kind: str) -> nn.ModuleList:
    count, skip = 1 if kind.startswith("pairs") else 2, KINDS[kind].get("skip", True)
    return nn.ModuleList(Translator(skip=skip) for _ in range(count))


def load_translations() -> list[Row]:
    """The rows of the table, a training each."""
    rows = read_table(data_dir() / TABLE)
    return [Row(r.pop("kind"), int(r.pop("seed")), *map(float, r.values())) for r in rows]
