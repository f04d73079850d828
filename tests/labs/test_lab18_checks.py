"""Checks of lab 18: each plausible wrong answer is named, each right way is taken."""

import numpy as np
import pytest
import torch
from answered import failing
from torch import nn
from torch.nn import functional as F

from labkit import fads
from labkit.checks import NotDone
from labkit.checks import lab18 as check
from labkit.checks import lab18_mistakes as mistakes

fails = failing(check)


def stub(*args, **options):
    raise NotImplementedError()


@pytest.mark.parametrize("exercise", ["residual", "gradient_norms", "conv_cost", "same_answer"])
def test_an_empty_exercise_is_not_done(exercise):
    with pytest.raises(NotDone):
        getattr(check, exercise)(stub)


# --- residual


def in_place(x, first, second):
    out = second(first(x).relu())
    x += out
    return x.relu()


def skip_learns_nothing(x, first, second):
    return (x.detach() + second(first(x).relu())).relu()


def learns_nothing(x, first, second):
    with torch.no_grad():
        return fads.residual(x, first, second)


BLOCKS = {
    "skip is missing: add x": fads.plain,
    "and so is the last ReLU": lambda x, f, s: s(f(x).relu()),
    "ReLU between the two layers": lambda x, f, s: (x + s(f(x))).relu(),
    "both ReLUs": lambda x, f, s: x + s(f(x)),
    "the last ReLU is missing": lambda x, f, s: x + s(f(x).relu()),
    "the last ReLU comes before": lambda x, f, s: x + s(f(x).relu()).relu(),
    "a further ReLU follows": lambda x, f, s: (x + s(f(x).relu()).relu()).relu(),
    "x goes through a ReLU": lambda x, f, s: (x.relu() + s(f(x).relu())).relu(),
    "the branch begins with a ReLU": lambda x, f, s: (x + s(f(x.relu()).relu())).relu(),
    "skip begins behind the first layer: ": lambda x, f, s: (f(x).relu() + s(f(x).relu())).relu(),
    "behind the first layer's conv": lambda x, f, s: (f(x) + s(f(x).relu())).relu(),
    "too early": lambda x, f, s: s((x + f(x)).relu()).relu(),
    "behind both layers": lambda x, f, s: (x + s((x + f(x)).relu())).relu(),
    "x is subtracted": lambda x, f, s: (s(f(x).relu()) - x).relu(),
    "branch is subtracted": lambda x, f, s: (x - s(f(x).relu())).relu(),
    "multiplied": lambda x, f, s: (x * s(f(x).relu())).relu(),
    "halved": lambda x, f, s: ((x + s(f(x).relu())) / 2).relu(),
    "x is added twice": lambda x, f, s: (x + x + s(f(x).relu())).relu(),
    "branch is added twice": lambda x, f, s: (x + 2 * s(f(x).relu())).relu(),
    "first layer is used twice": lambda x, f, s: (x + f(f(x).relu())).relu(),
    "second layer is used twice": lambda x, f, s: (x + s(s(x).relu())).relu(),
    "swapped": lambda x, f, s: (x + f(s(x).relu())).relu(),
    "second layer gets x": lambda x, f, s: (x + s(x)).relu(),
    "second layer is missing\\.": lambda x, f, s: (x + f(x)).relu(),
    "second layer is missing, and": lambda x, f, s: x + f(x).relu(),
    "x alone": lambda x, f, s: x,
    "is relu\\(x\\)": lambda x, f, s: x.relu(),
    "one behind the other: add": lambda x, f, s: torch.cat([x, s(f(x).relu())], 1),
    "stand one behind the other": lambda x, f, s: torch.cat([x, s(f(x).relu())], 1).relu(),
    "changes its input in place": in_place,
    "ReLUs come before the layers": lambda x, f, s: x + s(f(x.relu()).relu()),
    "not all of the gradient": learns_nothing,
    "by both ways, to x": skip_learns_nothing,
    "is None": lambda x, f, s: None,
    "but is": lambda x, f, s: (x + s(f(x).relu())).relu().mean(),
}


@pytest.mark.parametrize("message", BLOCKS)
def test_wrong_blocks_are_named(message):
    fails("residual", BLOCKS[message], message)


def by_module(x, first, second):
    return nn.ReLU()(torch.add(second(F.relu(first(x))), x))


def by_clamp(x, first, second):
    kept = x.clone()
    out = second(torch.clamp(first(x), min=0))
    out = out + kept
    return F.relu(out, inplace=True)


@pytest.mark.parametrize("right", [fads.residual, by_module, by_clamp])
def test_right_blocks_pass(right, capsys):
    check.residual(right)
    assert "✓ residual is right" in capsys.readouterr().out


# --- gradient_norms


