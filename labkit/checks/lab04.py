"""Checks of lab 04: mirror, turn, shift each image by itself, average the answers for copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from scipy.special import chdtri
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.augment import Policy
from labkit.checks import draws
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise


@exercise
def mirror(answer: Callable[[Tensor], Tensor]) -> str:
    """mirror(images (B, C, H, W)) -> the same shape, left and right swapped."""
    generator = torch.Generator().manual_seed(1)
    for shape in [(2, 3, 4, 5), (3, 1, 6, 6), (1, 1, 2, 3)]:
        images = torch.rand(shape, generator=generator)
        got = call(answer, images)
        mistakes = {
            "nothing has changed.": images,
            "top and bottom are swapped. Left and right run along the last dimension.": (
                images.flip(2)
            ),
            "left and right are swapped, and so are top and bottom: that's a half turn.": (
                images.flip(2, 3)
            ),
            "the order of the images in the batch is reversed; the images haven't changed.": (
                images.flip(0)
            ),
            "the channels are reversed, not the columns.": images.flip(1),
            "everything is reversed. Only the last dimension should be.": images.flip(0, 1, 2, 3),
            "this is the negative, 1 - images, not the mirror image.": 1 - images,
            "rows and columns are exchanged. A mirror reverses the columns.": images.mT,
        }
        compare(got, images.flip(3), what=f"mirror of {shape}", mistakes=_apart(mistakes, images))
    return "mirror is right: the last dimension, backwards."


@exercise
def turns(answer: Callable[[Tensor], Tensor]) -> str:
    """turns(angles (B,), in degrees) -> matrices (B, 2, 3) for F.affine_grid."""
    generator = torch.Generator().manual_seed(2)
    for count in (3, 5, 1):
        angles = 170 * (2 * torch.rand(count, generator=generator) - 1)
        got = call(answer, angles)
        what = f"turns of {count} angle{'s' * (count > 1)}"
        value = as_tensor(got, what=what)
        if value.shape == (count, 2, 2):
            raise CheckFailed(f"{what}: the third column is missing. It's the shift: two zeros.")
        if value.shape in ((2, 3, count), (2, 2, count)) and count not in (2, 3):
            raise CheckFailed(f"{what}: one matrix an image, so the images come first: (B, 2, 3).")
        radians = torch.deg2rad(angles)
        mistakes = {
            "the angles are in degrees; torch.cos and torch.sin want radians.": _matrix(angles),
            "this turns clockwise: the minus belongs to the other sine. The matrix says where a "
            "pixel comes from, and y points down.": _matrix(-radians),
            "the angles are multiplied by 180 / pi; degrees to radians is pi / 180.": (
                _matrix(torch.rad2deg(angles))
            ),
            "both sines have the same sign: that's not a turn, lengths change.": (
                _matrix(radians, low=1, high=1)
            ),
            "both sines are negative: that's not a turn, lengths change.": (
                _matrix(radians, low=-1, high=-1)
            ),
            "cosine and sine have swapped places.": _matrix(torch.pi / 2 - radians),
        }
        compare(got, _matrix(radians), what=what, mistakes=mistakes, rtol=1e-3, atol=1e-4)
    return "turns is right: the matrix says where each new pixel comes from."


@exercise
def random_shift(answer: Callable[[Tensor, int, torch.Generator], Tensor]) -> str:
    """random_shift(images (B, 1, H, W), most, generator) -> the same shape, zeros come in."""
    generator = torch.Generator().manual_seed(3)
    for count, most, height, width in [(4000, 2, 9, 11), (4000, 1, 7, 7), (100, 2, 28, 28)]:
        images = 0.1 + 0.4 * torch.rand(count, 1, height, width, generator=generator)
        images[:, :, height // 2, width // 2] = 1.0  # a bright pixel tells where an image went
        what = f"random_shift of {count} images {height} x {width}, most={most}"
        got = as_tensor(call(answer, images, most, _seeded(0)), what=what)
        if got.shape != images.shape:
            compare(got, images, what=what)
        _check_shifts(_shifts(got), most, what)
        _check_filling(got, images, what)
        again = call(answer, images, most, _seeded(0))
        other = call(answer, images, most, _seeded(1))
        _check_generator(got, *(as_tensor(x, what=what) for x in (again, other)), what)
    return "random_shift is right: each image its own shift, and zeros come in."


@exercise
def average_answer(answer: Callable[..., Tensor]) -> str:
    """average_answer(model, images (B, 1, H, W), policy, copies) -> probabilities (B, K)."""
    for seed, (count, side, classes, copies) in enumerate(
        [(4, 6, 3, 5), (2, 5, 4, 3), (1, 6, 2, 8)]
    ):
        turning = {"degrees": 30 + 5 * seed, "translate": 0.2}
        policy = Policy(**turning)
        model = _small_model(seed, side * side, classes)
        images = torch.rand(count, 1, side, side, generator=_seeded(seed))
        with torch.no_grad():
            logits = torch.stack([model(policy(images, seed=k)) for k in range(copies)])
            later = torch.stack([model(policy(images, seed=k + 1)) for k in range(copies)])
            plain = model(images)
            together = model(torch.stack([policy(images, seed=k) for k in range(copies)]).mean(0))
        probs = logits.softmax(-1)
        mistakes = {
            "the copies' logits are averaged before softmax. Turn each copy's logits into "
            "probabilities first; otherwise one loud copy outvotes the others.": (
                logits.mean(0).softmax(-1)
            ),
            "the copies themselves are averaged, and the network sees one blurred image. Ask it "
            "about each copy, then average its answers.": together.softmax(-1),
            "these are mean logits: softmax is missing.": logits.mean(0),
            "the probabilities are added up: divide by the number of copies.": probs.sum(0),
            "all copies are the same: give each its own seed, policy(images, seed=k).": probs[0],
            "this is the answer for the images themselves: no copy was made.": plain.softmax(-1),
            "the seeds begin at 1; the exercise says 0 to copies - 1.": later.softmax(-1).mean(0),
            "softmax runs over the images, not over the classes: dim=1.": logits.softmax(1).mean(0),
            "these are the probabilities of every copy: take their mean over the copies.": probs,
            "only the class comes back. Return all probabilities.": probs.mean(0).argmax(-1),
            "only the largest probability comes back. Return all of them.": probs.mean(0).amax(-1),
            "one copy is missing or too many: seeds 0 to copies - 1.": probs[:-1].mean(0),
        }
        got = call(answer, model, images, Policy(**turning), copies)
        what = f"average_answer for {count} image{'s' * (count > 1)}, {copies} copies"
        want = mean_answer(model, images, Policy(**turning), copies)
        compare(got, want, what=what, mistakes=_apart(mistakes, want))
    return "average_answer is right: probabilities first, then their mean."


def whole_shifts(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Images (B, C, H, W), each moved by whole pixels of its own, at most `most`; zeros come in."""
    _, _, height, width = images.shape
    starts = torch.randint(2 * most + 1, (len(images), 2), generator=generator)
    rows = starts[:, :1] + torch.arange(height)
    columns = starts[:, 1:] + torch.arange(width)
    padded, each = F.pad(images, [most] * 4), torch.arange(len(images))[:, None, None]
    return padded[each, :, rows[:, :, None], columns[:, None]].movedim(3, 1)


