"""Checks of lab 06: each plausible wrong answer is named."""

import numpy as np
import pytest
import torch
from answered import failing
from torch.nn import functional as F

from labkit import siamese
from labkit.checks import lab06 as check
from labkit.siamese import fewshot

fails = failing(check)


# --- exercise 1


def apart(a, b):
    return (a - b).norm(dim=1)


def pieces(equal, other):
    """A loss of two pieces, functions of the distance and the margin."""

    def loss(a, b, same, margin):
        d = apart(a, b)
        return (torch.where(same, equal(d, margin), other(d, margin)) / 2).mean()

    return loss


def pull(d, m):
    return d**2


def push(d, m):
    return (m - d).clamp_min(0) ** 2


def without_mean(a, b, same, margin):
    return torch.where(same, pull(apart(a, b), margin), push(apart(a, b), margin)) / 2


def two_means(a, b, same, margin):
    pairs = without_mean(a, b, same, margin)
    return torch.stack([pairs[same].mean(), pairs[~same].mean()])


def wrong_axis(a, b, same, margin):
    squared = (a - b).square().mean(1)
    return (torch.where(same, squared, (margin - squared.sqrt()).clamp_min(0) ** 2) / 2).mean()


def bare_root(a, b, same, margin):
    d = (a - b).square().sum(1).sqrt()
    return (torch.where(same, d**2, (margin - d).clamp_min(0) ** 2) / 2).mean()


def with_distance(d, same, margin):
    return (torch.where(same, d**2, (margin - d).clamp_min(0) ** 2) / 2).mean()


def push_as_numbers(a, b, same, margin):
    gap = torch.tensor([max(0.0, margin - d.item()) for d in apart(a, b)])
    return (torch.where(same, apart(a, b) ** 2, gap**2) / 2).mean()


def pull_as_numbers(a, b, same, margin):
    d = apart(a, b)
    return (torch.where(same, d.detach() ** 2, push(d, margin)) / 2).mean()


def a_new_number(*args):
    return torch.tensor(without_mean(*args).mean().item(), requires_grad=True)


