"""Checks of lab 17: each plausible wrong answer is named, and other right spellings pass."""

import math

import numpy as np
import pytest
import torch
from answered import failing, passing
from sklearn.metrics import cohen_kappa_score
from torch.nn import functional as F

from labkit.checks import lab17 as check
from labkit.labels import active, crowd, selfsup

fails = failing(check)
passes = passing(check)


# --- kappa


def agreement(a, b):
    return (a == b).float().mean()


def shares(a, b):
    kinds = torch.cat([a, b]).unique()
    return [torch.stack([(x == k).float().mean() for k in kinds]) for x in (a, b)]


def with_luck(luck):
    """kappa with another idea of luck: luck(first's shares, second's)."""

    def answer(a, b):
        by_luck = luck(*shares(a, b))
        return (agreement(a, b) - by_luck) / (1 - by_luck)

    return answer


def parts(formula):
    """kappa by another formula of agreement and luck."""

    def answer(a, b):
        one, two = shares(a, b)
        return formula(agreement(a, b), (one * two).sum())

    return answer


KAPPAS = {
    "plain agreement": agreement,
    "this is the agreement by luck": parts(lambda o, e: e),
    "share on which they differ": lambda a, b: 1 - agreement(a, b),
    "isn't divided by what was possible": parts(lambda o, e: o - e),
    "sign is turned round": parts(lambda o, e: (e - o) / (1 - e)),
    "divided by luck. Divide": parts(lambda o, e: (o - e) / e),
    "divided by the agreement": parts(lambda o, e: (o - e) / o),
    "ratio of agreement to luck": parts(lambda o, e: o / e),
    "brackets are missing: \\(agreement": parts(lambda o, e: o - e / (1 - e)),
    "1 / classes": with_luck(lambda p, q: 1 / len(p)),
    "first rater's shares alone": with_luck(lambda p, q: (p * p).sum()),
    "second rater's shares alone": with_luck(lambda p, q: (q * q).sum()),
    "Scott's pi": with_luck(lambda p, q: (((p + q) / 2) ** 2).sum()),
    "mean over the classes": with_luck(lambda p, q: (p * q).mean()),
    "first kind only": with_luck(lambda p, q: p[0] * q[0]),
    "last kind only": with_luck(lambda p, q: p[-1] * q[-1]),
    "most frequent label": with_luck(lambda p, q: p.max()),
    "two largest shares": with_luck(lambda p, q: p.max() * q.max()),
    "correlation": lambda a, b: torch.corrcoef(torch.stack([a, b]).float())[0, 1],
    "such as -1": lambda a, b: with_luck(
        lambda p, q: sum((a == k).float().mean() * (b == k).float().mean() for k in range(9))
    )(a, b),
    "in place of shares": lambda a, b: with_luck(lambda p, q: (p * q).sum() * len(a) ** 2)(a, b),
    "once too few": lambda a, b: with_luck(lambda p, q: (p * q).sum() * len(a))(a, b),
    "one number, but has the shape": lambda a, b: (a == b).float(),
    "is None": lambda a, b: None,
    "stopped with RuntimeError": lambda a, b: parts(lambda o, e: o)(a, b.bincount()),
}


@pytest.mark.parametrize("message", KAPPAS)
def test_a_wrong_kappa_is_named(message):
    fails("kappa", KAPPAS[message], message)


def kappa_by_table(a, b):
    kinds = sorted({*a.tolist(), *b.tolist()})
    table = np.array([[np.mean((a == i).numpy() & (b == j).numpy()) for j in kinds] for i in kinds])
    luck = table.sum(0) @ table.sum(1)
    return float((np.trace(table) - luck) / (1 - luck))


def kappa_by_pairs(a, b):
    """Luck is how often anybody's label of the first equals anybody's of the second."""
    luck = (a[:, None] == b[None]).double().mean()
    return ((a == b).double().mean() - luck) / (1 - luck)


RIGHT_KAPPAS = {
    "labkit's": crowd.kappa,
    "scikit-learn's": lambda a, b: cohen_kappa_score(a.numpy(), b.numpy()),
    "a table": kappa_by_table,
    "pairs": kappa_by_pairs,
    "shares": with_luck(lambda p, q: p @ q),
    "1 - disagreement": parts(lambda o, e: 1 - (1 - o) / (1 - e)),
    "einsum": with_luck(lambda p, q: torch.einsum("k,k->", p, q)),
    "python": lambda a, b: with_luck(
        lambda p, q: sum(x * y for x, y in zip(p.tolist(), q.tolist(), strict=True))
    )(a, b).item(),
}


