"""What a table of trials says of searching: a row of the lab's table of searches."""

from __future__ import annotations

import torch

from labkit.search.shipped import Table
from labkit.search.winners import Race, halving, optimism_by_trials

COUNTS = (1, 3, 10, 30, 100, 200)
STARTERS, DRAWS = 32, 300


def measured(table: Table, *, seed: int) -> dict[str, float]:
    """Optimism by trials (sets of 100), and what winners of three ways to search are worth.

    The ways start from the same random settings of the table: 32 halved, six of them trained to
    the end (as many epochs), all 32 trained to the end.
    """
    row: dict[str, float] = {"seed": seed}
    by_trials = optimism_by_trials(*table.splits(100), COUNTS, seed=seed)
    row |= {f"optimism {n}": value for n, value in zip(COUNTS, by_trials, strict=True)}
    row |= ways_to_search(table, seed=seed)
    row["best"] = float(table.test.max())
    return {name: round(value, 4) for name, value in row.items()}


def ways_to_search(
    table: Table, *, seed: int, rule=halving, starters: int = STARTERS, draws: int = DRAWS
) -> dict[str, float]:
    """Test scores of the winner by halving (`rule`), of six, of all, and the epochs of each."""
    generator = torch.Generator().manual_seed(seed)
    found = {"halved": [], "few": [], "all": []}
    for _ in range(draws):
        some = torch.randperm(len(table.settings), generator=generator)[:starters]
        race = Race(table.scores[some])
        found["halved"].append(some[rule(starters, race)])
        few = some[: max(race.spent // 16, 1)]
        for name, part in (("few", few), ("all", some)):
            found[name].append(part[table.scores[part, -1].argmax()])
    epochs = {"halved epochs": race.spent, "few epochs": 16 * len(few), "all epochs": 16 * starters}
    return {k: float(table.test[torch.stack(v)].mean()) for k, v in found.items()} | epochs