CONTRASTIVE = {
    "nothing would push them apart": push_as_numbers,
    "nothing would pull them together": pull_as_numbers,
    "`second` has none": lambda a, b, s, m: without_mean(a, b.detach(), s, m).mean(),
    "`first` has none": lambda a, b, s, m: without_mean(a.detach(), b, s, m).mean(),
    "the loss is a new number": a_new_number,
    "stay in torch": lambda a, b, s, m: with_distance(
        torch.tensor(np.linalg.norm(a - b, axis=1)), s, m
    ),
    "swapped": pieces(push, pull),
    "a power is \\*\\*, not \\^": pieces(lambda d, m: d ^ 2, push),
    "`and` and `not` want one number": lambda a, b, s, m: with_distance(a.norm(dim=1), not s, m),
    "is the opposite of x": lambda a, b, s, m: with_distance(a.norm(dim=1), -s, m),
    "1/2 of the formula is missing": lambda *a: without_mean(*a).mul(2).mean(),
    "d\\^2, not d": pieces(lambda d, m: d, push),
    "is squared": pieces(pull, lambda d, m: (m - d).clamp_min(0)),
    "nothing is squared": pieces(lambda d, m: d, lambda d, m: (m - d).clamp_min(0)),
    "margin is on the wrong side": pieces(pull, lambda d, m: (d - m).clamp_min(0) ** 2),
    "max\\(0, ...\\) is missing": pieces(pull, lambda d, m: (m - d) ** 2),
    "margin is compared with d\\^2": pieces(pull, lambda d, m: (m - d**2).clamp_min(0) ** 2),
    "without the outer square": pieces(pull, lambda d, m: (m - d**2).clamp_min(0)),
    "wrong axis": wrong_axis,
    "sum over the pairs": lambda *a: without_mean(*a).sum(),
    "losses of the single pairs": without_mean,
    "same label are missing": pieces(lambda d, m: 0 * d, push),
    "different labels are missing": pieces(pull, lambda d, m: 0 * d),
    "fixed at 1": pieces(pull, lambda d, m: (1 - d).clamp_min(0) ** 2),
    "first\\[i\\] with second\\[i\\] alone": lambda a, b, s, m: with_distance(
        torch.cdist(a, b), s, m
    ),
    "every first is compared": lambda a, b, s, m: with_distance(torch.cdist(a, b), s[:, None], m),
    "the root is missing": lambda a, b, s, m: with_distance((a - b).square().sum(1), s, m),
    "absolute differences": lambda a, b, same, m: (
        torch.where(
            same, (a - b).abs().sum(1) ** 2, (m - (a - b).abs().sum(1)).clamp_min(0) ** 2
        ).mean()
        / 2
    ),
    "can't be trained": lambda *a: without_mean(*a).mean().item(),
    "slope of the loss is nan": bare_root,
    "should be one number": lambda *a: without_mean(*a)[:2],
    "before the first kind only": pieces(pull, lambda d, m: 2 * push(d, m)),
    "before the second kind only": pieces(lambda d, m: 2 * pull(d, m), push),
    "averaged apart. It": lambda *a: two_means(*a).sum(),
    "then both means": lambda *a: two_means(*a).mean(),
    "divided by D": lambda *a: without_mean(*a).sum() / a[0].shape[1],
    "length is of the whole table": lambda a, b, s, m: with_distance((a - b).norm(), s, m),
    "compares directions": lambda a, b, s, m: with_distance(
        1 - torch.cosine_similarity(a, b), s, m
    ),
    "brought to length 1 first": lambda a, b, s, m: with_distance(
        apart(F.normalize(a), F.normalize(b)), s, m
    ),
    "as one with the same label": pieces(pull, pull),
    "as one with different labels": pieces(push, push),
    "difference of the squares": pieces(pull, lambda d, m: (m**2 - d**2).clamp_min(0)),
    "half is squared too": pieces(lambda d, m: (d / 2) ** 2 * 2, lambda d, m: push(d, m) / 2),
    "second kind is squared, too": pieces(pull, lambda d, m: 2 * ((m - d).clamp_min(0) / 2) ** 2),
    "act on every pair": pieces(*[lambda d, m: pull(d, m) + push(d, m)] * 2),
    "two lengths": lambda a, b, s, m: with_distance(a.norm(dim=1) - b.norm(dim=1), s, m),
    "of the difference": lambda a, b, s, m: with_distance(
        (a.norm(dim=1) - b.norm(dim=1)).abs(), s, m
    ),
    "a power is": lambda a, b, s, m: with_distance(apart(a, b) ^ 2, s, m),
    "averaged over the D dimensions": lambda a, b, s, m: (
        torch.where(s, (a - b).square().mean(1), push(apart(a, b), m)).mean() / 2
    ),
    "run over the pairs, dim=0": lambda a, b, s, m: with_distance((a - b).norm(dim=0), s, m),
    "is missing, and this, too: this is the sum": lambda *a: 2 * without_mean(*a).sum(),
    "is missing, and this, too: max": lambda *a: 2 * pieces(pull, lambda d, m: (m - d) ** 2)(*a),
    "is missing, and this, too: these are the losses": lambda *a: 2 * without_mean(*a),
}


@pytest.mark.parametrize("message", CONTRASTIVE)
def test_contrastive_names_the_mistake(message):
    fails("contrastive", CONTRASTIVE[message], message)


def test_contrastive_accepts_labkits_own_and_a_loop(capsys):
    check.contrastive(lambda a, b, s, m: siamese.contrastive_loss(a, b, s, margin=m))

    def slow(first, second, same, margin):
        total = 0.0
        for a, b, equal in zip(first, second, same, strict=True):
            d = torch.linalg.norm(a - b)
            total = total + (d**2 if equal else torch.relu(margin - d) ** 2) / 2
        return total / len(first)

    check.contrastive(slow)
    check.contrastive(lambda a, b, s, m: without_mean(a.double(), b.double(), s, m).mean())


# --- exercise 2: the hardest


def masks(labels):
    same = labels[:, None] == labels
    return same, torch.eye(len(labels), dtype=torch.bool)


def choose(distances, labels, far=None, near=None):
    same, alone = masks(labels)
    inf = torch.inf
    kinds = {
        "far": distances.where(same, -inf).amax(1),
        "near": distances.where(~same, inf).amin(1),
        "easy far": distances.where(same & ~alone, inf).amin(1),
        "easy near": distances.where(~same, -inf).amax(1),
    }
    return kinds[far or "far"], kinds[near or "near"]


