"""The map of the labs as a picture: four lanes, and an arrow from each lab to what builds on it.

Drawn for a phone: at 360 pixels' width its letters have 8 points. An arrow that others imply (what
a lab builds on builds on it already) is left out. What was drawn is written into the PNG, so that a
test can tell an old map from the labs of today without comparing pixels.
"""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path as Line

LANES = {
    "Look inside": ["00", "01", "02", "03", "18", "19"],
    "Small data": ["04", "05", "05b", "06", "17"],
    "Fakes": ["07", "08", "09", "10", "11"],
    "How far?": ["12", "13", "14", "15", "16"],
}
COLOURS = ["#0068A3", "#B04A00", "#00704F", "#80507A"]  # after Okabe and Ito (2008), darkened
LEGEND = """\
75′: minutes with the exercises
●●○: the hardest exercise
Arrow: the lower lab builds on it"""
WIDTH, MARGIN, POINT = 360, 4, 8  # pixels of a phone; points of its letters
BOX, GUTTER = 79, 12  # widths
HEIGHT, GAP, HEAD = 54, 21, 24  # of a box, between boxes, of the lanes' names


def needed(labs) -> dict[str, list[str]]:
    """Number of each lab -> numbers of what it builds on, without what the others imply."""
    direct = {lab.number: [stem.split("_")[0] for stem in lab.builds_on] for lab in labs}
    all_of = {number: _all_below(number, direct) for number in direct}
    return {
        number: [one for one in ones if not any(one in all_of[other] for other in ones)]
        for number, ones in direct.items()
    }


def _all_below(number: str, direct: dict[str, list[str]]) -> set[str]:
    return {n for one in direct[number] for n in {one} | _all_below(one, direct)}


def places(labs) -> dict[str, tuple[int, int]]:
    """Number of each lab -> its row and lane: below what it builds on, no two in one place.

    Row by row, each lane takes of the labs that are ready the one with most rows still below it.
    """
    before = needed(labs)
    lane = {number: column for column, group in enumerate(LANES.values()) for number in group}
    after = defaultdict(list)
    for number, ones in before.items():
        for one in ones:
            after[one].append(number)

    def below(number):
        return 1 + max((below(next_one) for next_one in after[number]), default=0)

    placed, row = {}, 0
    while len(placed) < len(before):
        ready = [n for n in before if n not in placed and all(one in placed for one in before[n])]
        for number in sorted(ready, key=lambda n: (-below(n), n)):
            if (row, lane[number]) not in placed.values():
                placed[number] = row, lane[number]
        row += 1
    return placed


def facts(labs) -> str:
    """What the map shows, as text: compared with what an older map has on it."""
    shown = [[lab.number, lab.name, lab.minutes, lab.difficulty] for lab in labs]
    return json.dumps({"labs": shown, "needed": needed(labs)}, ensure_ascii=True)


def draw(labs) -> Figure:
    """The map as a figure of 360 pixels' width."""
    at = places(labs)
    rows = 1 + max(row for row, _ in at.values())
    height = _top(rows) - GAP + MARGIN
    with matplotlib.rc_context({"font.size": POINT}):
        figure = Figure(figsize=(WIDTH / 96, height / 96))
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        ax.set_axis_off()
        for column, name in enumerate(LANES):
            x, colour = _left(column), COLOURS[column]
            ax.add_patch(Rectangle((x, 0), BOX, height, fc=colour, alpha=0.07, lw=0))
            style = {"weight": "bold", "color": colour, "ha": "center", "va": "center"}
            ax.text(x + BOX / 2, HEAD / 2, name, **style)
        for one, _, points in routes(needed(labs), at):
            _arrow(ax, points, COLOURS[at[one][1]])
        for lab in labs:
            _box(ax, lab, *at[lab.number])
        ax.text(_left(1) + GUTTER, HEAD + 8, LEGEND, va="top", linespacing=1.6)
    return figure