def gradients(model, images, labels, *, loss=F.cross_entropy, of=nn.Conv2d, what="weight"):
    layers = [layer for layer in model.modules() if isinstance(layer, of)]
    by = [getattr(layer, what) for layer in layers]
    return torch.autograd.grad(loss(model(images), labels), by)


def norms(**options):
    size = options.pop("size", torch.linalg.vector_norm)

    def answer(model, images, labels):
        return torch.stack([size(g) for g in gradients(model, images, labels, **options)])

    return answer


def accumulated(model, images, labels):
    F.cross_entropy(model(images), labels).backward()
    return [weight.grad.norm() for weight in fads.conv_weights(model)]


def of_all(model, images, labels):
    loss = F.cross_entropy(model(images), labels)
    return [g.norm() for g in torch.autograd.grad(loss, list(model.parameters()))]


def of_matrices(model, images, labels):
    loss = F.cross_entropy(model(images), labels)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    return [g.norm() for g in torch.autograd.grad(loss, matrices)]


def with_bias(model, images, labels):
    pairs = zip(
        gradients(model, images, labels),
        gradients(model, images, labels, what="bias"),
        strict=True,
    )
    return [torch.cat([w.flatten(), b]).norm() for w, b in pairs]


def image_by_image(model, images, labels):
    each = [norms()(model, images[i : i + 1], labels[i : i + 1]) for i in range(len(images))]
    return torch.stack(each).mean(0)


def with_a_step(model, images, labels):
    found = fads.gradient_norms(model, images, labels)
    with torch.no_grad():
        fads.conv_weights(model)[0].mul_(0.9)
    return found


def over_weights(model, images, labels):
    weights = torch.stack([w.detach().norm() for w in fads.conv_weights(model)])
    return norms()(model, images, labels) / weights


def hits(logits, labels):
    return logits.gather(1, labels[:, None]).mean()


NORMS = {
    "sums of each gradient": norms(size=torch.sum),
    "means of each gradient": norms(size=torch.mean),
    "sums of the sizes": norms(size=lambda g: g.abs().sum()),
    "means of the sizes": norms(size=lambda g: g.abs().mean()),
    "largest entries": norms(size=lambda g: g.abs().max()),
    "root is missing": norms(size=lambda g: (g**2).sum()),
    "root mean squares": norms(size=lambda g: (g**2).mean().sqrt()),
    "standard deviations": norms(size=torch.std),
    "norms of the weights": lambda m, x, y: [w.detach().norm() for w in fads.conv_weights(m)],
    "divided by the norms of the weights": over_weights,
    "summed loss": norms(loss=lambda a, b: F.cross_entropy(a, b, reduction="sum")),
    "together came": lambda m, x, y: norms()(m, x, y).norm(),
    "are added up": lambda m, x, y: norms()(m, x, y).sum(),
    "last layer to the first": lambda m, x, y: norms()(m, x, y).flip(0),
    "divided by the largest": lambda m, x, y: (lambda n: n / n.max())(norms()(m, x, y)),
    "logarithms": lambda m, x, y: norms()(m, x, y).log(),
    "biases are among": of_all,
    "linear layer is among": of_matrices,
    "by the biases": norms(what="bias"),
    "holds the bias": with_bias,
    "without log-softmax": norms(loss=hits),
    "gradients of all logits": norms(loss=lambda a, b: a.sum()),
    "softmax was taken twice": norms(loss=lambda a, b: F.cross_entropy(a.softmax(1), b)),
    "logarithm is missing": norms(loss=lambda a, b: F.nll_loss(a.softmax(1), b)),
    "labels' logits, without": norms(loss=F.nll_loss),
    "first convolution is missing": lambda m, x, y: norms()(m, x, y)[1:],
    "last convolution is missing": lambda m, x, y: norms()(m, x, y)[:-1],
    "each image's own gradient": image_by_image,
    "take no step": with_a_step,
    "second call gives twice": accumulated,
    "is None": lambda m, x, y: None,
}


@pytest.mark.parametrize("message", NORMS)
def test_wrong_norms_are_named(message):
    fails("gradient_norms", NORMS[message], message)


def after_backward(model, images, labels):
    model.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    return np.array([float(w.grad.norm()) for w in fads.conv_weights(model)])


def by_hand(model, images, labels):
    loss = -F.log_softmax(model(images), 1)[range(len(labels)), labels].mean()
    grads = torch.autograd.grad(loss, fads.conv_weights(model))
    return [g.square().sum().sqrt().item() for g in grads]


@pytest.mark.parametrize("right", [fads.gradient_norms, norms(), after_backward, by_hand])
def test_right_norms_pass(right, capsys):
    check.gradient_norms(right)
    assert "✓ gradient_norms is right" in capsys.readouterr().out


# --- conv_cost