HARDEST = {
    "this is the easiest of each kind": lambda d, y: choose(d, y, "easy far", "easy near"),
    "far and near are swapped": lambda d, y: choose(d, y, "near", "far"),
    "negative is the farthest": lambda d, y: choose(d, y, "far", "easy near"),
    "positive is the nearest": lambda d, y: choose(d, y, "easy far", "near"),
    "each image found itself": lambda d, y: (choose(d, y)[0], d.amin(1)),
    "same class is among the negatives": lambda d, y: (
        choose(d, y)[0],
        d.where(~masks(y)[1], torch.inf).amin(1),
    ),
    "other classes are among the positives": lambda d, y: (d.amax(1), choose(d, y)[1]),
    "what does not count was set to 0": lambda d, y: (choose(d, y)[0], (d * ~masks(y)[0]).amin(1)),
    "one number for the whole batch": lambda d, y: tuple(
        f(x) for f, x in zip((torch.max, torch.min), choose(d, y), strict=True)
    ),
    "row numbers": lambda d, y: (
        d.where(masks(y)[0], -torch.inf).argmax(1),
        d.where(~masks(y)[0], torch.inf).argmin(1),
    ),
    "should return two things": lambda d, y: choose(d, y)[0],
    "values and indices": lambda d, y: (
        d.where(masks(y)[0], -torch.inf).max(1),
        d.where(~masks(y)[0], torch.inf).min(1),
    ),
    "each image with itself": lambda d, y: tuple(
        (d * mask).sum(1) / mask.sum(1) for mask in (masks(y)[0], ~masks(y)[0])
    ),
    "set to 1": lambda d, y: (choose(d, y)[0], d.where(~masks(y)[0], 1).amin(1)),
    "-inf before the minimum too": lambda d, y: tuple(
        f(d.where(mask, -torch.inf), 1)
        for f, mask in zip((torch.amax, torch.amin), (masks(y)[0], ~masks(y)[0]), strict=True)
    ),
    "inf before the maximum too": lambda d, y: tuple(
        f(d.where(mask, torch.inf), 1)
        for f, mask in zip((torch.amax, torch.amin), (masks(y)[0], ~masks(y)[0]), strict=True)
    ),
    "far should be of shape": lambda d, y: (choose(d, y)[0][:2], choose(d, y)[1]),
}


@pytest.mark.parametrize("message", HARDEST)
def test_hardest_names_the_mistake(message):
    fails("hardest", HARDEST[message], message)


def test_hardest_accepts_one_table():
    check.hardest(lambda d, y: torch.stack(choose(d, y)))


# --- exercise 3: errors


def rates(distances, same, threshold, passes=None):
    passes = distances <= threshold if passes is None else passes
    return passes[~same].double().mean(), (~passes)[same].double().mean()


def of_all(distances, same, threshold):
    passes = distances <= threshold
    return (passes & ~same).double().mean(), (~passes & same).double().mean()


