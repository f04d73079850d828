"""Checks of lab 10: each plausible wrong answer is named, each right one passes."""

import numpy as np
import pytest
import torch
from answered import failing
from torch.nn.functional import softplus

from labkit import translate
from labkit.checks import lab10 as check

fails = failing(check)


# --- the error on the ground


def ground(where, *, divide=None, size=torch.abs):
    """The error over another part of the picture."""

    def error(made, truth, covers):
        part = where(covers).float()
        apart = size(made - truth).mean(1, keepdim=True) * part
        count = part if divide is None else divide(covers)
        return apart.sum((1, 2, 3)) / count.sum((1, 2, 3))

    return error


def empty(covers):
    return covers == 0


def everything(covers):
    return torch.ones_like(covers)


GROUND = {
    "mask is turned round": ground(lambda c: c == 1),
    "whole picture": ground(everything),
    "divided by all pixels": ground(empty, divide=everything),
    "edge of the animal": ground(lambda c: c < 1),
    "how little the animal covers": ground(lambda c: 1 - c),
    "one number for all": lambda m, t, c: (m - t).abs().mean(1)[(c == 0)[:, 0]].mean(),
    "mean over the pictures": lambda *a: ground(empty)(*a).mean(),
    "squared": ground(empty, size=torch.square),
    "cancel": ground(empty, size=lambda x: x),
    "3 times too large": lambda *a: 3 * ground(empty)(*a),
    "without keepdim": lambda m, t, c: (
        ((m - t).abs().mean(1) * empty(c)).sum((1, 2, 3)) / empty(c).sum((1, 2, 3))
    ),
    "its edge included": ground(lambda c: c > 0),
    "comes before .abs": lambda m, t, c: ground(empty)(*[(m - t).mean(1, True), 0], c),
    "this is a sum. Divide": lambda m, t, c: ((m - t).abs().mean(1, True) * empty(c)).sum(
        (1, 2, 3)
    ),
    "pixels and colours": lambda m, t, c: ((m - t).abs() * empty(c)).sum((1, 2, 3)),
    "ground pixels of all": lambda m, t, c: (
        ((m - t).abs().mean(1, True) * empty(c)).sum((1, 2, 3)) / empty(c).sum()
    ),
    "all pictures are added up": lambda m, t, c: (
        ((m - t).abs().mean(1, True) * empty(c)).sum() / empty(c).sum((1, 2, 3))
    ),
}


@pytest.mark.parametrize("message", GROUND)
def test_a_wrong_error_on_the_ground_is_named(message):
    fails("ground_error", GROUND[message], message)


def with_loop(made, truth, covers):
    rows = zip(made.numpy(), truth.numpy(), covers.numpy(), strict=True)
    return [float(np.abs(m - t)[:, c[0] == 0].mean()) for m, t, c in rows]


@pytest.mark.parametrize("right", [ground(empty), with_loop])
def test_right_errors_on_the_ground_pass(right):
    check.ground_error(right)


def test_the_labs_own_error_passes():
    check.ground_error(lambda *a: translate.errors(*a).ground)


# --- moved colours


def moved(dims=(2, 3), *, power=1, clamp=True, ends=True):
    def match(x, mean, deviation):
        own, spread = x.mean(dims, keepdim=True), x.std(dims, keepdim=True)
        y = (x - own) / spread**power * deviation[:, None, None] + ends * mean[:, None, None]
        return y.clamp(0, 1) if clamp else y

    return match


def shifted(x, mean, deviation):
    return (x - x.mean((2, 3), keepdim=True) + mean[:, None, None]).clamp(0, 1)


def swapped(x, mean, deviation):
    own, spread = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)
    return ((x - own) / deviation[:, None, None] * spread + mean[:, None, None]).clamp(0, 1)


def cut(x, mean, deviation, low=0, high=1):
    return moved(clamp=False)(x, mean, deviation).clamp(low, high)


def own(x):
    return x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)


def with_wanted(formula):
    """match_colour from (pictures, own mean, own deviation, wanted mean, wanted deviation)."""
    return lambda x, m, s: formula(x, *own(x), m[:, None, None], s[:, None, None]).clamp(0, 1)


