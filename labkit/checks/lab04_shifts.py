"""Lab 04, random_shift: how far each image went, and whether that was drawn as it should be."""

from __future__ import annotations

from collections.abc import Callable

import torch
from scipy.special import chdtri
from torch import Tensor
from torch.nn import functional as F

from labkit.checks import draws
from labkit.checks.core import CheckFailed, as_tensor, compare
from labkit.checks.lab04_mistakes import WINDOWS, explained


def shifts_of(got: Tensor) -> Tensor:
    """How far the bright pixel went in each image: (B, 2), down and right."""
    height, width = got.shape[-2:]
    place = got.flatten(1).argmax(1)
    return torch.stack([place // width - height // 2, place % width - width // 2], 1)


def shifted_by(
    answer: Callable, images: Tensor, most: int, generator: torch.Generator, what: str
) -> Tensor:
    """The student's shifted images (B, C, H, W), moved by whole pixels; else CheckFailed."""
    got = as_tensor(explained(answer, WINDOWS, images, most, generator), what=what)
    if got.shape != images.shape:
        compare(got, images, what=what)
    _check_whole(got, what)
    return got


def _check_whole(got: Tensor, what: str) -> None:
    peaks = got.flatten(1).amax(1)  # 1 as long as the bright pixel stays one pixel
    if ((peaks > 0.51) & (peaks < 0.99)).double().mean() > 0.3:
        raise CheckFailed(f"{what}: images move by parts of a pixel. Draw whole numbers.")
    if (peaks < 0.51).any():
        raise CheckFailed(
            f"{what}: in some images the middle has gone, shifted too far or wiped out. In a slice "
            "a negative number counts from the end: x[:, :-1] is all but one row."
        )
    if ((got == 1).flatten(1).sum(1) > 1).any():
        raise CheckFailed(f"{what}: ones come in. Fill with zeros.")


def check_batch(shifts: Tensor, what: str) -> None:
    """CheckFailed if no image moves, or all move alike."""
    if (shifts == shifts[0]).all():
        how = "no image moves." if (shifts == 0).all() else "all images get the same shift."
        raise CheckFailed(f"{what}: {how} Draw one pair of numbers for each image.")


def check_shifts(shifts: Tensor, most: int, what: str) -> None:
    """CheckFailed unless shifts (B, 2) are equally likely up to `most`, each by itself."""
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
            f"{what}: {name}: the shifts go from {low} to {high}, not from {-most} to {most}. One "
            "end is missing: torch.randint leaves out its upper end, and rounding down does so too."
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


def check_filling(got: Tensor, images: Tensor, what: str) -> None:
    """CheckFailed unless what comes in is 0."""
    pairs = list(zip(images.double(), shifts_of(got).tolist(), strict=True))
    want = torch.stack([_moved(image, down, right) for image, (down, right) in pairs])
    rolled = torch.stack([image.roll((down, right), (1, 2)) for image, (down, right) in pairs])
    border, mirrored = (
        torch.stack([_moved(image, d, r, mode=mode) for image, (d, r) in pairs])
        for mode in ("replicate", "reflect")
    )
    mistakes = {
        "what leaves on one side comes back on the other, as in torch.roll. Zeros should.": rolled,
        "the border is repeated. Fill with zeros.": border,
        "the image is mirrored at its border. Fill with zeros.": mirrored,
    }
    compare(got, want, what=what, mistakes=mistakes)


def _moved(image: Tensor, down: int, right: int, mode: str = "constant") -> Tensor:
    """One image (C, H, W) moved by whole pixels."""
    height, width = image.shape[-2:]
    pad = max(abs(down), abs(right))
    padded = F.pad(image[None], [pad] * 4, mode=mode)[0]
    return padded[:, pad - down : pad - down + height, pad - right : pad - right + width]


def check_generator(got: Tensor, again: Tensor, other: Tensor, what: str) -> None:
    """CheckFailed unless the generator alone decides."""
    if not torch.equal(got, again):
        raise CheckFailed(
            f"{what}: the same seed gives other shifts the second time. Draw with "
            "generator=generator, or nobody can repeat your numbers."
        )
    if torch.equal(got, other):
        raise CheckFailed(f"{what}: another seed gives the same shifts: is `generator` used?")