ERRORS = {
    "are swapped": lambda d, s, t: rates(d, s, t)[::-1],
    "at most the threshold: <=": lambda d, s, t: rates(d, s, t, d < t),
    "either count the errors": lambda d, s, t: tuple(1 - x for x in rates(d, s, t)),
    "small distance means SAME": lambda d, s, t: rates(d, s, t, d > t),
    "numbers of pairs": lambda d, s, t: ((d <= t)[~s].sum(), (d > t)[s].sum()),
    "number of all pairs": of_all,
    "number of pairs that pass": lambda d, s, t: (
        (~s)[d <= t].double().mean(),
        s[d > t].double().mean(),
    ),
    "`same` is turned round": lambda d, s, t: rates(d, ~s, t),
    "`passes` is turned round: a": lambda d, s, t: rates(d, s, t, d >= t),
    "`passes` is turned round, and so": lambda d, s, t: rates(d, ~s, t, d >= t),
    "errors by the pairs": lambda d, s, t: tuple(1 / x for x in rates(d, s, t)),
    "in percent": lambda d, s, t: tuple(100 * x for x in rates(d, s, t)),
    "The false refusals: this divides": lambda d, s, t: (rates(d, s, t)[0], of_all(d, s, t)[1]),
    "true accepts, not false refusals": lambda d, s, t: (
        rates(d, s, t)[0],
        (d <= t)[s].double().mean(),
    ),
    "should return two things": lambda d, s, t: rates(d, s, t)[0],
    "picks rows 0 and 1": lambda d, s, t: (
        (d <= t)[~s.int()].double().mean(),
        (d > t)[s.int()].double().mean(),
    ),
    "The false accepts: a pair passes if": lambda d, s, t: (
        rates(d, s, t, d < t)[0],
        rates(d, s, t)[1],
    ),
    "fixed at 0.5": lambda d, s, t: rates(d, s, 0.5),
    "number of the other kind": lambda d, s, t: (
        ((d <= t) & ~s).sum() / s.sum(),
        ((d > t) & s).sum() / (~s).sum(),
    ),
    "1 minus the first": lambda d, s, t: (rates(d, s, t)[0], 1 - rates(d, s, t)[0]),
    "-1 and -2": lambda d, s, t: (rates(d, s, t)[0], (~(d <= t).int())[s].double().mean()),
    "& or ~": lambda d, s, t: (d <= t)[not s].double().mean(),
    "is the opposite": lambda d, s, t: (d <= t)[-s].double().mean(),
    "half the pairs": lambda d, s, t: tuple(2 * x for x in of_all(d, s, t)),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors_names_the_mistake(message):
    fails("errors", ERRORS[message], message)


def test_errors_accepts_a_loop_and_a_tensor():
    def slow(distances, same, threshold):
        rows = list(zip(distances.tolist(), same.tolist(), strict=True))
        wrong_in = sum(d <= threshold for d, s in rows if not s)
        wrong_out = sum(d > threshold for d, s in rows if s)
        count = sum(s for _, s in rows)
        return torch.tensor([wrong_in / (len(rows) - count), wrong_out / count])

    check.errors(slow)
    check.errors(lambda *args: np.array([float(x) for x in slow(*args)]))


# --- exercise 4: one shot


def share(distance, axis=2):
    return (distance.argmin(axis) == torch.arange(distance.shape[1])).double().mean()


def searches_all(examples, asked, ways=None):
    flat = torch.cdist(asked.flatten(0, 1), examples.flatten(0, 1))
    ways = ways or len(flat)
    return (flat.argmin(1) % ways == torch.arange(len(flat)) % ways).double().mean()


def answers(examples, asked):
    return torch.cdist(asked, examples).argmin(2)


def hits(examples, asked):
    return (answers(examples, asked) == torch.arange(examples.shape[1])).double()


ONE_SHOT = {
    "FARTHEST": lambda e, a: share(-torch.cdist(a, e)),
    "number of right answers": lambda e, a: hits(e, a).sum(),
    "in percent": lambda e, a: 100 * hits(e, a).mean(),
    "share of wrong answers": lambda e, a: 1 - hits(e, a).mean(),
    "divided by the episodes alone": lambda e, a: hits(e, a).sum() / len(e),
    "product is no distance": lambda e, a: share(-(a @ e.transpose(1, 2))),
    "all episodes are searched": searches_all,
    "wrong axis": lambda e, a: share(torch.cdist(a, e), axis=1),
    "shares of each class": lambda e, a: hits(e, a).mean(0),
    "shares of each episode": lambda e, a: hits(e, a).mean(1),
    "these are the answers": answers,
    "absolute differences": lambda e, a: share(torch.cdist(a, e, p=1)),
    "not yet a row number": lambda e, a: (
        (torch.cdist(a, e).amin(2) == torch.arange(e.shape[1])).double().mean()
    ),
    "every answer comes out right": lambda e, a: share(torch.cdist(a, a)),
    "the row in its episode": lambda e, a: searches_all(e, a, e.shape[1]),
    "compares directions": lambda e, a: share(
        -F.normalize(a, dim=2) @ F.normalize(e, dim=2).transpose(1, 2)
    ),
    "they cancel": lambda e, a: share((a[:, :, None] - e[:, None]).sum(3).abs()),
    "first episode alone": lambda e, a: share(torch.cdist(a, e)[:1]),
    "number of the episode": lambda e, a: (
        (answers(e, a) == torch.arange(len(e))[:, None]).double().mean()
    ),
    "an axis too many": lambda e, a: (
        (answers(e, a)[..., None] == torch.arange(e.shape[1])).double().mean()
    ),
    "all its N answers": lambda e, a: hits(e, a).all(1).double().mean(),
}


@pytest.mark.parametrize("message", ONE_SHOT)
def test_one_shot_names_the_mistake(message):
    fails("one_shot", ONE_SHOT[message], message)


def test_one_shot_accepts_labkits_own():
    check.one_shot(fewshot.one_shot)
