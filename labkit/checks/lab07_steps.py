"""Lab 07: a tiny counterfeiter and cop, the right step of each, and the steps of usual mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from labkit.gan.losses import hinge

CUT_OFF = (
    "No gradient has reached the counterfeiter. Is something cut off on the way (.detach(), "
    ".item(), torch.no_grad())? Nothing should be: here the gradient runs from the loss through "
    "the cop's scores into the counterfeiter. Or backward() is missing, or zero_grad() comes after "
    "it."
)


NOT_ASKED = (
    "The loss is that of the images: the cop has not judged any. A loss takes the cop's SCORES, as "
    "in discriminator(fakes, labels)."
)


class TinyGenerator(nn.Module):
    """Noise z (B, 3) and labels (B,) -> images (B, 1, 2, 2)."""

    def __init__(self):
        super().__init__()
        self.digit, self.start = nn.Embedding(10, 3), nn.Linear(3, 4)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        if labels.is_floating_point():
            raise TypeError("the noise comes first, generator(z, labels)")
        return self.start(z + self.digit(labels)).tanh().view(-1, 1, 2, 2)


class TinyDiscriminator(nn.Module):
    """Images (B, 1, 2, 2) and labels (B,) -> scores (B,)."""

    def __init__(self):
        super().__init__()
        self.hidden, self.score, self.digit = nn.Linear(4, 4), nn.Linear(4, 1), nn.Embedding(10, 4)
        self.asked = 0  # how often it was to judge images

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        if labels.is_floating_point():
            raise TypeError("the images come first, discriminator(images, labels)")
        self.asked += 1
        x = self.hidden(images.flatten(1)).tanh()
        return self.score(x).squeeze(1) + (x * self.digit(labels)).sum(1)


class Players:
    """Both networks by seed, and an optimizer for the learner, "cop" or "forger".

    The learner starts with gradients that an earlier step has left behind. `leaked` tells whether
    the other one has ever got a gradient, even if it was cleared since.
    """

    def __init__(self, seed: int, *, learner: str):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(720 + seed)
            self.generator, self.discriminator = TinyGenerator(), TinyDiscriminator()
            self.learner = self.discriminator if learner == "cop" else self.generator
            for weight in self.learner.parameters():
                weight.grad = torch.randn_like(weight)
        self.optimizer = torch.optim.SGD(self.learner.parameters(), lr=0.1)
        self.first, self.steps, self.moves = self.weights, 0, 0
        self.optimizer.register_step_post_hook(self._count)
        self.leaked = False
        other = self.generator if learner == "cop" else self.discriminator
        for weight in other.parameters():
            weight.register_hook(self._leak)

    def _count(self, *_: object) -> None:
        self.moves += 1  # how often optimizer.step() was called

    def _leak(self, _: Tensor) -> None:
        self.leaked = True

    @property
    def weights(self) -> Tensor:
        return flat(self.learner)

    def learn(self, step: Callable, images: Tensor | None, labels: Tensor, z: Tensor) -> Tensor:
        """Make the loss `step(real scores or None, fake scores)` smaller once; returns it.

        Older gradients are cleared before, unless the step is one of `KEEPS` (or of `LATE`, which
        clear them at the end, so that only the first step has some).
        """
        with torch.enable_grad():
            fake = self.discriminator(self.generator(z, labels), labels)
            real = None if images is None else self.discriminator(images, labels)
            loss = step(real, fake)
            weights = list(self.learner.parameters())
            slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        for weight, slope in zip(weights, slopes, strict=True):
            slope = torch.zeros_like(weight) if slope is None else slope
            kept = step in KEEPS or (step in LATE and self.steps == 0)
            old = weight.grad if kept else 0 * weight.grad
            weight.grad = old + slope
        self.optimizer.step()
        self.steps += 1
        return loss.detach()


def flat(model: nn.Module) -> Tensor:
    """All weights of a model in one row (P,)."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def batches(seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Two batches of images (8, 1, 2, 2), labels (8,) and noise (8, 3)."""
    generator = torch.Generator().manual_seed(730 + seed)
    for _ in range(2):
        images = torch.rand(8, 1, 2, 2, generator=generator)
        labels = torch.randint(10, (8,), generator=generator)
        yield images, labels, torch.randn(8, 3, generator=generator)


def play_all(seed: int, learner: str, ways: dict[str, Callable]) -> dict[str, Tensor]:
    """The weights after both batches, for each way to learn: {message: weights}."""
    results = {}
    for message, step in ways.items():
        players = Players(seed, learner=learner)
        for images, labels, z in batches(seed):
            players.learn(step, images, labels, z)
        results[message] = players.weights
    return results