COLOUR = {
    "below 0": lambda *a: cut(*a, low=-1),
    "above 1": lambda *a: cut(*a, high=None),
    "mean and deviation are swapped": lambda x, m, s: moved()(x, s, m),
    "way is turned round": with_wanted(lambda x, a, b, m, s: (x - m) / s * b + a),
    "are taken away": with_wanted(lambda x, a, b, m, s: (x - m) / s),
    "divided by the wanted": with_wanted(lambda x, a, b, m, s: (x - a) / (b * s) + m),
    "brackets are missing": with_wanted(lambda x, a, b, m, s: x - a / b * s + m),
    "cut off too early": with_wanted(lambda x, a, b, m, s: ((x - a) / b).clamp(0, 1) * s + m),
    "so large that it shows": with_wanted(lambda x, a, b, m, s: (x - a) / (b + 0.01) * s + m),
    "three colours of a pixel": moved((1,)),
    "divided by the variance": moved(power=2),
    "whole batch": moved((0, 2, 3)),
    "three channels share": moved((1, 2, 3)),
    "shifted, not stretched": shifted,
    "not divided by their own": moved(power=0),
    "wanted mean is missing": moved(ends=False),
    "leave \\[0, 1\\]": moved(clamp=False),
    "roles of the two deviations": swapped,
    "still what came in": lambda x, mean, deviation: x,
}


@pytest.mark.parametrize("message", COLOUR)
def test_wrongly_moved_colours_are_named(message):
    fails("match_colour", COLOUR[message], message)


def test_a_flat_picture_that_becomes_nan_is_named():
    fails("match_colour", moved(), "picture of one colour becomes nan")


def test_a_flat_picture_that_turns_black_is_named():
    def black(*given):
        return moved()(*given).nan_to_num(0)

    fails("match_colour", black, "should get the wanted mean")


def test_right_colours_pass_with_either_deviation():
    check.match_colour(translate.match_colour)
    check.match_colour(
        lambda x, mean, deviation: (
            (x - x.mean((2, 3), keepdim=True))
            / (x.std((2, 3), keepdim=True) + 1e-3)
            * deviation.view(3, 1, 1)
            + mean.view(3, 1, 1)
        ).clamp(0, 1)
    )


# --- the game of squares


def game(critic, forger):
    """Losses from scores: critic(real, fake), forger(real, fake)."""

    def losses(judge, real, fake):
        return critic(judge(real), judge(fake.detach())), forger(judge(real), judge(fake))

    return losses


def right_critic(real, fake):
    return (real - 1).square().mean() + fake.square().mean()


def right_forger(real, fake):
    return (fake - 1).square().mean()


GAME = {
    "targets are swapped": game(
        lambda r, f: r.square().mean() + (f - 1).square().mean(), right_forger
    ),
    "critic's loss: the fakes are missing": game(
        lambda r, f: (r - 1).square().mean(), right_forger
    ),
    "real pictures are missing": game(lambda r, f: f.square().mean(), right_forger),
    "target 1, too": game(
        lambda r, f: (r - 1).square().mean() + (f - 1).square().mean(), right_forger
    ),
    "critic's loss: it is half": game(lambda r, f: right_critic(r, f) / 2, right_forger),
    "critic's loss: sums": game(
        lambda r, f: (r - 1).square().sum() + f.square().sum(), right_forger
    ),
    "hinge loss": game(lambda r, f: (1 - r).relu().mean() + (1 + f).relu().mean(), right_forger),
    "target -1": game(lambda r, f: (r - 1).square().mean() + (f + 1).square().mean(), right_forger),
    "forger wants its fakes": game(right_critic, lambda r, f: f.square().mean()),
    "minus what it should be": game(right_critic, lambda r, f: -right_forger(r, f)),
    "forger's loss: the mean score": game(right_critic, lambda r, f: (f.mean() - 1) ** 2),
    "minus the mean score": game(right_critic, lambda r, f: -f.mean()),
    "not of the real pictures": game(right_critic, lambda r, f: (r - 1).square().mean()),
    "wrong order": lambda c, r, f: game(right_critic, right_forger)(c, r, f)[::-1],
    "sends a gradient into the fakes": lambda c, r, f: (
        right_critic(c(r), c(f)),
        right_forger(None, c(f)),
    ),
    "no gradient into the fakes": lambda c, r, f: (
        right_critic(c(r), c(f.detach())),
        right_forger(None, c(f.detach())),
    ),
    "critic can't learn": lambda c, r, f: (
        right_critic(c(r), c(f)).detach(),
        right_forger(None, c(f)),
    ),
    "critic's loss: this is the cross-entropy": game(
        lambda r, f: softplus(-r).mean() + softplus(f).mean(), right_forger
    ),
    "critic's loss: the scores went": game(
        lambda r, f: right_critic(r.sigmoid(), f.sigmoid()), right_forger
    ),
    "roots of the means": game(
        lambda r, f: (r - 1).square().mean().sqrt() + f.square().mean().sqrt(), right_forger
    ),
    "one mean is subtracted": game(
        lambda r, f: (r - 1).square().mean() - f.square().mean(), right_forger
    ),
    "minus the squared scores": game(right_critic, lambda r, f: -f.square().mean()),
    "distance from 1, not": game(right_critic, lambda r, f: 1 - f.square().mean()),
    "forger's loss: this is the cross": game(right_critic, lambda r, f: softplus(-f).mean()),
    "forger's loss: the scores went": game(right_critic, lambda r, f: right_forger(r, f.sigmoid())),
    "root of the mean is": game(right_critic, lambda r, f: right_forger(r, f).sqrt()),
    "scores of the real pictures don't": game(
        right_critic, lambda r, f: right_forger(r, f) + (r - 1).square().mean()
    ),
    "fakes have no part": lambda c, r, f: (
        right_critic(c(r), c(f).detach()),
        right_forger(None, c(f)),
    ),
    "real pictures have no part": lambda c, r, f: (
        right_critic(c(r).detach(), c(f.detach())),
        right_forger(None, c(f)),
    ),
    "Return two losses": lambda c, r, f: right_critic(c(r), c(f)),
}


