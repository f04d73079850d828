"""Checks of lab 12: each plausible wrong answer is named, and right ones pass however written."""

import itertools

import numpy as np
import pytest
import torch
from answered import failing

from labkit import play
from labkit.checks import lab12 as check

fails = failing(check)


# --- returns


def backwards(rewards, discount, *, keep=1.0, start=None):
    """The recursion, on an array of the kind of `start`."""
    result = np.zeros(rewards.shape) if start is None else start(rewards)
    later = 0
    for t in range(len(rewards) - 1, -1, -1):
        later = keep * rewards[t] + discount * later
        result[t] = later
    return result


def in_the_array(rewards, discount):
    result = np.zeros_like(rewards)
    result[-1] = rewards[-1]
    for t in range(len(rewards) - 2, -1, -1):
        result[t] = rewards[t] + discount * result[t + 1]
    return result


def forwards(rewards, discount):
    result, before = [], 0
    for row in rewards:
        before = row + discount * before
        result.append(before)
    return np.array(result)


def appended(rewards, discount):
    result, later = [], 0
    for row in rewards[::-1]:
        later = row + discount * later
        result.append(later)
    return np.array(result)


def spoilt(rewards, discount):
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += discount * rewards[t + 1]
    return rewards


def following(rewards, discount):
    right = play.returns(rewards, discount)
    return np.concatenate([right[1:], 0 * right[:1]])


def to_the_second(rewards, discount):
    result = np.zeros(rewards.shape)
    later = 0
    for t in range(len(rewards) - 1, 0, -1):
        result[t] = later = rewards[t] + discount * later
    return result


right = play.returns
RETURNS = {
    "as they came": lambda r, d: r,
    "isn't discounted": lambda r, d: r[::-1].cumsum(0)[::-1],
    "runs forwards: ": forwards,
    "runs forwards, and": lambda r, d: r.cumsum(0),
    "whole game's return": lambda r, d: np.tile(right(r, d)[0], (len(r), 1)),
    "whole game's rewards": lambda r, d: np.tile(r.sum(0), (len(r), 1)),
    "order is reversed": appended,
    "own reward is missing: ": lambda r, d: d * following(r, d),
    "next one counts in full": following,
    "own reward is discounted": lambda r, d: backwards(r, d, keep=d),
    "from the beginning of the game": lambda r, d: (r * d ** np.arange(len(r))[:, None])[
        ::-1
    ].cumsum(0)[::-1],
    "only the next reward": lambda r, d: np.concatenate([r[:-1] + d * r[1:], r[-1:]]),
    "squared": lambda r, d: right(r, d * d),
    "steps that are left": lambda r, d: right(r, d) / np.arange(len(r), 0, -1)[:, None],
    "number of steps": lambda r, d: right(r, d) / len(r),
    "mean is taken off": lambda r, d: right(r, d) - right(r, d).mean(),
    "mean 0 and spread 1": lambda r, d: (
        (right(r, d) - right(r, d).mean()) / (right(r, d).std() + 1e-8)
    ),
    "games are mixed": lambda r, d: np.tile(right(r, d).mean(1)[:, None], (1, r.shape[1])),
    "games are added up": lambda r, d: right(r, d).sum(1),
    "not over time": lambda r, d: right(r.T, d).T,
    "cut to whole numbers: ": lambda r, d: backwards(r, d, start=np.zeros_like),
    "cut to whole numbers at each step": in_the_array,
    "first step is left out": to_the_second,
    "last step is left out": lambda r, d: right(r, d) * (np.arange(len(r))[:, None] < len(r) - 1),
    "taken away": lambda r, d: right(r, -d),
    "adds up forwards": lambda r, d: r.cumsum(0)[::-1],
    "fixed at 0.99": lambda r, d: right(r, 0.99),
    "`return` stands inside": lambda r, d: np.concatenate([0 * r[:-1], r[-1:]]),
    "each later reward counts the discount once": lambda r, d: (
        r + d * (r[::-1].cumsum(0)[::-1] - r)
    ),
    "all later rewards, and": lambda r, d: d * r[::-1].cumsum(0)[::-1],
    "in place.*x.copy": spoilt,
    "None": lambda r, d: None,
}


@pytest.mark.parametrize("message", RETURNS)
def test_wrong_returns_are_named(message):
    fails("returns", RETURNS[message], message)


# --- puct


