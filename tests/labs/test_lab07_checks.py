"""Checks of lab 07: each plausible wrong answer is named."""

import numpy as np
import pytest
import torch
from answered import failing

from labkit import gan
from labkit.checks import lab07 as check
from labkit.checks import lab07_mistakes as mistakes
from labkit.checks import lab07_steps as steps
from labkit.gan import frechet

fails = failing(check)


# --- exercise 1


def relu(x):
    return x.clamp_min(0)


def plain_hinge(x):
    """The mean of Python's max(0, x): a plain 0 if no x is above 0."""
    return sum(max(0, one) for one in x.flatten()) / x.numel()


def cop(loss):
    """hinge_losses with another loss for the cop."""
    return lambda real, fake: (loss(real, fake), -fake.mean())


def forger(loss):
    return lambda real, fake: (gan.hinge.cop(real, fake), loss(fake))


def half_of_the_real(real, fake):
    half = len(real) // 2
    return gan.hinge.cop(torch.cat([real[:half].detach(), real[half:]]), fake)


HINGE = {
    "the real scores cost what lies BEYOND": cop(lambda r, f: (relu(r - 1) + relu(1 + f)).mean()),
    "the fake scores cost what lies BEYOND": cop(lambda r, f: (relu(1 - r) + relu(-1 - f)).mean()),
    "signs are the wrong way round": cop(lambda r, f: (relu(1 + r) + relu(1 - f)).mean()),
    "sign is wrong for the real": cop(lambda r, f: (relu(1 + r) + relu(1 + f)).mean()),
    "sign is wrong for the fake": cop(lambda r, f: (relu(1 - r) + relu(1 - f)).mean()),
    "cop's loss.*max\\(0, ...\\) is missing": cop(lambda r, f: (1 - r).mean() + (1 + f).mean()),
    "comes after the mean": cop(lambda r, f: relu(1 - r.mean()) + relu(1 + f.mean())),
    "margin of 1 is missing": cop(lambda r, f: (relu(-r) + relu(f)).mean()),
    "cop's loss.*sum over the scores": cop(lambda r, f: (relu(1 - r) + relu(1 + f)).sum()),
    "cop's loss.*wrong axis.*leaves axis 1": cop(lambda r, f: (relu(1 - r) + relu(1 + f)).mean(0)),
    "cop's loss.*wrong axis.*leaves axis 0": cop(lambda r, f: (relu(1 - r) + relu(1 + f)).mean(-1)),
    "losses of the single scores": cop(lambda r, f: relu(1 - r) + relu(1 + f)),
    "one mean over real and fake": cop(lambda r, f: torch.cat([relu(1 - r), relu(1 + f)]).mean()),
    "share one max": cop(lambda r, f: relu(2 - r + f).mean()),
    "fakes' part is taken away": cop(lambda r, f: relu(1 - r).mean() - relu(1 + f).mean()),
    "absolute value": cop(lambda r, f: (1 - r).abs().mean() + (1 + f).abs().mean()),
    "margin of 1 is missing for the real": cop(lambda r, f: (relu(-r) + relu(1 + f)).mean()),
    "margin of 1 is missing for the fake": cop(lambda r, f: (relu(1 - r) + relu(f)).mean()),
    "lies BEYOND the margin": cop(lambda r, f: (relu(r - 1) + relu(-1 - f)).mean()),
    "this is min": cop(lambda r, f: ((1 - r).clamp_max(0) + (1 + f).clamp_max(0)).mean()),
    "cut off above": cop(lambda r, f: ((1 - r).clamp(0, 1) + (1 + f).clamp(0, 1)).mean()),
    "those scores alone": cop(lambda r, f: (1 - r)[r < 1].mean() + (1 + f)[f > -1].mean()),
    "probabilities": cop(lambda r, f: gan.hinge.cop(r.sigmoid(), f.sigmoid())),
    "cop's loss.*number of images": cop(
        lambda r, f: relu(1 - r).sum() / len(r) + relu(1 + f).sum() / len(f)
    ),
    "cop's loss.*logistic loss": cop(gan.logistic.cop),
    "fake scores are missing": cop(lambda r, f: relu(1 - r).mean()),
    "real scores are missing": cop(lambda r, f: relu(1 + f).mean()),
    "hinge is squared": cop(lambda r, f: (relu(1 - r) ** 2 + relu(1 + f) ** 2).mean()),
    "wants HIGH scores": forger(lambda f: f.mean()),
    "counterfeiter's loss.*sum": forger(lambda f: -f.sum()),
    "counterfeiter's loss.*wrong axis.*axis 1": forger(lambda f: -f.mean(0)),
    "counterfeiter's loss.*wrong axis.*axis 0": forger(lambda f: -f.mean(-1)),
    "counterfeiter's loss.*single scores": forger(lambda f: -f),
    "counterfeiter has no max": forger(lambda f: relu(1 - f).mean()),
    "wants the opposite": forger(lambda f: relu(1 + f).mean()),
    "flat where the cop is sure": forger(lambda f: -relu(1 + f).mean()),
    "scores below 0 are cut off": forger(lambda f: -relu(f).mean()),
    "counterfeiter's loss.*number of images": forger(lambda f: -f.sum() / len(f)),
    "counterfeiter's loss.*logistic loss": forger(gan.logistic.forger),
    "minus the cop's whole loss": lambda r, f: (gan.hinge.cop(r, f), -gan.hinge.cop(r, f)),
    "these are the real scores": lambda r, f: (gan.hinge.cop(r, f), -r.mean()),
    "don't belong here": lambda r, f: (gan.hinge.cop(r, f), r.mean() - f.mean()),
    "losses are swapped": lambda r, f: (-f.mean(), gan.hinge.cop(r, f)),
    "Nothing can learn from the cop's loss": lambda r, f: (
        gan.hinge.cop(r, f).item(),
        -f.mean().item(),
    ),
    "Nothing can learn from the counterfeiter's loss": forger(lambda f: -f.mean().item()),
    "every score is beyond the margin you return a plain 0": cop(
        lambda r, f: plain_hinge(1 - r) + plain_hinge(1 + f)
    ),
    "torch.max takes two tensors": cop(lambda r, f: torch.max(0, 1 - r).mean()),
    "largest value along axis 0": cop(lambda r, f: (1 - r).max(0).mean()),
    "NumPy keeps no gradients": cop(
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean()
    ),
    "should return two things": lambda r, f: gan.hinge.cop(r, f),
    "cop's loss by the fake scores: it is 0": cop(lambda r, f: gan.hinge.cop(r, f.detach())),
    "cop's loss by the real scores: it is 0": cop(lambda r, f: gan.hinge.cop(r.detach(), f)),
    "cop's loss by the real scores.*should be": cop(half_of_the_real),
    "slope of the cop's loss by the real scores: it is 0": cop(
        lambda r, f: torch.tensor(gan.hinge.cop(r, f).item(), requires_grad=True)
    ),
    "counterfeiter's loss by the fake scores: it is 0": forger(
        lambda f: torch.tensor(-f.mean().item(), requires_grad=True)
    ),
}


