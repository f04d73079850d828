"""Makes `growing.csv` and `heads.safetensors`: `python -m labkit.translate.growing_pack [PART]`.

"race": growing against direct at equal CPU time, three seeds each, on one thread. "heads": the
winner's way for longer, the generator that ships. Default: both.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from labkit.nets.shipped import append_row, write_weights
from labkit.nets.threads import one_each
from labkit.paths import data_dir
from labkit.translate.growing import fit_heads, heads
from labkit.translate.heads import TABLE, WEIGHTS, HeadJudge, Race, head_piles, load_races

SEEDS, SECONDS, LONGER = (10, 11, 12), 90, 900


def race(growing: bool, seed: int, *, seconds: float = SECONDS, batch_size: int = 8) -> Race:
    """Train one way, and judge 200 of its heads by 200 that it hasn't seen."""
    known, others = head_piles()
    with one_each():
        made = fit_heads(known, seconds, growing=growing, seed=seed, batch_size=batch_size)
        distance = HeadJudge(others)(heads(made, len(others), seed=seed))
    return Race(growing, seed, seconds, made.steps, distance)


def pack_race(folder: Path, *, seeds=SEEDS, seconds: float = SECONDS) -> None:
    """Write the table, a row as it comes."""
    for seed in seeds:
        for growing in (False, True):
            row = race(growing, seed, seconds=seconds)
            print(row, flush=True)
            told = row._asdict() | {"growing": int(growing), "distance": f"{row.distance:.1f}"}
            append_row(folder / TABLE, told)


def pack_heads(folder: Path, *, seed: int = SEEDS[0], seconds: float = LONGER) -> None:
    """Train for longer in the way that has the smaller mean distance in the table; write it."""
    sums = {way: sum(r.distance for r in load_races(folder) if r.growing == way) for way in (0, 1)}
    best = bool(min(sums, key=sums.get))
    with one_each():
        made = fit_heads(head_piles()[0], seconds, growing=best, seed=seed)
    notes = {"growing": str(best), "seconds": str(seconds), "steps": str(made.steps)}
    write_weights(folder / WEIGHTS, made, torch.float16, notes).chmod(0o644)


def pack_growing(folder: Path, parts: list[str] | None = None) -> None:
    """Both, or the parts named."""
    makers = {"race": pack_race, "heads": pack_heads}
    for part in parts or makers:
        makers[part](folder)


if __name__ == "__main__":
    pack_growing(data_dir(), sys.argv[1:])