def scores(q=None, root=None, divisor=None, prior=None, c=None):
    """puct with a part of it exchanged."""

    def answer(visits, total, given, curiosity):
        mean = total / np.maximum(visits, 1) if q is None else q(visits, total)
        everything = visits.sum(1, keepdims=True)
        above = np.sqrt(1 + everything) if root is None else root(visits, everything)
        below = 1 + visits if divisor is None else divisor(visits)
        chance = given if prior is None else prior(given)
        return mean + (curiosity if c is None else c) * chance * above / below

    return answer


def mean_of(visits, total):
    return total / np.maximum(visits, 1)


def bonus(visits, total, prior, c):
    return play.puct(visits, 0 * total, prior, c)


def slow(visits, total, prior, c):
    result = np.zeros(visits.shape)
    for g in range(len(visits)):
        for m in range(visits.shape[1]):
            tried = max(visits[g, m], 1)
            root = np.sqrt(1 + sum(visits[g, k] for k in range(visits.shape[1])))
            result[g, m] = total[g, m] / tried + c * prior[g, m] * root / (1 + visits[g, m])
    return result


@np.errstate(all="ignore")
def undefined(visits, total, prior, c):
    return total / visits + bonus(visits, total, prior, c)


@np.errstate(all="ignore")
def rootless(visits, total, prior, c):
    return np.sqrt(total) + bonus(visits, total, prior, c)


PUCT = {
    "mean value alone": lambda n, w, p, c: mean_of(n, w),
    "bonus alone": bonus,
    "isn't divided by the visits": scores(q=lambda n, w: w),
    "divided by 1 \\+ visits. By": scores(q=lambda n, w: w / (1 + n)),
    "divided by all visits": scores(q=lambda n, w: w / np.maximum(n.sum(1, keepdims=True), 1)),
    "c is missing": scores(c=1),
    "fixed at 1.5": scores(c=1.5),
    "Look at the brackets": lambda n, w, p, c: (
        (mean_of(n, w) + c * p * np.sqrt(1 + n.sum(1, keepdims=True))) / (1 + n)
    ),
    "divides by 1 and adds": scores(q=lambda n, w: mean_of(n, w) + n, divisor=lambda n: 1),
    "prior is missing": scores(prior=np.ones_like),
    "prior is multiplied": lambda n, w, p, c: p * mean_of(n, w) + bonus(n, w, p, c),
    "c is multiplied": lambda n, w, p, c: c * mean_of(n, w) + bonus(n, w, p, c),
    "root is missing": scores(root=lambda n, s: 1 + s),
    "no 1 under the root": scores(root=lambda n, s: np.sqrt(s)),
    "never gets smaller": scores(divisor=lambda n: 1),
    "not by 1 \\+ visits": scores(divisor=lambda n: np.maximum(n, 1)),
    "stands under the root, too": scores(
        root=lambda n, s: np.sqrt((1 + s) / (1 + n)), divisor=lambda n: 1
    ),
    "move's own visits": scores(root=lambda n, s: np.sqrt(1 + n)),
    "visits of all games": scores(root=lambda n, s: np.sqrt(1 + n.sum())),
    "axis 0": scores(root=lambda n, s: np.sqrt(1 + n.sum(0))),
    "mean of the visits": scores(root=lambda n, s: np.sqrt(1 + n.mean(1, keepdims=True))),
    "most visits": scores(root=lambda n, s: np.sqrt(1 + n.max(1, keepdims=True))),
    "\\(UCB\\). ": lambda n, w, p, c: (
        mean_of(n, w) + c * np.sqrt(np.log(1 + n.sum(1, keepdims=True)) / (1 + n))
    ),
    "\\(UCB\\), times": lambda n, w, p, c: (
        mean_of(n, w) + c * p * np.sqrt(np.log(1 + n.sum(1, keepdims=True)) / (1 + n))
    ),
    "logarithm in place": scores(root=lambda n, s: np.log(1 + s)),
    "taken away": lambda n, w, p, c: mean_of(n, w) - bonus(n, w, p, c),
    "wrong sign": lambda n, w, p, c: bonus(n, w, p, c) - mean_of(n, w),
    "multiplied: add": lambda n, w, p, c: bonus(n, w, p, c) * mean_of(n, w),
    "belongs under it": scores(root=lambda n, s: 1 + np.sqrt(s)),
    "move to make": lambda *given: play.puct(*given).argmax(1),
    "only the best": lambda *given: play.puct(*given).max(1),
    "by their sum": lambda *given: play.puct(*given) / play.puct(*given).sum(1, keepdims=True),
    "0 / 0": undefined,
    "nan among": rootless,
    "ten thousand": slow,
}


@pytest.mark.parametrize("message", PUCT)
@pytest.mark.filterwarnings("ignore")
def test_wrong_scores_are_named(message):
    fails("puct", PUCT[message], message)


