"""The checks of lab 04: right answers pass, plausible wrong ones are told by name."""

import pytest
import torch
from torch.nn import functional as F

from labkit.checks import CheckFailed
from labkit.checks import lab04 as check

CHECKS = ["mirror", "turns", "random_shift", "average_answer"]


def mirror(images):
    return images.flip(3)


def turns(angles, convert=torch.deg2rad, high=-1, low=1):
    a = convert(angles)
    zero = torch.zeros_like(a)
    rows = [torch.stack([a.cos(), high * a.sin(), zero], 1)]
    return torch.stack([*rows, torch.stack([low * a.sin(), a.cos(), zero], 1)], 1)


def random_shift(images, most, generator, draw=None, mode="constant"):
    count, _, height, width = images.shape
    draw = draw or (lambda: torch.randint(-most, most + 1, (count, 2), generator=generator))
    pad = 3 * most
    padded = F.pad(images, [pad] * 4, mode=mode)
    pairs = zip(padded, draw().tolist(), strict=True)
    cuts = [p[:, pad - d : pad - d + height, pad - r : pad - r + width] for p, (d, r) in pairs]
    return torch.stack(cuts)


def rolled(images, most, generator):
    pairs = torch.randint(-most, most + 1, (len(images), 2), generator=generator).tolist()
    return torch.stack([x.roll(pair, (1, 2)) for x, pair in zip(images, pairs, strict=True)])


def average_answer(model, images, policy, copies, seed=lambda k: k, then=lambda x: x.softmax(1)):
    with torch.no_grad():
        answers = [then(model(policy(images, seed=seed(k)))) for k in range(copies)]
    return torch.stack(answers).mean(0)


def blurred(model, images, policy, copies):
    return model(sum(policy(images, seed=k) for k in range(copies)) / copies).softmax(1)


def drawing(make):
    """random_shift whose pairs come from make(count, most, generator)."""
    return lambda x, most, g: random_shift(x, most, g, lambda: make(len(x), most, g))


def between(low, high, count, generator, columns=2):
    return torch.randint(low, high + 1, (count, columns), generator=generator)


def bell(count, most, generator):
    return (torch.randn(count, 2, generator=generator) * most / 2).round().clamp(-most, most).long()


def wide_bell(count, most, generator):
    return (torch.randn(count, 2, generator=generator) * most).round().clamp(-most, most).long()


def rounded(count, most, generator):
    return ((2 * torch.rand(count, 2, generator=generator) - 1) * most).round().long()


def after_another(shifts):
    return torch.cat([shifts, shifts.roll(1, 0)], 1)


