"""Checks of lab 03: solutions pass, usual mistakes are named, no answer crashes a check."""

import numpy as np
import pytest
import torch

from labkit.checks import CheckFailed
from labkit.checks import lab03 as check

CHECKS = ["lime_fit", "counterfactual", "fair_score", "right_and_flips", "colour"]


def lime_fit(on, answers, ridge, *, by=1.0):
    x, y = on.float() - on.float().mean(0), answers - answers.mean()
    return by * torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1]), x.T @ y)


def solved(x, y, ridge):
    return torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1]), x.T @ y)


def with_ones(on, y, ridge):
    return solved(torch.cat([on.float(), torch.ones(len(on), 1)], 1), y, ridge)


def with_a_free_one(on, y, ridge):
    x = torch.cat([on.float(), torch.ones(len(on), 1)], 1)
    penalty = ridge * torch.eye(x.shape[1])
    penalty[-1, -1] = 0
    return torch.linalg.solve(x.T @ x + penalty, x.T @ y)[:-1]


def without_ridge(on, y, ridge):
    x = on.float() - on.float().mean(0)
    return torch.linalg.pinv(x.T @ x) @ (x.T @ (y - y.mean()))


def apart(on, y, ridge):
    return torch.stack([y[k].mean() - y[~k].mean() for k in on.T])


def one_by_one(on, y, ridge):
    x = on.float() - on.float().mean(0)
    return (x.T @ (y - y.mean())) / (x.square().sum(0) + ridge)


def standardised(x, y, ridge):
    return solved((x - x.mean(0)) / x.std(0).clamp_min(1e-9), y, ridge)


def counterfactual(images, masks, background):
    return images.where(masks[:, None], background)


def in_place(images, masks, background):
    images[:] = images.where(masks[:, None], background)
    return images


def crossed(images, masks, background):
    try:
        return torch.where(masks, images, background)
    except RuntimeError:
        return counterfactual(images, masks, background)


def shares(heats, masks):
    return torch.einsum("ihw,jhw->ij", heats, masks.float()) / heats.sum((1, 2))[:, None]


def own_among_the_others(heats, masks):
    s = shares(heats, masks)
    return s.diagonal() - s.sum(1) / (len(heats) - 1)


def own_lost_by_a_view(heats, masks):
    s = shares(heats, masks)
    own = s.diagonal()
    others = s.fill_diagonal_(0).sum(1) / (len(heats) - 1)
    return own - others


def fair_score(heats, masks):
    s = shares(heats, masks)
    return s.diagonal() - (s.sum(1) - s.diagonal()) / (len(s) - 1)


def less(s):
    return s.diagonal() - (s.sum(1) - s.diagonal()) / (len(s) - 1)


def ratio(s):
    return s.diagonal() / ((s.sum(1) - s.diagonal()) / (len(s) - 1))


def union(masks):
    return torch.stack([torch.cat([masks[:i], masks[i + 1 :]]).any(0) for i in range(len(masks))])


def others_own(heats, masks):
    own = shares(heats, masks).diagonal()
    return own - (own.sum() - own) / (len(own) - 1)


def next_one(heats, masks):
    own = shares(heats, masks).diagonal()
    return own - torch.stack([shares(heats, masks)[i, i + 1 - len(own)] for i in range(len(own))])


def scaled(heats, masks, by):
    s = torch.einsum("ihw,jhw->ij", heats, masks.float()) / by
    return s.diagonal() - (s.sum(1) - s.diagonal()) / (len(s) - 1)


def right_and_flips(said, labels):
    return (said == labels[:, None]).float().mean(), flips(said)


def flips(said):
    return (said[:, 1:] != said[:, :1]).float().mean()


def right(said, labels):
    return (said == labels[:, None]).float().mean()


def along_the_grounds(said, labels):
    try:
        return (said == labels).float().mean(), flips(said)
    except RuntimeError:
        return right_and_flips(said, labels)


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


def by_loops(said, labels):
    rows = [(row.tolist(), y) for row, y in zip(said, labels.tolist(), strict=True)]
    good = [a == y for row, y in rows for a in row]
    flipped = [a != row[0] for row, _ in rows for a in row[1:]]
    return sum(good) / len(good), sum(flipped) / len(flipped)


def by_the_numbers(said, labels):
    said, labels = said.numpy(), labels.numpy()
    return 1 - np.abs(said.T - labels).mean(), np.abs(said[:, 1:] - said[:, [0]]).mean()


@pytest.mark.parametrize("name", CHECKS)
def test_the_solution_passes(name, capsys):
    getattr(check, name)(globals()[name])
    assert f"✓ {name} is right" in capsys.readouterr().out