# --- backup


def credit(sign, *, inside=True):
    """backup by `sign(step, length, longest)`, 0 behind the end of a way unless told."""

    def answer(values, lengths):
        longest = int(lengths.max())
        result = np.zeros((len(values), longest))
        for i, (value, length) in enumerate(zip(values, lengths, strict=True)):
            for t in range(length if inside else longest):
                result[i, t] = value * sign(t, length, longest)
        return result

    return answer


def wide(extra):
    def answer(values, lengths):
        found = play.backup(values, lengths)
        return np.concatenate([found, extra(values, lengths)[:, None]], 1)

    return answer


def whole(values, lengths):
    result = np.zeros((len(values), lengths.max()), dtype=lengths.dtype)
    for i in range(len(values)):
        for t in range(lengths[i]):
            result[i, t] = values[i] * (-1) ** (lengths[i] - t)
    return result


backed = play.backup
BACKUP = {
    "never changes": credit(lambda t, n, m: 1),
    "changes once": credit(lambda t, n, m: -1),
    "signs are swapped": credit(lambda t, n, m: -((-1) ** (n - t))),
    "from the root, \\+": credit(lambda t, n, m: (-1) ** t),
    "from the root, -": credit(lambda t, n, m: -((-1) ** t)),
    "only the first move": credit(lambda t, n, m: (-1) ** n * (t == 0)),
    "only the last move": credit(lambda t, n, m: -(t == n - 1)),
    "should be 0": credit(lambda t, n, m: (-1) ** (n - t), inside=False),
    "games are counted from the longest": credit(lambda t, n, m: (-1) ** (m - t), inside=False),
    "Count from the new position": credit(lambda t, n, m: (-1) ** (m - t)),
    "one value too many": lambda v, n: np.where(
        np.arange(n.max()) <= n[:, None],
        v[:, None] * (-1.0) ** (n[:, None] - np.arange(n.max())),
        0,
    ),
    "move t stands in column t": lambda v, n: np.stack(
        [np.roll(row, n.max() - k) for row, k in zip(backed(v, n), n, strict=True)]
    ),
    "are swapped: one row": lambda v, n: backed(v, n).T,
    "whole numbers": whole,
    "only the signs": lambda v, n: np.sign(backed(v, n)),
    "plain signs": lambda v, n: backed(np.ones_like(v), n),
    "the same sign": lambda v, n: np.abs(backed(v, n)),
    "length of the way": lambda v, n: backed(v, n) / n[:, None],
    "gets smaller": credit(lambda t, n, m: (-1) ** (n - t) / (n - t)),
    "not 1 - value": lambda v, n: np.where(
        np.arange(n.max()) < n[:, None],
        np.where((n[:, None] - np.arange(n.max())) % 2 == 1, 1 - v[:, None], v[:, None]),
        0,
    ),
    "column too many": wide(lambda v, n: 0 * v),
    "too many: the new": wide(lambda v, n: np.where(n == n.max(), v, 0)),
    "column too few": lambda v, n: backed(v, n)[:, :-1],
    "the first move's": lambda v, n: backed(v, n)[:, 0],
    "None": lambda v, n: None,
}


@pytest.mark.parametrize("message", BACKUP)
def test_wrong_credit_is_named(message):
    fails("backup", BACKUP[message], message)


# --- share_optimal


def chosen_of(columns, results):
    return results[np.arange(len(columns)), columns]


def differing(columns, results):
    best = results.max(1, keepdims=True)
    differ = (results == best).sum(1) < (results != play.FULL).sum(1)
    good = chosen_of(columns, results) == best[:, 0]
    return good[differ].mean() if differ.any() else 0.0


