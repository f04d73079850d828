"""Checks of lab 04: mirror, turn and shift images; answers that stay, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.augment import Policy
from labkit.checks import lab04_shifts as shifting
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise


@exercise
def mirror(answer: Callable[[Tensor], Tensor]) -> str:
    """mirror(images (B, C, H, W)) -> the same shape, left and right swapped."""
    generator = torch.Generator().manual_seed(1)
    for shape in [(2, 3, 4, 5), (3, 1, 6, 6), (1, 1, 2, 3)]:
        images = torch.rand(shape, generator=generator)
        got = _mirrored_by(answer, images)
        half = shape[3] // 2
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
            "the halves are exchanged. A mirror reverses all columns.": (
                torch.cat([images[..., half:], images[..., :half]], 3)
            ),
            "the columns move by one. A mirror reverses them.": images.roll(1, 3),
        }
        compare(got, images.flip(3), what=f"mirror of {shape}", mistakes=_apart(mistakes, images))
    return "mirror is right: the last dimension, backwards."


@exercise
def turns(answer: Callable[[Tensor], Tensor]) -> str:
    """turns(angles (B,), in degrees) -> matrices (B, 2, 3) for F.affine_grid."""
    generator = torch.Generator().manual_seed(2)
    for count in (5, 3, 1):
        angles = 170 * (2 * torch.rand(count, generator=generator) - 1)
        got = call(answer, angles)
        what = f"turns of {count} angle{'s' * (count > 1)}"
        value = as_tensor(got, what=what)
        if value.shape == (count, 2, 2):
            raise CheckFailed(f"{what}: the third column is missing. It's the shift: two zeros.")
        if value.shape in ((2, 3, count), (2, 2, count)) and count not in (2, 3):
            raise CheckFailed(f"{what}: one matrix an image, so the images come first: (B, 2, 3).")
        if value.shape == (count, 3, 2):
            raise CheckFailed(
                f"{what}: each matrix has its rows as columns: (B, 3, 2). Stack the two rows along "
                "dimension 1."
            )
        if value.shape == (count, 3, 3):
            raise CheckFailed(f"{what}: F.affine_grid wants the first two rows only: (B, 2, 3).")
        radians = torch.deg2rad(angles)
        mistakes = {
            "all matrices are those of the first angle. Each image has its own.": (
                _matrix(radians[:1]).expand(count, -1, -1)
            ),
            "the third column is the shift: zeros, not ones.": (
                _matrix(radians) + torch.tensor([0.0, 0.0, 1.0])
            ),
            "pi is missing: radians are degrees times pi / 180.": _matrix(angles / 180),
            "pi is rounded. Use torch.pi, or torch.deg2rad.": _matrix(3.14 * angles / 180),
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
        compare(got, _matrix(radians), what=what, mistakes=mistakes, rtol=1e-4, atol=2e-5)
    return "turns is right: the matrix says where each new pixel comes from."


@exercise
def random_shift(answer: Callable[[Tensor, int, torch.Generator], Tensor]) -> str:
    """random_shift(images (B, 1, H, W), most, generator) -> the same shape, zeros come in."""
    generator = torch.Generator().manual_seed(3)
    for count, most, height, width in [(4000, 2, 9, 11), (4000, 1, 7, 7), (100, 2, 28, 28)]:
        images = 0.1 + 0.4 * torch.rand(count, 1, height, width, generator=generator)
        images[:, :, height // 2, width // 2] = 1.0  # a bright pixel tells where an image went
        what = f"random_shift of images {height} x {width}, most={most}"
        drawing, parts = _seeded(0), images.split(250)  # small batches: a slow loop ends in time
        got = [shifting.shifted_by(answer, part, most, drawing, what) for part in parts]
        shifting.check_batch(shifting.shifts_of(got[0]), what)
        again, other = (
            shifting.shifted_by(answer, parts[0], most, _seeded(s), what) for s in (0, 1)
        )
        shifting.check_generator(got[0], again, other, what)
        shifting.check_shifts(shifting.shifts_of(torch.cat(got)), most, what)
        shifting.check_filling(torch.cat(got), images, what)
    return "random_shift is right: each image its own shift, and zeros come in."


@exercise
def kept(answer: Callable[..., Any]) -> str:
    """kept(model, images (B, 1, H, W), change) -> share of the answers that stay, one number."""
    changes = [lambda x: x.flip(3), lambda x: x.roll(1, 2), lambda x: 0.6 * x + 0.3 * x.flip(2)]
    for seed, (count, change) in enumerate(zip((40, 23, 31), changes, strict=True)):
        model = _small_model(seed, 36, 4)
        images = torch.rand(count, 1, 6, 6, generator=_seeded(seed))
        with torch.no_grad():
            old, new = model(images), model(change(images))
        stays = old.argmax(1) == new.argmax(1)
        share, rows = stays.double().mean(), torch.arange(count)
        every = old.softmax(1), new.softmax(1)
        mistakes = {
            "that's the share of the answers that change. Which stay?": 1 - share,
            "that's how many answers stay. Divide by the number of images.": stays.sum(),
            "that's the share in percent. Return a number from 0 to 1.": 100 * share,
            "that's True or False for each image. Their mean is the share.": stays,
            "nothing stays. Compare the answers, argmax(1), image by image.": 0.0,
            "everything stays: is `change` used, and on one side only?": 1.0,
            "that's the probability of the old answer after the change. Compare the answers.": (
                every[1][rows, old.argmax(1)].mean()
            ),
        }
        got = call(answer, model, images, change)
        what = f"kept for {count} images"
        compare(got, share, what=what, mistakes=mistakes, atol=1e-4)
    return "kept is right: the share of the answers that a change leaves as they are."


@exercise
def average_answer(answer: Callable[..., Tensor]) -> str:
    """average_answer(model, images (B, 1, H, W), policy, copies) -> probabilities (B, K)."""
    for seed, (count, side, classes, copies) in enumerate(
        [(4, 6, 3, 5), (2, 5, 4, 3), (1, 6, 2, 8)]
    ):
        turning = {"degrees": 30 + 5 * seed, "translate": 0.2}
        model = _small_model(seed, side * side, classes)
        images = torch.rand(count, 1, side, side, generator=_seeded(seed))
        got = call(answer, model, images, Policy(**turning), copies)
        what = f"average_answer for {count} image{'s' * (count > 1)}, {copies} copies"
        want = mean_answer(model, images, Policy(**turning), copies)
        mistakes = _average_mistakes(model, images, Policy(**turning), copies)
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


def share_kept(model: nn.Module, images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Of the classes that the model names, the share that is the same for the changed images."""
    with torch.no_grad():
        first, second = (model(some).argmax(1) for some in (images, change(images)))
    return first.eq(second).double().mean()


