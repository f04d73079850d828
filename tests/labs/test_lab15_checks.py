"""Checks of lab 15: each plausible wrong answer is named, other ways to be right pass."""

import numpy as np
import pytest
import torch
from answered import failing
from torch.nn import functional as F

from labkit import lifelong
from labkit.checks import lab15 as check

fails = failing(check)


# --- forgetting


def lost(best, left=lambda a: a[-1, :-1]):
    return lambda a: best(a) - left(a)


right = lifelong.forgetting


def since(a, stop):
    return torch.stack([a[j:stop, j].max() for j in range(len(a) - 1)])


FORGETTINGS = {
    "before it was learned. Begin": lost(lambda a: a[:-1, :-1].amax(0)),
    "luck counts, and the last": lost(lambda a: a[:, :-1].amax(0)),
    "a task that got better counts 0": lost(lambda a: since(a, len(a))),
    "right after a task": lost(lambda a: a.diagonal()[:-1]),
    "sign is turned round: what": lambda a: -right(a),
    "leave a gain negative": lambda a: right(a).clamp_min(0),
    "leave out .abs": lambda a: right(a).abs(),
    "rows and columns are swapped: acc": lambda a: right(a.T),
    "rows and columns are swapped, and": lambda a: -right(a.T),
    "mean over the tasks": lambda a: right(a).mean(),
    "just learned": lambda a: torch.cat([right(a), torch.zeros(1)]),
    "what luck gave": lambda a: a[:-1].amax(0) - a[-1],
    "this is the mean since": lost(
        lambda a: torch.stack([a[j:-1, j].mean() for j in range(len(a) - 1)])
    ),
    "Don't divide": lambda a: right(a) / since(a, len(a) - 1),
    "last task alone cost": lambda a: a[-2, :-1] - a[-1, :-1],
    "must be subtracted": lambda a: since(a, len(a) - 1),
    "Subtract it from the best": lambda a: a[-1, :-1],
    "percent": lambda a: 100 * right(a),
    "along a row": lambda a: (
        torch.stack([a[j, j:-1].max() for j in range(len(a) - 1)]) - a[-1, :-1]
    ),
    "best row's": lambda a: a[:-1].amax(1) - a[-1, :-1],
    "None": lambda a: None,
    "in place": lambda a: right(a.mul_(2)) / 2,
}


@pytest.mark.parametrize("message", FORGETTINGS)
def test_a_wrong_forgetting_is_named(message):
    fails("forgetting", FORGETTINGS[message], message)


# --- fisher


def each(net, images, generator, *, label=None, of=None, start=None):
    """Slopes (N, P), each image by itself; `label` picks one, `of` is what is derived."""
    rows, weights = [], list(net.parameters())
    for image in images:
        logits = net(image[None])
        chances = logits.detach().softmax(1)
        y = torch.multinomial(chances, 1, generator=generator)[:, 0] if label is None else None
        y = label(logits, generator) if y is None else y
        loss = F.cross_entropy(logits, y) if of is None else of(logits, y)
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)]))
    return torch.stack(rows)


def summed(how, **options):
    return lambda net, x, g: how(each(net, x, g, **options))


def squares(rows):
    return rows.square().mean(0)


def one_for_all(net, images, generator):
    logits = net(images[:1])
    label = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return squares(each(net, images, generator, label=lambda *given: label))


def with_backward(net, images, generator, clear=False, keep=False):
    total = 0
    for image in images:
        logits = net(image[None])
        label = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
        net.zero_grad()
        F.cross_entropy(logits, label).backward()
        total = total + torch.cat([w.grad.flatten() ** 2 for w in net.parameters()])
    if clear:
        net.zero_grad()
    return total / len(images)


def adding_up(net, images, generator):
    total = 0
    for image in images:
        logits = net(image[None])
        label = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
        F.cross_entropy(logits, label).backward()
        total = total + torch.cat([w.grad.flatten() ** 2 for w in net.parameters()])
    net.zero_grad()
    return total / len(images)