def right_cop(real: Tensor, fake: Tensor) -> Tensor:
    """The cop's loss."""
    return hinge.cop(real, fake)


def right_forger(real: Tensor | None, fake: Tensor) -> Tensor:
    """The counterfeiter's loss."""
    return hinge.forger(fake)


def kept_cop(real: Tensor, fake: Tensor) -> Tensor:
    """The cop's loss, and older gradients stay."""
    return hinge.cop(real, fake)


def kept_forger(real: Tensor | None, fake: Tensor) -> Tensor:
    """The counterfeiter's loss, and older gradients stay."""
    return hinge.forger(fake)


def late_cop(real: Tensor, fake: Tensor) -> Tensor:
    """The cop's loss, and older gradients are cleared at the end."""
    return hinge.cop(real, fake)


def late_forger(real: Tensor | None, fake: Tensor) -> Tensor:
    """The counterfeiter's loss, and older gradients are cleared at the end."""
    return hinge.forger(fake)


KEEPS = {kept_cop, kept_forger}  # steps without optimizer.zero_grad()
LATE = {late_cop, late_forger}  # steps with zero_grad() behind step()
AT_THE_END = (
    "optimizer.zero_grad() comes too late: gradients that were there before, such as those that "
    "the other player's step leaves, are still added. Clear them before backward()."
)
FORGOTTEN = (
    "optimizer.zero_grad() is missing before backward(): the gradients of earlier steps, the other "
    "player's too, are still there and are added."
)

WRONG_COPS = {
    FORGOTTEN: kept_cop,
    AT_THE_END: late_cop,
    "real and fake are swapped: the cop learns to call fakes real. The real scores come first, "
    "gan.hinge.cop(real, fake).": lambda real, fake: hinge.cop(fake, real),
    "the cop climbs up its loss. Make it small, without a minus.": (
        lambda real, fake: -hinge.cop(real, fake)
    ),
    "the fakes are missing from the loss.": lambda real, fake: (1 - real).relu().mean(),
    "the real images are missing from the loss.": lambda real, fake: (1 + fake).relu().mean(),
    "this is the counterfeiter's loss. The cop's is gan.hinge.cop(real, fake).": (
        lambda real, fake: hinge.forger(fake)
    ),
    "the fakes stand in both places: the cop has never seen the real images. Score them, too.": (
        lambda real, fake: hinge.cop(fake, fake)
    ),
    "the real images stand in both places: the cop has never seen a fake. Score them, too.": (
        lambda real, fake: hinge.cop(real, real)
    ),
    "the loss is halved. It is the sum of the two means, gan.hinge.cop(real, fake) as it is.": (
        lambda real, fake: hinge.cop(real, fake) / 2
    ),
    "this is the logistic loss. Take gan.hinge.cop(real, fake).": (
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean()
    ),
}
CUT_COPS = {  # the loss that comes back is right, but a part of it has no gradient
    "the cop has learned nothing from the fakes: their scores are in the loss, but cut off. "
    "Detach the fake images, before the cop sees them, not the cop's scores.": (
        lambda real, fake: hinge.cop(real, fake.detach())
    ),
    "the cop has learned nothing from the real images: their scores are in the loss, but cut off "
    "(.detach(), torch.no_grad()).": lambda real, fake: hinge.cop(real.detach(), fake),
}
WRONG_FORGERS = {
    FORGOTTEN: kept_forger,
    AT_THE_END: late_forger,
    'the counterfeiter is trained toward "fake": its scores should RISE, so the loss is minus '
    "their mean, gan.hinge.forger(scores).": lambda real, fake: fake.mean(),
    "this is the cop's loss of the fakes: the counterfeiter would help the cop. Its own is "
    "gan.hinge.forger(scores).": lambda real, fake: (1 + fake).relu().mean(),
    "this is the cop's loss with the fakes in both places. The counterfeiter has its own, "
    "gan.hinge.forger(scores).": lambda real, fake: hinge.cop(fake, fake),
    "max(0, ...) has no place here: the counterfeiter wants more however high the score is. Take "
    "gan.hinge.forger(scores).": lambda real, fake: (1 - fake).relu().mean(),
    "this is the logistic loss. Take gan.hinge.forger(scores).": (
        lambda real, fake: softplus(-fake).mean()
    ),
    "this is the sum over the scores. Take gan.hinge.forger(scores), minus their mean.": (
        lambda real, fake: -fake.sum()
    ),
}
