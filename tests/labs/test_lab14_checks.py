"""Checks of lab 14: each plausible wrong answer is named."""

import math

import numpy as np
import pytest
import torch
from answered import failing
from torch.nn import functional as F

from labkit import adversarial as adv
from labkit.checks import lab14 as check

fails = failing(check)


def slope(model, images, labels, loss=F.cross_entropy):
    images = images.clone().requires_grad_()
    return torch.autograd.grad(loss(model(images), labels), images)[0]


def logit(logits, labels):
    return logits.gather(1, labels[:, None]).sum()


def twice(logits, labels):
    return F.cross_entropy(logits.softmax(1), labels)


# --- fgsm


def step(by, *, sign=1, loss=F.cross_entropy, low=0, high=1, times=1.0):
    """fgsm whose direction is by(derivative)."""

    def answer(model, images, labels, eps):
        moved = images + sign * times * eps * by(slope(model, images, labels, loss))
        return moved.clamp(low, high)

    return answer


def guessed(model, images, labels, eps):
    return adv.fgsm(model, images, model(images).argmax(1), eps)


def by_backward(model, images, labels, eps):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + eps * images.grad.sign()).clamp(0, 1)


def on_the_callers(model, images, labels, eps):
    images.requires_grad_()
    (grown,) = torch.autograd.grad(F.cross_entropy(model(images), labels), images)
    return (images + eps * grown.sign()).clamp(0, 1).detach()


def in_place(model, images, labels, eps):
    images.copy_(adv.fgsm(model, images, labels, eps))
    return images


sign = torch.sign
STEPS = {
    "goes downhill, and the network gets surer": step(sign, sign=-1),
    "leave the range from 0 to 1: .clamp": step(sign, low=-9, high=9),
    "goes downhill, and the pictures leave": step(sign, sign=-1, low=-9, high=9),
    "derivative itself, not": step(lambda g: g * len(g)),
    "derivative itself \\(of the mean": step(lambda g: g),
    "divided by its length": step(lambda g: g / g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)),
    "whole batch's": step(lambda g: g / g.norm()),
    "divided by its largest": step(lambda g: g / g.abs().max()),
    "only the change": lambda m, x, y, eps: eps * slope(m, x, y).sign(),
    "this is the sign": lambda m, x, y, eps: slope(m, x, y).sign(),
    "this is the derivative. ": lambda m, x, y, eps: slope(m, x, y) * len(x),
    "this is the derivative \\(of": lambda m, x, y, eps: slope(m, x, y),
    "raises the label's own logit": step(sign, loss=logit),
    "lowers the label's own logit": step(sign, loss=logit, sign=-1),
    "labels aren't used": guessed,
    "leave the softmax out": step(sign, loss=twice),
    "eps is divided by 255": step(sign, times=1 / 255),
    "eps is multiplied by 255": step(sign, times=255),
    "all images move alike": step(lambda g: g.mean(0, keepdim=True).sign()),
    "all channels move alike": step(lambda g: g.sum(1, keepdim=True).sign()),
    "get brighter": step(lambda g: g.sign().abs()),
    "derivative is 0 move, too: .sign\\(\\) leaves them where they are\\.": step(
        lambda g: torch.where(g > 0, 1.0, -1.0)
    ),
    "they are \\(>=\\)": step(lambda g: torch.where(g >= 0, 1.0, -1.0)),
    "come back as they were": lambda m, x, y, eps: x.clone(),
    "only the first image": lambda m, x, y, eps: adv.fgsm(m, x, y, eps)[:1],
    "rounded to 256": lambda m, x, y, eps: adv.rounded(adv.fgsm(m, x, y, eps)),
    "between -1 and 1": step(sign, low=-1),
    "half as long": step(sign, times=0.5),
    "twice as long": step(sign, times=2),
    "leaves derivatives on the network's weights": by_backward,
    "leaves requires_grad on the images": on_the_callers,
    "changes its input in place": in_place,
    "one tensor, but is a list": lambda m, x, y, eps: list(adv.fgsm(m, x, y, eps)),
    "the model takes images": lambda m, x, y, eps: m(x[0]),
    "None": lambda *given: None,
}