def batch_mean(net, images, generator):
    logits = net(images)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    slopes = torch.autograd.grad(F.cross_entropy(logits, labels), list(net.parameters()))
    return torch.cat([g.flatten() for g in slopes]).square()


def by_all_labels(net, images, generator, weighted=True, skip=True):
    total = 0
    for image in images:
        logs = net(image[None]).log_softmax(1)[0]
        for log in logs[logs.isfinite()] if skip else logs:
            slopes = torch.autograd.grad(log, list(net.parameters()), retain_graph=True)
            row = torch.cat([g.flatten() for g in slopes]).square()
            total = total + (log.exp().detach() if weighted else 1) * row
    return total / len(images)


def global_draw(logits, generator):
    return torch.multinomial(logits.detach().softmax(1), 1)[:, 0]


def even(logits, generator):
    open_ = logits[0].isfinite().nonzero()[:, 0]
    return open_[torch.randint(len(open_), (1,), generator=generator)]


def own_slices(net, images, generator):
    rows = each(net, images, generator)
    return [rows[:, :12].square().mean(0).view(3, 4), rows[:, 12:].square().mean(0)]


FISHERS = {
    "squared, the mean over images": batch_mean,
    "squared, the sum over images": summed(lambda r: r.sum(0).square()),
    "squared and divided by the number": summed(lambda r: r.sum(0).square() / len(r)),
    "grad adds up": adding_up,
    "the sum over the images. Divide": summed(lambda r: r.square().sum(0)),
    "twice": summed(lambda r: r.square().mean(0) / len(r)),
    "nothing was squared": summed(lambda r: r.mean(0)),
    "mean size": summed(lambda r: r.abs().mean(0)),
    "root of the mean square": summed(lambda r: squares(r).sqrt()),
    "slope of p, not": summed(squares, of=lambda logits, y: logits.softmax(1)[0, y[0]]),
    "slope of a logit": summed(squares, of=lambda logits, y: logits[0, y[0]]),
    "softmax too many": summed(squares, of=lambda logits, y: F.cross_entropy(logits.softmax(1), y)),
    "only the first": summed(lambda r: r[0].square()),
    "only the last image counts": summed(lambda r: r[-1].square()),
    "one number. Return": summed(lambda r: squares(r).mean()),
    "one number, the sum": summed(lambda r: squares(r).sum()),
    "image has a row": summed(lambda r: r.square()),
    "all labels count the same. The net": lambda *given: by_all_labels(*given, weighted=False),
    "always the most probable": summed(squares, label=lambda logits, g: logits.argmax(1)),
    "All labels are drawn alike": summed(squares, label=even),
    "All 40 images": one_for_all,
    "same generator gives other": summed(squares, label=global_draw),
    "holds nan": summed(
        squares, of=lambda logits, y: -(F.one_hot(y, 4) * logits.softmax(1).log()).sum()
    ),
    "pieces, one for each part": own_slices,
    "leaves derivatives": with_backward,
    "None": lambda *given: None,
}


@pytest.mark.parametrize("message", FISHERS)
def test_a_wrong_fisher_is_named(message):
    fails("fisher", FISHERS[message], message)


# --- ewc_penalty


def cost(one, total=lambda parts: sum(parts)):
    return lambda w, anchors, s: s / 2 * total([one(w, o, f) for o, f in anchors])


def term(w, o, f):
    return (f * (w - o) ** 2).sum()