SHARES = {
    "compares the column with argmax": lambda c, r: (c == r.argmax(1)).mean(),
    "one of several best": lambda c, r: (c == r.shape[1] - 1 - r[:, ::-1].argmax(1)).mean(),
    "moves that win": lambda c, r: (chosen_of(c, r) == 1).mean(),
    "don't lose": lambda c, r: (chosen_of(c, r) >= 0).mean(),
    "result of all positions": lambda c, r: (chosen_of(c, r) == r.max()).mean(),
    "mean result of the moves": lambda c, r: chosen_of(c, r).mean(),
    "`columns` isn't used": lambda c, r: r.max(1).mean(),
    "give away": lambda c, r: (r.max(1) - chosen_of(c, r)).mean(),
    "number of positions": lambda c, r: (chosen_of(c, r) == r.max(1)).sum(),
    "per cent": lambda c, r: 100 * play.share_optimal(c, r),
    "worse than the best": lambda c, r: (chosen_of(c, r) != r.max(1)).mean(),
    "take the mean": lambda c, r: chosen_of(c, r) == r.max(1),
    "share of all moves": lambda c, r: (r == r.max(1, keepdims=True)).mean(),
    "share of open columns": lambda c, r: (
        (r == r.max(1, keepdims=True)).sum() / (r != play.FULL).sum()
    ),
    "column before": lambda c, r: (chosen_of(c - 1, r) == r.max(1)).mean(),
    "every chosen column": lambda c, r: (r[:, c] == r.max(1, keepdims=True)).mean(),
    "compares every chosen column": lambda c, r: (r[:, c] == r.max(1)).mean(),
    "without their signs": lambda c, r: (np.abs(chosen_of(c, r)) == np.abs(r).max(1)).mean(),
    "worst moves": lambda c, r: (chosen_of(c, r) == r.min(1)).mean(),
    "better than the mean": lambda c, r: (chosen_of(c, r) > r.mean(1)).mean(),
    "leaves positions out": differing,
    "none counts for it": lambda c, r: ((chosen_of(c, r) == r.max(1)) & (r.max(1) > -1)).mean(),
    "leaves the last": lambda c, r: (chosen_of(c, r) == r.max(1))[:-1].mean(),
    "None": lambda c, r: None,
}


@pytest.mark.parametrize("message", SHARES)
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_share_is_named(message):
    fails("share_optimal", SHARES[message], message)


# --- right answers, written otherwise


def by_powers(rewards, discount):
    later = np.arange(len(rewards))[None] - np.arange(len(rewards))[:, None]
    return np.where(later >= 0, float(discount) ** np.maximum(later, 0), 0) @ rewards


def by_torch(rewards, discount):
    result, later = torch.zeros(rewards.shape, dtype=torch.float64), 0
    for t in reversed(range(len(rewards))):
        result[t] = later = torch.from_numpy(rewards)[t] + discount * later
    return result


def by_sums(rewards, discount):
    times = range(len(rewards))
    return [
        [sum(discount ** (k - t) * rewards[k, g] for k in times if k >= t) for g in range(n)]
        for t in times
        for n in [rewards.shape[1]]
    ]


def collected(rewards, discount):
    result = [rewards[-1]]
    for row in rewards[-2::-1]:
        result.insert(0, row + discount * result[0])
    return np.stack(result)


def filled(rewards, discount):
    result = rewards.astype(float)
    for t in range(len(rewards) - 2, -1, -1):
        result[t] += discount * result[t + 1]
    return result


def where(visits, total, prior, c):
    mean = np.where(visits > 0, total / np.where(visits > 0, visits, 1), 0)
    return mean + (1 + visits) ** -1 * (c * prior) * (1 + visits.sum(1))[:, None] ** 0.5


def divided(visits, total, prior, c):
    mean = np.divide(total, visits, out=np.zeros_like(total), where=visits > 0)
    return mean + np.einsum("gm,g->gm", c * prior / (1 + visits), np.sqrt(1 + visits.sum(-1)))


@np.errstate(all="ignore")
def mended(visits, total, prior, c):
    return np.nan_to_num(total / visits) + bonus(visits, total, prior, c)


def torch_puct(visits, total, prior, c):
    n, w, p = map(torch.from_numpy, (visits, total, prior))
    return w / n.clamp_min(1) + c * p * (1 + n.sum(1, keepdim=True)).sqrt() / (1 + n)


def flipping(values, lengths):
    result = np.zeros((len(values), lengths.max()))
    value = values.copy()
    for t in range(lengths.max() - 1, -1, -1):
        inside = t < lengths
        value = np.where(inside, -value, value)
        result[:, t] = np.where(inside, value, 0)
    return result


def reversed_path(values, lengths):
    rows = []
    for value, length in zip(values, lengths, strict=True):
        way = []
        for _ in range(length):
            value = -value
            way.insert(0, value)
        rows.append(way + [0] * (lengths.max() - length))
    return rows


def by_grid(values, lengths):
    left = lengths[:, None] - np.arange(lengths.max())[None]
    return np.einsum("g,gt->gt", values, np.cos(np.pi * left) * (left > 0))


def recursive(rewards, discount):
    if len(rewards) == 0:
        return rewards.astype(float)
    rest = recursive(rewards[1:], discount)
    later = rest[:1] if len(rest) else 0
    return np.concatenate([rewards[:1] + discount * later, rest])