@pytest.mark.parametrize("name", RIGHT_KAPPAS)
def test_a_right_kappa_passes(name, capsys):
    passes("kappa", RIGHT_KAPPAS[name], capsys)


# --- e_step


def logs(votes, prior, confusion, pick=None, skip=True):
    """Logarithms of the joint probabilities, rater by rater; pick(confusion, w, v) -> (K,)."""
    pick = pick or (lambda c, w, v: c[w, :, v])
    rows = []
    for row in votes.tolist():
        total = prior.log()
        for w, v in enumerate(row):
            if v >= 0 or not skip:
                total = total + pick(confusion, w, v).log()
        rows.append(total)
    return torch.stack(rows)


def stepped(end, **options):
    return lambda v, p, c: end(logs(v, p, c, **options))


def soft(x):
    return x.softmax(1)


def multiplied(v, p, c):
    result = p.expand(len(v), -1).clone()
    for w in range(v.shape[1]):
        asked = v[:, w] >= 0
        result[asked] *= c[w][:, v[asked, w]].T
    return result / result.sum(1, keepdim=True)


def hard(x):
    return F.one_hot(x.argmax(1), x.shape[1])


def vote_shares(v, p, c):
    counted = crowd.counts(v, len(p))
    return counted / counted.sum(1, keepdim=True)


STEPS = {
    "transposed": stepped(soft, pick=lambda c, w, v: c[w, v]),
    "for the last class": stepped(soft, skip=False),
    "for class 0": stepped(soft, skip=False, pick=lambda c, w, v: c[w, :, max(v, 0)]),
    "prior is missing": lambda v, p, c: soft(logs(v, torch.ones_like(p), c)),
    "once for each rater": lambda v, p, c: soft(
        logs(v, torch.ones_like(p), c) + (v >= 0).sum(1, keepdim=True) * p.log()
    ),
    "added as it is": lambda v, p, c: soft(logs(v, torch.ones_like(p), c) + p),
    "prior alone": lambda v, p, c: p.expand(len(v), -1),
    "logarithms of prior times": logs,
    "in place of log_softmax": stepped(lambda x: x.log_softmax(1)),
    "don't add up to 1": stepped(torch.exp),
    "after exp, divide": stepped(lambda x: (x - x.amax(1, keepdim=True)).exp()),
    "divided by their sum: first exp": stepped(lambda x: x / x.sum(1, keepdim=True)),
    "columns add up": stepped(lambda x: x.softmax(0)),
    "all numbers together": stepped(lambda x: x.flatten().softmax(0).view_as(x)),
    "swapped: \\(N, K\\)": stepped(lambda x: soft(x).T),
    "averaged over the raters": lambda v, p, c: soft(
        logs(v, torch.ones_like(p), c) / (v >= 0).sum(1, keepdim=True) + p.log()
    ),
    "shares of the votes": vote_shares,
    "most probable class is left": stepped(hard),
    "number of the most probable": stepped(lambda x: x.argmax(1)),
    "first one's confusion": stepped(soft, pick=lambda c, w, v: c[0, :, v]),
    "mean confusion": stepped(soft, pick=lambda c, w, v: c.mean(0)[:, v]),
    "has a minus": stepped(lambda x: soft(-x)),
    "last rater is missing": lambda v, p, c: soft(logs(v[:, :-1], p, c[:-1])),
    "is 0 for a computer": multiplied,
    "one tensor|should be": lambda v, p, c: soft(logs(v, p, c))[:1],
    "is None": lambda v, p, c: None,
}


@pytest.mark.parametrize("message", STEPS)
def test_a_wrong_e_step_is_named(message):
    fails("e_step", STEPS[message], message)


def by_index(v, p, c):
    """All at once: rater w's row of the vote, 0 where nobody was asked."""
    chosen = c.log()[torch.arange(v.shape[1]), :, v.clamp_min(0)]  # (N, W, K)
    joint = p.log() + (chosen * (v >= 0)[..., None]).sum(1)
    return (joint - joint.logsumexp(1, keepdim=True)).exp()


def in_numpy(v, p, c):
    v, p, c = v.numpy(), p.numpy().astype(float), c.numpy().astype(float)
    joint = np.log(p) + sum(
        np.where((v[:, [w]] >= 0), np.log(c[w])[:, v[:, w]].T, 0) for w in range(v.shape[1])
    )
    joint = np.exp(joint - joint.max(1, keepdims=True))
    return joint / joint.sum(1, keepdims=True)


RIGHT_STEPS = {
    "labkit's": crowd.e_step,
    "loops": stepped(soft),
    "index": by_index,
    "numpy": in_numpy,
    "double": lambda v, p, c: crowd.e_step(v, p.double(), c.double()),
    "exp of log_softmax": stepped(lambda x: x.log_softmax(1).exp()),
    "class by class": lambda v, p, c: torch.stack(list(soft(logs(v, p, c)).T), 1),
    "list": lambda v, p, c: soft(logs(v, p, c)).tolist(),
}