penalty = lifelong.ewc_penalty
PENALTIES = {
    "half is missing: strength": lambda w, a, s: 2 * penalty(w, a, s),
    "half is squared": lambda w, a, s: penalty(w, a, s) / 2,
    "strength is missing": lambda w, a, s: penalty(w, a, 1),
    "strength and half": lambda w, a, s: penalty(w, a, 2),
    "plain L2": cost(lambda w, o, f: ((w - o) ** 2).sum()),
    "isn't squared": cost(lambda w, o, f: (f * (w - o)).sum()),
    "size of the distance": cost(lambda w, o, f: (f * (w - o).abs()).sum()),
    "importance is squared": cost(lambda w, o, f: ((f * (w - o)) ** 2).sum()),
    "under a root": cost(lambda w, o, f: (f**0.5 * (w - o) ** 2).sum()),
    "only the last": cost(term, lambda parts: parts[-1]),
    "only the first": cost(term, lambda parts: parts[0]),
    "mean over the earlier": cost(term, lambda parts: sum(parts) / max(len(parts), 1)),
    "mean over the weights": cost(lambda w, o, f: (f * (w - o) ** 2).mean()),
    "mean over everything": cost(
        lambda w, o, f: (f * (w - o) ** 2).mean(), lambda parts: sum(parts) / len(parts)
    ),
    "number for each weight": cost(lambda w, o, f: f * (w - o) ** 2),
    "number for each task": cost(term, torch.stack),
    "sum is squared": cost(lambda w, o, f: (f * (w - o)).sum() ** 2),
    "root of the sum": cost(lambda w, o, f: term(w, o, f) ** 0.5),
    "must cost": lambda w, a, s: -penalty(w, a, s),
    "importance are swapped": cost(lambda w, o, f: (o * (w - f) ** 2).sum()),
    "pulled to 0": cost(lambda w, o, f: (f * w**2).sum()),
    "are added. Subtract": cost(lambda w, o, f: (f * (w + o) ** 2).sum()),
    "mixed up": lambda w, a, s: (
        s / 2 * sum(term(w, o, f) for (o, _), (_, f) in zip(a, a[::-1], strict=True))
    ),
    "divides": cost(lambda w, o, f: ((w - o) ** 2 / f).sum()),
    "no gradient": lambda w, a, s: penalty(w, a, s).item(),
    "slope of the penalty": lambda w, a, s: penalty(w, a, s).detach() + 0 * w.sum(),
    "IndexError": lambda w, a, s: penalty(w, a, s) + 0 * a[0][0].sum(),
    "None": lambda *given: None,
}


@pytest.mark.parametrize("message", PENALTIES)
def test_a_wrong_penalty_is_named(message):
    fails("ewc_penalty", PENALTIES[message], message)


# --- reservoir


def drawn(chance, place=None, *, first=None):
    """A reservoir in which the item after `seen` others draws from `chance(seen, size)`."""

    def answer(stream, size, generator):
        kept = []
        for seen, item in enumerate(stream):
            if len(kept) < size:
                kept.append(item)
                continue
            spot = int(torch.randint(chance(seen, size), (), generator=generator))
            if spot < size:
                kept[spot if place is None else place] = item
        return kept

    return answer


def unseeded(stream, size, generator):
    return lifelong.reservoir(stream, size, torch.Generator().manual_seed(torch.seed() % 999))


def with_replacement(stream, size, generator):
    items = list(stream)
    if len(items) <= size:
        return items
    return [items[i] for i in torch.randint(len(items), (size,), generator=generator)]


def coin(stream, size, generator):
    kept = []
    for item in stream:
        if len(kept) < size:
            kept.append(item)
        elif torch.rand((), generator=generator) < 0.5:
            kept[int(torch.randint(size, (), generator=generator))] = item
    return kept


def last_is_safe(stream, size, generator):
    kept = []
    for count, item in enumerate(stream, 1):
        if count <= size:
            kept.append(item)
            continue
        place = int(torch.randint(count, (), generator=generator))
        if place < max(size - 1, 1):
            kept[place] = item
    return kept


def every_other(items, size):
    return items if len(items) <= size else items[1 : 2 * size : 2]


