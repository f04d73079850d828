"""Checks of lab 03: LIME's fit, a counterfactual, a fair score, flips, coloured digits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.checks import draws
from labkit.checks.core import (
    CheckFailed,
    as_tensor,
    call,
    compare,
    describe,
    exercise,
    one_number,
)
from labkit.checks.lab03_mistakes import (
    fit_mistakes,
    flip_mistakes,
    on_background,
    own_minus_others,
    right_mistakes,
    score_mistakes,
    share_flipped,
    share_right,
    shares_in,
    solved,
    swap_mistakes,
)


@exercise
def lime_fit(answer: Callable[[Tensor, Tensor, float], Tensor]) -> str:
    """lime_fit(on (N, K) bool, answers (N,), ridge) -> (K,), ridge regression with an intercept."""
    generator = torch.Generator().manual_seed(4)
    for samples, pieces, ridge in [(12, 5, 1.0), (30, 12, 0.3), (100, 53, 1.0)]:
        on = torch.rand(samples, pieces, generator=generator) < 0.7
        on[0, :2], on[1, :2] = torch.tensor([True, False]), torch.tensor([False, True])
        answers = on.float() @ torch.randn(pieces, generator=generator) + 3.0
        answers = answers + 0.3 * torch.randn(samples, generator=generator)
        _fit_of(answer, on, answers, ridge)
    on[:, 2] = True  # a superpixel that was never hidden
    _fit_of(answer, on, answers, 1.0, atol=2e-3)  # beside a column of ones, floats are as rough
    return "lime_fit is right: a weight for each superpixel, and the intercept goes unpunished."


@exercise
def counterfactual(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """counterfactual(images (B, 3, H, W), masks (B, H, W), background (3, H, W)) -> images."""
    generator = torch.Generator().manual_seed(5)
    for count, height, width in [(3, 7, 7), (4, 6, 5), (1, 4, 9), (3, 3, 3)]:
        images = torch.rand(count, 3, height, width, generator=generator)
        masks = torch.rand(count, height, width, generator=generator) < 0.4
        masks[:, 0, 0], masks[:, -1, -1] = True, False
        background = torch.rand(3, height, width, generator=generator)
        got = call(answer, images, masks, background)
        compare(
            got,
            on_background(images, masks, background),
            mistakes=swap_mistakes(images, masks, background),
            what=f"counterfactual of {count} images {height} x {width}",
        )
    return "counterfactual is right: the same animal, pixel for pixel, and all the rest is new."


@exercise
def fair_score(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """fair_score(heats (B, H, W), masks (B, H, W)) -> (B,), own share minus the others' mean."""
    generator = torch.Generator().manual_seed(2)
    for count, height, width in [(4, 6, 5), (2, 3, 7), (7, 4, 4)]:
        heats = 0.05 + torch.rand(count, height, width, generator=generator)
        masks = torch.rand(count, height, width, generator=generator) < 0.4
        masks[:, 0, 0], masks[:, -1, -1] = True, False
        masks[0, :2] = True  # masks of different sizes
        shares = shares_in(heats, masks)
        got = call(answer, heats, masks)
        what = f"fair_score of {count} heats {height} x {width}"
        compare(got, own_minus_others(shares), mistakes=score_mistakes(heats, masks), what=what)
    _refuse_a_fooled_score(answer)
    return "fair_score is right: a blob in the middle gets 0."


@exercise
def right_and_flips(answer: Callable[[Tensor, Tensor], tuple[Any, Any]]) -> str:
    """right_and_flips(said (N, G), labels (N,)) -> share of right answers, share of flips."""
    generator = torch.Generator().manual_seed(4)
    for count, grounds in [(7, 7), (4, 5), (9, 4), (6, 2)]:
        labels = torch.randint(0, 2, (count,), generator=generator)
        labels[:2] = torch.tensor([0, 1])
        said = torch.randint(0, 2, (count, grounds), generator=generator)
        said[0, :2], said[-1] = torch.tensor([1, 0]), said[-1, 0]  # one flips, one never does
        what = f"with {count} animals on {grounds} grounds"
        right, flips = _shares(call(answer, said, labels), what)
        by_mistake = partial(right_mistakes, said, labels)
        compare(right, share_right(said, labels), mistakes=by_mistake, what=f"share right, {what}")
        by_mistake = partial(flip_mistakes, said, labels)
        compare(flips, share_flipped(said), mistakes=by_mistake, what=f"share of flips, {what}")
    return "right_and_flips is right: labels count for the first share, not for the second."