@pytest.mark.parametrize("message", list(HINGE))
def test_wrong_hinge_losses(message):
    fails("hinge_losses", HINGE[message], message)


# --- exercise 2


def as_cop(*, loss=gan.hinge.cop, detach=True, zero="before", back=True, step=True, result=None):
    """cop_step with one thing changed."""

    def cop_step(generator, discriminator, optimizer, images, labels, z):
        fakes = generator(z, labels)
        fakes = fakes.detach() if detach else fakes
        value = loss(discriminator(images, labels), discriminator(fakes, labels))
        return learn(value, optimizer, zero, back, step) if result is None else result(value)

    return cop_step


def learn(value, optimizer, zero, back, step):
    if zero == "before":
        optimizer.zero_grad()
    if back:
        value.backward()
    if zero == "after":
        optimizer.zero_grad()
    if step:
        optimizer.step()
    if zero == "at the end":
        optimizer.zero_grad()
    return value


def also_moves_the_forger(generator, discriminator, optimizer, images, labels, z):
    with torch.no_grad():
        for weight in generator.parameters():
            weight += 0.01
    return as_cop()(generator, discriminator, optimizer, images, labels, z)


def cut_scores(real, fake):
    return gan.hinge.cop(real, fake.detach())


def two_steps(generator, discriminator, optimizer, images, labels, z):
    fakes = generator(z, labels).detach()
    for part in (
        lambda: 1 - discriminator(images, labels),
        lambda: 1 + discriminator(fakes, labels),
    ):
        value = learn(relu(part()).mean(), optimizer, "before", True, True)
    return value


