"""Checks of lab 16: each plausible wrong answer is named."""

import math

import numpy as np
import pytest
import torch
from answered import failing

from labkit import programs, search
from labkit.checks import lab16 as check

fails = failing(check)


# --- straight_through


def through(back):
    """Rounding whose derivative is back(gradient, shares)."""

    class Through(torch.autograd.Function):
        @staticmethod
        def forward(ctx, shares):
            ctx.save_for_backward(shares)
            return shares.round()

        @staticmethod
        def backward(ctx, gradient):
            return back(gradient, *ctx.saved_tensors)

    return Through.apply


def by_numpy(shares):
    return torch.from_numpy(np.round(shares.detach().numpy()))


def in_place(shares):
    shares.detach().round_()
    return shares


STRAIGHT = {
    "nothing is rounded": lambda s: s * 1,
    "rounded down": lambda s: s + (s.floor() - s).detach(),
    "rounded up": lambda s: s + (s.ceil() - s).detach(),
    "are swapped": lambda s: s + ((s < 0.5).float() - s).detach(),
    "-1 and 1": lambda s: s + (2 * s.round() - 1 - s).detach(),
    "only what rounding changes": lambda s: s.round() - s,
    "is subtracted": lambda s: s - (s.round() - s).detach(),
    "Add only what rounding changes": lambda s: s + s.round().detach(),
    "are multiplied by the shares": lambda s: s * s.round(),
    "or all 0": lambda s: 0 * s,
    "0 everywhere, as that of rounding": lambda s: s.round(),
    "0 everywhere": lambda s: s + (s.round() - s),
    "never learn. Leave out": lambda s: s.detach().round(),
    "never learn": lambda s: (s > 0.5).float(),
    "NumPy on the way": by_numpy,
    "passes twice": lambda s: 2 * s + (s.round() - 2 * s).detach(),
    "other sign": lambda s: (s.round() + s).detach() - s,
    "not the shares": lambda s: s.detach() + (s.round() - s),
    "whatever comes from behind": through(lambda g, s: torch.ones_like(g)),
    "gradient is rounded": through(lambda g, s: g.round()),
    "that of a sigmoid": through(lambda g, s: g * s * (1 - s)),
    "multiplied by the shares": through(lambda g, s: g * s),
    "those at 0 would never learn": through(lambda g, s: g * s.round()),
    "a factor was detached": lambda s: s * (s.round() / s).detach(),
    "half of it": through(lambda g, s: g / 2),
    "only its sign": through(lambda g, s: g.sign()),
    "in place": in_place,
    "should be of shape": lambda s: programs.straight_through(s)[:1],
    "None": lambda s: None,
}


@pytest.mark.parametrize("message", STRAIGHT)
def test_a_wrong_step_is_named(message):
    fails("straight_through", STRAIGHT[message], message)


# --- optimism


def winners(valid, test):
    best, winner = valid.max(1)
    return best, winner, test[torch.arange(len(valid)), winner]


def gap(valid, test):
    best, _, worth = winners(valid, test)
    return best - worth


def one_for_all(valid, test):
    winner = valid.mean(0).argmax()
    return (valid[:, winner] - test[:, winner]).mean()


def chosen_by_test(valid, test):
    return -search.optimism(test, valid)


def best_of_all(valid, test):
    return valid.max() - test.flatten()[valid.argmax()]


OPTIMISM = {
    "sign is turned": lambda v, t: -gap(v, t).mean(),
    "compares with the best test": lambda v, t: (v.max(1)[0] - t.max(1)[0]).mean(),
    "chosen by its test score": chosen_by_test,
    "mean of all trials, not": lambda v, t: (v - t).mean(),
    "what the winners promise": lambda v, t: v.max(1)[0].mean(),
    "what the winners keep": lambda v, t: winners(v, t)[2].mean(),
    "not over the trials": lambda v, t: search.optimism(v.T, t.T),
    "one winner is chosen for all": one_for_all,
    "only the best of all rows": best_of_all,
    "each winner's scores in all rows": lambda v, t: v.max(1)[0].mean() - t[:, v.argmax(1)].mean(),
    "scores of the first row only": lambda v, t: (v.max(1)[0] - t[0, v.argmax(1)]).mean(),
    "median": lambda v, t: gap(v, t).median(),
    "counts as 0": lambda v, t: gap(v, t).clamp(min=0).mean(),
    "only the first row": lambda v, t: gap(v, t)[0],
    "only the last row": lambda v, t: gap(v, t)[-1],
    "added up": lambda v, t: gap(v, t).sum(),
    "one number a row": gap,
    "no abs": lambda v, t: gap(v, t).abs().mean(),
    "squared": lambda v, t: (gap(v, t) ** 2).mean(),
    "percent": lambda v, t: 100 * gap(v, t).mean(),
    "lowest": lambda v, t: -search.optimism(-v, -t),
    "mean test score": lambda v, t: (v.max(1)[0] - t.mean(1)).mean(),
    "divided by": lambda v, t: (gap(v, t) / winners(v, t)[2]).mean(),
    "numbers of the winners": lambda v, t: v.argmax(1),
    "None": lambda v, t: None,
}


