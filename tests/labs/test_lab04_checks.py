"""The checks of lab 04: right answers pass, plausible wrong ones are told by name."""

import math

import pytest
import torch
from torch.nn import functional as F

from labkit.checks import CheckFailed
from labkit.checks import lab04 as check

CHECKS = ["mirror", "turns", "random_shift", "kept", "average_answer"]


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


def kept(model, images, change, answer=lambda logits: logits.argmax(1)):
    with torch.no_grad():
        return (answer(model(images)) == answer(model(change(images)))).double().mean()


def average_answer(model, images, policy, copies, seed=lambda k: k, then=lambda x: x.softmax(1)):
    with torch.no_grad():
        answers = [then(model(policy(images, seed=seed(k)))) for k in range(copies)]
    return torch.stack(answers).mean(0)


def blurred(model, images, policy, copies):
    return model(sum(policy(images, seed=k) for k in range(copies)) / copies).softmax(1)


def chained(model, images, policy, copies):
    answers = []
    for k in range(copies):
        images = policy(images, seed=k)
        answers.append(model(images).softmax(1))
    return torch.stack(answers).mean(0)


def probabilities(model, images, policy, copies):
    return torch.stack([model(policy(images, seed=k)).softmax(1) for k in range(copies)])


def at_once(model, images, policy, copies):
    answers = model(policy(images.repeat(copies, 1, 1, 1), seed=0)).softmax(1)
    return answers.view(copies, len(images), -1)