def with_noise_of_its_own(generator, discriminator, optimizer, *batch):
    *others, z = batch
    step = as_cop() if len(batch) == 3 else as_forger()
    return step(generator, discriminator, optimizer, *others, torch.randn_like(z))


def cleared_afterwards(generator, *others):
    """The gradient does reach the counterfeiter, but leaves no trace."""
    value = as_cop(detach=False)(generator, *others)
    generator.zero_grad()
    return value


def without_cop(generator, discriminator, optimizer, *batch):
    """The loss of the images in place of their scores."""
    *images, labels, z = batch
    fakes = generator(z, labels)
    value = gan.hinge.cop(images[0], fakes.detach()) if images else gan.hinge.forger(fakes)
    return learn(value, optimizer, "before", True, True)


def noise_last(generator, discriminator, optimizer, images, labels, z):
    return generator(labels, z)


def labels_first(generator, discriminator, optimizer, images, labels, z):
    return discriminator(labels, images)


def without_labels(generator, discriminator, optimizer, images, labels, z):
    return discriminator(images)


def leaving(change):
    """The right step, after which one of the networks is changed."""

    def step(*args):
        rest = args[:2]
        result = (as_cop() if len(args) == 6 else as_forger())(*args)
        change(*rest)
        return result

    return step


LEFT = {
    "requires_grad of digit.weight was True": lambda g, d: g.requires_grad_(False),
    "requires_grad of hidden.weight was True": lambda g, d: d.requires_grad_(False),
    "left in eval mode": lambda g, d: g.eval(),
    "left in eval mode,": lambda g, d: d.eval(),
}


@pytest.mark.parametrize("message", list(LEFT))
@pytest.mark.parametrize("exercise", ["cop_step", "forger_step"])
def test_both_players_keep_their_mode_and_may_learn(exercise, message):
    fails(exercise, leaving(LEFT[message]), message)


COP = {
    "nothing from the fakes: their scores are in the loss, but cut off": as_cop(loss=cut_scores),
    "nothing from the real images": as_cop(loss=lambda r, f: gan.hinge.cop(r.detach(), f)),
    "TinyDiscriminator was called with other arguments": without_labels,
    "sent a gradient into the counterfeiter.*detach": as_cop(detach=False),
    "you cleared it.*detach": cleared_afterwards,
    "cop has not judged any": without_cop,
    "noise comes first": noise_last,
    "images come first": labels_first,
    "halved": as_cop(loss=lambda real, fake: gan.hinge.cop(real, fake) / 2),
    "real and fake are swapped": as_cop(loss=lambda real, fake: gan.hinge.cop(fake, real)),
    "zero_grad\\(\\) is missing": as_cop(zero="never"),
    "zero_grad\\(\\) comes too late": as_cop(zero="at the end"),
    "climbs up its loss": as_cop(loss=lambda real, fake: -gan.hinge.cop(real, fake)),
    "fakes are missing": as_cop(loss=lambda real, fake: (1 - real).relu().mean()),
    "real images are missing": as_cop(loss=lambda real, fake: (1 + fake).relu().mean()),
    "this is the counterfeiter's loss": as_cop(loss=lambda real, fake: gan.hinge.forger(fake)),
    "not changed: is there an optimizer.step": as_cop(step=False),
    "it has no gradient: loss.backward": as_cop(zero="after"),
    "counterfeiter's weights have changed too": also_moves_the_forger,
    "fakes stand in both places": as_cop(loss=lambda real, fake: gan.hinge.cop(fake, fake)),
    "real images stand in both places": as_cop(loss=lambda real, fake: gan.hinge.cop(real, real)),
    "logistic loss": as_cop(loss=gan.logistic.cop),
    "should be.*but is": as_cop(loss=lambda real, fake: 3 * gan.hinge.cop(real, fake)),
    "step\\(\\) is called more than once": two_steps,
    "draw nothing yourself": with_noise_of_its_own,
    "cop's loss, is None": lambda *args: as_cop()(*args) and None,
}


@pytest.mark.parametrize("message", list(COP))
def test_wrong_cop_steps(message):
    fails("cop_step", COP[message], message)