def cost(size=None, *, each=lambda a, b, k: a * b * k * k, places=None):
    """An answer with another side of the output, another cost of a place, or other places."""

    def answer(side, c_in, c_out, kernel, stride, padding):
        right = (side + 2 * padding - kernel) // stride + 1
        out = right if size is None else size(side, kernel, stride, padding)
        across = out if places is None else places(side, kernel, stride, padding)
        return out, across * across * each(c_in, c_out, kernel)

    return answer


def changed(change):
    def answer(side, c_in, c_out, kernel, stride, padding):
        out, count = fads.conv_cost(side, c_in, c_out, kernel, stride, padding)
        return change(out, count, stride)

    return answer


COSTS = {
    "has no \\+ 1": cost(lambda n, k, s, p: (n + 2 * p - k) // s),
    "isn't a whole number": cost(lambda n, k, s, p: (n + 2 * p - k) / s + 1),
    "is rounded up": cost(lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1),
    "one side only: 2": cost(lambda n, k, s, p: (n + p - k) // s + 1),
    "padding is missing in": cost(lambda n, k, s, p: (n - k) // s + 1),
    "padding is subtracted": cost(lambda n, k, s, p: (n - 2 * p - k) // s + 1),
    "stride doesn't divide": cost(lambda n, k, s, p: n + 2 * p - k + 1),
    "no \\+ 1 behind the div": cost(lambda n, k, s, p: (n + 2 * p - k + 1) // s),
    "the image's side, over the stride": cost(lambda n, k, s, p: n // s),
    "kernel isn't subtracted": cost(lambda n, k, s, p: (n + 2 * p) // s + 1),
    "the image's side(, over the stride,)? stands for": cost(lambda n, k, s, p: n),
    "brackets are missing": cost(lambda n, k, s, p: n + 2 * p - k // s + 1),
    "a bias for each output": lambda n, a, b, k, s, p: (
        fads.conv_cost(n, a, b, k, s, p)[0],
        fads.conv_cost(n, a, b, k, s, p)[1] + b,
    ),
    "additions are counted": cost(each=lambda a, b, k: b * (2 * a * k * k - 1)),
    "counts the places": changed(lambda n, c, s: (n * n, c)),
    "places of the input": cost(places=lambda n, k, s, p: n),
    "places of the padded": cost(places=lambda n, k, s, p: n + 2 * p),
    "those at stride 1": cost(places=lambda n, k, s, p: n + 2 * p - k + 1),
    "one side only: the output": changed(lambda n, c, s: (n, c // n)),
    "these are the weights": changed(lambda n, c, s: (n, c // n**2)),
    "kernel stands for": cost(each=lambda a, b, k: a * b * k),
    "kernel is missing": cost(each=lambda a, b, k: a * b),
    "input channels are missing": cost(each=lambda a, b, k: b * k * k),
    "output channels are missing": cost(each=lambda a, b, k: a * k * k),
    "the channels are missing": cost(each=lambda a, b, k: k * k),
    "channels are added": cost(each=lambda a, b, k: (a + b) * k * k),
    "counts as two": changed(lambda n, c, s: (n, 2 * c)),
    "biases are counted": cost(each=lambda a, b, k: a * b * k * k + b),
    "by the stride again": changed(lambda n, c, s: (n, c / s)),
    "squared stride again": changed(lambda n, c, s: (n, c / s**2)),
    "are swapped": changed(lambda n, c, s: (c, n)),
    "two numbers are asked": changed(lambda n, c, s: c),
}


@pytest.mark.parametrize("message", COSTS)
def test_wrong_costs_are_named(message):
    fails("conv_cost", COSTS[message], message)


def by_torch(side, c_in, c_out, kernel, stride, padding):
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding)
    out = conv(torch.zeros(1, c_in, side, side)).shape[-1]
    return [out, out**2 * conv.weight.numel()]


def by_numpy(side, c_in, c_out, kernel, stride, padding):
    out = np.floor((side + 2 * padding - kernel) / stride + 1)
    return np.array([out, out * out * c_in * c_out * kernel * kernel])


@pytest.mark.parametrize("right", [fads.conv_cost, cost(), by_torch, by_numpy])
def test_right_costs_pass(right, capsys):
    check.conv_cost(right)
    assert "✓ conv_cost is right" in capsys.readouterr().out


# --- same_answer


def stays(move):
    @torch.no_grad()
    def answer(model, images, step):
        before, after = model(images).argmax(1), model(move(images, step)).argmax(1)
        return (before == after).float().mean()

    return answer


def of_logits(compared):
    @torch.no_grad()
    def answer(model, images, step):
        return compared(model(images), model(fads.moved(images, step)))

    return answer


def in_all(model, images, step):
    before = model(images).argmax(1)
    kept = torch.ones(len(images), dtype=torch.bool)
    for s in range(1, step + 1):
        kept &= model(fads.moved(images, s)).argmax(1) == before
    return kept.float().mean()


def empty_at_0(images, step):
    out = torch.zeros_like(images)
    out[..., step:] = images[..., :-step]
    return out


def half_of(a, b):
    return (a.softmax(1) - b.softmax(1)).abs().mean()


STAYS = {
    "torch.roll": stays(lambda x, s: x.roll(s, -1)),
    "to the left": stays(lambda x, s: F.pad(x, (0, s))[..., s:]),
    "move down, not": stays(lambda x, s: F.pad(x, (0, 0, s, 0))[:, :, : x.shape[2]]),
    "right and down": stays(lambda x, s: F.pad(x, (s, 0, s, 0))[..., : x.shape[2], : x.shape[3]]),
    "move up": stays(lambda x, s: F.pad(x, (0, 0, 0, s))[:, :, s:]),
    "images don't move": stays(lambda x, s: x),
    "the rest doesn't move": stays(
        lambda x, s: torch.cat([torch.zeros_like(x[..., :s]), x[..., s:]], 3)
    ),
    "ones come in": stays(lambda x, s: F.pad(x, (s, 0), value=1.0)[..., : x.shape[3]]),
    "one pixel too few": stays(lambda x, s: fads.moved(x, max(s - 1, 0))),
    "one pixel too many": stays(lambda x, s: fads.moved(x, s + 1)),
    "by one pixel": stays(lambda x, s: fads.moved(x, 1)),
    "twice the step": stays(lambda x, s: fads.moved(x, 2 * s)),
    "first column is repeated": stays(
        lambda x, s: F.pad(x, (s, 0, 0, 0), mode="replicate")[..., : x.shape[3]]
    ),
    "answers that change": of_logits(lambda a, b: (a.argmax(1) != b.argmax(1)).float().mean()),
    "how many stay": of_logits(lambda a, b: (a.argmax(1) == b.argmax(1)).sum()),
    "a percentage": of_logits(lambda a, b: 100 * (a.argmax(1) == b.argmax(1)).float().mean()),
    "and argmax\\(0\\) look over": of_logits(lambda a, b: float(a.argmax() == b.argmax())),
    "no answer stays. Logits": of_logits(lambda a, b: (a == b).float().mean()),
    "mean change of prob": of_logits(half_of),
    "least probable": of_logits(lambda a, b: (a.argmin(1) == b.argmin(1)).float().mean()),
    "the whole batch: compare": of_logits(lambda a, b: (a.argmax(0) == b.argmax(0)).float().mean()),
    "neighbouring": of_logits(lambda a, b: (a.argmax(1) == a.argmax(1).roll(1)).float().mean()),
    "all steps up to": in_all,
    "With step 0 a slice": stays(empty_at_0),
    "should be one number": of_logits(lambda a, b: a.argmax(1) == b.argmax(1)),
    "is None": lambda m, x, s: None,
    "changes its input": lambda m, x, s: fads.same_answer(m, x.mul_(0), s),
}


@pytest.mark.parametrize("message", STAYS)
def test_wrong_shares_are_named(message):
    fails("same_answer", STAYS[message], message)


def by_loop(model, images, step):
    kept = 0
    for image in images:
        after = torch.zeros_like(image)
        after[:, :, step:] = image[:, :, : image.shape[2] - step]
        kept += int(model(image[None]).argmax() == model(after[None]).argmax())
    return kept / len(images)


def by_cat(model, images, step):
    edge = torch.zeros(*images.shape[:3], step)
    after = torch.cat([edge, images[..., : images.shape[3] - step]], 3)
    return np.mean(model(images).argmax(1).numpy() == model(after).argmax(1).numpy())


def by_roll_and_blank(model, images, step):
    after = images.roll(step, 3)
    after[..., :step] = 0
    return (model(images).argmax(1) == model(after).argmax(1)).double().mean().item()


@pytest.mark.parametrize("right", [fads.same_answer, by_loop, by_cat, by_roll_and_blank])
def test_right_shares_pass(right, capsys):
    check.same_answer(right)
    assert "✓ same_answer is right" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", ["residual", "gradient_norms", "conv_cost", "same_answer"])
def test_checks_leave_the_random_state(exercise):
    before = torch.random.get_rng_state()
    getattr(check, exercise)(getattr(fads, exercise))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_two_wrong_shares_are_alike_where_they_are_first_told_apart():
    generator = torch.Generator().manual_seed(check.SHARES_SEED)
    model, images, labels = check._judged([397, 1, 9, 9], generator)
    right, wrong = mistakes.same_answer(model, images, 3, labels)
    found = sorted([right, *wrong.values()])
    assert all(b - a > 1e-3 for a, b in zip(found, found[1:], strict=False))