@pytest.mark.parametrize("message", OPTIMISM)
def test_wrong_optimism_is_named(message):
    fails("optimism", OPTIMISM[message], message)


# --- halving


def halved(*, sign=1, left=1, grow=lambda e: 2 * e, first=1, part=2, up=False, of=None):
    def answer(count, score):
        alive, epochs = list(range(count)), first
        while len(alive) > left:
            alive.sort(key=lambda i: sign * score(i, epochs), reverse=True)
            keep = -(-len(alive) // part) if up else max(len(alive) // part, 1)
            alive, epochs = alive[:keep], grow(epochs)
        return of(alive, epochs, score) if of else alive[0]

    return answer


def renumbered(count, score):
    alive, epochs = list(range(count)), 1
    while len(alive) > 1:
        scores = torch.tensor([score(place, epochs) for place in range(len(alive))])
        best = scores.argsort(descending=True)[: len(alive) // 2]
        alive, epochs = [alive[place] for place in best], 2 * epochs
    return alive[0]


def summed(count, score):
    alive, epochs, total = list(range(count)), 1, torch.zeros(count)
    while len(alive) > 1:
        for i in alive:
            total[i] += score(i, epochs)
        alive.sort(key=lambda i: -total[i])
        alive, epochs = alive[: len(alive) // 2], 2 * epochs
    return alive[0]


def at_epoch(epochs):
    return lambda count, score: max(range(count), key=lambda i: score(i, epochs(count)))


def only_the_last_sorted(count, score):
    alive, epochs = list(range(count)), 1
    while len(alive) > 2:
        alive, epochs = alive[: len(alive) // 2], 2 * epochs
    return max(alive, key=lambda i: score(i, epochs))


def winning_score(count, score):
    alive, epochs, best = list(range(count)), 1, 0
    while len(alive) > 1:
        alive.sort(key=lambda i: -score(i, epochs))
        best = score(alive[0], epochs)
        alive, epochs = alive[: len(alive) // 2], 2 * epochs
    return best


def all_back(count, score):
    left, epochs = count, 1
    while left > 1:
        order = sorted(range(count), key=lambda i: -score(i, epochs))
        left, epochs = left // 2, 2 * epochs
    return order[0] if count > 1 else 0


def in_pairs(count, score):
    alive, epochs = list(range(count)), 1
    while len(alive) > 1:
        couples = [alive[k : k + 2] for k in range(0, len(alive) - 1, 2)]
        alive = [max(couple, key=lambda i: score(i, epochs)) for couple in couples]
        epochs *= 2
    return alive[0]


def everybody_trained(count, score):
    alive, epochs = list(range(count)), 1
    while len(alive) > 1:
        scores = [score(i, epochs) for i in range(count)]
        alive = sorted(alive, key=lambda i: -scores[i])[: len(alive) // 2]
        epochs *= 2
    return alive[0]


def one_round_more(count, score):
    alive, epochs = list(range(count)), 1
    while True:
        alive.sort(key=lambda i: -score(i, epochs))
        if len(alive) == 1:
            return alive[0]
        alive, epochs = alive[: len(alive) // 2], 2 * epochs


def five_rounds(count, score):
    """The last one may be trained on, as long as there are epochs."""
    alive = list(range(count))
    for epochs in (1, 2, 4, 8, 16):
        alive.sort(key=lambda i: -score(i, epochs))
        alive = alive[: max(1, len(alive) // 2)]
    return alive[0]


def full(count):
    return 2 ** math.ceil(math.log2(count))


HALVING = {
    "worse half": halved(sign=-1),
    "one round is missing": halved(left=2),
    "aren't doubled": halved(grow=lambda e: e),
    "grow by 1": halved(grow=lambda e: e + 1),
    "grow by 2": halved(grow=lambda e: e + 2),
    "threefold": halved(grow=lambda e: 3 * e),
    "begins with 2": halved(first=2),
    "rounded up": halved(up=True),
    "a third": halved(part=3),
    "a quarter": halved(part=4),
    "lose their numbers": renumbered,
    "place among the last": halved(of=lambda alive, epochs, score: 0),
    "first half goes on": only_the_last_sorted,
    "added up": summed,
    "after 1 epoch": at_epoch(lambda count: 1),
    "after the last round's": at_epoch(full),
    "half of the last round's": at_epoch(lambda count: max(full(count) // 2, 1)),
    "winner's score": winning_score,
    "how many there were": lambda count, score: count,
    "begin with 0": halved(of=lambda alive, epochs, score: alive[0] + 1),
    "come back in each round": all_back,
    "play in pairs": in_pairs,
    "after 16 epochs: then": at_epoch(lambda count: 16),
    "out already": everybody_trained,
    "Stop when one is left": one_round_more,
    "in a list": halved(of=lambda alive, epochs, score: alive),
    "asked for setting 8": lambda count, score: score(count, 1),
    "asked for 0 epochs": halved(first=0),
    "None": lambda count, score: None,
}


@pytest.mark.parametrize("message", HALVING)
def test_wrong_halving_is_named(message):
    fails("halving", HALVING[message], message)


# --- log_uniform


def tens(shares, low, high):
    return math.log10(low) + shares * (math.log10(high) - math.log10(low))


LOGS = {
    "even in the numbers": lambda s, a, b: a + (b - a) * s,
    "base 10\\). Raise": tens,
    "Take exp of them": lambda s, a, b: math.log(a) + s * math.log(b / a),
    "base 2\\). Raise": lambda s, a, b: math.log2(a) + s * math.log2(b / a),
    "base 10, the power base e": lambda s, a, b: tens(s, a, b).exp(),
    "base e, the power base 10": lambda s, a, b: 10 ** (math.log(a) + s * math.log(b / a)),
    "base 2, the power base e": lambda s, a, b: (math.log2(a) + s * math.log2(b / a)).exp(),
    "from high to low": lambda s, a, b: b * (a / b) ** s,
    "high isn't divided": lambda s, a, b: a * b**s,
    "low isn't multiplied": lambda s, a, b: (b / a) ** s,
    "low is added where": lambda s, a, b: a + (b / a) ** s,
    "low is added, and": lambda s, a, b: a + (b - a) ** s,
    "difference of the ends where": lambda s, a, b: a * (b - a) ** s,
    "10 is raised to numbers": lambda s, a, b: 10 ** (a + (b - a) * s),
    "e is raised to numbers": lambda s, a, b: (a + (b - a) * s).exp(),
    "squared": lambda s, a, b: a + (b - a) * s**2,
    "high is multiplied": lambda s, a, b: b * (b / a) ** s,
    "1 is subtracted": lambda s, a, b: a * ((b / a) ** s - 1),
    "as they came": lambda s, a, b: s.clone(),
    "only one number": lambda s, a, b: (a * (b / a) ** s).flatten()[0],
    "only their mean": lambda s, a, b: (a * (b / a) ** s).mean(),
    "should be": lambda s, a, b: (a * (b / a) ** s).flatten()[:2],
    "None": lambda s, a, b: None,
}


@pytest.mark.parametrize("message", LOGS)
def test_wrong_magnitudes_are_named(message):
    fails("log_uniform", LOGS[message], message)


# --- right answers


def by_loops(valid, test):
    gaps = []
    for promised, kept in zip(valid.tolist(), test.tolist(), strict=True):
        winner = promised.index(max(promised))
        gaps.append(promised[winner] - kept[winner])
    return sum(gaps) / len(gaps)


def by_arrays(valid, test):
    v, t = valid.numpy(), test.numpy()
    return float((v.max(1) - t[np.arange(len(v)), v.argmax(1)]).mean())


def recursive(count, score, alive=None, epochs=1):
    alive = list(range(count)) if alive is None else alive
    if len(alive) == 1:
        return alive[0]
    alive = sorted(alive, key=lambda i: -score(i, epochs))
    return recursive(count, score, alive[: len(alive) // 2], 2 * epochs)


def with_tensors(count, score):
    alive, epochs = torch.arange(count), 1
    while len(alive) > 1:
        scores = torch.tensor([score(i, epochs) for i in alive])
        alive = alive[scores.topk(len(alive) // 2).indices]
        epochs *= 2
    return alive[0]


def by_argsort(count, score):
    alive = np.arange(count)
    for power in range(100):
        if len(alive) == 1:
            return int(alive[0])
        order = np.argsort([-score(int(i), 2**power) for i in alive])
        alive = alive[order][: len(alive) // 2]


RIGHT = {
    "straight_through": (
        programs.straight_through,
        lambda s: s - s.detach() + s.detach().round(),
        lambda s: (s > 0.5).to(s) + s - s.detach(),
        lambda s: torch.where(s > 0.5, 1 + s - s.detach(), s - s.detach()),
        through(lambda g, s: g),
    ),
    "optimism": (
        search.optimism,
        by_loops,
        by_arrays,
        lambda v, t: gap(v, t).mean(),
        lambda v, t: (v.amax(1) - t.take_along_dim(v.argmax(1, True), 1)[:, 0]).mean().item(),
        lambda v, t: (v - t)[torch.arange(len(v)), v.argmax(1)].mean(),
    ),
    "halving": (search.halving, halved(), recursive, with_tensors, by_argsort, five_rounds),
    "log_uniform": (
        search.log_uniform,
        lambda s, a, b: 10 ** tens(s, a, b),
        lambda s, a, b: torch.exp(math.log(a) + s * (math.log(b) - math.log(a))),
        lambda s, a, b: a ** (1 - s) * b**s,
        lambda s, a, b: np.exp(np.log(a) + s.numpy() * np.log(b / a)),
        lambda s, a, b: torch.tensor(a).log().lerp(torch.tensor(b).log(), s).exp(),
    ),
}


@pytest.mark.parametrize("exercise", RIGHT)
def test_right_answers_pass(exercise, capsys):
    for answer in RIGHT[exercise]:
        getattr(check, exercise)(answer)
        assert "✓" in capsys.readouterr().out