RESERVOIRS = {
    "comes in for sure": drawn(lambda seen, size: size),
    "here it's less": drawn(lambda seen, size: seen + 2),
    "here it's more": drawn(lambda seen, size: seen),
    "same place": drawn(lambda seen, size: seen + 1, place=0),
    "some places are safe": last_is_safe,
    "newer items are favoured": coin,
    "older items are favoured": drawn(lambda seen, size: 2 * seen),
    "first 4 stay": lambda stream, size, g: [x for x, _ in zip(stream, range(size), strict=False)],
    "last 4 are kept": lambda stream, size, g: list(stream)[-size:],
    "All of them": lambda stream, size, g: list(stream),
    "same generator keeps other": unseeded,
    "kept twice": with_replacement,
    "places in the stream": lambda stream, size, g: [
        (x - 107) // 2 for x in lifelong.reservoir(stream, size, g)
    ],
    "not all items": lambda stream, size, g: [x + 500 for x in lifelong.reservoir(stream, size, g)],
    "all should be kept|should be kept, but it is 0": lambda stream, size, g: lifelong.reservoir(
        stream, size, g
    )[:0],
    "IndexError": lambda stream, size, g: [list(stream)[i] for i in range(size)],
    "Another seed": lambda stream, size, g: every_other([*stream], size),
    "a list of items": lambda stream, size, g: set(lifelong.reservoir(stream, size, g)),
    "gives None": lambda *given: None,
}


@pytest.mark.parametrize("message", RESERVOIRS)
def test_a_wrong_reservoir_is_named(message):
    fails("reservoir", RESERVOIRS[message], message)


# --- other ways to be right


def by_loops(a):
    rows = a.tolist()
    ends = range(len(rows) - 1)
    return [max(row[j] for row in rows[j:-1]) - rows[-1][j] for j in ends]


def by_numpy(a):
    a = a.numpy()
    floor = np.where(np.tri(len(a), dtype=bool), a, -np.inf)
    return floor[:-1].max(0)[:-1] - a[-1, :-1]


def by_vmap(net, images, generator):
    from torch.func import functional_call, grad, vmap

    weights = {name: w.detach() for name, w in net.named_parameters()}
    with torch.no_grad():
        labels = torch.multinomial(net(images).softmax(1), 1, generator=generator)[:, 0]

    def loss(weights, image, label):
        return F.cross_entropy(functional_call(net, weights, (image[None],)), label[None])

    slopes = vmap(grad(loss), in_dims=(None, 0, 0))(weights, images, labels)
    return torch.cat([slopes[name].square().mean(0).flatten() for name in weights])


RIGHT = {
    "forgetting": [right, by_loops, by_numpy, lambda a: since(a, len(a) - 1) - a[-1, :-1]],
    "fisher": [
        lifelong.fisher,
        by_all_labels,
        lambda *given: by_all_labels(*given, skip=False),
        by_vmap,
        summed(squares),
        lambda *given: with_backward(*given, clear=True),
        lambda *given: lifelong.fisher(*given).double().numpy(),
    ],
    "ewc_penalty": [
        penalty,
        cost(term),
        lambda w, a, s: s * sum(0.5 * torch.einsum("p,p,p->", f, w - o, w - o) for o, f in a),
        lambda w, a, s: (
            s / 2 * torch.stack([((w - o).square() @ f) for o, f in a]).sum() if a else 0.0
        ),
        lambda w, a, s: penalty(w.double(), [(o.double(), f.double()) for o, f in a], s),
    ],
    "reservoir": [
        lifelong.reservoir,
        drawn(lambda seen, size: seen + 1),
        lambda stream, size, g: torch.tensor(lifelong.reservoir(stream, size, g)),
        lambda stream, size, g: np.array(lifelong.reservoir(stream, size, g)),
        lambda stream, size, g: tuple(lifelong.reservoir(stream, size, g)[::-1]),
    ],
}


def two_draws(stream, size, generator):
    """First whether it comes in, then where."""
    kept = []
    for count, item in enumerate(stream, 1):
        if count <= size:
            kept += [item]
        elif torch.rand(1, generator=generator).item() < size / count:
            kept[int(torch.randint(0, size, (1,), generator=generator))] = item
    return kept


RIGHT["reservoir"].append(two_draws)


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name, capsys):
    for answer in RIGHT[name]:
        getattr(check, name)(answer)
        assert "✓" in capsys.readouterr().out