@exercise
def colour(answer: Callable[..., tuple[Tensor, Tensor]]) -> str:
    """colour(images, digits, rate, generator) -> (images (N, 2, H, W), labels (N,))."""
    for seed, rate in enumerate([0.1, 0.9, 0.0, 0.3]):
        generator = torch.Generator().manual_seed(seed)
        images = 0.1 + 0.9 * torch.rand(4000, 1, 3, 2, generator=generator)
        digits = torch.randint(0, 10, (4000,), generator=generator)
        painted, labels = _colour(answer, images, digits, rate, seed + 10)
        _check_labels(labels, digits, painted)
        _check_paint(painted, images)
        _check_colours(painted, labels, digits, rate)
        _check_draws(labels.bool() != (digits >= 5), _lies(painted, labels), digits, rate)
    again = [_colour(answer, images, digits, rate, k) for k in (seed + 10, seed + 11)]
    _check_generator((painted, labels), *again, digits)
    return "colour is right: the label is noisy, and the colour follows the label, not the digit."


def _fit_of(
    answer: Callable, on: Tensor, answers: Tensor, ridge: float, *, atol: float = 1e-4
) -> None:
    x, y = on.double() - on.double().mean(0), answers.double() - answers.double().mean()
    what = f"lime_fit of {on.shape[0]} samples of {on.shape[1]} superpixels, ridge={ridge:g}"
    mistakes = fit_mistakes(on.double(), answers.double(), ridge)
    got = call(answer, on, answers, ridge)
    if isinstance(got, tuple) and len(got) == 2:
        raise CheckFailed(f"{what} gives two things. Give the K weights alone, without intercept.")
    compare(got, solved(x, y, ridge), mistakes=mistakes, what=what, atol=atol)


def _shares(got: Any, what: str) -> tuple[Tensor, Tensor]:
    """The two numbers that came; CheckFailed for anything else."""
    if isinstance(got, np.ndarray | Tensor) and got.ndim == 1:
        got = list(got)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise CheckFailed(
            f"right_and_flips should return two shares, (right, flips), but {what} it returns "
            f"{describe(got)}."
        )
    right, flips = got
    return one_number(right, what="The share right"), one_number(flips, what="The share of flips")


def _refuse_a_fooled_score(answer: Callable) -> None:
    row = torch.arange(9.0)
    blob = torch.exp(-((row[:, None] - 4) ** 2 + (row - 4) ** 2) / 8).expand(5, 9, 9).clone()
    masks = torch.rand(5, 9, 9, generator=torch.Generator().manual_seed(3)) < blob
    masks[:, 4, 4] = True
    got = call(answer, blob, masks)
    want = own_minus_others(shares_in(blob, masks))
    compare(got, want, what="fair_score of five equal blobs", atol=1e-5)


def _colour(answer: Callable, images: Tensor, digits: Tensor, rate: float, seed: int) -> tuple:
    return _two(call(answer, images, digits, rate, torch.Generator().manual_seed(seed)))


