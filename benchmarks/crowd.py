"""Dawid and Skene's method on simulated raters: labkit (lab 17) beside crowd-kit.

Lab 17's crowd, four good and six lazy raters, five votes a thing, three classes; truth and
confusions are known. Both get the votes in the form they ask for, and the same number of rounds.
crowd-kit is also run as it comes: it stops when its bound gains less than 1e-5 a vote (here after
few rounds, and less accurate). Accuracy is the share right, its mean over five seeds. One thread;
CPU seconds.
"""

import math
import statistics
import warnings

import pandas as pd
import torch
from crowdkit.aggregation import DawidSkene

from benchmarks.measure import interleaved, median, picture, ratio, ratios, result, table
from labkit.labels import crowd

SIZES, ROUNDS, CLASSES, SEEDS = (300, 100_000), 50, 3, 5
OURS, SAME, OWN = "labkit", "crowd-kit, same rounds", "crowd-kit, its own stop"


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Measure small and large crowds; each round is a crowd of its own."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    shown, rows = {}, []
    _measured(30, 0)  # imports and first calls don't count
    for size in sizes:
        times, right = {}, {}
        for seed in range(SEEDS):
            for name, (seconds, share) in _measured(size, seed).items():
                times.setdefault(name, []).append(seconds)
                right.setdefault(name, []).append(share)
        accuracy = {name: statistics.mean(shares) for name, shares in right.items()}
        rows += [
            (f"{size:,}", name, median(times[name]), ratio(times, name, SAME), accuracy[name])
            for name in times
        ]
        behind = max(accuracy[SAME], accuracy[OWN]) - accuracy[OURS]
        result(f"crowd-{size}-time", ratio(times, OURS, SAME), 1.0)
        result(f"crowd-{size}-accuracy-behind", behind, 0.005)
        shown[f"{size:,} things, {ROUNDS} rounds"] = ratios(times, SAME)
    print()
    table(["things", "what", "median, s", f"x {SAME}", "share right"], rows)
    picture("crowd", shown, unit="times crowd-kit's time", goal=1.0)


def _measured(things: int, seed: int) -> dict[str, tuple[float, float]]:
    """CPU seconds and share right of each, {name: (seconds, share)}, for one drawn crowd."""
    drawn = crowd.make_crowd(good=4, lazy=6, things=things, classes=CLASSES, seed=seed)
    said = {}

    def keep(name, call):
        return lambda: said.__setitem__(name, call())

    calls = {name: keep(name, call) for name, call in methods(drawn.votes).items()}
    spent = interleaved(calls, rounds=1, warmup=0)
    share = {name: float((labels == drawn.truth).double().mean()) for name, labels in said.items()}
    return {name: (spent[name][0], share[name]) for name in calls}


def methods(votes: torch.Tensor) -> dict:
    """{name: call} that gives the class of each thing (N,)."""
    things, raters = (votes != crowd.NOT_ASKED).nonzero(as_tuple=True)
    labels = votes[things, raters]
    columns = {"task": things, "worker": raters, "label": labels}
    frame = pd.DataFrame({name: values.numpy() for name, values in columns.items()})

    def labkit():
        return crowd.dawid_skene(votes, CLASSES, rounds=ROUNDS)[0].argmax(1)

    def crowd_kit(tolerance):
        found = DawidSkene(n_iter=ROUNDS, tol=tolerance).fit_predict(frame)
        return torch.from_numpy(found.sort_index().to_numpy())

    return {
        OURS: labkit,
        SAME: lambda: crowd_kit(-math.inf),
        OWN: lambda: crowd_kit(1e-5),
    }


if __name__ == "__main__":
    main()
