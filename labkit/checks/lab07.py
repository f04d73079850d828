"""Checks of lab 07: hinge losses, the steps of cop and counterfeiter, the Fréchet distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from labkit.checks import lab07_mistakes as mistakes
from labkit.checks import lab07_steps as steps
from labkit.checks import words
from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.checks.networks import AsItWas


@exercise
def hinge_losses(answer: Callable[[Tensor, Tensor], tuple]) -> str:
    """hinge_losses(real, fake), scores of one shape -> (the cop's loss, the counterfeiter's)."""
    for seed, shape in enumerate([(9,), (14,), (6, 3)]):
        real, fake = _scores(seed, shape)
        cop, forger = _pair(_call(answer, real, fake))
        what = f"for {' x '.join(map(str, shape))} scores of each kind"
        _refuse_swapped(cop, forger, real, fake)
        right, wrong = mistakes.hinge_cop(real, fake)
        compare(cop, right, mistakes=wrong, what=f"The cop's loss {what}")
        right, wrong = mistakes.hinge_forger(real, fake)
        compare(forger, right, mistakes=wrong, what=f"The counterfeiter's loss {what}")
    _check_slopes(answer)
    _refuse_plain_zero(answer)
    return "hinge_losses is right: the cop wants a margin on both sides, the forger high scores."


@exercise
def cop_step(answer: Callable[..., Tensor]) -> str:
    """cop_step(generator, discriminator, optimizer, images, labels, z) -> the cop's loss."""
    for seed in range(2):
        game, right = steps.Players(seed, learner="cop"), steps.Players(seed, learner="cop")
        counted = True  # whether the loss that came back is the right one
        for images, labels, z in steps.batches(seed):
            loss = _step(answer, game, images, labels, z)
            _refuse_leak(game)
            _refuse_unmoved(game, "cop")
            _refuse_several_moves(game)
            want = right.learn(steps.right_cop, images, labels, z)
            counted = counted and (right.steps > 1 or _is(loss, want))
        what = "The cop's weights after two steps"
        _refuse_wrong_side(game.generator, right.generator, "counterfeiter", "cop")
        wrong = steps.play_all(seed, "cop", steps.CUT_COPS if counted else {})
        wrong |= steps.play_all(seed, "cop", steps.WRONG_COPS)
        _refuse_own_draws(answer, seed, game, "cop")
        compare(steps.flat(game.discriminator), right.weights, mistakes=wrong, what=what)
        compare(loss, want, what="What cop_step returns, the cop's loss,")
    return "cop_step is right: the cop has learned, and the counterfeiter has noticed nothing."


@exercise
def forger_step(answer: Callable[..., Tensor]) -> str:
    """forger_step(generator, discriminator, optimizer, labels, z) -> the counterfeiter's loss."""
    for seed in range(2):
        game, right = steps.Players(seed, learner="forger"), steps.Players(seed, learner="forger")
        for _, labels, z in steps.batches(seed):
            loss = _with_gradient(_step, answer, game, labels, z)
            _refuse_unmoved(game, "counterfeiter")
            _refuse_several_moves(game)
            want = right.learn(steps.right_forger, None, labels, z)
        what = "The counterfeiter's weights after two steps"
        _refuse_wrong_side(game.discriminator, right.discriminator, "cop", "counterfeiter")
        wrong = steps.play_all(seed, "forger", steps.WRONG_FORGERS)
        _refuse_own_draws(answer, seed, game, "forger")
        compare(steps.flat(game.generator), right.weights, mistakes=wrong, what=what)
        compare(loss, want, what="What forger_step returns, the counterfeiter's loss,")
    return "forger_step is right: through the cop's scores it has learned what to change."


