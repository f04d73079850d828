"""Checks of lab 10: the error on the ground, moved colours, the game of squares, there and back."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.checks import lab10_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise


@exercise
def ground_error(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """ground_error(made, truth, covers) -> (N,), of pictures (N, 3, H, W), covers (N, 1, H, W)."""
    for seed, count in enumerate([4, 1, 3]):
        made, truth, covers = mistakes.scenes(seed, count)
        right, wrong = mistakes.ground_error(made, truth, covers)
        what = f"The error on the ground of {count} picture{'s' * (count > 1)}"
        compare(call(answer, made, truth, covers), right, mistakes=wrong, what=what)
    return "ground_error is right: only pixels without any animal count, each picture by itself."


@exercise
def match_colour(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """match_colour(images (N, 3, H, W), mean (3,), deviation (3,)) -> (N, 3, H, W) in [0, 1]."""
    for seed, count in enumerate([3, 2, 4]):
        images, mean, deviation = mistakes.palettes(seed, count)
        right, wrong = mistakes.match_colour(images, mean, deviation)
        got = call(answer, images, mean, deviation)
        compare(got, right, mistakes=wrong, what="The pictures", atol=1e-2)
    flat = torch.full((1, 3, 4, 4), 0.25)
    got = as_tensor(call(answer, flat, torch.ones(3) / 2, torch.ones(3) / 5), what="A flat picture")
    if got.isnan().any():
        raise CheckFailed(
            "A picture of one colour becomes nan: its deviation is 0, and 0 / 0 is no number. "
            "Divide by std.clamp_min(1e-6), say."
        )
    if not torch.allclose(got, torch.full_like(got, 0.5), atol=0.01):
        raise CheckFailed(
            "A picture of one colour should get the wanted mean, but doesn't. Keep its deviation "
            "from being 0, `.clamp_min(1e-6)`, and leave the numbers after that alone."
        )
    return "match_colour is right: each channel of each picture gets the wanted mean and spread."


@exercise
def lsgan_losses(answer: Callable[[nn.Module, Tensor, Tensor], tuple]) -> str:
    """lsgan_losses(critic, real, fake) -> (the critic's loss, the forger's loss)."""
    for seed in range(3):
        critic, real, fake = mistakes.table(seed)
        got = _pair(call(answer, critic, real, fake))
        with torch.no_grad():
            scores = critic(real), critic(fake)
        mistakes.refuse_swapped(got, *scores)
        for name, loss, (right, wrong) in zip(
            ("critic", "forger"), got, mistakes.lsgan_losses(*scores), strict=True
        ):
            compare(loss, right, mistakes=wrong, what=f"The {name}'s loss")
    _check_slopes_of_game(answer)
    return "lsgan_losses is right: the critic learns from fakes it can't change, the forger can."


@exercise
def cycle_loss(answer: Callable[..., Tensor]) -> str:
    """cycle_loss(there, back, summer, winter) -> one number."""
    for seed in range(3):
        there, back, summer, winter = mistakes.translators(seed)
        got = call(answer, there, back, summer, winter)
        with torch.no_grad():
            right, wrong = mistakes.cycle_loss(there, back, summer, winter)
        compare(got, right, mistakes=wrong, what="The loss of the way there and back")
    _check_slopes_of_cycle(answer)
    return "cycle_loss is right: both ways round, and both translators learn from it."


def _pair(got: object) -> tuple:
    if isinstance(got, Tensor) and got.shape == (2,):
        return tuple(got)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise CheckFailed(
            f"Return two losses, `return critic_loss, forger_loss`. What came is {describe(got)}."
        )
    return tuple(got)


def _check_slopes_of_game(answer: Callable) -> None:
    """The critic's loss moves the critic alone, the forger's loss moves the fakes."""
    critic, real, fake = mistakes.table(7)
    fake.requires_grad_()

    def slopes(critic: nn.Module, real: Tensor, fake: Tensor) -> list[Tensor]:
        losses = answer(critic, real, fake)
        for name, loss in zip(("critic", "forger"), losses, strict=True):
            if not isinstance(loss, Tensor) or not loss.requires_grad:
                raise CheckFailed(
                    f"The {name} can't learn from its loss: it has no gradient. Leave out .item(), "
                    "float() and torch.no_grad() on the way; only the fakes of the critic's loss "
                    "are cut off, fake.detach()."
                )
        options = {"allow_unused": True, "materialize_grads": True, "retain_graph": True}
        return [torch.autograd.grad(loss, [fake, critic.weight], **options) for loss in losses]

    (leak, of_critic), (of_forger, _) = call(slopes, critic, real, fake)
    if leak.any():
        raise CheckFailed(
            "The critic's loss sends a gradient into the fakes: the forger would be taught by its "
            "opponent to be caught. Judge fake.detach() there."
        )
    if not of_forger.any():
        raise CheckFailed(
            "The forger's loss sends no gradient into the fakes, so the forger can't learn: there "
            "the fakes must not be detached."
        )
    wanted = torch.autograd.grad(
        (critic(real) - 1).square().mean() + critic(fake.detach()).square().mean(), critic.weight
    )[0]
    half = torch.autograd.grad((critic(real) - 1).square().mean(), critic.weight)[0]
    why = {
        "the fakes have no part in it. Cut off the pictures, critic(fake.detach()), not their "
        "scores, critic(fake).detach().": half,
        "the real pictures have no part in it. Cut off the fakes alone.": wanted - half,
    }
    what = "The slope of the critic's loss by the critic's weights"
    compare(of_critic, wanted, mistakes=why, what=what)


def _check_slopes_of_cycle(answer: Callable) -> None:
    there, back, summer, winter = mistakes.translators(9)
    weights = [net.weight for net in (there, back)]

    def slopes(*given: object) -> tuple[Tensor, ...]:
        loss = answer(*given)
        if not isinstance(loss, Tensor) or not loss.requires_grad:
            raise CheckFailed(
                "Nothing can learn from the loss: it has no gradient. Leave out .item(), float(), "
                ".detach() and torch.no_grad()."
            )
        return torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)

    got = call(slopes, there, back, summer, winter)
    ways = (back(there(summer)) - summer).abs(), (there(back(winter)) - winter).abs()
    parts = zip(*(torch.autograd.grad(way.mean(), weights) for way in ways), strict=True)
    for name, slope, (first, second) in zip(("there", "back"), got, parts, strict=True):
        right, cut = first + second, "is cut off (.detach(), .data, torch.no_grad())."
        why = {
            f"it is 0: something on the way {cut}": torch.zeros_like(right),
            f"the way of the summers has no part in it: something on it {cut}": second,
            f"the way of the winters has no part in it: something on it {cut}": first,
        }
        what = f"The slope of the loss by the weights of `{name}`"
        compare(slope, right, mistakes=why, what=what)
