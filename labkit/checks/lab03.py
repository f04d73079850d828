"""Checks of lab 03: LIME's fit and kernel, a counterfactual, a fair score, coloured digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.checks import draws
from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise


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
    _fit_of(answer, on, answers, 1.0)
    return "lime_fit is right: a weight for each superpixel, and the intercept goes unpunished."


@exercise
def counterfactual(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """counterfactual(images (B, 3, H, W), masks (B, H, W), background (3, H, W)) -> images."""
    generator = torch.Generator().manual_seed(5)
    for count, height, width in [(4, 6, 5), (3, 7, 7), (1, 4, 9), (3, 3, 3)]:
        images = torch.rand(count, 3, height, width, generator=generator)
        masks = torch.rand(count, height, width, generator=generator) < 0.4
        masks[:, 0, 0], masks[:, -1, -1] = True, False
        background = torch.rand(3, height, width, generator=generator)
        got = call(answer, images, masks, background)
        compare(
            got,
            on_background(images, masks, background),
            mistakes=_swap_mistakes(images, masks, background),
            what=f"counterfactual of {count} images {height} x {width}",
        )
    return "counterfactual is right: the same animal, pixel for pixel, and all the rest is new."


@exercise
def sample_weights(answer: Callable[[Tensor, float], Tensor]) -> str:
    """sample_weights(on (N, K) bool, width) -> (N,), the kernel of LIME."""
    generator = torch.Generator().manual_seed(1)
    for samples, pieces, width, keep in [(6, 9, 0.25, 0.5), (5, 4, 0.6, 0.8), (9, 30, 0.4, 0.3)]:
        on = torch.rand(samples, pieces, generator=generator) < keep
        on[0] = True
        _sample_weights_of(answer, on, width)
    on = torch.ones(3, 2, dtype=torch.bool)
    on[0] = False  # a sample that shows nothing at all
    _sample_weights_of(answer, on, 0.25)
    return "sample_weights is right: 1 for the whole image, less the more of it is hidden."


@exercise
def fair_score(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """fair_score(heats (B, H, W), masks (B, H, W)) -> (B,), own share minus the others' mean."""
    generator = torch.Generator().manual_seed(2)
    for count, height, width in [(4, 6, 5), (2, 3, 7), (7, 4, 4)]:
        heats = 0.05 + torch.rand(count, height, width, generator=generator)
        masks = torch.rand(count, height, width, generator=generator) < 0.4
        masks[:, 0, 0], masks[:, -1, -1] = True, False
        masks[0, :2] = True  # masks of different sizes
        shares = _shares(heats, masks)
        got = call(answer, heats, masks)
        what = f"fair_score of {count} heats {height} x {width}"
        compare(got, _own_minus_others(shares), mistakes=_score_mistakes(heats, masks), what=what)
    _refuse_a_fooled_score(answer)
    return "fair_score is right: a blob in the middle gets 0."


@exercise
def colour(answer: Callable[..., tuple[Tensor, Tensor]]) -> str:
    """colour(images, digits, rate, generator) -> (images (N, 2, H, W), labels (N,))."""
    for seed, rate in enumerate([0.1, 0.9, 0.0, 0.3]):
        generator = torch.Generator().manual_seed(seed)
        images = 0.1 + 0.9 * torch.rand(4000, 1, 3, 2, generator=generator)
        digits = torch.randint(0, 10, (4000,), generator=generator)
        painted, labels = _colour(answer, images, digits, rate, seed + 10)
        _check_labels(labels, digits)
        _check_paint(painted, images)
        _check_colours(painted, labels, digits, rate)
        _check_draws(labels.bool() != (digits >= 5), _lies(painted, labels), digits, rate)
    again = [_colour(answer, images, digits, rate, k) for k in (seed + 10, seed + 11)]
    _check_generator((painted, labels), *again, digits)
    return "colour is right: the label is noisy, and the colour follows the label, not the digit."


def on_background(images: Tensor, masks: Tensor, background: Tensor) -> Tensor:
    """The pixels of images (B, 3, H, W) in their masks (B, H, W), elsewhere the background."""
    return images.where(masks[:, None], background)


def _fit_of(answer: Callable, on: Tensor, answers: Tensor, ridge: float) -> None:
    x, y = on.double() - on.double().mean(0), answers.double() - answers.double().mean()
    what = f"lime_fit of {on.shape[0]} samples of {on.shape[1]} superpixels, ridge={ridge:g}"
    mistakes = _fit_mistakes(on.double(), answers.double(), ridge)
    got = call(answer, on, answers, ridge)
    compare(got, _solved(x, y, ridge), mistakes=mistakes, what=what, atol=1e-4)


