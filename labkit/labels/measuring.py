"""How often digits are named right after few labels, by how one got there: the lab's table."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from torch import Tensor, nn

from labkit.data import load_digits
from labkit.data.digits import Labelled
from labkit.labels import active, selfsup

LABELS = (1, 5, 10, 50)  # of each class
DRAWS = 3  # which digits are labelled
FAST = 200  # steps after which more don't help without views


def share_right(said: Tensor, labels: Tensor) -> float:
    """Share of labels (N,) that were said."""
    return float((said == labels).float().mean())


def learned(
    train: Labelled, test: Labelled, encoder: nn.Module | None, per_class: int, *, seed: int = 0
) -> float:
    """Share of the test right with `per_class` labels on an encoder's numbers: mean of three draws.

    The numbers are brought to mean 0 and standard deviation 1. Without an encoder they are the
    pixels, as they are.
    """
    if encoder is None:
        known, asked, strength = train.images.flatten(1), test.images.flatten(1), 0.1
    else:
        both = (selfsup.features(encoder, part.images) for part in (train, test))
        known, asked = selfsup.standardised(*both)
        strength = 1.0

    def one(rows: Tensor, _: int) -> Tensor:
        return selfsup.probe(known[rows], train.labels[rows], asked, C=strength)

    return _mean_of_draws(one, train, test, per_class, seed)


def trained(train: Labelled, test: Labelled, per_class: int, *, seed: int = 0, **options) -> float:
    """Share of the test right by `selfsup.supervised` with these options: mean of three draws."""

    def one(rows: Tensor, draw: int) -> Tensor:
        few = train.images[rows], train.labels[rows]
        net = selfsup.supervised(*few, seed=10 * seed + draw, **options)
        return selfsup.features(net, test.images).argmax(1)

    return _mean_of_draws(one, train, test, per_class, seed)


def measured(*, seed: int) -> dict[str, float]:
    """A row of the table: for each way and number of labels the share right, named "way 10"."""
    train, test = load_digits()
    turned = selfsup.turned(train.images, seed=seed)
    encoders = {
        "pixels": None,
        "untrained": selfsup.Encoder(seed=seed).eval(),
        "turned": turned[0],
        "grain": selfsup.simclr(train.images, views=selfsup.GRAIN, seed=seed),
        "simclr": selfsup.simclr(train.images, seed=seed),
    }
    options = {
        "scratch": {"steps": FAST},
        "scratch, views": {"views": selfsup.VIEWS},
        "simclr, views": {"views": selfsup.VIEWS, "start": encoders["simclr"]},
    }
    row: dict[str, float] = {"seed": seed, "turns": selfsup.turns_right(turned, test.images)}
    for count in LABELS:
        for way, encoder in encoders.items():
            row[f"{way} {count}"] = learned(train, test, encoder, count, seed=seed)
        for way, given in options.items():
            row[f"{way} {count}"] = trained(train, test, count, seed=seed, **given)
    row |= asked_for(train, test, seed=seed)
    return {name: round(value, 4) for name, value in row.items()}


def asked_for(train: Labelled, test: Labelled, *, seed: int, pick=active.unsure) -> dict:
    """Shares right by active learning and by luck, without and with a fifth of wrong labels."""
    known, asked = active.components(train.images, test.images)
    pools, row = ((known, train.labels), (asked, test.labels)), {}
    for noise in (0.0, 0.2):
        for way, chosen in (("any", None), ("unsure", pick)):
            course = active.ask(*pools, pick=chosen, noise=noise, seed=seed)
            name = f"{way}, noise" if noise else way
            row |= {f"{name} {n}": v for n, v in zip(course.sizes, course.right, strict=True)}
    return row


def _mean_of_draws(
    one: Callable[[Tensor, int], Tensor],
    train: Labelled,
    test: Labelled,
    per_class: int,
    seed: int,
) -> float:
    draws = range(DRAWS)
    rows = [selfsup.few(train.labels, per_class, seed=10 * seed + draw) for draw in draws]
    said = [one(some, draw) for draw, some in zip(draws, rows, strict=True)]
    return mean(share_right(digits, test.labels) for digits in said)