def _two(got: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise CheckFailed(
            f"colour should return two things, (images, labels), but returns {describe(got)}."
        )
    painted, labels = as_tensor(got[0], what="images"), as_tensor(got[1], what="labels")
    for name, tensor in {"images": painted, "labels": labels}.items():
        if not torch.isfinite(tensor).all():
            raise CheckFailed(f"{name} hold values that are not finite numbers (nan or inf).")
    return painted, labels


def _check_labels(labels: Tensor, digits: Tensor, painted: Tensor) -> None:
    if labels.shape != digits.shape:
        raise CheckFailed(f"labels should be of shape (4000,), but are {tuple(labels.shape)}.")
    if not ((labels == 0) | (labels == 1)).all():
        raise CheckFailed("labels should be 0 or 1: 1 for the digits 5 to 9.")
    flipped = (labels.bool() != (digits >= 5)).double().mean().item()
    if _near(flipped, 0.25):
        return
    reasons = {
        0.0: "step 1's noise is missing: flip each label with probability 0.25, by a draw of its "
        "own (`torch.rand(len(digits), generator=generator)`), and return the flipped labels.",
        1.0: "all labels are the wrong way round: 1 for the digits 5 to 9. Or does one draw flip "
        "them all? Each label needs its own.",
        0.75: "the wrong way round: label 1 is for the digits 5 to 9, and with probability 0.25 "
        "means rand < 0.25.",
    }
    why = _reason(flipped, reasons)
    flips = labels.bool() != (digits >= 5)
    if 0.05 < flipped < 0.2 and not flips[digits >= 5].any():
        why = "only labels 0 are flipped. A flip goes both ways: `^`, or !=, not |."
    elif _near((labels.bool() != (digits > 5)).double().mean().item(), 0.25):
        why = "the digit 5 belongs to label 1: digits >= 5."
    if _near((labels.bool() != (digits % 2 == 1)).double().mean().item(), 0.25):
        why = "these labels follow odd and even. Label 1 is for the digits 5 to 9."
    if painted.dim() == 4 and painted.shape[1] == 2 and not _lies(painted, labels).any():
        why = "these are the colours. Return the labels of step 1, before step 2."
    said = f"labels: {flipped:.0%} differ from (digit >= 5), but 25% should"
    raise CheckFailed(f"{said}: {why}" if why else f"{said}.")


def _check_paint(painted: Tensor, images: Tensor) -> None:
    want = (len(images), 2, *images.shape[-2:])
    if painted.shape != want:
        raise CheckFailed(f"images should be of shape {want}, but are {tuple(painted.shape)}.")
    used = (painted.abs().flatten(2).amax(2) > 0).sum(1)
    if (used == 2).any():
        raise CheckFailed(
            f"images: {(used == 2).double().mean():.0%} have ink in both channels. A digit is "
            "painted in one, the other stays 0."
        )
    if (used == 0).any():
        raise CheckFailed(f"images: {(used == 0).double().mean():.0%} have no ink at all.")
    if not torch.allclose(painted.sum(1), images[:, 0].double(), atol=1e-5):
        raise CheckFailed(
            "images: the ink has changed. Each digit should keep its values, in its place in the "
            "batch."
        )


def _check_colours(painted: Tensor, labels: Tensor, digits: Tensor, rate: float) -> None:
    colours = painted[:, 1].flatten(1).amax(1) > 0
    lies = _lies(painted, labels).double().mean().item()
    if _near(lies, rate):
        return
    clean = (colours != (digits >= 5)).double().mean().item()
    if _near(clean, rate):
        why = "The colour follows the digit. It should follow the noisy label of step 1."
    else:
        why = _reason(
            lies,
            {
                1 - rate: "It is the wrong way round: channel 0 for colour 0, channel 1 for colour "
                "1, and rand < rate for a lie.",
                0.0: "`rate` is not used: flip each colour with this probability, by a draw of its "
                "own.",
                0.5: "The colours have nothing to do with the labels.",
                0.25: "0.25 is the noise of the labels; the colour lies with probability `rate`.",
            },
        )
    raise CheckFailed(
        f"with rate={rate:g} the colour should differ from the label in {rate:.0%} of the digits, "
        f"but does in {lies:.0%}. {why}".rstrip()
    )


def _lies(painted: Tensor, labels: Tensor) -> Tensor:
    """Which colours differ from the label: (N,) bool."""
    return (painted[:, 1].flatten(1).amax(1) > 0) != labels.bool()


def _check_draws(flipped: Tensor, lies: Tensor, digits: Tensor, rate: float) -> None:
    """Each digit, each place in the batch and each label has the same odds."""
    if draws.other_group(lies, flipped, rate) is not None:
        raise CheckFailed(
            "The colour lies more often, or less, where the label was flipped: both used the same "
            "random numbers. Draw once for the labels, and once more for the colours."
        )
    labels = flipped != (digits >= 5)
    for what, drawn, odds in (("label", flipped, 0.25), ("colour", lies, rate)):
        for name, groups in (("digit", digits), ("label", labels)):
            if name == what:
                continue
            value = draws.other_group(drawn, groups, odds)
            if value is not None:
                share = drawn[groups == value].double().mean()
                raise CheckFailed(
                    f"Of the images with {name} {value} the {what} is flipped in {share:.0%}, but "
                    f"{odds:.0%} should be: every image has the same odds, in both directions."
                )
        if draws.ordered(drawn, odds):
            raise CheckFailed(
                f"Which {what}s are flipped depends on their place in the batch. Draw one number "
                "for each image: torch.rand(len(digits), generator=generator)."
            )


def _check_generator(got: tuple, again: tuple, other: tuple, digits: Tensor) -> None:
    """The same seed repeats both draws; another seed gives others."""
    if any(a.shape != b.shape or not torch.equal(a, b) for a, b in zip(got, again, strict=True)):
        raise CheckFailed(
            "The same seed gives other labels or colours the second time. Draw with "
            "generator=generator, both times, or nobody can repeat your numbers."
        )
    if other[0].shape != got[0].shape or other[1].shape != got[1].shape:
        return
    for what, one, two in (("labels", got[1], other[1]), ("lies", _lies(*got), _lies(*other))):
        if torch.equal(one, two):
            raise CheckFailed(f"Another seed gives the same {what}: is `generator` used?")


def _near(share: float, want: float) -> bool:
    return draws.near(share, want, 4000)


def _reason(share: float, reasons: dict[float, str]) -> str:
    return next((why for value, why in reasons.items() if _near(share, value)), "")