def test_other_right_ways_pass():
    check.lime_fit(lambda on, y, r: np.asarray(lime_fit(on, y, r)))
    check.lime_fit(lambda on, y, r: solved(on.double() - on.double().mean(0), y.double(), r))
    check.lime_fit(with_a_free_one)
    check.counterfactual(
        lambda i, m, b: torch.stack([torch.where(k, j, b) for j, k in zip(i, m, strict=True)])
    )
    check.counterfactual(lambda i, m, b: i * m[:, None] + b * ~m[:, None])
    check.fair_score(lambda h, m: fair_score(h, m).tolist())
    check.right_and_flips(lambda s, y: torch.stack(right_and_flips(s, y)))
    check.right_and_flips(lambda s, y: [x.item() for x in right_and_flips(s, y)])
    check.right_and_flips(by_loops)
    check.right_and_flips(by_the_numbers)
    check.colour(lambda *a: list(colour(*a)))


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda on, y, r: solved(on.float(), y, r), "no intercept"),
        (lambda on, y, r: solved(on.float(), y - y.mean(), r), "only y is centred"),
        (lambda on, y, r: with_ones(on, y, r)[:-1], "under the penalty"),
        (with_ones, "give the K weights only"),
        (without_ridge, "ridge is missing"),
        (lambda on, y, r: lime_fit(on, y, -r), "wrong sign"),
        (lambda on, y, r: lime_fit(on, y, 1.0), "`ridge` is not used"),
        (lambda on, y, r: lime_fit(on, y, r * len(on)), "number of samples"),
        (lambda on, y, r: lime_fit(~on, y, r), "not where it is hidden"),
        (apart, "fit all weights together"),
        (lambda on, y, r: lime_fit(on, y, r).abs(), "signs are lost"),
        (lambda on, y, r: (lime_fit(on, y, r), y.mean()), "the K weights alone"),
        (lambda on, y, r: solved(on.float() - on.float().mean(), y - y.mean(), r), "one mean over"),
        (lambda on, y, r: standardised(on.float(), y - y.mean(), r), "standardised"),
        (lambda on, y, r: (on.float() - on.float().mean(0)).T @ y, "lacks the solution"),
        (lambda on, y, r: solved(on, y, r), "become 1 and 0"),
        (one_by_one, "fitted by itself"),
        (lambda on, y, r: lime_fit(2 * on.float() - 1, y, r), "x holds -1 and 1"),
    ],
)
def test_mistakes_of_lime_fit(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.lime_fit(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda i, m, b: counterfactual(i, ~m, b), "wrong way round"),
        (lambda i, m, b: i * m[:, None], "it is black"),
        (lambda i, m, b: i * m[:, None] + b, "lies over the animal"),
        (lambda i, m, b: b * ~m[:, None], "is a hole"),
        (lambda i, m, b: i + b * ~m[:, None], "shines through"),
        (lambda i, m, b: b, "one background"),
        (lambda i, m, b: (i + b) / 2, "averaged"),
        (lambda i, m, b: i, "as they came"),
        (lambda i, m, b: i.where(m[:, None], b.mean((1, 2), keepdim=True)), "its own mean"),
        (lambda i, m, b: i.where(m[:1, None], b), "first image's mask"),
        (crossed, "used for colour i"),
        (in_place, "in place"),
        (lambda i, m, b: torch.where(m, i, b), "used for colour i"),
        (lambda i, m, b: i * m + b * ~m, "used for colour i"),
    ],
)
def test_mistakes_of_counterfactual(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.counterfactual(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda h, m: shares(h, m).diagonal(), "own mask alone"),
        (lambda h, m: shares(h, m).diagonal() / m.float().mean((1, 2)), "lift"),
        (lambda h, m: shares(h, m).diagonal() - shares(h, m).mean(1), "its own included"),
        (lambda h, m: -fair_score(h, m), "wrong way round"),
        (own_among_the_others, "is among the others"),
        (own_lost_by_a_view, "diagonal\\(\\) is a view"),
        (lambda h, m: fair_score(h, m).mean(), "one number"),
        (lambda h, m: fair_score(h, m) * h.sum((1, 2)) / h.sum(), "its own sum"),
        (lambda h, m: fair_score(h, m) * h.sum((1, 2)), "divide by the sum"),
        (lambda h, m: shares(h, m).diagonal() - m.float().mean((1, 2)), "area is subtracted"),
        (lambda h, m: 2 * shares(h, m).diagonal() - 1, "outside the mask is subtracted"),
        (others_own, "in their own masks are subtracted"),
        (lambda h, m: fair_score(h, m).abs(), "the sign is gone"),
        (next_one, "in one other mask"),
        (lambda h, m: scaled(h, m, by=h.amax((1, 2))[:, None]), "its largest value"),
        (lambda h, m: scaled(h, m, by=m.sum((1, 2))), "size of the mask"),
        (lambda h, m: scaled(h, m, by=h.sum((1, 2))), "heat j's sum"),
        (lambda h, m: less(shares(h, m) / m.float().mean((1, 2))), "lift minus"),
        (lambda h, m: ratio(shares(h, m) / m.float().mean((1, 2))), "lift over"),
        (
            lambda h, m: shares(h, m).diagonal() - shares(h, union(m)).diagonal(),
            "all the other masks",
        ),
        (lambda h, m: shares(h, m).roll(-1, 1).diagonal(), "one other mask alone"),
    ],
)
def test_mistakes_of_fair_score(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.fair_score(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (along_the_grounds, "laid along the grounds"),
        (lambda s, y: (1 - right(s, y), flips(s)), "share of wrong answers"),
        (lambda s, y: (right(s, y) * s.numel(), flips(s)), "this is a count"),
        (lambda s, y: ((s[:, 0] == y).float().mean(), flips(s)), "on snow alone"),
        (lambda s, y: (right(s[:, 1:], y), flips(s)), "snow is left out"),
        (lambda s, y: ((s == y[:, None]).all(1).float().mean(), flips(s)), "on every ground"),
        (lambda s, y: (s.float().mean(), flips(s)), "called wolf"),
        (lambda s, y: (flips(s), right(s, y)), "share right first"),
        (lambda s, y: (right(s, y), (s != s[:, :1]).float().mean()), "snow is compared with snow"),
        (lambda s, y: (right(s, y), 1 - flips(s)), "stay the same"),
        (lambda s, y: (right(s, y), (s[:, 1] != s[:, 0]).float().mean()), "only one ground"),
        (lambda s, y: (right(s, y), 1 - right(s[:, 1:], y)), "needs no label"),
        (lambda s, y: (right(s, y), 1 - right(s, y)), "snow included"),
        (lambda s, y: (right(s, y), (s != s[:, :1]).any(1).float().mean()), "at least once"),
        (lambda s, y: (right(s, y), (s[:, 1:] != s[:, :-1]).float().mean()), "the one before"),
        (lambda s, y: (right(s, y), (s[:, 1:] < s[:, :1]).float().mean()), "wolf to husky"),
        (lambda s, y: (right(s, y), (s[:, 1:] > s[:, :1]).float().mean()), "husky to wolf"),
        (lambda s, y: (right(s, y), (s[:, :1] - s[:, 1:]).float().mean()), "cancel"),
        (lambda s, y: (right(s, y), (s[:, 1:] != s[:, :1]).float().mean(0)), "one number"),
        (lambda s, y: (right(s, y), (s[:, 1:] != s[:, 0]).float().mean()), r"x\[:, :1\] keeps"),
        (lambda s, y: (right(s, y), (s[1:] != s[:1]).float().mean()), "with the first animal"),
        (lambda s, y: (right(s, y), flips(s[s[:, 0] == y])), "that were right on snow"),
        (
            lambda s, y: (
                right(s, y),
                ((s != s[:, :1]) & (s[:, :1] == y[:, None]))[:, 1:].float().mean(),
            ),
            "count as flips here",
        ),
        (lambda s, y: right(s, y), "two shares"),
        (lambda s, y: (right(s, y), flips(s), 0), "two shares"),
    ],
)
def test_mistakes_of_right_and_flips(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.right_and_flips(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda *a: colour(*a, noise=0), "noise is missing"),
        (lambda i, d, r, g: (colour(i, d, r, g)[0], (d >= 5).long()), "return the flipped labels"),
        (coloured(lambda d, r, g: (coin(d[:1], 0.25, g).expand(len(d)), coin(d, r, g))), "own"),
        (lambda *a: colour(*a, noise=0.75), "wrong way round: label 1 is for"),
        (lambda *a: colour(*a, of=lambda d: d < 5), "label 1 is for the digits 5 to 9"),
        (lambda *a: colour(*a, of=lambda d: d > 5), "digit 5 belongs"),
        (coloured(lambda d, r, g: (coin(d, 0.25, g) & (d < 5), coin(d, r, g))), "goes both ways"),
        (lambda *a: colour(*a, of=lambda d: d % 2 == 1), "odd and even"),
        (lambda *a: colour(*a, flip=lambda r: 1 - r), "wrong way round"),
        (lambda *a: colour(*a, flip=lambda r: 0), "`rate` is not used"),
        (lambda *a: colour(*a, flip=lambda r: 0.25), "noise of the labels"),
        (lambda *a: colour(*a, both=True), "ink in both channels"),
        (colour_of_the_digit, "follows the digit"),
        (lambda *a: colour(*a)[0], "should return two things"),
        (lambda *a: (lambda x: (x, x[:, 1].amax((1, 2)) > 0))(colour(*a)[0]), "are the colours"),
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
