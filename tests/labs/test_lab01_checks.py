"""Checks of lab 01: solutions pass, usual mistakes are named, no answer crashes a check."""

import numpy as np
import pytest
import torch

from labkit.checks import CheckFailed
from labkit.checks import lab01 as check

CHECKS = ["nudge", "path_influence", "saliency", "integrated", "promised"]


def nudge(f, x, y, h):
    return (f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)


def path_influence(w1, w2, hidden):
    return (w2 * (hidden > 0).float()) @ w1


def slope_of(model, image, choose):
    image = image.clone().requires_grad_()
    return torch.autograd.grad(choose(model(image[None])), image)[0]


def saliency(model, image, target):
    return slope_of(model, image, lambda out: out[0, target]).abs().amax(0)


def integrated(model, image, baseline, target, steps, *, shift=0.5):
    total = torch.zeros_like(image)
    for k in range(steps):
        point = baseline + (k + shift) / steps * (image - baseline)
        total += slope_of(model, point, lambda out: out[0, target])
    return (image - baseline) * total / steps


def promised(slope, before, after):
    return (slope * (after - before)).sum(0)


@pytest.mark.parametrize("name", CHECKS)
def test_the_solution_passes(name, capsys):
    getattr(check, name)(globals()[name])
    assert f"✓ {name} is right" in capsys.readouterr().out


def test_other_right_ways_pass():
    check.nudge(lambda f, x, y, h: list(nudge(f, x, y, h)))
    check.nudge(lambda f, x, y, h: torch.tensor(nudge(f, x, y, h), dtype=torch.float64))
    check.path_influence(lambda a, b, h: np.asarray(path_influence(a, b, h)))
    check.promised(lambda s, b, a: torch.einsum("chw,chw->hw", s, a - b))

    def loops(w1, w2, hidden):
        out = torch.zeros(len(w2), w1.shape[1], dtype=w1.dtype)
        for j in range(len(hidden)):
            if hidden[j] > 0:
                out += torch.outer(w2[:, j], w1[j])
        return out

    check.path_influence(loops)
    check.path_influence(lambda w1, w2, hidden: (w2 * (hidden > 0).double()) @ w1)


def forward(f, x, y, h):
    return (f(x + h, y) - f(x, y)) / h, (f(x, y + h) - f(x, y)) / h


def both_at_once(f, x, y, h):
    d = (f(x + h, y + h) - f(x - h, y - h)) / (2 * h)
    return d, d


def added(f, x, y, h):
    return (f(x + h, y) + f(x - h, y)) / (2 * h), (f(x, y + h) + f(x, y - h)) / (2 * h)


def half_divided(f, x, y, h):
    return f(x + h, y) - f(x - h, y) / (2 * h), f(x, y + h) - f(x, y - h) / (2 * h)


def slipped(f, x, y, h):
    return nudge(f, x, y, h)[0], (f(x, y + h) - f(x - h, y)) / (2 * h)


