"""Checks of lab 02: the solution passes, each plausible mistake is named, nothing crashes."""

import random

import nbformat
import numpy as np
import pytest
import torch
from making import ROOT

from labkit.checks import CheckFailed
from labkit.checks import lab02 as check
from labkit.nets import hooks

NOTEBOOK = ROOT / "notebooks" / "02_activation_visualization.ipynb"
EXERCISES = ["peek", "ascent_step", "loss_by_class", "auc"]


def solutions():
    """The functions of the notebook's exercise cells."""
    space = {"torch": torch, "hooks": hooks}
    for cell in nbformat.read(NOTEBOOK, 4).cells:
        if "exercise" in cell.metadata.get("tags", []):
            exec(cell.source, space)
    return space


@pytest.mark.parametrize("name", EXERCISES)
def test_the_notebooks_solution_passes(name, capsys):
    getattr(check, name)(solutions()[name])
    assert "✓" in capsys.readouterr().out


# --- exercise 1


def caught(model, images, layer, keep, *, remove=True):
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda *a: kept.append(keep(*a)))
    model(images)
    if remove:
        handle.remove()
    return kept[0]


def copied(module, inputs, output):
    return output.detach().clone()


def in_eval_mode(model, images, layer):
    return caught(model.eval(), images, layer, copied)


def too_late(model, images, layer, give=lambda kept: kept[0]):
    kept = []
    model.get_submodule(layer).register_forward_hook(lambda *a: kept.append(a[2])).remove()
    model(images)
    return give(kept)


def hook_that_returns(model, images, layer):
    kept = []

    def hook(module, inputs, output):
        kept.append(output.detach().clone())
        return kept[0]

    handle = model.get_submodule(layer).register_forward_hook(hook)
    model(images)
    handle.remove()
    return kept[0]


PEEKS = {
    "let the hook return nothing": hook_that_returns,
    "list index out of range.* Nothing was stored: the hook must be on": too_late,
    "returns a list: \\[\\]. Nothing was stored": lambda *a: too_late(*a, give=list),
    "leaves 1 hook in": lambda m, x, n: caught(m, x, n, copied, remove=False),
    "attached to the computation graph": lambda m, x, n: caught(m, x, n, lambda m, i, o: o.clone()),
    "layer's input": lambda m, x, n: caught(m, x, n, lambda m, i, o: i[0].detach().clone()),
    "output of the whole model": lambda m, x, n: m(x).detach(),
    "inplace=True": lambda m, x, n: caught(m, x, n, lambda m, i, o: o.detach()),
    "changes the mode": in_eval_mode,
    "the first image only": lambda m, x, n: caught(m, x, n, copied)[0],
    "mean over the images": lambda m, x, n: caught(m, x, n, copied).mean(0),
    "outputs\\[0\\]": lambda m, x, n: [caught(m, x, n, copied)],
    "nothing \\(None\\)": lambda m, x, n: None,
    "should return a tensor": lambda m, x, n: 3.0,
    "stopped with AttributeError": lambda m, x, n: m.get_submodule("nose"),
    "a layer's name is no layer": lambda m, x, n: n.register_forward_hook(print),
    "finds a layer by its name": lambda m, x, n: m[n],
    "should be of shape": lambda m, x, n: caught(m, x, n, copied).flatten(),
}


@pytest.mark.parametrize("message", PEEKS)
def test_peek_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.peek(PEEKS[message])


def test_peek_accepts_labkits_own():
    check.peek(lambda model, images, layer: hooks.activations(model, images, layer)[layer])


# --- exercise 2


def stepped(excite, image, change):
    pixels = image.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(excite(pixels), pixels)
    return change(image, slope, slope.pow(2).mean().sqrt() + 1e-8)


def in_place(excite, image, rate):
    image += rate * stepped(excite, image, lambda x, g, s: g / s)
    return image.clamp_(0, 1)


def no_epsilon(excite, image, rate):
    size = stepped(excite, image, lambda x, g, s: g.pow(2).mean().sqrt())
    return stepped(excite, image, lambda x, g, s: (x + rate * g / size).clamp(0, 1))