def mean_answer(model: nn.Module, images: Tensor, policy: Policy, copies: int) -> Tensor:
    """Probabilities (B, K), the mean over copies of the images, which policy makes by seeds."""
    with torch.no_grad():
        answers = [model(policy(images, seed=k)).softmax(1) for k in range(copies)]
    return torch.stack(answers).mean(0)


def turn_matrices(angles: Tensor) -> Tensor:
    """Matrices (B, 2, 3) for F.affine_grid that turn images counter-clockwise; angles in degrees.

    What lab 04 uses until `turns` is solved.
    """
    return _matrix(torch.deg2rad(angles))


def _apart(mistakes: dict[str, Tensor], right: Tensor) -> dict[str, Tensor]:
    """The mistakes without those that happen to give what is right (as with one image alone)."""
    if right.dim() == 4:
        right = right.flip(3)
    return {
        message: wrong
        for message, wrong in mistakes.items()
        if wrong.shape != right.shape or not torch.allclose(wrong, right, rtol=1e-3, atol=1e-5)
    }


def _matrix(radians: Tensor, *, low: float = 1, high: float = -1) -> Tensor:
    """(B, 2, 3): cos, high * sin; low * sin, cos; and no shift."""
    cos, sin, zero = radians.cos(), radians.sin(), torch.zeros_like(radians)
    rows = [torch.stack([cos, high * sin, zero], 1), torch.stack([low * sin, cos, zero], 1)]
    return torch.stack(rows, 1)


