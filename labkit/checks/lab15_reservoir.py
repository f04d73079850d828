"""Lab 15's reservoir: whether each item of a stream is as likely to be kept as any other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.core import CheckFailed, as_tensor, call, describe
from labkit.checks.draws import near
from labkit.checks.words import name_of

FIRST = 107  # items are numbers that are no positions


def check_short(answer: Callable) -> None:
    """A stream that isn't longer than the reservoir is kept whole."""
    for count, size in ((3, 5), (4, 4), (0, 2)):
        places = kept(_one(answer, count, size, 1), count, min(count, size))
        if sorted(places) != list(range(count)):
            raise CheckFailed(
                f"A stream of {count}, and room for {size}: all should be kept, but items "
                f"{places} are (0 is the first)."
            )


def check_generator(answer: Callable) -> None:
    """The generator alone decides."""
    first, again, *others = (
        sorted(kept(_one(answer, 40, 4, seed), 40, 4)) for seed in (1, 1, 2, 3, 4)
    )
    if first != again:
        raise CheckFailed(
            "The same generator keeps other items each time: give `generator` to each draw, as in "
            "torch.randint(n, (), generator=generator)."
        )
    if all(first == other for other in others):
        for places, why in (
            (range(4), "The first 4 stay for ever: a new item takes the place of one that is kept"),
            (range(36, 40), "The last 4 are kept, whatever came before: older ones must have the "
             "same chance"),
        ):  # fmt: skip
            if first == list(places):
                raise CheckFailed(f"{why}, by chance.")
        raise CheckFailed("Another seed keeps the same items: is `generator` used?")


def check_shares(answer: Callable, count: int, size: int, times: int) -> None:
    """Over many streams each item is kept equally often."""
    generator = torch.Generator().manual_seed(1530 + count)

    def many(generator: torch.Generator) -> list:
        return [answer(_stream(count), size, generator) for _ in range(times)]

    many.__name__ = name_of(answer)
    rows = [kept(got, count, size) for got in call(many, generator, seconds=20)]
    found = torch.bincount(torch.tensor(rows).flatten(), minlength=count) / times
    want = size / count
    if not all(near(float(share), want, times) for share in found):
        raise CheckFailed(_why(found, count, size, times))


def kept(got, count: int, size: int) -> list[int]:
    """The places in the stream of what was kept; CheckFailed if it isn't `size` of its items."""
    if got is None:
        raise CheckFailed("reservoir gives None: does the function end with `return ...`?")
    if not isinstance(got, list | tuple | Tensor) and type(got).__name__ != "ndarray":
        raise CheckFailed(f"reservoir should give a list of items, but gives {describe(got)}.")
    value = as_tensor(got, what="What was kept")
    if value.dim() != 1 or len(value) != size:
        number = len(value) if value.dim() == 1 else describe(got)
        also = " All of them?" if value.dim() == 1 and len(value) == count else ""
        raise CheckFailed(
            f"Of a stream of {count} items {size} should be kept, but it is {number}.{also}"
        )
    places = (value - FIRST) / 2
    if value.tolist() and set(value.tolist()) <= set(range(count)):
        raise CheckFailed("These are places in the stream. Keep the items themselves.")
    if not all(place in range(count) for place in places.tolist()):
        raise CheckFailed(f"{value.tolist()} are not all items of the stream.")
    if len(set(places.tolist())) < size:
        raise CheckFailed("An item is kept twice: put each into one place only.")
    return [int(place) for place in places]


def _why(found: Tensor, count: int, size: int, times: int) -> str:
    told = (
        f"Of {count} items {size} {'is' if size == 1 else 'are'} kept, so each in "
        f"{size / count:.0%} of the streams. In {times} streams the first was kept in "
        f"{found[0]:.0%}, the last in {found[-1]:.0%}"
    )
    if found[-1] == 1 and count > size + 1:
        return f"{told}: each new item comes in for sure. With n seen, its chance is {size} / n."
    if found[-1] == 0:
        return f"{told}: the last item never comes in. Does the count begin at the right number?"
    if size > 1 and (found[1:size] - found[0]).abs().max() > 0.25:
        return (
            f"{told}: a new item always takes the same place, or some places are safe. Draw the "
            f"place among all {size}."
        )
    if count == size + 1:
        less = found[-1] < size / count
        return (
            f"{told}: off by one. The item itself counts among those seen: with n of them, itself "
            f"included, its chance is {size} / n, and here it's {'less' if less else 'more'}."
        )
    side = "newer" if found[-1] > found[0] else "older"
    return f"{told}: {side} items are favoured. With n seen, a new one's chance is {size} / n."


def _one(answer: Callable, count: int, size: int, seed: int):
    return call(answer, _stream(count), size, torch.Generator().manual_seed(seed))


def _stream(count: int):
    return iter(range(FIRST, FIRST + 2 * count, 2))