@pytest.mark.parametrize("message", STEPS)
def test_a_wrong_step_is_named(message):
    fails("fgsm", STEPS[message], message)


# --- targeted


def walk(*, down=-1, by=sign, loss=F.cross_entropy, near=True, inside=True, long=None, more=0):
    """targeted with parts of it changed; long(eps, step, steps) gives a step's length."""

    def answer(model, images, targets, eps, step, steps):
        now, length = images, step if long is None else long(eps, step, steps)
        for _ in range(steps + more):
            now = now + down * length * by(slope(model, now, targets, loss))
            now = torch.clamp(now, images - eps, images + eps) if near else now
            now = now.clamp(0, 1) if inside else now
        return now

    return answer


def then(answer, *, near=False, inside=False):
    """An answer that is clamped once, at the end."""

    def after(model, images, targets, eps, step, steps):
        now = answer(model, images, targets, eps, step, steps)
        now = torch.clamp(now, images - eps, images + eps) if near else now
        return now.clamp(0, 1) if inside else now

    return after


def from_the_guess(down):
    def answer(model, images, targets, *rest):
        guess = model(images).argmax(1)
        return walk(down=down)(model, images, guess, *rest)

    return answer


def straight(model, images, targets, eps, step, steps):
    now, by = images, slope(model, images, targets).sign()
    for _ in range(steps):
        now = torch.clamp(now - step * by, images - eps, images + eps).clamp(0, 1)
    return now


def one_step(model, images, targets, eps, step, steps):
    return adv.targeted(model, images, targets, eps, step, 1)


def one_long_step(model, images, targets, eps, step, steps):
    return adv.targeted(model, images, targets, eps, eps, 1)


def as_a_ball(model, images, targets, eps, step, steps):
    change = walk(near=False)(model, images, targets, eps, step, steps) - images
    length = change.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return (images + change * (eps / length).clamp(max=1)).clamp(0, 1)


def from_the_last(model, images, targets, eps, step, steps):
    now = images
    for _ in range(steps):
        moved = now - step * slope(model, now, targets).sign()
        now = torch.clamp(moved, now - eps, now + eps).clamp(0, 1)
    return now


WALKS = {
    "goes away from the targets": walk(down=1),
    "farther than eps": walk(near=False),
    "farther than eps from the images given": from_the_last,
    "leave the range from 0 to 1": walk(inside=False),
    "nothing is clamped": walk(near=False, inside=False),
    "clamped to eps only at the end": then(walk(near=False), near=True, inside=True),
    "clamped to 0 and 1 only at the end": then(walk(inside=False), inside=True),
    "clamped only at the end": then(walk(near=False, inside=False), near=True, inside=True),
    "one step only": one_step,
    "one step of eps": one_long_step,
    "one step is missing": walk(more=-1),
    "a step too many": walk(more=1),
    "taken once, at the start": straight,
    "each step is eps long": walk(long=lambda eps, step, steps: eps),
    "each step is eps / steps long": walk(long=lambda eps, step, steps: eps / steps),
    "derivative itself, not": walk(by=lambda g: g * len(g)),
    "derivative itself \\(of the mean": walk(by=lambda g: g),
    "divided by its length": walk(by=lambda g: g / g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)),
    "only the change": lambda m, x, *rest: adv.targeted(m, x, *rest) - x,
    "goes away from the network's first": from_the_guess(1),
    "first guess surer": from_the_guess(-1),
    "raises the target's own logit": walk(down=1, loss=logit),
    "lowers the target's own logit": walk(loss=logit),
    "leave the softmax out": walk(loss=twice),
    "eps is divided by 255": lambda m, x, y, eps, *rest: torch.clamp(
        adv.targeted(m, x, y, eps, *rest), x - eps / 255, x + eps / 255
    ),
    "length of the whole change": as_a_ball,
    "rounded to 256": lambda *given: adv.rounded(adv.targeted(*given)),
    "come back as they were": lambda m, x, *rest: x.clone(),
    "only the first image": lambda *given: adv.targeted(*given)[:1],
    "one tensor, but is a list": lambda *given: list(adv.targeted(*given)),
    "None": lambda *given: None,
}


