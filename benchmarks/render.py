"""Scenes drawn a second: wolves and huskies at 224 px, cars at 128 px, on all cores.

There is no peer; wall seconds of one scene, since a person waits.
"""

import time

from benchmarks.measure import interleaved, median, picture, result, table
from labkit import render

SEEDS = iter(range(10_000, 20_000))  # every scene is a new one


def main() -> None:
    """Measure a scene of each kind."""
    calls = {
        "wolf on snow, 224 px": lambda: render.scene("wolf", "snow", seed=next(SEEDS)),
        "husky on grass, 224 px": lambda: render.scene("husky", "grass", seed=next(SEEDS)),
        "wolf in the forest, 224 px": lambda: render.scene("wolf", "forest", seed=next(SEEDS)),
        "car, 128 px": lambda: render.car("grille", seed=next(SEEDS)),
    }
    times = interleaved(calls, rounds=9, clock=time.perf_counter)
    table(
        ["scene", "median, s", "slowest, s", "scenes/s"],
        [(name, median(t), max(t), len(t) / sum(t)) for name, t in times.items()],
    )
    bars = {name: median(t) for name, t in times.items()}
    picture("render", {"one scene by labkit": bars}, unit="seconds", goal=1.0)
    result("render", max(median(times[name]) for name in list(times)[:3]), 1.0)


if __name__ == "__main__":
    main()
