"""Checks of lab 13: each plausible wrong answer is named, each right way is taken."""

import numpy as np
import pytest
import torch
from answered import failing

from labkit import overfit
from labkit.checks import lab13 as check

fails = failing(check)


def order(count, seed):
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))


# --- random_labels


def in_place(labels, seed):
    labels.copy_(labels[order(len(labels), seed)])
    return labels


def half(labels, seed):
    drawn, n = labels.clone(), len(labels) // 2
    drawn[:n] = labels[:n][order(n, seed)]
    return drawn


def within(labels, seed):
    drawn = labels.clone()
    for k in range(10):
        places = (labels == k).nonzero()[:, 0]
        drawn[places] = labels[places[order(len(places), seed)]]
    return drawn


def drawn_anew(labels, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(10, labels.shape, generator=generator)


LABELS = {
    "as they were": lambda x, s: x.clone(),
    "labels were drawn anew": drawn_anew,
    "taken twice": lambda x, s: x[
        torch.randint(len(x), x.shape, generator=torch.Generator().manual_seed(s))
    ],
    "another order each time": lambda x, s: x[torch.randperm(len(x))],
    "another seed gives the same": lambda x, s: x[order(len(x), 0)],
    "Is `seed` used": lambda x, s: x.flip(0),
    "use it as an index|Use it as an index": lambda x, s: order(len(x), s),
    "give the labels alone": lambda x, s: (x, x[order(len(x), s)]),
    "in place": in_place,
    "by chance it would be": half,
    "to go anywhere": lambda x, s: x.roll(s),
    "as they were.": within,
    "Keep them all": lambda x, s: x[order(len(x), s)][1:],
    "of type torch.float32": lambda x, s: x[order(len(x), s)].float(),
    "whole numbers, and these": lambda x, s: x[order(len(x), s)] + 0.5,
    "these aren't digits": lambda x, s: x[order(len(x), s)] - 1,
    "is None": lambda x, s: None,
    "same new label|don't have as many": lambda x, s: (x + s) % 10,
    "not their names": lambda x, s: order(10, s)[x],
}


@pytest.mark.parametrize("message", LABELS)
def test_wrong_random_labels_are_named(message):
    fails("random_labels", LABELS[message], message)


def by_list(labels, seed):
    import random

    numbers = labels.tolist()
    random.Random(seed).shuffle(numbers)
    return numbers


RIGHT_LABELS = {
    "randperm": lambda x, s: x[order(len(x), s)],
    "global seed": lambda x, s: (torch.manual_seed(s), x[torch.randperm(len(x))])[1],
    "numpy": lambda x, s: np.random.default_rng(s).permutation(x.numpy()),
    "numpy seed": lambda x, s: np.random.RandomState(s).permutation(x),
    "list": by_list,
    "sorted noise": overfit.random_labels,
    "int32": lambda x, s: x[order(len(x), s)].int(),
    "index_select": lambda x, s: x.index_select(0, order(len(x), s)),
    "take": lambda x, s: torch.take(x, order(len(x), s)),
    "scatter": lambda x, s: torch.empty_like(x).scatter_(0, order(len(x), s), x),
    "inverse": lambda x, s: x[order(len(x), s).argsort()],
    "choice": lambda x, s: np.random.default_rng(s).choice(x.numpy(), len(x), replace=False),
}

# --- relu_features


def product(p, d):
    return p @ d


def root(d):
    return d.shape[1] ** 0.5


FEATURES = {
    "negative ones are still there": lambda p, d: p @ d / root(d),
    "division by the root of N is missing": lambda p, d: (p @ d).relu(),
    "neither ReLU": product,
    "divided by N: by": lambda p, d: (p @ d).relu() / d.shape[1],
    "number of pixels": lambda p, d: (p @ d).relu() / d.shape[0] ** 0.5,
    "number of images": lambda p, d: (p @ d).relu() / len(p) ** 0.5,
    "multiplied by the root": lambda p, d: (p @ d).relu() * root(d),
    "sign was dropped": lambda p, d: (p @ d).abs() / root(d),
    "keep those": lambda p, d: -(-(p @ d)).relu() / root(d),
    "sign only": lambda p, d: (p @ d > 0).double() / root(d),
    "on the directions": lambda p, d: p @ d.relu() / root(d),
    "sigmoid": lambda p, d: torch.sigmoid(p @ d) / root(d),
    "leaky": lambda p, d: torch.nn.functional.leaky_relu(p @ d) / root(d),
    "a row an image": lambda p, d: (d.T @ p.T).relu() / root(d),
    "scaled to length 1": lambda p, d: torch.nn.functional.normalize((p @ d).relu()),
    "clipped at 1": lambda p, d: (p @ d).clamp(0, 1) / root(d),
    "squared": lambda p, d: (p @ d).relu() ** 2 / root(d),
    "added up": lambda p, d: ((p @ d).relu() / root(d)).sum(1),
    "averaged": lambda p, d: ((p @ d).relu() / root(d)).mean(0),
    "is None": lambda p, d: None,
}


@pytest.mark.parametrize("message", FEATURES)
def test_wrong_features_are_named(message):
    fails("relu_features", FEATURES[message], message)


RIGHT_FEATURES = {
    "relu": lambda p, d: (p @ d).relu() / root(d),
    "clamp": lambda p, d: (p @ d / root(d)).clamp(min=0),
    "where": lambda p, d: torch.where(p @ d > 0, p @ d, 0.0) / root(d),
    "mask": lambda p, d: (p @ d) * (p @ d > 0) / root(d),
    "abs": lambda p, d: ((p @ d) + (p @ d).abs()) / 2 / root(d),
    "einsum": lambda p, d: torch.einsum("bd,dn->bn", p, d).relu() / root(d),
    "functional": lambda p, d: torch.nn.functional.relu(torch.mm(p, d)) / root(d),
    "module": lambda p, d: torch.nn.ReLU()(p.matmul(d)).div(root(d)),
    "numpy": lambda p, d: np.maximum(p.numpy() @ d.numpy(), 0) / np.sqrt(d.shape[1]),
    "maximum": lambda p, d: torch.maximum(p @ d, torch.zeros(())) / root(d),
    "linear": lambda p, d: torch.nn.functional.linear(p, d.T).relu() / root(d),
    "scaled before": lambda p, d: (p @ (d / root(d))).relu(),
    "float": lambda p, d: (p.float() @ d.float()).relu() / root(d),
    "loop": lambda p, d: torch.stack([(p @ one).relu() for one in d.T], 1) / root(d),
}

# --- min_norm


def normal(f, t):
    return torch.linalg.solve(f.T @ f, f.T @ t)


def inverse(f, t):
    return (f.T @ f).inverse() @ f.T @ t


def first_few(f, t):
    n, count = f.shape
    weights = f.new_zeros(count, t.shape[1])
    weights[:n] = torch.linalg.pinv(f[:, :n]) @ t
    return weights


def moved(f, t):
    """Fits as well, with a piece that no image sees."""
    free = torch.linalg.svd(f)[2][min(f.shape) :]
    return overfit.min_norm(f, t) + free.sum(0)[:, None]


best = overfit.min_norm
FITS = {
    "normal equations just any": normal,
    "has no inverse": inverse,
    "less features than images|fewer features": lambda f, t: torch.cholesky_solve(
        f.T @ t, torch.linalg.cholesky(f.T @ f)
    ),
    "lstsq gives several": lambda f, t: torch.linalg.lstsq(f, t),
    "these are the predictions": lambda f, t: f @ best(f, t),
    "lie on their side": lambda f, t: best(f, t).T,
    "sign is wrong": lambda f, t: -best(f, t),
    "divided by the number": lambda f, t: best(f, t) / len(f),
    "inverse is missing": lambda f, t: f.T @ t,
    "transposed in place": lambda f, t: f.T @ (f @ (f.T @ t)),
    "centred first": lambda f, t: best(f, t - t.mean(0)),
    "isn't the smallest": first_few,
    "they fit, but they aren't the smallest": moved,
    "weights of the first": lambda f, t: best(f, t)[:, :1].expand(-1, t.shape[1]),
    "only the first output": lambda f, t: best(f, t)[:, :1],
    "added up over the outputs": lambda f, t: best(f, t).sum(1),
    "scaled to length 1": lambda f, t: best(f, t) / best(f, t).norm(),
    "ridge of 0.01": lambda f, t: overfit.ridge_fit(f, t, 0.01),
    "ridge of 1e-06": lambda f, t: overfit.ridge_fit(f, t, 1e-6),
    "the fit is fragile": lambda f, t: torch.linalg.pinv(f, rtol=1e-3) @ t,
    "ridge of 1 ": lambda f, t: overfit.ridge_fit(f, t, 1.0),
    "they don't fit: the predictions": lambda f, t: 0.9 * best(f, t),
    "not finite": lambda f, t: best(f, t) * float("nan"),
    "is None": lambda f, t: None,
}


@pytest.mark.parametrize("message", FITS)
def test_wrong_fits_are_named(message):
    fails("min_norm", FITS[message], message)


def by_size(f, t):
    n, count = f.shape
    if count > n:
        return f.T @ torch.linalg.solve(f @ f.T, t)
    return torch.linalg.pinv(f.T @ f) @ f.T @ t


RIGHT_FITS = {
    "pinv": lambda f, t: torch.linalg.pinv(f) @ t,
    "lstsq": lambda f, t: torch.linalg.lstsq(f, t).solution,
    "lstsq by svd": lambda f, t: torch.linalg.lstsq(f, t, driver="gelsd")[0],
    "numpy pinv": lambda f, t: np.linalg.pinv(f.numpy()) @ t.numpy(),
    "numpy lstsq": lambda f, t: np.linalg.lstsq(f.numpy(), t.numpy(), rcond=None)[0],
    "by size": by_size,
    "pinv of the square": lambda f, t: torch.linalg.pinv(f.T @ f) @ f.T @ t,
    "dual": lambda f, t: f.T @ torch.linalg.pinv(f @ f.T) @ t,
    "hermitian": lambda f, t: torch.linalg.pinv(f.T @ f, hermitian=True) @ (f.T @ t),
    "svd": best,
    "by column": lambda f, t: torch.stack([torch.linalg.pinv(f) @ one for one in t.T], 1),
    "einsum": lambda f, t: torch.einsum("pn,nk->pk", torch.linalg.pinv(f), t),
    "torch.pinverse": lambda f, t: torch.pinverse(f).mm(t),
    "float": lambda f, t: torch.linalg.pinv(f.float()) @ t.float(),
    "tiny ridge": lambda f, t: overfit.ridge_fit(f, t, 1e-9),
}

# --- condition


def sv(f):
    return torch.linalg.svdvals(f)


CONDITIONS = {
    "it's squared": lambda f: (sv(f)[0] / sv(f)[-1]) ** 2,
    "upside down": lambda f: sv(f)[-1] / sv(f)[0],
    "divide by the smallest": lambda f: sv(f)[0],
    "divide the largest by it": lambda f: sv(f)[-1],
    "that's the logarithm": lambda f: torch.log10(sv(f)[0] / sv(f)[-1]),
    "natural logarithm": lambda f: torch.log(sv(f)[0] / sv(f)[-1]),
    "the root of it": lambda f: torch.sqrt(sv(f)[0] / sv(f)[-1]),
    "a difference": lambda f: sv(f)[0] - sv(f)[-1],
    "mean singular value": lambda f: sv(f)[0] / sv(f).mean(),
    "sum of all": lambda f: sv(f).sum() / sv(f)[-1],
    "norm of the whole": lambda f: f.norm() / sv(f)[-1],
    "norms of the matrix and of its inverse": lambda f: f.norm() * torch.linalg.pinv(f).norm(),
    "lengths of columns": lambda f: f.norm(dim=0).max() / f.norm(dim=0).min(),
    "entries of the matrix": lambda f: f.abs().max() / f.abs().min(),
    "these are all": sv,
    "second smallest": lambda f: sv(f)[0] / sv(f)[-2],
    "first over the second": lambda f: sv(f)[0] / sv(f)[1],
    "is None": lambda f: None,
    "not finite": lambda f: float("inf"),
}


@pytest.mark.parametrize("message", CONDITIONS)
def test_a_wrong_condition_is_named(message):
    fails("condition", CONDITIONS[message], message)


def by_eigenvalues(f):
    small = f @ f.T if f.shape[0] < f.shape[1] else f.T @ f
    values = torch.linalg.eigvalsh(small)
    return (values[-1] / values[0]).sqrt()


RIGHT_CONDITIONS = {
    "svdvals": lambda f: sv(f)[0] / sv(f)[-1],
    "cond": torch.linalg.cond,
    "first and last": lambda f: (lambda s: s[0] / s[-1])(torch.linalg.svd(f, False)[1]),
    "max and min": lambda f: sv(f).max() / sv(f).min(),
    "numpy": lambda f: np.linalg.cond(f.numpy()),
    "numpy svd": lambda f: np.divide(*np.linalg.svd(f.numpy(), compute_uv=False)[[0, -1]]),
    "float": lambda f: float(sv(f)[0]) / float(sv(f)[-1]),
    "item": lambda f: (sv(f)[0] / sv(f)[-1]).item(),
    "svd": lambda f: torch.linalg.svd(f).S.max() / torch.linalg.svd(f).S.min(),
    "transposed": lambda f: torch.linalg.cond(f.T),
    "two norms": lambda f: torch.linalg.norm(f, 2) * torch.linalg.norm(torch.linalg.pinv(f), 2),
    "by eigenvalues": by_eigenvalues,
    "labkit": overfit.condition,
}  # fmt: skip

# --- zero_epoch


def at(errors):
    return [number for number, error in enumerate(errors, 1) if error == 0]


EPOCHS = {
    "count from 1": lambda e: e.index(0.0) if 0.0 in e else None,
    "one epoch too late": lambda e: e.index(0.0) + 2 if 0.0 in e else None,
    "last epoch with error 0": lambda e: at(e)[-1] if at(e) else None,
    "how many epochs": lambda e: len(at(e)) or None,
    "never rises again": lambda e: (
        max([n for n, x in enumerate(e, 1) if x], default=0) + 1 if at(e) else None
    ),
    "number of all epochs": lambda e: len(e) if at(e) else None,
    "the error there": lambda e: e[e.index(0.0)] if 0.0 in e else None,
    "from the end": lambda e: e.index(0.0) - len(e) if 0.0 in e else None,
    "0.001 isn't 0": lambda e: next((n for n, x in enumerate(e, 1) if x < 0.005), None),
    "0.0004 isn't 0": lambda e: next((n for n, x in enumerate(e, 1) if x < 0.0005), None),
    "should be None, but is 3": lambda e: e.index(min(e)) + 1,
    "should be None, but is -1": lambda e: at(e)[0] if at(e) else -1,
    "should be None, but is 0": lambda e: at(e)[0] if at(e) else 0,
    "stopped with StopIteration": lambda e: next(n for n, x in enumerate(e, 1) if x == 0),
    "stopped with ValueError": lambda e: e.index(0.0) + 1,
    "doesn't exist": lambda e: at(e)[0] if at(e) else "never",
    "but there is one": lambda e: None,
    "a list": at,
}


@pytest.mark.parametrize("message", EPOCHS)
def test_a_wrong_epoch_is_named(message):
    told = "one number" if message == "a list" else message
    fails("zero_epoch", EPOCHS[message], told)


def by_loop(errors):
    for number, error in enumerate(errors):
        if error == 0:
            return number + 1
    return None


def by_while(errors):
    number = 0
    while number < len(errors) and errors[number] > 0:
        number += 1
    return number + 1 if number < len(errors) else None


def by_try(errors):
    try:
        return errors.index(0) + 1
    except ValueError:
        return None


def by_numpy(errors):
    found = np.flatnonzero(np.array(errors) == 0)
    return found[0] + 1 if len(found) else None


def by_torch(errors):
    found = (torch.tensor(errors) == 0).nonzero()
    return found[0, 0] + 1 if len(found) else None


RIGHT_EPOCHS = {
    "next": overfit.zero_epoch,
    "loop": by_loop,
    "while": by_while,
    "try": by_try,
    "numpy": by_numpy,
    "torch": by_torch,
    "index": lambda e: e.index(0.0) + 1 if 0.0 in e else None,
    "first": lambda e: (at(e) or [None])[0],
    "min": lambda e: min(at(e), default=None),
    "falsy": lambda e: next((n for n, x in enumerate(e, 1) if not x), None),
    "float": lambda e: None if not at(e) else float(at(e)[0]),
    "argmin": lambda e: int(np.argmin(e)) + 1 if min(e) == 0 else None,
}

RIGHT = {
    "random_labels": RIGHT_LABELS,
    "relu_features": RIGHT_FEATURES,
    "min_norm": RIGHT_FITS,
    "condition": RIGHT_CONDITIONS,
    "zero_epoch": RIGHT_EPOCHS,
}


@pytest.mark.parametrize("exercise, way", [(name, way) for name in RIGHT for way in RIGHT[name]])
def test_right_answers_pass(exercise, way, capsys):
    getattr(check, exercise)(RIGHT[exercise][way])
    assert "✓" in capsys.readouterr().out