def save(labs, target: Path) -> None:
    """Write the map at twice its size, with `facts` in it."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    figure = draw(labs)
    figure.savefig(target, dpi=192, facecolor="white")
    told = PngInfo()
    told.add_text("Description", facts(labs))
    Image.open(target).convert("RGB").quantize(64).save(target, optimize=True, pnginfo=told)


def _left(column: int) -> float:
    return MARGIN + column * (BOX + GUTTER)


def _top(row: int) -> float:
    return HEAD + row * (HEIGHT + GAP)


def _box(ax, lab, row: int, column: int) -> None:
    x, y, colour = _left(column), _top(row), COLOURS[column]
    shape = "round,pad=0,rounding_size=5"
    ax.add_patch(
        FancyBboxPatch((x, y), BOX, HEIGHT, boxstyle=shape, fc="white", ec=colour, lw=1, zorder=3)
    )
    style = {"va": "center", "zorder": 4}
    ax.text(x + 4, y + 9, lab.number, weight="bold", color=colour, **style)
    ax.text(x + BOX / 2 + 4, y + 9, lab.difficulty, ha="center", color=colour, **style)
    ax.text(x + BOX - 4, y + 9, f"{lab.minutes}′", ha="right", **style)
    name = textwrap.fill(lab.name, 12, break_long_words=False)
    ax.text(x + BOX / 2, y + 34, name, ha="center", linespacing=1.05, **style)


def routes(before: dict[str, list[str]], at: dict[str, tuple[int, int]]):
    """Each arrow as (from, to, corner points): down, across in the gaps, along the gutters.

    Arrows from one lab share their way; those of different labs run side by side, in each gap first
    those that begin above it.
    """
    pairs = sorted(((one, other) for other, ones in before.items() for one in ones), key=str)
    gaps, gutters = defaultdict(set), defaultdict(set)
    for one, other in pairs:
        (row, _), (end, _) = at[one], at[other]
        gaps[row].add((0, at[one][1], one))
        gaps[end - 1].add((int(end - 1 > row), at[one][1], one))
        if end - row > 1:
            gutters[_gutter(at[one], at[other])].add((0, row, one))
    for one, other in pairs:
        (row, column), (end, lane) = at[one], at[other]
        first = _track(gaps[row], one, _top(row) + HEIGHT, GAP)
        last = _track(gaps[end - 1], one, _top(end) - GAP, GAP)
        start = _left(column) + BOX * _leaves(at[one], at[other])
        enters = [_enters(at[n], at[other]) for n in before[other]]
        place = before[other].index(one)
        goal = _left(lane) + BOX * enters[place] + 8 * enters[:place].count(enters[place])
        points = [(start, _top(row) + HEIGHT), (start, first)]
        if end - row > 1:
            gutter = _gutter(at[one], at[other])
            x = _track(gutters[gutter], one, _left(gutter) + BOX, GUTTER)
            points += [(x, first), (x, last)]
        yield one, other, [*points, (goal, last), (goal, _top(end))]


def _leaves(start: tuple[int, int], end: tuple[int, int]) -> float:
    """Where below its box an arrow begins, as a share of the width."""
    if start[1] == end[1]:
        return 0.5 if end[0] - start[0] == 1 else 0.6
    return 0.6 if start[1] < end[1] else 0.4


def _enters(start: tuple[int, int], end: tuple[int, int]) -> float:
    """Where above its box an arrow ends."""
    if start[1] == end[1]:
        return 0.5 if end[0] - start[0] == 1 else 0.75
    return 0.2 if start[1] < end[1] else 0.75


def _gutter(start: tuple[int, int], end: tuple[int, int]) -> int:
    """The gutter beside the goal that is nearer to the start: number of the lane left of it."""
    return end[1] - 1 if start[1] < end[1] else min(end[1], len(LANES) - 2)


def _track(users: set[tuple[int, int, str]], one: str, begin: float, width: float) -> float:
    place = [number for *_, number in sorted(users)].index(one)
    return begin + width * (place + 1) / (len({n for *_, n in users}) + 1)


def _arrow(ax, points: list[tuple[float, float]], colour: str) -> None:
    line = Line(points, [Line.MOVETO] + [Line.LINETO] * (len(points) - 1))
    style = {"arrowstyle": "-|>", "mutation_scale": 6, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(path=line, color=colour, joinstyle="round", zorder=2, **style))