def _shifts(got: Tensor) -> Tensor:
    """How far the bright pixel went in each image: (B, 2), down and right."""
    height, width = got.shape[-2:]
    place = got.flatten(1).argmax(1)
    return torch.stack([place // width - height // 2, place % width - width // 2], 1)


def _check_shifts(shifts: Tensor, most: int, what: str) -> None:
    if (shifts == shifts[0]).all():
        how = "no image moves." if (shifts == 0).all() else "all images get the same shift."
        raise CheckFailed(f"{what}: {how} Draw one pair of numbers for each image.")
    for axis, name in enumerate(("down or up", "right or left")):
        _check_axis(shifts[:, axis], name, most, what)
    down, right = shifts.unbind(1)
    if (down.abs() == right.abs()).all():
        raise CheckFailed(f"{what}: down and right are the same number. Draw two for each image.")
    for one, other in ((down, right), (down, down), (right, right)):
        if draws.linked(one, other, 2 * most + 1):
            raise CheckFailed(
                f"{what}: one shift follows from another, of the same image or an earlier one. "
                "Draw two numbers for each image: torch.randint(..., (len(images), 2))."
            )


def _check_axis(shifts: Tensor, name: str, most: int, what: str) -> None:
    low, high = int(shifts.min()), int(shifts.max())
    if low == high == 0:
        raise CheckFailed(f"{what}: no image moves {name}.")
    if max(-low, high) > most:
        raise CheckFailed(
            f"{what}: images move {name} by up to {max(-low, high)} pixels, not {most}."
        )
    if low >= 0 or high <= 0:
        raise CheckFailed(f"{what}: {name}: images move in one direction only. -most to most.")
    if (low, high) != (-most, most):
        raise CheckFailed(
            f"{what}: {name}: the shifts go from {low} to {high}, not from {-most} to {most}. "
            "torch.randint leaves out its upper end."
        )
    choices = 2 * most + 1
    shares = torch.stack([(shifts == s).double().mean() for s in range(-most, most + 1)])
    off = shares - 1 / choices
    if len(shifts) * choices * off.square().sum() > chdtri(choices - 1, 1e-7):  # Pearson's test
        worst = int(off.abs().argmax())
        raise CheckFailed(
            f"{what}: {name}: {shares[worst]:.0%} of the images move by {worst - most}. Each "
            f"of the {choices} shifts should be equally likely, {1 / choices:.0%}. Rounded or "
            "normal numbers aren't; torch.randint draws whole numbers that are."
        )


def _check_filling(got: Tensor, images: Tensor, what: str) -> None:
    pairs = list(zip(images.double(), _shifts(got).tolist(), strict=True))
    want = torch.stack([_moved(image, down, right) for image, (down, right) in pairs])
    rolled = torch.stack([image.roll((down, right), (1, 2)) for image, (down, right) in pairs])
    border = torch.stack([_moved(image, d, r, mode="replicate") for image, (d, r) in pairs])
    mistakes = {
        "what leaves on one side comes back on the other, as in torch.roll. Zeros should.": rolled,
        "the border is repeated. Fill with zeros.": border,
    }
    compare(got, want, what=what, mistakes=mistakes)


def _moved(image: Tensor, down: int, right: int, mode: str = "constant") -> Tensor:
    """One image (C, H, W) moved by whole pixels."""
    height, width = image.shape[-2:]
    pad = max(abs(down), abs(right))
    padded = F.pad(image[None], [pad] * 4, mode=mode)[0]
    return padded[:, pad - down : pad - down + height, pad - right : pad - right + width]


def _check_generator(got: Tensor, again: Tensor, other: Tensor, what: str) -> None:
    if again.shape != got.shape or not torch.equal(got, again):
        raise CheckFailed(
            f"{what}: the same seed gives other shifts the second time. Draw with "
            "generator=generator, or nobody can repeat your numbers."
        )
    if other.shape == got.shape and torch.equal(got, other):
        raise CheckFailed(f"{what}: another seed gives the same shifts: is `generator` used?")


def _small_model(seed: int, inputs: int, classes: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, last = nn.Linear(inputs, 16), nn.Linear(16, classes)
    first.weight.data.mul_(4)  # strong opinions, and no straight lines: the order of steps matters
    last.weight.data.mul_(8)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), first, nn.Tanh(), last).eval()


def _seeded(seed: Any) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