def test_fakes_made_without_gradient_are_as_good_as_detached_ones():
    def cop_step(generator, discriminator, optimizer, images, labels, z):
        with torch.no_grad():
            fakes = generator(z, labels)
        value = gan.hinge.cop(discriminator(images, labels), discriminator(fakes, labels))
        return learn(value, optimizer, "before", True, True)

    check.cop_step(cop_step)


# --- exercise 3


def as_forger(*, loss=gan.hinge.forger, cut=None, zero="before", step=True, back=True):
    def forger_step(generator, discriminator, optimizer, labels, z):
        fakes = generator(z, labels)
        fakes = fakes.detach() if cut == "fakes" else fakes
        scores = discriminator(fakes, labels)
        value = loss(scores.detach() if cut == "scores" else scores)
        return learn(value, optimizer, zero, back, step)

    return forger_step


def also_moves_the_cop(generator, discriminator, optimizer, labels, z):
    value = as_forger()(generator, discriminator, optimizer, labels, z)
    torch.optim.SGD(discriminator.parameters(), lr=0.1).step()
    return value


FORGER = {
    "No gradient has reached the counterfeiter.*detach": as_forger(cut="fakes"),
    "No gradient has reached": as_forger(cut="scores"),
    "zero_grad\\(\\) comes after": as_forger(zero="after"),
    'trained toward "fake"': as_forger(loss=lambda fake: fake.mean()),
    "zero_grad\\(\\) comes too late": as_forger(zero="at the end"),
    "would help the cop": as_forger(loss=lambda fake: (1 + fake).relu().mean()),
    "zero_grad\\(\\) is missing": as_forger(zero="never"),
    "counterfeiter's weights have not changed: is there": as_forger(step=False),
    "cop's weights have changed too": also_moves_the_cop,
    "its loss|counterfeiter's loss, is None": lambda *args: as_forger()(*args) and None,
    "should be.*but is": as_forger(loss=lambda fake: -3 * fake.mean()),
    "logistic loss": as_forger(loss=gan.logistic.forger),
    "cop has not judged any": without_cop,
    "cop's loss with the fakes in both places": as_forger(loss=lambda s: gan.hinge.cop(s, s)),
    "has no place here": as_forger(loss=lambda fake: (1 - fake).relu().mean()),
    "sum over the scores": as_forger(loss=lambda fake: -fake.sum()),
    "draw nothing yourself": with_noise_of_its_own,
}


@pytest.mark.parametrize("message", list(FORGER))
def test_wrong_forger_steps(message):
    fails("forger_step", FORGER[message], message)


def test_the_steps_of_labkit_pass():
    check.cop_step(lambda *args: gan.update_discriminator(*args).loss)
    check.forger_step(gan.update_generator)


@pytest.mark.parametrize("learner", ["cop", "forger"])
def test_every_wrong_step_leads_elsewhere(learner):
    """So that no message is given for a right answer, and no two mistakes look alike."""
    ways = steps.WRONG_COPS if learner == "cop" else steps.WRONG_FORGERS
    right = {"right": steps.right_cop if learner == "cop" else steps.right_forger}
    ends = list(steps.play_all(0, learner, right | ways).values())
    for i, one in enumerate(ends):
        assert not any(torch.allclose(one, other, rtol=1e-3) for other in ends[:i])


# --- exercise 4


def pieces(*, means=None, root=None, parts=None, whole=None):
    """frechet_distance with one thing changed."""
    means = means or (lambda d: d.square().sum())
    root = root or (lambda a, b: eigenvalues(a @ b).sqrt().sum())
    parts = parts or (lambda a, b, r: a.trace() + b.trace() - 2 * r)
    whole = whole or (lambda m, s: m + s)

    def frechet_distance(mean_a, a, mean_b, b):
        return whole(means(mean_a - mean_b), parts(a, b, root(a, b)))

    return frechet_distance


def eigenvalues(matrix):
    return torch.linalg.eigvals(matrix).real.clamp_min(0)


def eigenvalues_h(matrix):
    return torch.linalg.eigvalsh(matrix).clamp_min(0)


def matrix_root(a, b):
    values, vectors = torch.linalg.eig(a @ b)
    roots = values.real.clamp_min(0).sqrt().to(vectors.dtype)
    return (vectors @ torch.diag(roots) @ torch.linalg.pinv(vectors)).real