def attached(excite, image, rate):
    return stepped(excite, image.requires_grad_(), lambda x, g, s: (x + rate * g / s).clamp(0, 1))


def without_leaf(excite, image, rate):
    return image + rate * torch.autograd.grad(excite(image), image)[0]


def copy_of_a_leaf(excite, image, rate):
    pixels = image.requires_grad_().clone()
    excite(pixels).backward()
    return image + rate * pixels.grad


def gradients(excite, image):
    pixels = image.clone().requires_grad_()
    return torch.autograd.grad(excite(pixels), pixels)


def changed(change):
    return lambda e, x, r: stepped(e, x, lambda x, g, s: change(x, g, s, r))


def stretched(image):
    return (image - image.min()) / (image.max() - image.min() + 1e-8)


STEPS = {
    "takes its one item out": lambda e, x, r: x + r * gradients(e, x),
    "takes one out": lambda e, x, r: x + r * gradients(e, x).clamp(0, 1),
    "`rate` is not used": changed(lambda x, g, s, r: (x + g / s).clamp(0, 1)),
    "mean of its absolute": changed(
        lambda x, g, s, r: (x + r * g / (g.abs().mean() + 1e-8)).clamp(0, 1)
    ),
    "each colour is rescaled": changed(
        lambda x, g, s, r: (x + r * g / (g.pow(2).mean((1, 2), keepdim=True).sqrt() + 1e-8)).clamp(
            0, 1
        )
    ),
    "mean was taken before": changed(
        lambda x, g, s, r: (x + r * g / (g.mean().abs() + 1e-8)).clamp(0, 1)
    ),
    "multiplied by its size": changed(lambda x, g, s, r: (x + r * g * s).clamp(0, 1)),
    "was stretched": changed(lambda x, g, s, r: stretched(x + r * g / s)),
    "step was clipped": changed(lambda x, g, s, r: x + (r * g / s).clamp(0, 1)),
    "only a leaf keeps one": copy_of_a_leaf,
    "downhill": lambda e, x, r: stepped(e, x, lambda x, g, s: (x - r * g / s).clamp(0, 1)),
    "leave the range": lambda e, x, r: stepped(e, x, lambda x, g, s: x + r * g / s),
    "isn't rescaled": lambda e, x, r: stepped(e, x, lambda x, g, s: (x + r * g).clamp(0, 1)),
    "root of the sum": lambda e, x, r: stepped(
        e, x, lambda x, g, s: (x + r * g / g.norm()).clamp(0, 1)
    ),
    "root is missing": lambda e, x, r: stepped(
        e, x, lambda x, g, s: (x + r * g / s**2).clamp(0, 1)
    ),
    "sign of the gradient": lambda e, x, r: stepped(
        e, x, lambda x, g, s: (x + r * g.sign()).clamp(0, 1)
    ),
    "this is the gradient": lambda e, x, r: stepped(e, x, lambda x, g, s: g),
    "standard deviation": lambda e, x, r: stepped(
        e, x, lambda x, g, s: (x + r * g / g.std()).clamp(0, 1)
    ),
    "its largest value": lambda e, x, r: stepped(
        e, x, lambda x, g, s: (x + r * g / g.abs().max()).clamp(0, 1)
    ),
    "the step alone": lambda e, x, r: stepped(e, x, lambda x, g, s: r * g / s),
    "has not moved": lambda e, x, r: x,
    "in place": in_place,
    "image is nan": no_epsilon,
    "graph of this step": attached,
    "requires_grad_": without_leaf,
}


def test_ascent_step_accepts_other_ways():
    def small_number_inside(excite, image, rate):
        return stepped(
            excite, image, lambda x, g, s: x + rate * g / (g.pow(2).mean() + 1e-12).sqrt()
        ).clamp(0, 1)

    def by_norm_in_numpy(excite, image, rate):
        slope = torch.func.grad(excite)(image)
        size = slope.norm() / image.numel() ** 0.5 + 1e-8
        return np.clip((image + rate * slope / size).numpy(), 0, 1)

    check.ascent_step(small_number_inside)
    check.ascent_step(by_norm_in_numpy)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("message", STEPS)
def test_ascent_step_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.ascent_step(STEPS[message])


