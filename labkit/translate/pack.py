"""Makes what ships with lab 10: `python -m labkit.translate.pack [FOLDER]`, most of an hour.

Trains every kind of `labkit.translate.shipped.KINDS` from the seeds 10, 11 and 12, two at a time,
writes their errors on the test places to `translations.csv`, and the weights of seed 10; then one
that shall turn wolves into huskies, and what `labkit.translate.growing_pack` makes.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import nn

from labkit import data, translate
from labkit.nets.shipped import append_row, write_weights
from labkit.paths import data_dir
from labkit.translate.growing_pack import pack_growing
from labkit.translate.nets import Translator
from labkit.translate.shipped import HUSKY, KINDS, TABLE, WEIGHTS, Row

SEEDS = (10, 11, 12)
STEPS = {"pairs": 2000, "pairs and critic": 2000}  # all others:
USUAL = 800


def pack(folder: Path, *, kinds: Sequence[str] = tuple(KINDS), seeds=SEEDS, steps=None) -> None:
    """Train and write both files; `steps` for all kinds in place of the usual ones."""
    jobs = [(kind, seed, steps or STEPS.get(kind, USUAL)) for kind in kinds for seed in seeds]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        found = list(pool.map(trained, jobs))
    for row, _ in found:
        numbers = {name: f"{value:.4f}" for name, value in row._asdict().items() if name in NUMBERS}
        append_row(folder / TABLE, {"kind": row.kind, "seed": row.seed} | numbers)
    shipped = {row.kind: nets for row, nets in found if row.seed == seeds[0]}
    notes = {"kinds": json.dumps(list(shipped))}
    write_weights(folder / WEIGHTS, nn.ModuleDict(shipped), torch.float16, notes)


NUMBERS = Row._fields[2:]


def trained(job: tuple[str, int, int]) -> tuple[Row, nn.ModuleList]:
    """Train a kind: from pairs, or from summers of half the places and winters of the others."""
    kind, seed, steps = job
    torch.set_num_threads(1)
    places, options = data.load_seasons(), KINDS[kind] | {"steps": steps, "seed": seed}
    if kind.startswith("pairs"):
        found = translate.fit_pairs(places.summer, places.winter, **options)
    else:
        found = translate.fit_piles(*translate.piles(places), **options)
    row = measured(kind, seed, found, data.load_seasons("test"))
    print(row, flush=True)
    return row, nn.ModuleList(found if isinstance(found, translate.Both) else [found])


def pack_husky(folder: Path, *, steps: int = USUAL, seed: int = SEEDS[0]) -> None:
    """Train with a pile of wolves and one of huskies, in winter, as "skip" does; write the way."""
    places = data.load_seasons()
    piles = [places.winter[places.labels == label] for label in (1, 0)]
    both = translate.fit_piles(*piles, **KINDS["skip"], steps=steps, seed=seed)
    write_weights(folder / HUSKY, both.there, torch.float16, {})


@torch.no_grad()
def measured(kind: str, seed: int, found: Translator | translate.Both, test: data.Seasons) -> Row:
    """One row of the table, on test places."""
    both = isinstance(found, translate.Both)
    made = (found.there if both else found)(test.summer).clamp(0, 1)
    apart = [part.mean() for part in translate.errors(made, test.winter, test.covers)]
    sharp = translate.sharpness(made, test.covers).mean()
    nowhere = {"from its own fake": float("nan"), "from the true winter": float("nan")}
    back = translate.way_back(found, test.summer, test.winter) if both else nowhere
    return Row(kind, seed, *map(float, [*apart, sharp]), *back.values())


if __name__ == "__main__":
    where = Path(sys.argv[1]) if sys.argv[1:] else data_dir()
    pack(where)
    pack_husky(where)
    pack_growing(where)
