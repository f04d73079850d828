"""Makes what ships with lab 16: `python -m labkit.search.pack` (three minutes)."""

from __future__ import annotations

from pathlib import Path

import torch
from tqdm.auto import tqdm

from labkit.nets.shipped import append_row
from labkit.paths import data_dir
from labkit.search import shipped
from labkit.search.knobs import draw_settings
from labkit.search.measuring import measured
from labkit.search.trials import train_trial, trial_seed


def search(seed: int) -> shipped.Table:
    """All trials of 200 random settings; each trains with a seed of its own."""
    settings = draw_settings(shipped.COUNT, seed=seed)
    numbered = tqdm(enumerate(settings), total=len(settings), desc=f"seed {seed}")
    return shipped.tabled([train_trial(s, seed=trial_seed(seed, i)) for i, s in numbered], settings)


def pack(folder: Path) -> list[Path]:
    """Three seeds; no setting was chosen with them. The trials of the first are kept."""
    searches = folder / shipped.SEARCHES
    searches.unlink(missing_ok=True)
    for seed in (10, 11, 12):
        table = search(seed)
        if seed == shipped.SEED:
            shipped.write_trials(folder / shipped.TRIALS, table)
        append_row(searches, row := measured(table, seed=seed))
        print(row, flush=True)
    return [folder / shipped.TRIALS, searches]


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(pack(data_dir()))