@exercise
def frechet_distance(answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> str:
    """frechet_distance(mean_a (D,), cov_a (D, D), mean_b, cov_b), float64 -> one number."""
    for seed, (dim, count) in enumerate([(3, 30), (5, 60), (2, 20), (4, 3), (84, 60)]):
        few = ", from fewer images than that" if count <= dim else ""
        what = f"The distance of two Gaussians with {dim} features{few}"
        sides = _gaussians(seed, dim, count)
        right, wrong = mistakes.frechet(*sides)
        got = call(answer, *sides)
        _refuse_root_of_negative(got, what)
        compare(got, right, mistakes=wrong, what=what, atol=1e-3)
    return "frechet_distance is right: how far apart the middles are, how different the spreads."


def _refuse_root_of_negative(got: Any, what: str) -> None:
    if as_tensor(got, what=what).isnan().any():
        raise CheckFailed(
            f"{what} is not finite (nan). Some eigenvalues of A B are 0, and the computer makes "
            "them tiny negative numbers, which have no root: cut them off with .clamp_min(0) first."
        )


def _scores(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Scores of real and fake images on both sides of the margins, their means beyond them.

    With these seeds named mistakes that differ at all differ by more than 1 %.
    """
    generator = torch.Generator().manual_seed(723 + seed)
    real, fake = 1.5 * torch.randn(2, *shape, generator=generator)
    return real + 1.4 - real.mean(), fake - 1.2 - fake.mean()


def _gaussians(seed: int, dim: int, count: int) -> list[Tensor]:
    """Means and covariances of two samples that lean in different directions."""
    generator, sides = torch.Generator().manual_seed(750 + seed), []
    for shift in (0.0, 1.5):
        mix = torch.eye(dim) + 0.7 * torch.rand(dim, dim, generator=generator)
        points = (torch.randn(count, dim, generator=generator) @ mix + shift).double()
        sides += [points.mean(0), torch.cov(points.T)]
    return sides


def _pair(got: Any) -> tuple[Any, Any]:
    if isinstance(got, Tensor) and got.dim() == 1 and len(got) == 2:
        got = tuple(got)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise CheckFailed(
            "hinge_losses should return two things, the cop's loss and the counterfeiter's, but "
            f"returns {describe(got)}."
        )
    return got[0], got[1]


def _call(answer: Callable, *scores: Tensor) -> Any:
    """`call`; an error of max() or NumPy is said in the exercise's words."""
    try:
        return call(answer, *scores)
    except CheckFailed as failure:
        for error, said in mistakes.OTHER_MAX.items():
            if error in str(failure):
                raise CheckFailed(f"{words.name_of(answer)}: {said}") from None
        raise


def _refuse_plain_zero(answer: Callable) -> None:
    """Also where no score costs anything the loss is a tensor, through which gradients flow."""
    real = torch.tensor([1.5, 3.0, 2.0]).requires_grad_()
    fake = torch.tensor([-2.0, -1.5, -4.0]).requires_grad_()
    cop, _ = _pair(_call(answer, real, fake))
    if not isinstance(cop, Tensor) or not cop.requires_grad:
        raise CheckFailed(
            "When every score is beyond the margin you return a plain 0: use clamp_min(0), so that "
            "it stays a tensor."
        )
    compare(cop, 0.0, what="The cop's loss when every score is beyond the margin")


def _refuse_swapped(cop: Any, forger: Any, real: Tensor, fake: Tensor) -> None:
    right = mistakes.hinge_forger(real, fake)[0], mistakes.hinge_cop(real, fake)[0]
    values = as_tensor(cop, what="The cop's loss"), as_tensor(forger, what="The other loss")
    pairs = zip(values, right, strict=True)
    if all(got.dim() == 0 and torch.isclose(got, want.double()) for got, want in pairs):
        raise CheckFailed("The two losses are swapped: return the cop's loss first.")


def _check_slopes(answer: Callable) -> None:
    """Both losses have the derivatives of their formulas, by the real and by the fake scores."""
    real, fake = (part.requires_grad_() for part in _scores(9, (8,)))
    rights = mistakes.hinge_cop(real, fake)[0], mistakes.hinge_forger(real, fake)[0]
    names = "the cop's loss", "the counterfeiter's loss"
    for which, (right, name) in enumerate(zip(rights, names, strict=True)):

        def slopes(*scores: Tensor, which: int = which, name: str = name) -> tuple:
            return _slopes(_pair(answer(*scores))[which], scores, name)

        slopes.__name__ = words.name_of(answer)
        got, want = _call(slopes, real, fake), _slopes(right, (real, fake), name)
        for side, slope, other in zip(("real", "fake"), got, want, strict=True):
            said = "it is 0, for these scores were cut off on the way (.detach(), .item(), ...)."
            what = f"The slope of {name} by the {side} scores"
            compare(slope, other, mistakes={said: 0 * other}, what=what, atol=1e-6)


def _slopes(loss: Any, scores: tuple, name: str) -> tuple:
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        raise CheckFailed(
            f"Nothing can learn from {name}: it no longer depends on the scores. Return the tensor "
            "itself, without .item(), float(), .detach() or torch.no_grad()."
        )
    return torch.autograd.grad(loss, scores, allow_unused=True, materialize_grads=True)


def _step(answer: Callable, game: steps.Players, *batch: Tensor) -> Any:
    """One step of the student's: weights may change, but no mode, and not who may learn."""
    before = [AsItWas(network) for network in (game.generator, game.discriminator)]
    nets = game.generator, game.discriminator, game.optimizer
    asked = game.discriminator.asked
    try:
        loss = call(answer, *nets, *batch, changing=True)
    except CheckFailed as failure:
        if game.discriminator.asked == asked and "does not require grad" in str(failure):
            raise CheckFailed(steps.NOT_ASKED) from None
        raise
    if game.discriminator.asked == asked and game.moves:
        raise CheckFailed(steps.NOT_ASKED)
    for network in before:
        if change := network.change(learner=True):
            raise CheckFailed(f"{words.name_of(answer)} {change}")
    return loss


def _with_gradient(step: Callable, *args: Any) -> Any:
    """The step, with PyTorch's complaint about a missing gradient said in the game's words."""
    try:
        return step(*args)
    except CheckFailed as failure:
        if "does not require grad" in str(failure):
            raise CheckFailed(steps.CUT_OFF) from None
        raise


def _is(loss: Any, want: Tensor) -> bool:
    try:
        compare(loss, want, what="The loss")
    except CheckFailed:
        return False
    return True


def _refuse_leak(game: steps.Players) -> None:
    left = any(weight.grad is not None for weight in game.generator.parameters())
    if left or game.leaked:
        state = "its weights have a .grad now" if left else "you cleared it, but it was there"
        raise CheckFailed(
            f"The cop's loss has sent a gradient into the counterfeiter ({state}). Cut the fakes "
            "off: fakes = generator(z, labels).detach()."
        )


def _refuse_unmoved(game: steps.Players, name: str) -> None:
    if not torch.equal(game.weights, game.first):
        return
    if any(weight.grad is not None and weight.grad.any() for weight in game.learner.parameters()):
        raise CheckFailed(
            f"The {name}'s weights have not changed: is there an optimizer.step() after backward()?"
        )
    raise CheckFailed(
        steps.CUT_OFF
        if name == "counterfeiter"
        else "The cop's weights have not changed, and it has no gradient: loss.backward(), then "
        "optimizer.step(), with optimizer.zero_grad() before both."
    )


def _refuse_several_moves(game: steps.Players) -> None:
    moves, game.moves = game.moves, 0
    if moves > 1:
        raise CheckFailed(
            "optimizer.step() is called more than once. Put the whole loss together first, then "
            "one backward() and one step()."
        )


def _refuse_own_draws(answer: Callable, seed: int, game: steps.Players, learner: str) -> None:
    """Played once more from the same start, the step gives the same weights."""
    again = steps.Players(seed, learner=learner)
    for images, labels, z in steps.batches(seed):
        _step(answer, again, *((images,) if learner == "cop" else ()), labels, z)
    if not torch.allclose(again.weights, game.weights, atol=1e-5):
        raise CheckFailed(
            "Two runs with the same images, labels and z end with different weights: use the noise "
            "z and the labels that come in, and draw nothing yourself."
        )


def _refuse_wrong_side(model: nn.Module, same: nn.Module, name: str, whose: str) -> None:
    if not torch.equal(steps.flat(model), steps.flat(same)):
        raise CheckFailed(f"The {name}'s weights have changed too. This is the {whose}'s step.")