@pytest.mark.parametrize("name", RIGHT_STEPS)
def test_a_right_e_step_passes(name, capsys):
    passes("e_step", RIGHT_STEPS[name], capsys)


# --- nt_xent


def cosines(a, b, normalise=True, dim=1):
    views = torch.cat([a, b])
    views = F.normalize(views, dim=dim) if normalise else views
    return views @ views.T


def masked(scores, value=-math.inf):
    return scores.masked_fill(torch.eye(len(scores), dtype=torch.bool), value)


def partners(count):
    return torch.arange(2 * count).roll(count)


def scored(change, **options):
    """nt_xent of other scores: change(cosines, temperature)."""

    def answer(a, b, t):
        return F.cross_entropy(change(cosines(a, b, **options), t), partners(len(a)))

    return answer


right_loss = selfsup.nt_xent


def each(a, b, t):
    return F.cross_entropy(masked(cosines(a, b) / t), partners(len(a)), reduction="none")


def across(a, b, t):
    return F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / t


def no_partner_below(a, b, t):
    scores = masked(cosines(a, b) / t)
    rows, friend = torch.arange(len(scores)), partners(len(a))
    own = scores[rows, friend]
    scores = scores.clone()
    scores[rows, friend] = -math.inf
    return (scores.logsumexp(1) - own).mean()


LOSSES = {
    "compared with itself": scored(lambda s, t: s / t),
    "diagonal is 0": scored(lambda s, t: masked(s / t, 0.0)),
    "labels are the partners": lambda a, b, t: F.cross_entropy(
        cosines(a, b) / t, torch.arange(2 * len(a))
    ),
    "partner is the next row": lambda a, b, t: F.cross_entropy(
        masked(cosines(a, b) / t), torch.arange(2 * len(a)) ^ 1
    ),
    "brought to length 1": scored(lambda s, t: masked(s / t), normalise=False),
    "normalised over the batch": scored(lambda s, t: masked(s / t), dim=0),
    "temperature is missing": scored(lambda s, t: masked(s)),
    "multiplied by the temperature": scored(lambda s, t: masked(s * t)),
    "temperature divides the loss": lambda a, b, t: (
        F.cross_entropy(masked(cosines(a, b)), partners(len(a))) / t
    ),
    "square root of the temperature": scored(lambda s, t: masked(s / t**0.5)),
    "added up: take": lambda *given: each(*given).sum(),
    "divided by B": lambda a, b, t: each(a, b, t).sum() / len(a),
    "aren't averaged": each,
    "sign is wrong": lambda *given: -right_loss(*given),
    "cosines have a minus": scored(lambda s, t: masked(-s / t)),
    "only the first views": lambda a, b, t: each(a, b, t)[: len(a)].mean(),
    "only the second views": lambda a, b, t: each(a, b, t)[len(a) :].mean(),
    "only one way": lambda a, b, t: F.cross_entropy(across(a, b, t), torch.arange(len(a))),
    "other side are compared: all": lambda a, b, t: (
        (
            F.cross_entropy(across(a, b, t), torch.arange(len(a)))
            + F.cross_entropy(across(a, b, t).T, torch.arange(len(a)))
        )
        / 2
    ),
    "missing below the stroke": no_partner_below,
    "distances are used": lambda a, b, t: F.cross_entropy(
        masked(-torch.cdist(*[F.normalize(torch.cat([a, b]), dim=1)] * 2) / t), partners(len(a))
    ),
    "nothing pushes": lambda a, b, t: -F.cosine_similarity(a, b).mean() / t,
    "no gradient": lambda *given: right_loss(*given).item(),
    "have no gradient": lambda *given: right_loss(*given).detach(),
    "slope of the loss": lambda a, b, t: right_loss(a, b.detach(), t),
    "is None": lambda *given: None,
}


@pytest.mark.parametrize("message", LOSSES)
def test_a_wrong_loss_is_named(message):
    fails("nt_xent", LOSSES[message], message)


def by_hand(a, b, t):
    views = torch.cat([a, b])
    views = views / views.norm(dim=1, keepdim=True)
    total = 0
    for i in range(len(views)):
        alike = torch.stack([views[i] @ other / t for other in views])
        rest = torch.cat([alike[:i], alike[i + 1 :]])
        total = total + rest.logsumexp(0) - alike[(i + len(a)) % len(views)]
    return total / len(views)