def turn_matrices(angles: Tensor) -> Tensor:
    """Matrices (B, 2, 3) for F.affine_grid that turn images counter-clockwise; angles in degrees.

    What lab 04 uses until `turns` is solved.
    """
    return _matrix(torch.deg2rad(angles))


def _mirrored_by(answer: Callable[[Tensor], Tensor], images: Tensor) -> Any:
    try:
        return call(answer, images)
    except CheckFailed as failed:
        if "step must be greater than zero" not in str(failed):
            raise
    raise CheckFailed("Tensors can't be sliced backwards, as in `[::-1]`. Use .flip(dimension).")


def _average_mistakes(
    model: nn.Module, images: Tensor, policy: Policy, copies: int
) -> dict[str, Tensor]:
    """What usual mistakes give in place of the mean of the copies' probabilities."""
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
        "the first copy is missing: its seed is 0.": probs[1:].mean(0),
        "the images themselves count, too. Only the copies should.": (
            torch.cat([plain.softmax(-1)[None], probs]).mean(0)
        ),
        "only the last copy counts: add up inside the loop, and return after it.": probs[-1],
        "that's the largest probability over the copies. Take the mean.": probs.amax(0),
        "that's the share of the copies' votes. Average their probabilities.": (
            F.one_hot(probs.argmax(-1), probs.shape[-1]).float().mean(0)
        ),
        "these are logarithms. Return the probabilities.": probs.mean(0).log(),
        "each copy is made from the one before. Make all of them from `images`.": (
            _of_chain(model, images, policy, copies)
        ),
    }
    mistakes |= {
        f"{n} copies are averaged, whatever `copies` says.": mean_answer(model, images, policy, n)
        for n in (3, 10, 16)
        if n != copies
    }
    return mistakes


def _of_chain(model: nn.Module, images: Tensor, policy: Policy, copies: int) -> Tensor:
    """The mean answer when each copy is a copy of the one before."""
    found = []
    for k in range(copies):
        images = policy(images, seed=k)
        found.append(model(images).detach().softmax(1))
    return torch.stack(found).mean(0)


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


def _small_model(seed: int, inputs: int, classes: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, last = nn.Linear(inputs, 16), nn.Linear(16, classes)
    first.weight.data.mul_(4)  # strong opinions, and no straight lines: the order of steps matters
    last.weight.data.mul_(8)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), first, nn.Tanh(), last).eval()


def _seeded(seed: Any) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