# --- exercise 3


def rights(model, images, labels, layer, channel):
    with torch.no_grad():
        before = model(images).argmax(1) == labels
        with hooks.switched_off(model, layer, channel):
            return before.double(), (model(images).argmax(1) == labels).double()


def by_class(values, labels):
    return torch.stack([values[labels == k].mean() for k in range(10)])


def lost(*args):
    before, after = rights(*args)
    return by_class(before - after, args[2])


def counts(*args):
    before, after = rights(*args)
    return torch.stack([(before - after)[args[2] == k].sum() for k in range(10)])


def relative(*args):
    before, after = rights(*args)
    return lost(*args) / by_class(before, args[2])


def hook_left(*args):
    result = lost(*args)
    args[0].see.register_forward_hook(lambda module, inputs, output: output * 0)
    return result


def logits_of(model, images, labels, layer, channel):
    with torch.no_grad():
        whole = model(images)
        with hooks.switched_off(model, layer, channel):
            return whole, model(images)


def entropy(*args):
    loss = torch.nn.CrossEntropyLoss(reduction="none")
    whole, without = (loss(logits, args[2]) for logits in logits_of(*args))
    return by_class(without - whole, args[2])


def by_answer(*args):
    before, after = rights(*args)
    return by_class(before - after, logits_of(*args)[0].argmax(1))


def precision(*args):
    pairs = zip(rights(*args), logits_of(*args), strict=True)
    before, after = (by_class(right, logits.argmax(1)) for right, logits in pairs)
    return before - after


def bools(*args):
    before, after = (right.bool() for right in rights(*args))
    return before - after


LOSSES = {
    "cross-entropy\\). What": entropy,
    "cross-entropy\\) with a minus": lambda *a: -entropy(*a),
    "grouped by what the network says": by_answer,
    "nan for some digit: .* group them by the digit": precision,
    "the sign is gone": lambda *a: lost(*a).abs(),
    "with \\^ a gain would count": bools,
    "wrong way round": lambda *a: -lost(*a),
    "one number for all": lambda *a: lost(*a) @ a[2].bincount(minlength=10).double() / len(a[2]),
    "counts of images": counts,
    "number of all images": lambda *a: counts(*a) / len(a[2]),
    "accuracy without the channel": lambda *a: by_class(rights(*a)[1], a[2]),
    "with the channel on": lambda *a: by_class(rights(*a)[0], a[2]),
    "share of what was right before": relative,
    "nothing was lost": lambda *a: torch.zeros(10),
    "should be of shape \\(10,\\)": lambda *a: lost(*a)[:9],
    "leaves 1 hook": hook_left,
}


@pytest.mark.parametrize("message", LOSSES)
def test_loss_by_class_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.loss_by_class(LOSSES[message])


# --- exercise 4


def pairs(scores, is_digit):
    return scores[is_digit][:, None] - scores[~is_digit][None]


def won(scores, is_digit, tie=0.5):
    difference = pairs(scores, is_digit)
    return (difference > 0).double() + tie * (difference == 0).double()


def won_by(pairs):
    return ((pairs > 0).double() + (pairs == 0) / 2).mean()


def strict_auc(scores, is_digit):
    difference = pairs(scores, is_digit)
    return (difference > 0).double().sum() / (difference != 0).sum()


def ranked_without_ties(scores, is_digit):
    ranks, n = scores.argsort().argsort().double() + 1, is_digit.sum()
    return (ranks[is_digit].sum() - n * (n + 1) / 2) / (n * (len(scores) - n))


def against_all(scores, is_digit):
    difference = scores[is_digit][:, None] - scores[None]
    return ((difference > 0).double() + 0.5 * (difference == 0).double()).mean()


