"""Controls of a widget on a page: which of their values are kept, and how a value is told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence


def thinned(
    every: Mapping[str, Sequence], now: Mapping, most: int, *, played: str | None = None
) -> dict[str, list]:
    """At most `most` settings: the longest lists get fewer values, evenly, with `now` and the ends.

    A control that a play button moves keeps its values longest.

    >>> thinned({"a": list(range(9)), "b": [False, True]}, {"a": 4, "b": False}, 10)
    {'a': [0, 2, 4, 6, 8], 'b': [False, True]}
    """
    kept = {name: list(values) for name, values in every.items()}
    for names in ([n for n in every if n != played], [n for n in every if n == played]):
        longest = max((len(kept[name]) for name in names), default=0)
        while longest > 2 and math.prod(map(len, kept.values())) > most:
            longest -= 1
            kept |= {name: fewer(every[name], now[name], longest) for name in names}
    return kept


def fewer(values: Sequence, now, most: int) -> list:
    """At most `most` of the values, evenly: `now`, and the ends where there is room."""
    if len(values) <= most:
        return list(values)
    here, last = list(values).index(now), len(values) - 1
    for stride in range(1, last + 1):
        places = sorted({*range(here % stride, last + 1, stride), 0, last})
        if len(places) <= most:
            return [values[place] for place in places]
    return [values[0], values[last]] if here in (0, last) else [values[here], values[last]]


def grid(kept: Mapping[str, Sequence]) -> Iterator[dict]:
    """All settings, the last control running fastest."""
    return (dict(zip(kept, values, strict=True)) for values in itertools.product(*kept.values()))


def word(control, value) -> str:
    """A value as the control shows it."""
    from labkit.widgets import frames

    if frames.state_name(control) == "index":
        place = frames.setting_of(control, value)
        return "none yet" if place is None else str(control._options_labels[place])
    if isinstance(value, bool):
        return "yes" if value else "no"
    how = getattr(control, "readout_format", None)
    return format(value, how) if how and isinstance(value, int | float) else str(value)


def titles(control, kept: Sequence) -> list[str] | None:
    """What stands for each value where it's told in words; None where the value itself does."""
    from labkit.widgets import frames

    tips = getattr(control, "tooltips", None)
    if not tips:
        return None
    places = [frames.setting_of(control, value) for value in kept]
    return ["none yet" if place is None else tips[place] for place in places]