def in_pairs(count, most, generator):
    return between(-most, most, count // 2, generator).repeat_interleave(2, 0)


@pytest.mark.parametrize("name", CHECKS)
def test_the_solution_passes(name, capsys):
    getattr(check, name)(globals()[name])
    assert f"✓ {name} is right" in capsys.readouterr().out


def test_other_right_ways_pass():
    check.mirror(lambda x: x[..., torch.arange(x.shape[-1]).flip(0)].numpy())
    check.turns(lambda a: turns(a.double()).tolist())
    check.random_shift(
        drawing(lambda n, m, g: (torch.rand(n, 2, generator=g) * (2 * m + 1)).long() - m)
    )
    check.average_answer(lambda *a: average_answer(*a).numpy())
    check.turns(check.turn_matrices)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda x: x, "nothing has changed"),
        (lambda x: x.flip(2), "top and bottom are swapped"),
        (lambda x: x.flip(2, 3), "half turn"),
        (lambda x: x.flip(0), "order of the images"),
        (lambda x: x.flip(1), "channels are reversed"),
        (lambda x: 1 - x, "negative"),
        (lambda x: x[0], "should be of shape"),
        (lambda x: x.flip(3)[:, :, ::2], "should be of shape"),
        (lambda x: x.copy_(x.flip(3)), "in place"),
    ],
)
def test_mistakes_of_mirror(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.mirror(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda a: turns(a, convert=lambda x: x), "want radians"),
        (lambda a: turns(a, high=1, low=-1), "clockwise"),
        (lambda a: turns(a, convert=torch.rad2deg), "pi / 180"),
        (lambda a: turns(a, high=1, low=1), "same sign"),
        (lambda a: turns(a, high=-1, low=-1), "both sines are negative"),
        (lambda a: turns(a, convert=lambda x: torch.pi / 2 - torch.deg2rad(x)), "swapped places"),
        (lambda a: turns(a)[:, :, :2], "third column is missing"),
        (lambda a: turns(a)[0], "should be of shape"),
        (lambda a: turns(torch.cat([a, a])), "should be of shape"),
    ],
)
def test_mistakes_of_turns(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.turns(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda x, m, g: x, "no image moves"),
        (drawing(lambda n, m, g: between(-m, m, 1, g).expand(n, 2)), "the same shift"),
        (drawing(lambda n, m, g: between(-m, m, n, g, 1).expand(n, 2)), "the same number"),
        (drawing(lambda n, m, g: between(-m, m - 1, n, g)), "out its upper end"),
        (drawing(lambda n, m, g: between(0, m, n, g)), "one direction only"),
        (drawing(lambda n, m, g: between(-2 * m, 2 * m, n, g)), "by up to"),
        (drawing(lambda n, m, g: between(-m, m, n, g) * torch.tensor([0, 1])), "down or up"),
        (drawing(lambda n, m, g: between(-m, m, n, g) * torch.tensor([1, 0])), "right or left"),
        (drawing(lambda n, m, g: between(-m, m, n, None)), "the same seed gives other shifts"),
        (
            drawing(lambda n, m, g: between(-m, m, n, torch.Generator().manual_seed(1))),
            "is `generator` used",
        ),
        (drawing(bell), "Each of the 5 shifts should be equally likely"),
        (drawing(wide_bell), "equally likely"),
        (drawing(rounded), "equally likely"),
        (drawing(lambda n, m, g: after_another(between(-m, m, n, g, 1))), "follows from another"),
        (drawing(in_pairs), "follows from another"),
        (rolled, "torch.roll"),
        (lambda x, m, g: random_shift(x, m, g, mode="replicate"), "border is repeated"),
        (lambda x, m, g: random_shift(x, m, g)[:, :, m:-m, m:-m], "should be of shape"),
    ],
)
def test_mistakes_of_random_shift(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.random_shift(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda *a: average_answer(*a, then=lambda x: x).softmax(1), "outvotes the others"),
        (lambda *a: average_answer(*a, then=lambda x: x), "softmax is missing"),
        (lambda *a: average_answer(*a) * a[3], "divide by the number"),
        (lambda *a: average_answer(*a, seed=lambda k: 0), "its own seed"),
        (lambda *a: average_answer(*a, seed=lambda k: k + 1), "begin at 1"),
        (lambda *a: average_answer(*a, then=lambda x: x.softmax(0)), "over the images"),
        (lambda *a: average_answer(*a).argmax(1), "only the class"),
        (lambda *a: average_answer(*a).amax(1), "only the largest"),
        (lambda *a: average_answer(*a[:3], a[3] - 1), "one copy is missing"),
        (lambda model, images, policy, copies: model(images).softmax(1), "no copy was made"),
        (blurred, "one blurred image"),
    ],
)
def test_mistakes_of_average_answer(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.average_answer(answer)


def forgetful(model, *rest):
    answer = average_answer(model.eval(), *rest)
    model.train()
    return answer


def test_average_answer_must_not_leave_train_mode():
    with pytest.raises(CheckFailed, match="came in eval mode and is left in train mode"):
        check.average_answer(forgetful)


@pytest.mark.parametrize("seed", range(20))
def test_a_right_shift_passes_whatever_is_drawn(seed):
    """Other draws from the same generator: the limits leave room for chance."""

    def draw(count, most, generator):
        torch.rand(seed, generator=generator)
        return between(-most, most, 2 * count, generator, 1).view(2, count).T

    check.random_shift(drawing(draw))