@pytest.mark.parametrize(
    "answer, message",
    [
        (forward, "forward difference"),
        (lambda f, x, y, h: forward(f, x, y, -h), "backward difference"),
        (lambda f, x, y, h: [d * 2 * h for d in nudge(f, x, y, h)], "not yet a derivative"),
        (lambda f, x, y, h: [d * h for d in forward(f, x, y, h)], "after one nudge"),
        (lambda f, x, y, h: [d * 2 for d in nudge(f, x, y, h)], "twice too much"),
        (lambda f, x, y, h: [d * h * h for d in nudge(f, x, y, h)], "Write brackets"),
        (lambda f, x, y, h: [-d for d in nudge(f, x, y, h)], "sign is the wrong way"),
        (lambda f, x, y, h: nudge(f, x, y, h)[::-1], "changed places"),
        (lambda f, x, y, h: [abs(d) for d in nudge(f, x, y, h)], "signs are lost"),
        (
            lambda f, x, y, h: [abs(nudge(f, x, y, h)[0]), nudge(f, x, y, h)[1]],
            "df/dy is right; df/dx: the signs are lost",
        ),
        (
            lambda f, x, y, h: [nudge(f, x, y, h)[0], abs(nudge(f, x, y, h)[1])],
            "df/dx is right; df/dy: the signs are lost",
        ),
        (
            lambda f, x, y, h: [nudge(f, x, y, h)[0], forward(f, x, y, h)[1]],
            "df/dx is right; df/dy: this nudges only upwards",
        ),
        (lambda f, x, y, h: [d / 2 for d in forward(f, x, y, h)], "one nudge, divided by 2"),
        (lambda f, x, y, h: [d * h for d in nudge(f, x, y, h)], "divides by 2 alone"),
        (added, "values are added"),
        (half_divided, "brackets around the difference"),
        (slipped, "df/dx is right; df/dy: the two points differ in x and in y"),
        (lambda f, x, y, h: [nudge(f, x, y, h)[0]] * 2, "two times df/dx"),
        (lambda f, x, y, h: [nudge(f, x, y, h)[1]] * 2, "two times df/dy"),
        (both_at_once, "at the same time"),
        (lambda f, x, y, h: (2 * x + y, x), "slide's function alone"),
        (lambda f, x, y, h: nudge(f, x, y, h / 2), "h / 2 to each side"),
        (lambda f, x, y, h: nudge(f, x, y, 0.001), "`h` is not used"),
        (lambda f, x, y, h: nudge(f, x, y, h)[0], r"should be of shape \(2,\)"),
        (lambda f, x, y, h: print(nudge(f, x, y, h)), "None: does the function end with"),
    ],
)
def test_mistakes_of_nudge(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.nudge(answer)


def paths(w1, w2, hidden):
    return w2[:, :, None] * (hidden > 0).float()[None, :, None] * w1[None]


def breaks(w1, w2, hidden):
    out = torch.zeros(len(w2), w1.shape[1], dtype=w1.dtype)
    for j in range(len(hidden)):
        if hidden[j] <= 0:
            break
        out += torch.outer(w2[:, j], w1[j])
    return out


def one_column(w1, w2, hidden):
    out = torch.zeros(len(w2), w1.shape[1], dtype=w1.dtype)
    out[:, 0] = path_influence(w1, w2, hidden)[:, 0]
    return out


def never_set_back(w1, w2, hidden):
    right = path_influence(w1, w2, hidden)
    return right.flatten().cumsum(0).view_as(right)


def one_row(w1, w2, hidden):
    out = torch.zeros(len(w2), w1.shape[1], dtype=w1.dtype)
    out[0] = path_influence(w1, w2, hidden)[0]
    return out


@pytest.mark.parametrize(
    "answer, message",
    [
        (breaks, "`continue`, not `break`"),
        (one_row, "`return` stand inside the loop"),
        (one_column, "the inner loop end too soon"),
        (never_set_back, "Set it to 0 for each"),
        (lambda w1, w2, h: path_influence(w1, w2, h).relu(), "does a ReLU cut off"),
        (lambda w1, w2, h: w2 * (h <= 0) @ w1, "switch turned round"),
        (lambda w1, w2, h: (w2[:, :, None] + w1 * (h > 0)[:, None]).sum(1), "path are added"),
        (lambda w1, w2, h: path_influence(w1[1:], w2[:, 1:], h[1:]), "first hidden neuron is left"),
        (lambda w1, w2, h: path_influence(w1[:-1], w2[:, :-1], h[:-1]), "last hidden neuron is l"),
        (lambda w1, w2, h: w2 @ w1, "switched off are counted"),
        (lambda w1, w2, h: (w2 * h) @ w1, "switch, 1 or 0"),
        (lambda w1, w2, h: path_influence(w1, w2, h).T, "rows and columns are swapped"),
        (lambda w1, w2, h: paths(w1, w2, h).prod(1), "add the paths"),
        (lambda w1, w2, h: paths(w1, w2, h).abs().amax(1), "strongest path"),
        (lambda w1, w2, h: paths(w1, w2, h).abs().sum(1), "may cancel"),
        (lambda w1, w2, h: path_influence(w1, w2, h).abs(), "signs are lost"),
        (lambda w1, w2, h: paths(w1, w2, h).mean(1), "averaged"),
        (lambda w1, w2, h: paths(w1, w2, h), "Add them over the hidden"),
        (lambda w1, w2, h: paths(w1, w2, h)[:, -1], "written for `\\+=`"),
        (lambda w1, w2, h: w2 * (h > 0.4) @ w1, "another than hidden > 0"),
        (lambda w1, w2, h: w2 * max(0, h) @ w1, "clamp_min"),
        (lambda w1, w2, h: w2 * torch.max(0, h) @ w1, "torch.max wants tensors"),
        (lambda w1, w2, h: w1 @ w2, "stopped with RuntimeError"),
        (lambda w1, w2, h: w1.mul_(2), "in place"),
    ],
)
def test_mistakes_of_path_influence(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.path_influence(answer)


def backward(model, image, target):
    image.requires_grad_()
    model(image[None])[0, target].backward()
    return image.grad.abs().amax(0)


def no_batch(model, image, target):
    image = image.clone().requires_grad_()
    return torch.autograd.grad(model(image)[target], image)[0].abs().amax(0)


def not_unpacked(model, image, target):
    image = image.clone().requires_grad_()
    return torch.autograd.grad(model(image[None])[0, target], image).abs().amax(0)


def training(model, image, target):
    model.train()
    return saliency(model, image, target)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).amax(0), "sign is still there"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).amax(0).abs(), "comes too late"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).sum(0), "summed with their signs"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).sum(0).abs(), "may cancel"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).abs().sum(0), "colours are summed"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).abs().mean(0), "averaged"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]), "still apart"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).mean(0).abs(), "averaged first"),
        (lambda m, x, t: (slope_of(m, x, lambda o: o[0, t]) ** 2).amax(0), "squared"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).norm(dim=0), "squares' sum"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).relu().amax(0), "below 0 count as 0"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).abs().argmax(0), "places of the larg"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).abs().amax(1), "in each column"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).abs().amax(-1), "in each row"),
        (lambda m, x, t: saliency(m, x, t)[None], "size 1"),
        (
            lambda m, x, t: slope_of(m, x, lambda o: o.softmax(1)[0, t]).abs().amax(0),
            "Leave out the softmax",
        ),
        (
            lambda m, x, t: slope_of(m, x, lambda o: o.log_softmax(1)[0, t]).abs().amax(0),
            "log-probability",
        ),
        (lambda m, x, t: slope_of(m, x, lambda o: o.sum()).abs().amax(0), "all logits together"),
        (lambda m, x, t: saliency(m, x, 0), "explains class 0"),
        (lambda m, x, t: saliency(m, x, 2), "explains class 2"),
        (lambda m, x, t: slope_of(m, x, lambda o: o.max()).abs().amax(0), "explains class"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[t]).abs().amax(0), r"logits\[0, target\]"),
        (lambda m, x, t: slope_of(m, x, lambda o: o[0]).abs().amax(0), r"logits\[0, target\]"),
        (
            lambda m, x, t: slope_of(m, x, lambda o: o[0, t]).abs().max(0),
            r"Take `.max\(0\).values`",
        ),
        (
            lambda m, x, t: (x * slope_of(m, x, lambda o: o[0, t])).abs().amax(0),
            "multiplied by the image",
        ),
        (no_batch, "image.None. is a batch of one"),
        (not_unpacked, "autograd.grad returns one"),
        (lambda m, x, t: saliency(m, x, t) / saliency(m, x, t).max(), "Keep their unit"),
        (lambda m, x, t: torch.autograd.grad(m(x[None])[0, t], x), "stopped with RuntimeError"),
        (lambda m, x, t: m(x)[0, t], "stopped with"),
        (backward, "on the network's weights"),
        (training, "changes the mode of the network"),
    ],
)
def test_mistakes_of_saliency(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.saliency(answer)


def only_here(m, x, b, t, n):
    return (x - b) * slope_of(m, x, lambda out: out[0, t])


def one_point(m, x, b, t, n, k):
    point = b + (k + 0.5) / n * (x - b)
    return (x - b) * slope_of(m, point, lambda out: out[0, t]) / n


def of_probability(m, x, b, t, n):
    points = [b + (k + 0.5) / n * (x - b) for k in range(n)]
    slopes = [slope_of(m, p, lambda out: out.softmax(1)[0, t]) for p in points]
    return (x - b) * sum(slopes) / n


def by_image(m, x, b, t, n):
    x = x.clone().requires_grad_()
    points = [b + (k + 0.5) / n * (x - b) for k in range(n)]
    slopes = [torch.autograd.grad(m(p[None])[0, t], x)[0] for p in points]
    return (x - b) * sum(slopes) / n


def no_brackets(m, x, b, t, n):
    points = [b + (k + 0.5 / n) * (x - b) for k in range(n)]
    return (x - b) * sum(slope_of(m, p, lambda out: out[0, t]) for p in points) / n


def mean_slope(m, x, b, t, n, share, pick=lambda out, t: out[0, t]):
    """The mean slope at these shares of the way from b to x, given n and k."""
    points = [b + share(k, n) * (x - b) for k in range(n)]
    return sum(slope_of(m, p, lambda out: pick(out, t)) for p in points) / n


def middle(k, n):
    return (k + 0.5) / n


def from_end_to_end(m, x, b, t, n):
    return (x - b) * mean_slope(m, x, b, t, n, lambda k, n: k / max(n - 1, 1))


def without_baseline(m, x, b, t, n):
    return (x - b) * mean_slope(m, x - b, 0 * b, t, n, middle)


def without_signs(m, x, b, t, n):
    points = [b + middle(k, n) * (x - b) for k in range(n)]
    return (x - b) * sum(saliency_of(m, p, t) for p in points) / n


def saliency_of(m, point, t):
    return slope_of(m, point, lambda out: out[0, t]).abs()


def some_points(m, x, b, t, n, ks):
    points = [b + middle(k, n) * (x - b) for k in ks]
    return (x - b) * sum(slope_of(m, p, lambda out: out[0, t]) for p in points) / n


@pytest.mark.parametrize(
    "answer, message",
    [
        (from_end_to_end, r"linspace\(0, 1, steps\)"),
        (without_baseline, "baseline is missing in the point"),
        (without_signs, "slopes have lost their signs"),
        (lambda m, x, b, t, n: (x - b).abs() * mean_slope(m, x, b, t, n, middle), "way has lost"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n) / n, "by steps once more"),
        (lambda m, x, b, t, n: some_points(m, x, b, t, n, range(1, n)), "first point is missing"),
        (lambda m, x, b, t, n: some_points(m, x, b, t, n, range(n - 1)), "last point is missing"),
        (lambda m, x, b, t, n: some_points(m, x, b, t, n, range(1, n + 1)), "from 1 to steps"),
        (
            lambda m, x, b, t, n: (x - b) * mean_slope(m, x, b, t, n, lambda k, n: k + 0.5),
            "Divide it by steps",
        ),
        (
            lambda m, x, b, t, n: (x - b) * mean_slope(m, x, b, t, n, lambda k, n: 0),
            "slope at the baseline alone",
        ),
        (
            lambda m, x, b, t, n: (
                (x - b) * mean_slope(m, x, b, t, n, middle, lambda out, t: out.sum())
            ),
            "all logits together",
        ),
        (
            lambda m, x, b, t, n: mean_slope(m, x, b, t, n, middle, lambda out, t: out[t]),
            r"logits\[0, target\]",
        ),
        (
            lambda m, x, b, t, n: mean_slope(m, x, b, t, n, middle, lambda out, t: out[0]),
            r"logits\[:, target\].sum\(\)",
        ),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n) / (x - b), "Multiply it by the way"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n) * n, "divide by steps"),
        (lambda m, x, b, t, n: -integrated(m, x, b, t, n), "wrong one round"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n) / (x - b) * x, "multiplied by the image"),
        (
            lambda m, x, b, t, n: integrated(m, x, 0 * b, t, n) / x * (x - b),
            "starts at the baseline",
        ),
        (only_here, "slope at the image alone"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, 50), "many more are taken"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, 1), "only one is taken"),
        (lambda m, x, b, t, n: one_point(m, x, b, t, n, 0), "`return` stand inside the loop"),
        (lambda m, x, b, t, n: one_point(m, x, b, t, n, n - 1), "written for `\\+=`"),
        (of_probability, "Leave out the softmax"),
        (by_image, "with respect to the point"),
        (no_brackets, "Write brackets"),
        (lambda m, x, b, t, n: integrated(m, x, 0 * b, t, n), "baseline is not used"),
        (lambda m, x, b, t, n: integrated(m, x, b, 1, n), "explains class 1"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n, shift=0), "left ends"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n, shift=1), "right ends"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n).abs(), "signs are lost"),
        (lambda m, x, b, t, n: integrated(m, x, b, t, n).sum(0), r"Keep \(3, H, W\)"),
        (lambda m, x, b, t: integrated(m, x, b, t, 4), "signature must stay"),
    ],
)
def test_mistakes_of_integrated(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.integrated(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda s, b, a: (s * (b - a)).sum(0), "wrong way round"),
        (lambda s, b, a: (s * (a - b)).abs().sum(0), "no abs"),
        (lambda s, b, a: (s * (a - b)).sum(0).abs(), "Sizes only hide"),
        (lambda s, b, a: (s * (a - b)).mean(0), "averaged"),
        (lambda s, b, a: (s * (a - b)).amax(0), "largest of the three colours"),
        (lambda s, b, a: s * (a - b), "still apart"),
        (lambda s, b, a: (s * (a - b)).sum(), "one number for the whole image"),
        (lambda s, b, a: (s * a).sum(0), "new value"),
        (lambda s, b, a: (s * b).sum(0), "old value"),
        (lambda s, b, a: (a - b).sum(0), "step alone"),
        (lambda s, b, a: s.sum(0) * (a - b).sum(0), "summed too early"),
        (lambda s, b, a: (s * (a - b).abs()).sum(0), "step has lost its sign"),
        (lambda s, b, a: (s.abs() * (a - b)).sum(0), "slope has lost its sign"),
        (lambda s, b, a: (s * a - b).sum(0), "Write brackets"),
        (lambda s, b, a: (s * (a + b)).sum(0), "before and after are added"),
        (lambda s, b, a: (s * (a - b)).sum(0, keepdim=True), "size 1"),
        (lambda s, b, a: s.sum(0), "slope alone"),
        (lambda s, b, a: (s * (a - b)).sum(1), "should be of shape"),
    ],
)
def test_mistakes_of_promised(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.promised(answer)


def test_an_endless_loop_is_stopped(monkeypatch):
    def endless(*args):
        while True:
            pass

    real = check.call
    monkeypatch.setattr(check, "call", lambda f, *a, **o: real(f, *a, **(o | {"seconds": 0.3})))
    with pytest.raises(CheckFailed, match="never ends"):
        check.saliency(endless)


def test_answers_for_one_kind_of_input_only_are_refused():
    """The lab goes on with vectors in float64: what passes must not fail there."""

    def photos_only(model, image, baseline, target, steps):
        return integrated(model, image.view(3, *image.shape[-2:]), baseline, target, steps)

    def forgets_the_start(model, image, baseline, target, steps):
        return integrated(model, image, baseline if image.dim() == 3 else 0 * image, target, steps)

    with pytest.raises(CheckFailed, match="Photos go well.*stopped with RuntimeError"):
        check.integrated(photos_only)
    with pytest.raises(CheckFailed, match=r"a vector \(2,\)"):
        check.integrated(forgets_the_start)
    with pytest.raises(CheckFailed, match="float64|double|Double"):
        check.path_influence(lambda w1, w2, h: (w2.float() * (h > 0)) @ w1)


def test_what_the_lab_uses_until_a_check_is_green_passes_it(capsys):
    check.nudge(check.central)
    check.path_influence(check.path_sums)
    check.integrated(check.along_path)
    check.promised(check.first_order)
    assert capsys.readouterr().out.count("✓") == 4