@pytest.mark.parametrize("message", WALKS)
def test_a_wrong_walk_is_named(message):
    fails("targeted", WALKS[message], message)


# --- smallest_level


def search(*, filed=adv.rounded, unit=255, along=1, flipped=None, of=lambda level, i: level):
    """smallest_level with parts of it changed; of(level, i) is what it gives."""

    @torch.no_grad()
    def answer(model, image, label, direction, levels):
        for i, level in enumerate(levels):
            moved = filed(image + along * level / unit * direction)
            other = int(model(moved[None]).argmax()) != label
            if (flipped or bool)(other):
                return of(level, i)
        return math.inf

    return answer


def all_that_flip(model, image, label, direction, levels):
    one = adv.smallest_level
    return [v for v in levels if one(model, image, label, direction, [v]) < math.inf]


def no_file(values):
    return values


def clipped(values):
    return values.clamp(0, 1)


def floored(values):
    return (values.clamp(0, 1) * 255 + 1e-4).int() / 255


def unclipped(values):
    return (values * 255).round() / 255


def gives_up(model, image, label, direction, levels):
    return adv.smallest_level(model, image, label, direction, levels[:1])


LEVELS = {
    "isn't rounded": search(filed=clipped),
    "rounded down": search(filed=floored),
    "rounded, but not kept": search(filed=unclipped),
    "neither rounded": search(filed=no_file),
    "a level is 1/255": search(unit=1),
    "subtracted": search(along=-1),
    "divided by 255": search(of=lambda level, i: level / 255),
    "place in the list": search(of=lambda level, i: i),
    "how many levels were tried": search(of=lambda level, i: i + 1),
    "the last level that changes": lambda *given: max(all_that_flip(*given), default=math.inf),
    "largest level that leaves": lambda *given: max(
        set(given[-1]) - set(all_that_flip(*given)), default=math.inf
    ),
    "are swapped": search(flipped=lambda other: not other),
    "how many levels change": lambda *given: len(all_that_flip(*given)),
    "it's infinite: does the loop end too early": lambda *given: math.inf,
    '`return float\\("inf"\\)` belongs after it': gives_up,
    "this is the class": lambda *given: 6,
    "None": lambda *given: None,
    "should be infinite, float\\('inf'\\), but is None": lambda *given: (
        None if math.isinf(adv.smallest_level(*given)) else adv.smallest_level(*given)
    ),
    "should be infinite, float\\('inf'\\), but is 4": lambda *given: min(
        adv.smallest_level(*given), given[-1][-1]
    ),
    "should be a number, but is True": lambda *given: adv.smallest_level(*given) < math.inf,
    "image\\[None\\] makes a batch": lambda m, x, label, d, levels: m(x),
}


@pytest.mark.parametrize("message", LEVELS)
def test_a_wrong_level_is_named(message):
    fails("smallest_level", LEVELS[message], message)


# --- largest_shift

SHIFTS = {
    "cancel": lambda w, eps: eps * w.sum(),
    "before .abs": lambda w, eps: eps * w.sum().abs(),
    "root of the summed squares": lambda w, eps: eps * w.norm(),
    "the squares are added": lambda w, eps: eps * (w**2).sum(),
    "mean of the sizes": lambda w, eps: eps * w.abs().mean(),
    "only the largest": lambda w, eps: eps * w.abs().max(),
    "only positive": lambda w, eps: eps * w[w > 0].sum(),
    "only negative": lambda w, eps: -eps * w[w < 0].sum(),
    "eps is missing": lambda w, eps: w.abs().sum(),
    "divided by eps": lambda w, eps: w.abs().sum() / eps,
    "eps is divided by 255": lambda w, eps: eps / 255 * w.abs().sum(),
    "eps is multiplied by 255": lambda w, eps: eps * 255 * w.abs().sum(),
    "minus sign": lambda w, eps: -eps * w.abs().sum(),
    "twice as much": lambda w, eps: 2 * eps * w.abs().sum(),
    "number of pixels": lambda w, eps: eps * w.numel(),
    "aren't added up": lambda w, eps: eps * w.abs(),
    "moves of the pixels": lambda w, eps: eps * w.sign(),
    "one row, or one channel": lambda w, eps: (
        eps * (w.abs().sum() if w.dim() == 1 else w.abs().sum(-1))
    ),
    "eps is squared": lambda w, eps: eps**2 * w.abs().sum(),
    "length of the weights": lambda w, eps: eps * w.abs().sum() / w.norm(),
    "but is True": lambda w, eps: True,
    "None": lambda w, eps: None,
}