def without_own_column(a, b, t):
    scores, size = cosines(a, b) / t, 2 * len(a)
    rest = scores[~torch.eye(size, dtype=torch.bool)].view(size, size - 1)
    places = torch.cat([torch.arange(len(a)) + len(a) - 1, torch.arange(len(a))])
    return F.cross_entropy(rest, places)


def by_exponentials(a, b, t):
    heights = (cosines(a, b) / t).exp() * (1 - torch.eye(2 * len(a)))
    partner = heights[torch.arange(2 * len(a)), partners(len(a))]
    return -(partner / heights.sum(1)).log().mean()


RIGHT_LOSSES = {
    "labkit's": right_loss,
    "loops": by_hand,
    "cut out": without_own_column,
    "exponentials": by_exponentials,
    "-1e9": scored(lambda s, t: masked(s / t, -1e9)),
    "fill_diagonal_": scored(lambda s, t: (s / t).clone().fill_diagonal_(-math.inf)),
    "cosine_similarity": lambda a, b, t: F.cross_entropy(
        masked(F.cosine_similarity(torch.cat([a, b])[:, None], torch.cat([a, b])[None], dim=2) / t),
        partners(len(a)),
    ),
    "double": lambda a, b, t: right_loss(a.double(), b.double(), t),
    "mean of each": lambda *given: each(*given).mean(),
}


@pytest.mark.parametrize("name", RIGHT_LOSSES)
def test_a_right_loss_passes(name, capsys):
    passes("nt_xent", RIGHT_LOSSES[name], capsys)


# --- unsure


def margins(p):
    best = p.topk(2, dim=1).values
    return best[:, 0] - best[:, 1]


def first_of(values):
    return lambda p, count: values(p).argsort()[:count]


def entropy(p):
    return -(p * p.log()).sum(1)


UNSURE = {
    "most sure": first_of(lambda p: -margins(p)),
    "best class is least probable": first_of(lambda p: p.max(1).values),
    "best class is most probable": first_of(lambda p: -p.max(1).values),
    "largest entropy": first_of(lambda p: -entropy(p)),
    "smallest entropy": first_of(entropy),
    "second class is most probable": first_of(lambda p: -p.topk(2).values[:, 1]),
    "class 0 and class 1": first_of(lambda p: (p[:, 0] - p[:, 1]).abs()),
    "class 0 minus class 1": first_of(lambda p: p[:, 0] - p[:, 1]),
    "last two classes": first_of(lambda p: (p[:, -1] - p[:, -2]).abs()),
    "best and the worst": first_of(lambda p: p.max(1).values - p.min(1).values),
    "best and the third": first_of(lambda p: p.max(1).values - p.topk(3).values[:, 2]),
    "two worst": first_of(lambda p: p.sort(1).values[:, 1] - p.sort(1).values[:, 0]),
    "first rows": lambda p, count: torch.arange(count),
    "last rows": lambda p, count: torch.arange(len(p))[-count:],
    "all rows came": lambda p, count: margins(p).argsort(),
    "one row too many": lambda p, count: margins(p).argsort()[: count + 1],
    "one row too few": lambda p, count: margins(p).argsort()[: count - 1],
    "one best row": lambda p, count: margins(p).argmin()[None],
    "yes or no": lambda p, count: margins(p) < 0.1,
    "numbers of rows": lambda p, count: margins(p).sort().values[:count],
    "there twice": lambda p, count: margins(p).argsort()[:1].repeat(3)[: max(count, 2)],
    "flatten it": lambda p, count: margins(p).argsort()[:count, None],
    "is None": lambda p, count: None,
}


@pytest.mark.parametrize("message", UNSURE)
def test_wrong_rows_are_named(message):
    fails("unsure", UNSURE[message], message)


RIGHT_ROWS = {
    "labkit's": active.unsure,
    "topk": lambda p, count: margins(p).topk(count, largest=False).indices,
    "sort": first_of(lambda p: p.sort(1).values[:, -1] - p.sort(1).values[:, -2]),
    "numpy": lambda p, count: np.argsort(-np.diff(np.sort(p.numpy(), 1)[:, ::-1][:, :2])[:, 0])[
        ::-1
    ][::-1][:count],
    "another order": lambda p, count: margins(p).argsort()[:count].flip(0),
    "list": lambda p, count: sorted(range(len(p)), key=lambda i: float(margins(p)[i]))[:count],
    "kthvalue": lambda p, count: (
        (margins(p) <= margins(p).kthvalue(count).values).nonzero().flatten()
    ),
    "int32": lambda p, count: margins(p).argsort()[:count].int(),
}


@pytest.mark.parametrize("name", RIGHT_ROWS)
def test_right_rows_pass(name, capsys):
    passes("unsure", RIGHT_ROWS[name], capsys)