AUCS = {
    "lost pair counts -1": lambda s, d: pairs(s, d).sign().double().mean(),
    "mean difference": lambda s, d: pairs(s, d).mean(),
    "also with each other": against_all,
    "mean of the others": lambda s, d: (s[d] > s[~d].mean()).double().mean(),
    "tied scores have different ranks": ranked_without_ties,
    "other images alone": lambda s, d: won(s, d).sum() / (~d).sum(),
    "direction is reversed": lambda s, d: 1 - won(s, d).mean(),
    "was turned round": lambda s, d: max(won(s, d).mean(), 1 - won(s, d).mean()),
    "ties count as lost": lambda s, d: won(s, d, 0.0).mean(),
    "ties count as won": lambda s, d: won(s, d, 1.0).mean(),
    "ties are left out": strict_auc,
    "with each other alone": lambda s, d: won_by(s[d][:, None] - s[d]),
    "number of won pairs": lambda s, d: won(s, d).sum(),
    "square of the number": lambda s, d: won(s, d).sum() / len(s) ** 2,
    "digit's images alone": lambda s, d: won(s, d).sum() / d.sum(),
    "should be one number": lambda s, d: won(s, d).mean(1),
    "not finite": lambda s, d: float("nan"),
}


@pytest.mark.parametrize("message", AUCS)
def test_auc_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.auc(AUCS[message])


def test_auc_accepts_a_plain_number_and_a_loop():
    def slow(scores, is_digit):
        a, b = scores[is_digit].tolist(), scores[~is_digit].tolist()
        return sum((x > y) + (x == y) / 2 for x in a for y in b) / (len(a) * len(b))

    check.auc(slow)


def test_auc_accepts_sorting():
    def by_places(scores, is_digit):
        digit, rest = scores[is_digit], scores[~is_digit].sort().values
        places = [torch.searchsorted(rest, digit, right=right) for right in (False, True)]
        return sum(place.double().mean() for place in places) / 2 / len(rest)

    check.auc(by_places)


# --- nothing crashes a check, and it leaves no trace


class Odd:
    def __repr__(self):
        raise RuntimeError("no words")


def generator(*args):
    yield 1


def recursion(*args):
    return recursion(*args)


ANSWERS = [None, 3, "text", [], {}, Odd(), torch.zeros(3), np.zeros(3), lambda: 1, int, print]
RESULTS = [
    None,
    True,
    "text",
    [],
    {},
    Odd(),
    [[1], [1, 2]],
    float("nan"),
    float("inf"),
    10**400,
    1 + 2j,
    torch.zeros(0),
    torch.zeros(2, 3, 4),
    torch.tensor(1 + 2j),
    torch.zeros(3, 3).to_sparse(),
    torch.zeros(10).to_sparse(),
    torch.zeros(3, device="meta"),
    torch.nn.Linear(1, 1),
    np.array(["a"]),
    np.array([None]),
    print,
]


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: type(a).__name__)
def test_no_answer_crashes_a_check(name, answer):
    with pytest.raises(CheckFailed):
        getattr(check, name)(answer)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("number", range(len(RESULTS)))
def test_no_result_crashes_a_check(name, number):
    with pytest.raises(CheckFailed):
        getattr(check, name)(lambda *args: RESULTS[number])


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("error", [ValueError, KeyError, SystemExit, StopIteration, GeneratorExit])
def test_no_exception_crashes_a_check(name, error):
    def answer(*args):
        raise error("broken")

    with pytest.raises(CheckFailed, match="stopped with"):
        getattr(check, name)(answer)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", [generator, recursion])
def test_generators_and_recursion(name, answer):
    with pytest.raises(CheckFailed):
        getattr(check, name)(answer)


def test_a_broken_model_does_not_break_the_check():
    def breaks(model, images, layer):
        output = PEEKS["mean over the images"](model, images, layer)
        del model.logits, model.conv
        return output

    with pytest.raises(CheckFailed):
        check.peek(breaks)


@pytest.mark.parametrize("name", EXERCISES)
def test_random_states_and_gradient_mode_stay(name):
    torch.manual_seed(3)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()

    def answer(*args):
        torch.rand(3), random.random(), np.random.rand()
        torch.set_grad_enabled(False)
        return solutions()[name](*args)

    try:
        getattr(check, name)(answer)
    except CheckFailed:
        pass  # ascent_step needs gradients
    assert torch.equal(torch.get_rng_state(), before[0]) and torch.is_grad_enabled()
    assert random.getstate() == before[1]
    assert np.random.get_state()[1].tolist() == before[2]
