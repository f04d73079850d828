"""What every benchmark shares: interleaved timing, a table, a picture, the RESULT line.

Calls are timed in turn, round after round, so that whatever else the machine does meets all of
them alike. Ratios are medians over rounds of the ratio within a round.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

IMAGES = Path(__file__).parent / "images"

Times = dict[str, list[float]]


def devices() -> list[str]:
    """Where to measure: the CPU, and with CUDA where there is it; says what is not run."""
    import torch

    found = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    print(f"Not run: {'CUDA (there is none here), ' if len(found) == 1 else ''}MPS.\n")
    return found


def suffix_of(device: str) -> str:
    """What a result's name ends with: nothing for the CPU."""
    return "" if device == "cpu" else f"-{device}"


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 5,
    warmup: int = 1,
    clock: Callable[[], float] = time.process_time,
    device: str = "cpu",
) -> Times:
    """Seconds of each call in each round, {name: [seconds] * rounds}.

    CPU seconds by default; on a GPU wall seconds until it has finished. The order is turned
    around in every other round. `warmup` rounds come first and do not count.
    """
    clock = clock if device == "cpu" else _gpu_clock
    times: Times = {name: [] for name in calls}
    for number in range(-warmup, rounds):
        order = list(calls) if number % 2 == 0 else list(reversed(calls))
        for name in order:
            start = clock()
            calls[name]()
            if number >= 0:
                times[name].append(clock() - start)
    return times


def _gpu_clock() -> float:
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()


def ratio(times: Times, name: str, to: str) -> float:
    """Median over rounds of what `name` took in units of what `to` took."""
    return statistics.median(a / b for a, b in zip(times[name], times[to], strict=True))


def ratios(times: Times, to: str) -> dict[str, float]:
    """The ratio of each to `to`, {name: ratio}: a group of bars for `picture`."""
    return {name: ratio(times, name, to) for name in times}


def cheapest(times: Times, *, but: Sequence[str] = ()) -> str:
    """The name with the smallest median, `but` left out."""
    return min((name for name in times if name not in but), key=lambda n: median(times[n]))


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a Markdown table; floats with three significant digits."""
    print("| " + " | ".join(titles) + " |")
    print("|" + "---|" * len(titles))
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |")
    print(flush=True)


def times_table(times: Times, *, to: str, unit: str = "ms", title: str = "") -> None:
    """Print the median of each call, and how many times as much as `to` it takes."""
    factor = {"ms": 1e3, "s": 1}[unit]
    rows = [(n, factor * median(t), ratio(times, n, to)) for n, t in times.items()]
    print(f"{title}\n" if title else "")
    table(["what", f"median, {unit}", f"x {to}"], rows)


def result(name: str, value: float, goal: float, *, at_most: bool = True) -> None:
    """Print the line that says whether the goal is reached."""
    reached = value <= goal if at_most else value >= goal
    sign = "<=" if at_most else ">="
    print(f"RESULT {name} {value:.3g} {sign}{goal:g} {'ok' if reached else 'short'}", flush=True)


def picture(
    name: str,
    groups: Mapping[str, Mapping[str, float]],
    *,
    unit: str,
    goal: float | Mapping[str, float] | None = None,
) -> None:
    """Save images/NAME.png: a panel of bars for each group {title: {what: value}}; labkit in blue.

    `goal`, one for all panels or one for each, is drawn as a dotted line. Bars that reach beyond
    six times the goal (or the middle value) are cut off, and say so beside their number.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    heights = [0.32 * len(values) + 0.75 for values in groups.values()]
    figure, panels = plt.subplots(
        len(groups),
        figsize=(7.5, sum(heights)),
        layout="constrained",
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
    )
    for axes, (title, values) in zip(panels[:, 0], groups.items(), strict=True):
        _bars(axes, values, goal[title] if isinstance(goal, Mapping) else goal)
        axes.set_title(title, loc="left", fontsize=10)
    panels[-1, 0].set_xlabel(unit if goal is None else f"{unit} (dotted: the goal)", fontsize=9)
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / f"{name}.png", dpi=120, metadata={"Software": None})
    plt.close(figure)


def _bars(axes, values: Mapping[str, float], goal: float | None) -> None:
    end = 6 * (goal or median(list(values.values())))
    end = min(end, 1.15 * max(values.values()))
    ours = [what.startswith("labkit") for what in values]
    colours = ["#1f77b4" if own or not any(ours) else "#b0b0b0" for own in ours]
    axes.barh(list(values), [min(v, end) for v in values.values()], color=colours)
    for row, value in enumerate(values.values()):
        axes.annotate(
            _cell(float(value)) + (" (bar cut off)" if value > end else ""),
            (min(value, end), row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    axes.invert_yaxis()
    axes.set_xlim(0, (1.25 if max(values.values()) > end else 1.1) * end)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if goal is not None:
        axes.axvline(goal, color="#d62728", linewidth=1, linestyle=":", zorder=2)


def _cell(value: object) -> str:
    """Three significant digits, without powers of ten where numbers are large."""
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.3g}"
    return f"{float(short):,.0f}" if 1000 <= abs(value) < math.inf else short