@pytest.mark.parametrize("message", SHIFTS)
def test_a_wrong_shift_is_named(message):
    fails("largest_shift", SHIFTS[message], message)


# --- right answers


def by_log_softmax(model, images, labels, eps):
    x = images.detach().clone().requires_grad_(True)
    loss = -model(x).log_softmax(1)[torch.arange(len(x)), labels].mean()
    return torch.clip(x + eps * torch.sign(torch.autograd.grad(loss, x)[0]), 0, 1)


def by_probability(model, images, labels, eps):
    x = images.clone().requires_grad_()
    sure = model(x).softmax(1).gather(1, labels[:, None]).sum()
    return (images - eps * torch.autograd.grad(sure, x)[0].sign()).clamp(0, 1)


def one_by_one(model, images, labels, eps):
    parts = [adv.fgsm(model, x[None], y[None], eps)[0] for x, y in zip(images, labels, strict=True)]
    return torch.stack(parts)


def by_minimum(model, images, targets, eps, step, steps):
    low, high = (images - eps).clamp(min=0), (images + eps).clamp(max=1)
    x = images.clone()
    for _ in range(steps):
        x = torch.min(torch.max(x - step * slope(model, x, targets).sign(), low), high)
    return x


def by_change(model, images, targets, eps, step, steps):
    change = torch.zeros_like(images)
    for _ in range(steps):
        change = change - step * slope(model, images + change, targets).sign()
        change = (images + change.clamp(-eps, eps)).clamp(0, 1) - images
    return images + change


def by_bytes(model, image, label, direction, levels):
    for level in levels:
        values = np.clip((image + level / 255 * direction).numpy(), 0, 1)
        file = np.round(values * 255).astype(np.uint8)
        with torch.no_grad():
            if model(torch.from_numpy(file / np.float32(255))[None]).argmax(1).item() != label:
                return level
    return float("inf")


def all_at_once(model, image, label, direction, levels):
    sizes = torch.tensor([float(v) for v in levels])
    batch = adv.rounded(image + sizes.view(-1, 1, 1, 1) / 255 * direction)
    other = (model(batch).argmax(1) != label).tolist()
    return levels[other.index(True)] if any(other) else math.inf


RIGHT = {
    "fgsm": (adv.fgsm, step(sign), by_log_softmax, by_probability, one_by_one),
    "targeted": (adv.targeted, walk(), by_minimum, by_change),
    "smallest_level": (adv.smallest_level, search(), by_bytes, all_at_once),
    "largest_shift": (
        adv.largest_shift,
        lambda w, eps: eps * w.abs().sum(),
        lambda w, eps: float(np.abs(w.numpy()).sum() * eps),
        lambda w, eps: eps * torch.linalg.vector_norm(w, ord=1),
        lambda w, eps: torch.einsum("i,i->", w.flatten(), eps * w.flatten().sign()),
        lambda w, eps: sum(abs(v) * eps for v in w.flatten().tolist()),
        lambda w, eps: (w * w.sign() * eps).sum().reshape(1),
    ),
}


@pytest.mark.parametrize("exercise", RIGHT)
def test_right_answers_pass(exercise, capsys):
    for answer in RIGHT[exercise]:
        getattr(check, exercise)(answer)
        assert "✓" in capsys.readouterr().out