def by_parts(images, most, generator):
    """Moved by parts of a pixel."""
    amounts = most * (2 * torch.rand(len(images), 2, generator=generator) - 1)
    matrices = torch.eye(2, 3).repeat(len(images), 1, 1)
    matrices[:, :, 2] = 2 * amounts / torch.tensor([images.shape[3], images.shape[2]])
    grid = F.affine_grid(matrices, images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def cut(start, pad=True):
    """A window of each image from start(count, most, generator), as a beginner cuts it."""

    def shifted(images, most, generator):
        height, width = images.shape[2:]
        starts = start(len(images), most, generator).tolist()
        wide = F.pad(images, [most] * 4) if pad else images
        pairs = zip(wide, starts, strict=True)
        return torch.stack([p[:, y : y + height, x : x + width] for p, (y, x) in pairs])

    return shifted


def each(change):
    """random_shift that changes each image by change(image, down, right)."""

    def shifted(images, most, generator):
        pairs = torch.randint(-most, most + 1, (len(images), 2), generator=generator).tolist()
        return torch.stack([change(x.clone(), *p) for x, p in zip(images, pairs, strict=True)])

    return shifted


def wiping(image, down, right):
    """Rolled, then wiped as if no shift were negative."""
    image = image.roll((down, right), (1, 2))
    image[:, :down], image[:, :, :right] = 0, 0
    return image


def into_zeros(image, down, right):
    """Both slices as if no shift were negative."""
    out, (height, width) = torch.zeros_like(image), image.shape[1:]
    out[:, down:, right:] = image[:, : height - down, : width - right]
    return out


def with_nearest(images, most, generator):
    """Right: the matrix of section 2, by whole pixels."""
    pairs = torch.randint(-most, most + 1, (len(images), 2), generator=generator).float()
    matrices = torch.eye(2, 3).repeat(len(images), 1, 1)
    matrices[:, :, 2] = -2 * pairs.flip(1) / torch.tensor([images.shape[3], images.shape[2]])
    grid = F.affine_grid(matrices, images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def padding_each_time(images, most, generator):
    """Right, but slow: the whole batch is padded for each image."""
    _, _, height, width = images.shape
    cut = []
    for i in range(len(images)):
        padded = F.pad(images, [most] * 4)
        y, x = torch.randint(0, 2 * most + 1, (2,), generator=generator).tolist()
        cut.append(padded[i, :, y : y + height, x : x + width])
    return torch.stack(cut)


def overwriting(images):
    """A loop that reads what it has overwritten."""
    images = images.clone()
    for column in range(images.shape[3]):
        images[..., column] = images[..., images.shape[3] - 1 - column]
    return images


def by_index(angles):
    """turns, filled in by index; the second cosine is forgotten."""
    a, out = torch.deg2rad(angles), torch.zeros(len(angles), 2, 3)
    out[:, 0, 0], out[:, 0, 1], out[:, 1, 0] = a.cos(), -a.sin(), a.sin()
    return out


def one_by_one(model, images, change):
    pairs = [(model(x[None]).argmax(), model(change(x[None])).argmax()) for x in images]
    return sum(int(a == b) for a, b in pairs) / len(pairs)


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


def cut_off(count, most, generator):
    return (2 * most * torch.rand(count, 2, generator=generator)).long() - most


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
    check.random_shift(padding_each_time)
    check.random_shift(with_nearest)
    check.random_shift(cut(lambda n, m, g: between(0, 2 * m, n, g)))
    check.average_answer(lambda *a: average_answer(*a).numpy())
    check.kept(one_by_one)
    check.kept(lambda *a: kept(*a).numpy())
    check.kept(lambda *a: kept(*a)[None])
    check.turns(check.turn_matrices)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda x: x, "nothing has changed"),
        (lambda x: x.flip(2), "top and bottom are swapped"),
        (lambda x: x.flip(2, 3), "half turn"),
        (lambda x: x.flip(0), "order of the images"),
        (lambda x: x.flip(1), "channels are reversed"),
        (lambda x: x.flip(0, 3), "order in the batch"),
        (lambda x: x.flip(1, 3), "so are the channels"),
        (overwriting, "Read from `images`"),
        (lambda x: x[..., [-c for c in range(x.shape[3])]], "first column stays"),
        (lambda x: (x + x.flip(3)) / 2, "mean of the images"),
        (lambda x: 1 - x, "negative"),
        (lambda x: x.roll(1, 3), "move by one"),
        (lambda x: torch.cat([x[..., x.shape[3] // 2 :], x[..., : x.shape[3] // 2]], 3), "halves"),
        (lambda x: x[:, :, :, ::-1], "can't be sliced backwards"),
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
        (lambda a: turns(a)[0], "that's one matrix"),
        (lambda a: turns(a[:1]).expand(len(a), 2, 3), "those of the first angle"),
        (lambda a: turns(a) + torch.tensor([0, 0, 1.0]), "zeros, not ones"),
        (lambda a: turns(a, convert=lambda x: x / 180), "pi is missing"),
        (lambda a: turns(a, convert=lambda x: x * 3.14 / 180), "pi is rounded"),
        (lambda a: turns(2 * a), "twice the angle"),
        (lambda a: turns(a / 2), "half the angle"),
        (lambda a: turns(-a, convert=lambda x: x), "clockwise, and the angles are in degrees"),
        (lambda a: turns(a.abs()), "taken as positive"),
        (lambda a: turns(a).flip(1), "two rows are swapped"),
        (by_index, "second row lacks its cosine"),
        (lambda a: turns(a) * torch.tensor([[1.0], [0]]), "second row is missing"),
        (lambda a: turns(a) * torch.tensor([[0], [1.0]]), "first row is missing"),
        (lambda a: math.cos(a), "want single numbers"),
        (
            lambda a: torch.tensor(
                [[torch.cos(a), -torch.sin(a), 0], [torch.sin(a), torch.cos(a), 0]]
            ),
            "want single numbers",
        ),
        (lambda a: turns(a).movedim(1, 0), "along dimension 1"),
        (lambda a: turns(a).permute(2, 1, 0), "along dimension 1"),
        (lambda a: turns(a).flatten(1), "stand in one row"),
        (lambda a: turns(a).mT, "rows as columns"),
        (lambda a: turns(a).permute(1, 2, 0), "the images come first"),
        (lambda a: F.pad(turns(a), [0, 0, 0, 1]), "first two rows only"),
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
        (drawing(lambda n, m, g: between(1 - m, m, n, g)), "One end is missing"),
        (
            drawing(cut_off),
            "rounding down",
        ),
        (by_parts, "parts of a pixel"),
        (cut(lambda n, m, g: between(-m, m, n, g)), "differ in size.*0 to 2"),
        (cut(lambda n, m, g: between(0, 2 * m, n, g), pad=False), "differ in size.*F.pad"),
        (each(into_zeros), "two sides differ in size"),
        (lambda x, m, g: torch.nn.functional.pad(x, m), "one number for each side"),
        (each(wiping), "middle has gone"),
        (lambda x, m, g: random_shift(x - 1, m, g) + 1, "ones come in"),
        (lambda x, m, g: random_shift(x, m, g, mode="reflect"), "mirrored at its border"),
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
        (lambda *a: average_answer(*a, seed=lambda k: a[3]), "seed=copies"),
        (lambda *a: average_answer(*a[:3], a[3] + 1), "one copy too many"),
        (lambda *a: average_answer(*a, then=lambda x: x.sigmoid()), "sigmoid treats"),
        (lambda *a: average_answer(*a, then=lambda x: x.log_softmax(1)), "the logarithms of"),
        (lambda *a: average_answer(*a, then=lambda x: x.log_softmax(1)).exp(), "geometric mean"),
        (lambda *a: average_answer(*a).softmax(1), "softmax is taken twice"),
        (lambda *a: probabilities(*a).log().softmax(0).mean(0), "over the copies, not over"),
        (lambda *a: probabilities(*a).mean(1), "mean runs over the images"),
        (lambda *a: probabilities(*a).mean(2), "mean runs over the classes"),
        (lambda *a: probabilities(*a).mean(), "mean runs over everything"),
        (lambda *a: probabilities(*a)[0] / a[3], "`return` belongs after the loop"),
        (lambda *a: probabilities(*a).median(0).values, "median"),
        (lambda *a: at_once(*a).mean(0), "one call with seed 0"),
        (
            lambda *a: probabilities(*a).flatten(0, 1).view(len(a[1]), a[3], -1).mean(1),
            "changed places",
        ),
        (lambda *a: average_answer(*a).argmax(1), "only the class"),
        (lambda *a: average_answer(*a).amax(1), "only the largest"),
        (lambda *a: average_answer(*a[:3], a[3] - 1), "one copy is missing"),
        (lambda model, images, policy, copies: model(images).softmax(1), "no copy was made"),
        (blurred, "one blurred image"),
        (chained, "from the one before"),
        (lambda *a: probabilities(*a).amax(0), "Take the mean"),
        (lambda *a: probabilities(*a)[-1], "only the last copy"),
        (lambda *a: probabilities(*a)[1:].mean(0), "the first copy is missing"),
        (lambda *a: probabilities(*a).mean(0).log(), "logarithms"),
        (lambda *a: average_answer(*a[:3], 16), "whatever `copies` says"),
        (
            lambda *a: (
                F.one_hot(probabilities(*a).argmax(2), probabilities(*a).shape[2]).double().mean(0)
            ),
            "votes",
        ),
        (
            lambda *a: torch.cat([a[0](a[1]).softmax(1)[None], probabilities(*a)]).mean(0),
            "the images themselves count",
        ),
    ],
)
def test_mistakes_of_average_answer(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.average_answer(answer)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda *a: 1 - kept(*a), "Which stay"),
        (lambda *a: kept(*a) * len(a[1]), "how many answers stay"),
        (lambda *a: 100 * kept(*a), "in percent"),
        (lambda m, x, c: m(x).argmax(1) == m(c(x)).argmax(1), "for each image"),
        (lambda *a: kept(*a, answer=lambda logits: logits), "nothing stays"),
        (lambda *a: kept(*a, answer=lambda logits: logits.argmax(0)), "nothing stays"),
        (lambda m, x, c: kept(m, x, lambda x: x), "everything stays"),
        (lambda m, x, c: kept(m, x, lambda x: c(c(x))), "once, and on one side"),
        (lambda m, x, c: (m(x).argmax(1) == c(m(x)).argmax(1)).double().mean(), "gets? the netw"),
        (
            lambda m, x, c: (m(x).argmax(1) == m(c(x)).argmax(1, keepdim=True)).double().mean(),
            "compared with all others",
        ),
        (lambda *a: kept(*a) * len(a[1]) / 4, "the number of classes"),
        (lambda m, x, c: (m(x) - m(c(x))).abs().mean(), "how far the logits move"),
        (lambda m, x, c: F.cosine_similarity(m(x), m(c(x))).mean(), "how alike"),
        (lambda *a: kept(*a, answer=lambda logits: logits.argmin(1)), "smallest logit"),
        (
            lambda m, x, c: m(c(x)).softmax(1).gather(1, m(x).argmax(1)[:, None]).mean(),
            "probability of the old answer",
        ),
        (lambda m, x, c: kept(m.train(), x, c), "left in train mode"),
    ],
)
def test_mistakes_of_kept(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.kept(answer)


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
