"""Makes `growing.csv` and `heads.safetensors`: `python -m labkit.translate.growing_pack`.

The race: growing against direct at equal CPU time, three seeds each, on one thread; then, the
same way as the winner, the generator that ships.
"""

from __future__ import annotations

from pathlib import Path

import torch

from labkit.nets.shipped import append_row, write_weights
from labkit.nets.threads import one_each
from labkit.paths import data_dir
from labkit.translate.growing import fit_heads, heads
from labkit.translate.heads import TABLE, WEIGHTS, HeadJudge, Race, head_piles

SEEDS, SECONDS, LONGER = (10, 11, 12), 90, 480


def race(growing: bool, seed: int, *, seconds: float = SECONDS, batch_size: int = 8) -> Race:
    """Train one way, and judge 200 of its heads by 200 that it hasn't seen."""
    known, others = head_piles()
    with one_each():
        made = fit_heads(known, seconds, growing=growing, seed=seed, batch_size=batch_size)
        distance = HeadJudge(others)(heads(made, len(others), seed=seed))
    return Race(growing, seed, seconds, made.steps, distance)


def pack_growing(folder: Path, *, seeds=SEEDS, seconds: float = SECONDS, longer: float = LONGER):
    """Write the table, a row as it comes, and the weights."""
    rows = []
    for seed in seeds:
        for growing in (False, True):
            rows.append(row := race(growing, seed, seconds=seconds))
            print(row, flush=True)
            told = row._asdict() | {"growing": int(growing), "distance": f"{row.distance:.1f}"}
            append_row(folder / TABLE, told)
    best = min((True, False), key=lambda way: sum(r.distance for r in rows if r.growing == way))
    with one_each():
        made = fit_heads(head_piles()[0], longer, growing=best, seed=seeds[0])
    notes = {"growing": str(best), "seconds": str(longer), "steps": str(made.steps)}
    path = write_weights(folder / WEIGHTS, made, torch.float16, notes)
    path.chmod(0o644)


if __name__ == "__main__":
    pack_growing(data_dir())
