"""Checks of lab 03: solutions pass, usual mistakes are named, no answer crashes a check."""

import numpy as np
import pytest
import torch

from labkit.checks import CheckFailed
from labkit.checks import lab03 as check

CHECKS = ["sample_weights", "fair_score", "colour"]


def sample_weights(on, width):
    distance = 1 - on.float().mean(1).sqrt()
    return torch.exp(-(distance**2) / width**2).sqrt()


def shares(heats, masks):
    return torch.einsum("ihw,jhw->ij", heats, masks.float()) / heats.sum((1, 2))[:, None]


def fair_score(heats, masks):
    s = shares(heats, masks)
    return s.diagonal() - (s.sum(1) - s.diagonal()) / (len(s) - 1)


def colour(images, digits, rate, generator, *, noise=0.25, of=None, flip=None, both=False):
    wrong = torch.rand(len(digits), generator=generator) < noise
    clean = (digits >= 5) if of is None else of(digits)
    labels = (clean ^ wrong).long()
    lies = torch.rand(len(digits), generator=generator) < (rate if flip is None else flip(rate))
    colours = labels ^ lies.long()
    red = images * (colours == 0).view(-1, 1, 1, 1)
    return torch.cat([images if both else red, images - red], 1), labels


def colour_of_the_digit(images, digits, rate, generator):
    labels = colour(images, digits, rate, generator)[1]
    clean = (digits >= 5).long()
    lies = torch.rand(len(digits), generator=generator) < rate
    return images * torch.eye(2)[clean ^ lies.long()][:, :, None, None], labels


def coloured(draw):
    """colour, given draw(digits, rate, generator) -> (which labels flip, which colours lie)."""

    def colour(images, digits, rate, generator):
        wrong, lies = draw(digits, rate, generator)
        labels = ((digits >= 5) ^ wrong).long()
        red = images * ((labels ^ lies.long()) == 0).view(-1, 1, 1, 1)
        return torch.cat([red, images - red], 1), labels

    return colour


def draw_once(digits, rate, generator):
    draw = torch.rand(len(digits), generator=generator)
    return draw < 0.25, draw < rate


def coin(digits, rate, generator):
    return torch.rand(len(digits), generator=generator) < rate


@pytest.mark.parametrize("name", CHECKS)
def test_the_solution_passes(name, capsys):
    getattr(check, name)(globals()[name])
    assert f"✓ {name} is right" in capsys.readouterr().out


def test_other_right_ways_pass():
    check.sample_weights(lambda on, w: np.asarray(sample_weights(on, w)))
    check.fair_score(lambda h, m: fair_score(h, m).tolist())
    check.colour(lambda *a: list(colour(*a)))


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda on, w: sample_weights(on, w) ** 2, "outer square root is missing"),
        (lambda on, w: torch.exp(-(1 - on.float().mean(1).sqrt()) / w).sqrt(), "not squared"),
        (lambda on, w: torch.exp(-on.float().mean(1) / w**2).sqrt(), "similarity"),
        (
            lambda on, w: torch.exp(-((1 - on.float().mean(1)) ** 2) / w**2).sqrt(),
            "1 - sqrt",
        ),
        (lambda on, w: sample_weights(on, w) / sample_weights(on, w).sum(), "by their sum"),
        (lambda on, w: sample_weights(on, w) ** 0.5, "divides by 2 width"),
        (lambda on, w: 1 / sample_weights(on, w), "sign in the exponent"),
        (lambda on, w: 1 - on.float().mean(1).sqrt(), "these are the distances"),
        (lambda on, w: sample_weights(on, w)[0], "should be of shape"),
        (lambda on, w: sample_weights(on.T, w), "wrong axis"),
        (lambda on, w: on.mean(1), r"True and False become 1 and 0 by .float\(\)"),
    ],
)
def test_mistakes_of_sample_weights(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.sample_weights(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda h, m: shares(h, m).diagonal(), "own mask alone"),
        (lambda h, m: shares(h, m).diagonal() / m.float().mean((1, 2)), "lift"),
        (lambda h, m: shares(h, m).diagonal() - shares(h, m).mean(1), "own one among them"),
        (lambda h, m: -fair_score(h, m), "wrong way round"),
        (lambda h, m: fair_score(h, m).mean(), "one number"),
        (lambda h, m: fair_score(h, m) * h.sum((1, 2)), "divide by the sum"),
        (lambda h, m: shares(h, m).diagonal() - m.float().mean((1, 2)), "area is subtracted"),
    ],
)
def test_mistakes_of_fair_score(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.fair_score(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda *a: colour(*a, noise=0), "noise is missing"),
        (lambda *a: colour(*a, noise=0.75), "three quarters are flipped"),
        (lambda *a: colour(*a, of=lambda d: d > 5), "digit 5 belongs"),
        (lambda *a: colour(*a, of=lambda d: d % 2 == 1), "odd and even"),
        (lambda *a: colour(*a, flip=lambda r: 1 - r), "wrong way round"),
        (lambda *a: colour(*a, flip=lambda r: 0), "`rate` is not used"),
        (lambda *a: colour(*a, flip=lambda r: 0.25), "noise of the labels"),
        (lambda *a: colour(*a, both=True), "ink in both channels"),
        (colour_of_the_digit, "follows the digit"),
        (lambda *a: colour(*a)[0], "should return two things"),
        (coloured(draw_once), "both used the same random numbers"),
        (coloured(lambda d, r, g: (coin(d, 0.25, None), coin(d, r, g))), "second time"),
        (coloured(lambda d, r, g: (coin(d, 0.25, g), coin(d, r, None))), "second time"),
        (
            coloured(lambda d, r, g: (coin(d, 0.25, g), coin(d, r, torch.Generator()))),
            "Another seed gives the same lies",
        ),
        (
            coloured(lambda d, r, g: (coin(d, 0.25, torch.Generator()), coin(d, r, g))),
            "Another seed gives the same labels",
        ),
        (
            coloured(lambda d, r, g: (torch.arange(len(d)) < len(d) // 4, coin(d, r, g))),
            "depends on their place",
        ),
        (
            coloured(lambda d, r, g: (torch.arange(len(d)) % 4 == 0, coin(d, r, g))),
            "depends on their place",
        ),
        (
            coloured(lambda d, r, g: (coin(d, 0.5, g) & (d >= 5), coin(d, r, g))),
            "in both directions",
        ),
        (lambda i, d, r, g: (colour(i, d, r, g)[0] / 2, colour(i, d, r, g)[1]), "differ|ink"),
    ],
)
def test_mistakes_of_colour(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.colour(answer)


@pytest.mark.parametrize("seed", range(20))
def test_a_right_colour_passes_whatever_is_drawn(seed):
    """Other draws from the same generator: the limits leave room for chance."""

    def draw(digits, rate, generator):
        torch.rand(seed, generator=generator)
        both = torch.rand(2, len(digits), generator=generator, dtype=torch.float64)
        return both[1] < 0.25, both[0] < rate

    check.colour(coloured(draw))