FRECHET = {
    "is not squared": pieces(means=lambda d: d.norm()),
    "averaged": pieces(means=lambda d: d.square().mean()),
    "added up before squaring": pieces(means=lambda d: d.sum() ** 2),
    "differences are not squared": pieces(means=lambda d: d.sum()),
    "without their signs": pieces(means=lambda d: d.abs().sum()),
    "difference of the means is missing": pieces(means=lambda d: 0),
    "only the means": pieces(parts=lambda a, b, r: 0),
    "root is taken of each entry": pieces(root=lambda a, b: (a @ b).sqrt().trace()),
    "entry by entry \\(\\*\\). It is": pieces(root=lambda a, b: (a * b).sqrt().trace()),
    "entry by entry \\(\\*\\). Take": pieces(root=lambda a, b: eigenvalues(a * b).sqrt().sum()),
    "root is missing: sum the ROOTS": pieces(root=lambda a, b: (a @ b).trace()),
    "root of the trace": pieces(root=lambda a, b: (a @ b).trace().sqrt()),
    "each alone": pieces(root=lambda a, b: (eigenvalues_h(a) * eigenvalues_h(b)).sqrt().sum()),
    "summed, each alone, and then multiplied": pieces(
        root=lambda a, b: eigenvalues_h(a).sqrt().sum() * eigenvalues_h(b).sqrt().sum()
    ),
    "traces of A and of B are multiplied": pieces(root=lambda a, b: (a.trace() * b.trace()).sqrt()),
    "roots are averaged": pieces(root=lambda a, b: eigenvalues(a @ b).sqrt().mean()),
    "from every entry of A": pieces(parts=lambda a, b, r: (a + b - 2 * r).trace()),
    "entries of A and of B": pieces(parts=lambda a, b, r: a.sum() + b.sum() - 2 * r),
    "eigvalsh is for symmetric": pieces(root=lambda a, b: eigenvalues_h(a @ b).sqrt().sum()),
    "subtracted and squared": pieces(parts=lambda a, b, r: (a - b).square().sum()),
    "multiplied where they should be added": pieces(parts=lambda a, b, r: (a @ b).trace() - 2 * r),
    "trace of B is taken away": pieces(parts=lambda a, b, r: a.trace() - b.trace() - 2 * r),
    "trace of B is missing": pieces(parts=lambda a, b, r: a.trace() - 2 * r),
    "trace of A is missing": pieces(parts=lambda a, b, r: b.trace() - 2 * r),
    "2 before the root": pieces(parts=lambda a, b, r: a.trace() + b.trace() - r),
    "is added": pieces(parts=lambda a, b, r: a.trace() + b.trace() + 2 * r),
    "part with the root is missing": pieces(parts=lambda a, b, r: a.trace() + b.trace()),
    "no trace": pieces(root=matrix_root, parts=lambda a, b, r: a + b - 2 * r),
    "all entries": pieces(root=matrix_root, parts=lambda a, b, r: (a + b - 2 * r).sum()),
    "stays squared": pieces(whole=lambda m, s: (m + s).sqrt()),
    "complex: take the real part": pieces(
        root=lambda a, b: torch.linalg.eigvals(a @ b).sqrt().sum()
    ),
    "not finite": pieces(whole=lambda m, s: m + s * torch.nan),
    "tiny negative numbers.*clamp_min": pieces(
        root=lambda a, b: torch.linalg.eigvals(a @ b).real.sqrt().sum()
    ),
}


@pytest.mark.parametrize("message", list(FRECHET))
def test_wrong_distances(message):
    fails("frechet_distance", FRECHET[message], message)


def test_no_two_wrong_distances_look_alike():
    """In the first case, the one whose mistakes are named."""
    right, wrong = mistakes.frechet(*check._gaussians(0, 3, 30))
    numbers = [right, *(value for value in wrong.values() if value.dim() == 0)]
    for i, one in enumerate(numbers):
        assert not any(torch.allclose(one, other, rtol=3e-3) for other in numbers[:i])


def test_right_distances_of_several_kinds_pass():
    check.frechet_distance(pieces())
    check.frechet_distance(pieces(root=lambda a, b: matrix_root(a, b).trace()))
    gaussian = frechet.Gaussian
    check.frechet_distance(lambda m, a, n, b: frechet.distance(gaussian(m, a), gaussian(n, b)))