def _solved(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    return torch.linalg.pinv(x.T @ x + ridge * torch.eye(x.shape[1])) @ (x.T @ y)


def _fit_mistakes(on: Tensor, answers: Tensor, ridge: float) -> dict[str, Tensor]:
    x, y = on - on.mean(0), answers - answers.mean()
    ones = torch.cat([on, torch.ones(len(on), 1)], 1)
    right, punished = _solved(x, y, ridge), _solved(ones, answers, ridge)
    intercept = (answers.mean() - on.mean(0) @ right)[None]
    shown = on.sum(0)
    apart = on.T @ answers / shown - (1 - on).T @ answers / (len(on) - shown)
    scale = on.std(0, correction=0).clamp_min(1e-9)
    free = "the intercept is under the penalty too. Subtract the means of x and y first."
    return {
        "there is no intercept: subtract from each column of x its mean over the samples, and from "
        "y its mean.": _solved(on, answers, ridge),
        "only y is centred. Subtract from each column of x its mean over the samples too.": (
            _solved(on, y, ridge)
        ),
        free: punished[:-1],
        f"{free} And give the K weights only.": punished,
        "the intercept is among them. Give the K weights only.": torch.cat([right, intercept]),
        "the intercept is among them, in front. Give the K weights only.": torch.cat(
            [intercept, right]
        ),
        "the ridge is missing: x.T @ x + ridge * torch.eye(K).": _solved(x, y, 0.0),
        "the ridge is added to every entry of x.T @ x, not to the diagonal alone: ridge * "
        "torch.eye(K).": torch.linalg.pinv(x.T @ x + ridge) @ (x.T @ y),
        "the ridge has the wrong sign.": _solved(x, y, -ridge),
        "the ridge is squared: the penalty is ridge times the sum of squares.": (
            _solved(x, y, ridge**2)
        ),
        "`ridge` is not used: 1.0 stands in its place.": _solved(x, y, 1.0),
        "the ridge is multiplied by the number of samples: the errors are summed, not averaged.": (
            _solved(x, y, ridge * len(on))
        ),
        "all weights have the wrong sign: x is 1 where a superpixel is shown, not where it is "
        "hidden.": -right,
        "this is the mean answer with each superpixel minus the mean without it. Others are hidden "
        "at the same time: fit all weights together.": apart,
        "x is centred row by row. Each superpixel's mean is over the samples, .mean(0).": _solved(
            on - on.mean(1, keepdim=True), y, ridge
        ),
        "the columns are divided by their standard deviation. Only subtract their means.": (
            _solved(x / scale, y, ridge)
        ),
        "the columns are standardised. Only subtract their means; don't divide.": _solved(
            x / on.std(0).clamp_min(1e-9), y, ridge
        ),
        "x.mean() is one mean over everything. Each superpixel has its own: .mean(0).": _solved(
            on - on.mean(), y, ridge
        ),
        "this is x.T @ y. It lacks the solution of the linear system.": x.T @ y,
    }


def _swap_mistakes(images: Tensor, masks: Tensor, background: Tensor) -> dict[str, Tensor]:
    inside = masks[:, None].double()
    old, new = images.double(), background.double()
    mistakes = {
        "the mask is the wrong way round: it is True on the animal, which stays.": (
            old * (1 - inside) + new * inside
        ),
        "outside the animal it is black. Put the background there.": old * inside,
        "the background lies over the animal too: use it only where the mask is False.": (
            old * inside + new
        ),
        "the animal is a hole: it should stay as it is.": (new * (1 - inside)).expand_as(old),
        "this is the background alone.": new.expand_as(old),
        "this is one background. Give one image for each animal, (B, 3, H, W).": new,
        "images and background are averaged. Take one or the other at each pixel.": (old + new) / 2,
        "these are the images as they came.": old,
        "the first image's mask is used for all. Each image has its own: masks[:, None].": (
            old * inside[:1] + new * (1 - inside[:1])
        ),
    }
    if len(masks) == 3:
        crossed = torch.where(masks, images, background)
        mistakes[
            "masks (B, H, W) was stretched to (1, B, H, W): with three images, image i's mask is "
            "used for colour i. Give it an axis for the colours: masks[:, None]."
        ] = crossed
    return mistakes


def _sample_weights_of(answer: Callable, on: Tensor, width: float) -> None:
    got = call(answer, on, width)
    what = f"sample_weights of {on.shape[0]} samples of {on.shape[1]} superpixels, width={width}"
    distance = 1 - on.float().mean(1).sqrt()
    want = torch.exp(-((distance / width) ** 2)).sqrt()
    compare(got, want, mistakes=_weight_mistakes(on, distance, width), what=what)


def _weight_mistakes(on: Tensor, distance: Tensor, width: float) -> dict[str, Tensor]:
    share, square = on.float().mean(1), torch.exp(-((distance / width) ** 2))
    plain, cosine = 1 - share, share.sqrt()
    root = "the outer square root is missing: sqrt(exp(...))."

    def kernel(d: Tensor) -> Tensor:
        return torch.exp(-((d / width) ** 2)).sqrt()

    return {
        root: square,
        "the distance is not squared within exp.": torch.exp(-distance / width).sqrt(),
        "the distance is not squared within exp; width is.": torch.exp(-distance / width**2).sqrt(),
        "the distance is not squared within exp (width is), and the outer square root is "
        "missing.": torch.exp(-distance / width**2),
        "the share is of the superpixels that are off, `~on`. Take those that are on.": kernel(
            1 - (1 - share).sqrt()
        ),
        "the distance is not squared within exp, and the outer square root is missing.": (
            torch.exp(-distance / width)
        ),
        "this is the similarity put into the kernel: sqrt(share) is the similarity, the distance "
        "is 1 - sqrt(share). As it is, hidden images count most.": kernel(cosine),
        "the share that is on is put into the kernel as if it were a distance.": kernel(share),
        "the distance is 1 - share. The cosine distance has a square root: 1 - sqrt(share).": (
            kernel(plain)
        ),
        "the distance counts the superpixels that are off. Divide by their number, and take the "
        "root: 1 - sqrt(share).": kernel((~on).float().sum(1)),
        "the width is not squared: d^2 / width^2.": torch.exp(-(distance**2) / width).sqrt(),
        "this divides by 2 width^2, as the normal distribution does, and takes a root too. LIME "
        "has sqrt(exp(-d^2 / width^2)).": torch.exp(-((distance / width) ** 2) / 2).sqrt(),
        "the sign in the exponent is missing: close samples must weigh more.": (
            torch.exp((distance / width) ** 2).sqrt()
        ),
        "the weights are divided by their sum. Leave them: 1 for a sample that shows all.": (
            square.sqrt() / square.sqrt().sum()
        ),
        "the weights are divided by the largest. Leave them as they are.": (
            square.sqrt() / square.sqrt().max()
        ),
        "these are the distances, not yet the weights.": distance,
        "these are the shares that are on, not yet the weights.": share,
        "the mean is over the wrong axis: over the samples, dimension 0. Take each sample's share "
        "of its superpixels, .mean(1).": kernel(1 - on.float().mean(0).sqrt()),
    }


def _shares(heats: Tensor, masks: Tensor) -> Tensor:
    """The share of heat i within mask j: (B, B)."""
    inside = torch.einsum("ihw,jhw->ij", heats.double(), masks.double())
    return inside / heats.double().sum((1, 2))[:, None]


def _own_minus_others(shares: Tensor) -> Tensor:
    own = shares.diagonal()
    return own - (shares.sum(1) - own) / (len(shares) - 1)


def _score_mistakes(heats: Tensor, masks: Tensor) -> dict[str, Tensor]:
    shares, count = _shares(heats, masks), len(heats)
    own, area = shares.diagonal(), masks.double().mean((1, 2))
    right = _own_minus_others(shares)
    others = (shares.sum(1) - own) / (count - 1)
    inside = torch.einsum("ihw,jhw->ij", heats.double(), masks.double())
    return {
        "this is the share in its own mask alone. A blob in the middle still gets a lot: subtract "
        "its mean share in the other masks.": own,
        "the own share is divided by the mask's area (lift). A blob in the middle still gets more "
        "than 1 where masks lie in the middle. Subtract the share in the other masks.": own / area,
        "the mask's area is subtracted. A blob in the middle still scores well: subtract the "
        "share in the other masks instead.": own - area,
        "the mean over all masks is subtracted, its own included. Leave that one out: divide by "
        "B - 1.": own - shares.mean(1),
        "the sum over the others is divided by B, not by B - 1.": (
            own - (shares.sum(1) - own) / count
        ),
        "the shares in the others are summed. Take their mean.": own - (shares.sum(1) - own),
        "these are the other heats in this mask. You need this heat in the other masks: sum along "
        "the other dimension.": own - (shares.sum(0) - own) / (count - 1),
        "this is the mean share in the other masks. Subtract it from the own share.": others,
        "the sign is the wrong way round: own minus others.": -right,
        "the own share is divided by the others' mean. Subtract it.": own / others,
        "this is heat, not a share of it: divide by the sum of each heat.": _own_minus_others(
            inside
        ),
        "the heats are divided by the sum over all images. Divide each by its own sum.": (
            _own_minus_others(inside / heats.double().sum())
        ),
        "this is a mean over pixels, not a share: divide by the sum of each heat.": (
            _own_minus_others(inside / heats[0].numel())
        ),
        "this is one number. Give one for each image: (B,).": right.mean(),
    }


def _refuse_a_fooled_score(answer: Callable) -> None:
    row = torch.arange(9.0)
    blob = torch.exp(-((row[:, None] - 4) ** 2 + (row - 4) ** 2) / 8).expand(5, 9, 9).clone()
    masks = torch.rand(5, 9, 9, generator=torch.Generator().manual_seed(3)) < blob
    masks[:, 4, 4] = True
    got = call(answer, blob, masks)
    want = _own_minus_others(_shares(blob, masks))
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


def _check_labels(labels: Tensor, digits: Tensor) -> None:
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
        0.75: "three quarters are flipped. With probability 0.25 means: rand < 0.25.",
    }
    why = _reason(flipped, reasons)
    if _near((labels.bool() != (digits > 5)).double().mean().item(), 0.25):
        why = "the digit 5 belongs to label 1: digits >= 5."
    if _near((labels.bool() != (digits % 2 == 1)).double().mean().item(), 0.25):
        why = "these labels follow odd and even. Label 1 is for the digits 5 to 9."
    raise CheckFailed(
        f"labels: {flipped:.0%} differ from (digit >= 5), but 25% should. {why}".rstrip()
    )


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