def accumulated(rewards, discount):
    ways = itertools.accumulate(rewards[::-1], lambda later, now: now + discount * later)
    return np.array(list(ways))[::-1]


def by_games(rewards, discount):
    columns = [returns_of(column, discount) for column in rewards.T]
    return np.stack(columns, 1)


def returns_of(rewards, discount):
    powers = float(discount) ** np.arange(len(rewards))
    return [float(rewards[t:] @ powers[: len(rewards) - t]) for t in range(len(rewards))]


def by_filter(rewards, discount):
    from scipy.signal import lfilter

    return lfilter([1], [1, -discount], rewards[::-1], axis=0)[::-1]


def shifted(rewards, discount):
    result, moved = rewards.astype(float), rewards.astype(float)
    for _ in range(len(rewards)):
        moved = discount * np.concatenate([moved[1:], np.zeros_like(moved[:1])])
        result = result + moved
    return result


def masked(visits, total, prior, c):
    mean = np.zeros_like(total)
    mean[visits > 0] = total[visits > 0] / visits[visits > 0]
    return mean + c * prior * np.sqrt(1 + np.sum(visits, axis=1, keepdims=True)) / (1 + visits)


def turned(visits, total, prior, c):
    n, w, p = visits.T, total.T, prior.T
    return (w / np.clip(n, 1, None) + c * p * np.hypot(1, np.sqrt(n.sum(0))) / (n + 1)).T


def by_tiny(visits, total, prior, c):
    return total / (visits + 1e-12) + bonus(visits, total, prior, c)


def products(values, lengths):
    left = lengths[:, None] - np.arange(lengths.max())
    return values[:, None] * np.power(-1.0, left) * (left > 0)


def by_steps(values, lengths):
    result = np.zeros((len(values), lengths.max()))
    for back in range(1, lengths.max() + 1):
        here = lengths >= back
        result[here, lengths[here] - back] = (-1) ** back * values[here]
    return result


RIGHT = {
    "returns": [
        by_powers,
        by_torch,
        by_sums,
        collected,
        filled,
        recursive,
        accumulated,
        by_games,
        by_filter,
        shifted,
        lambda r, d: play.returns(r, d).astype("f4"),
    ],
    "puct": [
        where,
        divided,
        mended,
        torch_puct,
        masked,
        turned,
        by_tiny,
        lambda *given: play.puct(*given).astype("f4"),
        lambda n, w, p, c: np.array([*map(np.add, mean_of(n, w), bonus(n, w, p, c))]),
        lambda n, w, p, c: np.asfortranarray(mean_of(n, w) + bonus(n, 0 * w, c * p, 1)),
    ],
    "backup": [
        products,
        by_steps,
        lambda v, n: backed(v, n).astype("f4"),
        lambda v, n: backed(v, n).tolist(),
        lambda v, n: np.array([[*row] for row in backed(v, n)]),
        lambda v, n: -backed(-v, n),
        flipping,
        reversed_path,
        by_grid,
        credit(lambda t, n, m: (-1) ** (n - t)),
        lambda v, n: torch.from_numpy(backed(v, n)).float(),
    ],
    "share_optimal": [
        lambda c, r: (np.take_along_axis(r, c[:, None], 1)[:, 0] == r.max(1)).mean(),
        lambda c, r: 1 - (chosen_of(c, r) < r.max(1)).mean(),
        lambda c, r: np.average(r.max(axis=1) == [row[i] for row, i in zip(r, c, strict=True)]),
        lambda c, r: np.float32((r.max(1) - chosen_of(c, r) == 0).mean()),
        lambda c, r: (
            (torch.from_numpy(chosen_of(c, r)) == torch.from_numpy(r).amax(1)).double().mean()
        ),
        lambda c, r: np.mean([c[i] in np.flatnonzero(r[i] == r[i].max()) for i in range(len(c))]),
        lambda c, r: np.mean(chosen_of(c, r) >= r.max(1)),
        lambda c, r: sum(r[i, c[i]] == max(r[i]) for i in range(len(c))) / len(c),
        lambda c, r: float((np.choose(c, r.T) == r.max(1)).mean()),
        lambda c, r: torch.tensor(play.share_optimal(c, r)),
        lambda c, r: np.count_nonzero(np.diag(r[:, c]) == np.amax(r, axis=-1)) / len(r),
    ],
}
EVERY = [(name, i) for name, answers in RIGHT.items() for i in range(len(answers))]


@pytest.mark.parametrize("name, number", EVERY)
def test_right_answers_pass_however_written(name, number, capsys):
    getattr(check, name)(RIGHT[name][number])
    assert "✓" in capsys.readouterr().out
