"""What is drawn at random for each image: `Policy`, an augmentation by the names of its options."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from labkit.augment.counted import uniforms
from labkit.augment.operations import PADDING, check_images, check_seed, colour, numbers_of, sample
from labkit.augment.operations import noise as add_noise

Range = float | tuple[float, float]

# A column of random numbers each: turning one option on leaves what the others draw as it is.
COLUMNS = (
    *("degrees", "right", "down", "scale", "shear", "hflip", "vflip", "half_turn"),
    *("crop", "crop_right", "crop_down", "brightness", "contrast", "saturation", "hue"),
)
COLOURS = ("brightness", "contrast", "saturation", "hue")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Random perturbations, drawn for each image by itself: `policy(images, seed=0)`.

    `degrees` 15 turns by -15 to 15 (or give a pair), `shear` likewise; `translate` 0.1 shifts by up
    to a tenth of the side each way; `scale` (0.9, 1.1) is a range of factors; `crop` 0.8 cuts out a
    square of 80 to 100 % of the side and enlarges it. `hflip`, `vflip` and `half_turn` (180
    degrees) are probabilities. `brightness`, `contrast`, `saturation` 0.2 are factors from 0.8 to
    1.2, `hue` 0.1 a tenth of a turn at most, `noise` a standard deviation. See `affine`, `colour`.
    ValueError for values that make no sense.

    >>> policy = Policy(degrees=15, translate=0.1, scale=(0.9, 1.1))
    >>> policy(torch.rand(8, 1, 28, 28), seed=3).shape
    torch.Size([8, 1, 28, 28])
    """

    degrees: Range = 0.0
    translate: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shear: Range = 0.0
    hflip: float = 0.0
    vflip: float = 0.0
    half_turn: float = 0.0
    crop: float = 1.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    noise: float = 0.0
    padding_mode: str = "zeros"

    def __post_init__(self):
        for name in ("hflip", "vflip", "half_turn", "translate"):
            _check(name, getattr(self, name), 0, 1, "a number from 0 to 1")
        for name in (*COLOURS, "noise"):
            _check(name, getattr(self, name), 0, math.inf, "a number, 0 or more")
        _check("crop", self.crop, 0.01, 1, "the smallest share of the side to keep, up to 1")
        for name in ("degrees", "shear"):
            _pair(name, getattr(self, name))
        if isinstance(self.scale, Real) or _pair("scale", self.scale)[0] <= 0:
            raise ValueError(f"scale must be a pair of factors above 0, not {self.scale!r}")
        if self.padding_mode not in PADDING:
            raise ValueError(f"padding_mode must be one of {PADDING}, not {self.padding_mode!r}")

    def __repr__(self) -> str:
        told = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]
        changed = [f"{name}={value!r}" for name, value, default in told if value != default]
        return f"Policy({', '.join(changed)})"

    def __call__(
        self, images: Tensor, *, seed: int = 0, indices: Sequence[int] | Tensor | None = None
    ) -> Tensor:
        """New images (B, C, H, W), each perturbed by what is drawn for it.

        The image with number indices[i] (default i) gets the same in whatever batch it comes; the
        same seed gives the same again. The given images stay as they are.
        """
        check_images(images)
        drawn = self._draw(len(images), seed, indices)
        out = images
        if any(getattr(self, f.name) != f.default for f in fields(self)[:8]):
            out = sample(out, drawn, self.padding_mode)
        if any(getattr(self, name) for name in COLOURS):
            out = colour(out, **{name: drawn[name] for name in COLOURS})
        if self.noise:
            out = add_noise(out, self.noise, seed=~seed, indices=indices)
        return images.clone() if out is images else out

    def draw(
        self, count: int, *, seed: int = 0, indices: Sequence[int] | Tensor | None = None
    ) -> dict[str, Tensor]:
        """What each of `count` images gets: option of `affine` or `colour` -> float64 (count,).

        The shift is named "right" and "down". Half turns are in `angle`, crops in scale and shift.
        """
        drawn = self._draw(count, seed, indices)
        return {name: torch.from_numpy(values) for name, values in drawn.items()}

    @cached_property
    def _ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest value and width of the range of each column, (15,) each."""
        ranges = dict.fromkeys(COLUMNS, (0.0, 1.0)) | {"crop": (self.crop, 1.0)}
        ranges |= dict.fromkeys(("crop_right", "crop_down"), (-0.5, 0.5))
        ranges |= dict.fromkeys(("right", "down"), (-self.translate, self.translate))
        ranges |= {name: _pair(name, getattr(self, name)) for name in ("degrees", "shear", "hue")}
        for name in COLOURS[:3]:
            ranges[name] = (max(1 - getattr(self, name), 0.0), 1 + getattr(self, name))
        low, high = np.array(list((ranges | {"scale": self.scale}).values())).T
        return low, high - low

    def _draw(self, count: int, seed: int, indices) -> dict[str, np.ndarray]:
        low, width = self._ranges
        columns = low + width * uniforms(check_seed(seed), numbers_of(indices, count), len(COLUMNS))
        drawn = dict(zip(COLUMNS, columns.T, strict=True))
        for name in ("hflip", "vflip", "half_turn"):
            drawn[name] = 1.0 * (drawn[name] < getattr(self, name))
        drawn["angle"] = drawn.pop("degrees") + 180 * drawn.pop("half_turn")
        side = drawn.pop("crop")  # the share of the side that is kept
        for name in ("right", "down"):
            drawn[name] = (drawn[name] - (1 - side) * drawn.pop(f"crop_{name}")) / side
        drawn["scale"] = drawn["scale"] / side
        return drawn


def _pair(name: str, amount: Range) -> tuple[float, float]:
    """15 -> (-15, 15); a pair of numbers, the smaller first, as it is; else ValueError."""
    if isinstance(amount, Real) and math.isfinite(amount):
        return -abs(float(amount)), abs(float(amount))
    if isinstance(amount, tuple | list) and len(amount) == 2:
        if all(isinstance(a, Real) and math.isfinite(a) for a in amount) and amount[0] <= amount[1]:
            return float(amount[0]), float(amount[1])
    raise ValueError(f"{name} must be a number, or a pair (smallest, largest), not {amount!r}")


def _check(name: str, value: float, low: float, high: float, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:
        raise ValueError(f"{name} must be {what}, not {value!r}")