@pytest.mark.parametrize("message", GAME)
def test_a_wrong_game_is_named(message):
    fails("lsgan_losses", GAME[message], message)


def test_the_right_game_passes():
    check.lsgan_losses(translate.lsgan_losses)
    check.lsgan_losses(lambda *a: torch.stack(translate.lsgan_losses(*a)))


# --- there and back


def size(x):
    return x.abs().mean()


CYCLE = {
    "add that of the winters": lambda G, F, x, y: size(F(G(x)) - x),
    "add that of the summers": lambda G, F, x, y: size(G(F(y)) - y),
    "translators are swapped": lambda G, F, x, y: size(G(F(x)) - x) + size(F(G(y)) - y),
    "compared with the translation": lambda G, F, x, y: size(F(G(x)) - G(x)) + size(G(F(y)) - F(y)),
    "other season. The two piles": lambda G, F, x, y: size(G(x) - y) + size(F(y) - x),
    "back is compared with the other season": lambda G, F, x, y: (
        size(F(G(x)) - y) + size(G(F(y)) - x)
    ),
    "one translator twice": lambda G, F, x, y: size(G(G(x)) - x) + size(F(F(y)) - y),
    "squared": lambda G, F, x, y: (F(G(x)) - x).square().mean() + (G(F(y)) - y).square().mean(),
    "sums are taken": lambda G, F, x, y: (F(G(x)) - x).abs().sum() + (G(F(y)) - y).abs().sum(),
    "half of it": lambda G, F, x, y: translate.cycle_loss(G, F, x, y) / 2,
    "cancel": lambda G, F, x, y: (F(G(x)) - x).mean() + (G(F(y)) - y).mean(),
    "subtracted": lambda G, F, x, y: size(F(G(x)) - x) - size(G(F(y)) - y),
    "multiplied": lambda G, F, x, y: size(F(G(x)) - x) * size(G(F(y)) - y),
    "two losses": lambda G, F, x, y: (size(F(G(x)) - x), size(G(F(y)) - y)),
    "roots of squares": lambda G, F, x, y: (
        (F(G(x)) - x).square().mean().sqrt() + (G(F(y)) - y).square().mean().sqrt()
    ),
    "winters, too, go": lambda G, F, x, y: size(F(G(x)) - x) + size(F(G(y)) - y),
    "summers, too, go": lambda G, F, x, y: size(G(F(x)) - x) + size(G(F(y)) - y),
    "compared with summers": lambda G, F, x, y: size(F(G(x)) - x) + size(G(F(y)) - x),
    "after one translator": lambda G, F, x, y: size(G(x) - x) + size(F(y) - y),
    "winters stay as they are": lambda G, F, x, y: size(G(y) - y) + size(F(x) - x),
    "are weighed": lambda *a: 10 * translate.cycle_loss(*a),
    "`there`: the way of the summers has": lambda G, F, x, y: (
        size(F(G(x)).detach() - x) + size(G(F(y)) - y)
    ),
    "`there`: the way of the winters has": lambda G, F, x, y: (
        size(F(G(x)) - x) + size(G(F(y)).detach() - y)
    ),
    "Nothing can learn": lambda *a: translate.cycle_loss(*a).detach(),
    "weights of `there`: it is 0": lambda G, F, x, y: (
        size(F(G(x).detach()) - x) + size(G(F(y)).detach() - y)
    ),
}


@pytest.mark.parametrize("message", CYCLE)
def test_a_wrong_cycle_is_named(message):
    fails("cycle_loss", CYCLE[message], message)


def test_right_cycles_pass():
    check.cycle_loss(translate.cycle_loss)
    l1 = torch.nn.functional.l1_loss
    check.cycle_loss(lambda G, F, x, y: l1(F(G(x)), x) + l1(G(F(y)), y))
