"""What can be done to images: `affine`, `colour`, `noise`; each image its own amounts.

All turns, shifts, scales, shears and mirrors are one sampling of the image, all colours one
3 x 3 matrix, so that a batch is one pass. Nothing here is random but `noise`; see `policy`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.augment.counted import normals

Amount = float | Sequence[float] | Tensor  # one number for all images, or one an image (B,)

GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601)
PADDING = ("zeros", "border", "reflection")


def affine(
    images: Tensor,
    *,
    angle: Amount = 0.0,
    translate: tuple[Amount, Amount] = (0.0, 0.0),
    scale: Amount = 1.0,
    shear: Amount = 0.0,
    hflip: Amount = False,
    vflip: Amount = False,
    padding_mode: str = "zeros",
) -> Tensor:
    """Images (B, C, H, W) mirrored, sheared, scaled, turned, then shifted; new, the same shape.

    `angle` in degrees, counter-clockwise about the centre, like `torch.rot90`; `translate` to the
    right and down, in shares of width and height; `scale` above 1 enlarges; `shear` in degrees;
    `hflip` swaps left and right, `vflip` above and below. Each is one value, or one an image (B,).
    Between pixels it is interpolated (bilinear). `padding_mode` is what comes in from outside:
    "zeros", "border" or "reflection". ValueError for a wrong shape or a scale of 0 or less.

    >>> upside_down = affine(torch.rand(8, 1, 28, 28), angle=180)
    """
    check_images(images)
    if padding_mode not in PADDING:
        raise ValueError(f"padding_mode must be one of {PADDING}, not {padding_mode!r}")
    if not isinstance(translate, tuple | list) or len(translate) != 2:
        raise ValueError(f"translate must be a pair (right, down), not {translate!r}")
    told = {"angle": angle, "scale": scale, "shear": shear, "hflip": hflip, "vflip": vflip}
    told |= {"right": translate[0], "down": translate[1]}
    told = {name: _per_image(value, len(images), name) for name, value in told.items()}
    if (told["scale"] <= 0).any():
        raise ValueError("scale must be above 0: 1 keeps the size, 2 doubles it")
    exact = _quarter_turns(images, told)
    return sample(images, told, padding_mode) if exact is None else exact


def colour(
    images: Tensor,
    *,
    brightness: Amount = 1.0,
    contrast: Amount = 1.0,
    saturation: Amount = 1.0,
    hue: Amount = 0.0,
) -> Tensor:
    """Images (B, 1 or 3, H, W) in other colours, clamped to [0, 1]; new, the same shape.

    Factors as in torchvision: 0 is black, all mean grey, no colour; 1 is as it was. `hue` turns
    the colours about the grey axis, in turns: 1/3 makes red green. One channel has brightness and
    contrast only. Each is one value, or one an image (B,). ValueError for a negative factor.

    >>> duller = colour(images, brightness=0.8, saturation=0.5)
    """
    check_images(images)
    told = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    told = {name: _per_image(value, len(images), name) for name, value in told.items()}
    for name, value in told.items():
        if (value < 0).any():
            raise ValueError(f"{name} is a factor, 0 or more, not {float(value.min()):g}")
    matrix = _colour_matrix(told, _per_image(hue, len(images), "hue"), images.shape[1])
    level = ((1 - told["contrast"]) * told["brightness"])[:, None, None] * _grey(images.shape[1])
    matrix, level = (torch.from_numpy(a).to(images) for a in (matrix, level))
    flat = images.flatten(2)  # (B, C, HW)
    offset = level @ flat.mean(2, keepdim=True)  # (B, 1, 1)
    return torch.baddbmm(offset, matrix, flat).clamp_(0, 1).view_as(images)


def noise(
    images: Tensor, std: Amount, *, seed: int = 0, indices: Sequence[int] | Tensor | None = None
) -> Tensor:
    """Images plus normal noise of this standard deviation, clamped to [0, 1]; new.

    The image with number indices[i] (default i) gets the same noise in whatever batch it comes.

    >>> grainy = noise(images, 0.1, seed=1)
    """
    check_images(images)
    std = _per_image(std, len(images), "std")
    if (std < 0).any():
        raise ValueError(f"std is a standard deviation, 0 or more, not {float(std.min()):g}")
    drawn = normals(check_seed(seed), numbers_of(indices, len(images)), math.prod(images.shape[1:]))
    grains = torch.from_numpy(drawn).to(images).view_as(images)
    size = torch.from_numpy(std.copy()).to(images).view(-1, 1, 1, 1)
    return grains.mul_(size).add_(images).clamp_(0, 1)


def check_images(images: Tensor) -> None:
    """Raise unless the images are a float tensor (B, C, H, W) with 1 or 3 channels."""
    if not isinstance(images, Tensor) or not images.is_floating_point():
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"images must be a float tensor in [0, 1], not {kind}; see labkit.images")
    if images.dim() != 4 or images.shape[1] not in (1, 3) or 0 in images.shape[1:]:
        hint = "; add a batch dimension: image[None]" if images.dim() == 3 else ""
        raise ValueError(
            f"images must be (B, C, H, W) with C = 1 or 3, not {tuple(images.shape)}{hint}"
        )


def check_seed(seed: int) -> int:
    """The seed, if it is a whole number; else TypeError."""
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"seed is a whole number, not {seed!r}")
    return int(seed)


def numbers_of(indices: Sequence[int] | Tensor | None, count: int) -> np.ndarray:
    """The images' own numbers, int64 (count,): 0, 1, 2 ... if None; else ValueError unless (B,)."""
    if indices is None:
        return np.arange(count)
    numbers = torch.as_tensor(indices).cpu()
    if numbers.shape != (count,) or numbers.is_floating_point() or numbers.is_complex():
        raise ValueError(
            f"indices must be {count} whole numbers, one an image, not "
            f"{numbers.dtype} {tuple(numbers.shape)}"
        )
    return numbers.numpy().astype(np.int64)


def _quarter_turns(images: Tensor, told: Mapping[str, np.ndarray]) -> Tensor | None:
    """Mirrors and quarter turns, alike for all images, without rounding; None for all else."""
    if len(images) == 0 or any((value != value[0]).any() for value in told.values()):
        return None
    one = {name: float(value[0]) for name, value in told.items()}
    still = (one["scale"], one["shear"], one["right"], one["down"]) == (1, 0, 0, 0)
    square = images.shape[2] == images.shape[3] or one["angle"] % 180 == 0
    if not still or not square or one["angle"] % 90:
        return None
    mirrors = [dim for dim, name in ((3, "hflip"), (2, "vflip")) if one[name]]
    return images.flip(mirrors).rot90(int(one["angle"] // 90) % 4, (2, 3)).contiguous()


def _back(told: Mapping[str, np.ndarray], height: int, width: int) -> np.ndarray:
    """Where each place of the new image comes from in the old one: matrices (B, 2, 3), float64.

    Places are pixels from the centre, y down. Undone in reverse: shift, turn, scale, shear, mirror.
    """
    turn, slant = np.deg2rad(told["angle"]), np.tan(np.deg2rad(told["shear"]))
    cos, sin = np.cos(turn) / told["scale"], np.sin(turn) / told["scale"]
    x = np.stack([cos + slant * sin, slant * cos - sin], 1) * (1 - 2 * told["hflip"])[:, None]
    y = np.stack([sin, cos], 1) * (1 - 2 * told["vflip"])[:, None]
    shift = np.stack([told["right"] * width, told["down"] * height], 1)  # (B, 2)
    turned = np.stack([x, y], 1)  # (B, 2, 2)
    return np.concatenate([turned, -turned @ shift[:, :, None]], 2)


def sample(images: Tensor, told: Mapping[str, np.ndarray], padding_mode: str) -> Tensor:
    """`affine` without its checks: `told` has (B,) for each of its options, "right" and "down".

    A place x, y is kept as one complex number: the sum over rows and columns is then one addition.
    """
    height, width = images.shape[-2:]
    back = _back(told, height, width)
    unit = np.array([2 / width, 2 / height])  # grid_sample counts from -1 to 1
    x, y, zero = (back * unit[:, None]).transpose(2, 0, 1) @ np.array([1, 1j])  # (B,) each
    along = x[:, None] * (np.arange(width) - (width - 1) / 2)  # (B, W)
    down = y[:, None] * (np.arange(height) - (height - 1) / 2) + zero[:, None]
    kind = np.complex128 if images.dtype == torch.float64 else np.complex64
    along, down = (torch.from_numpy(part.astype(kind)) for part in (along, down))
    if images.device.type == "cpu":
        grid = torch.view_as_real(down[:, :, None] + along[:, None]).to(images)  # (B, H, W, 2)
    else:  # not every device can add complex numbers
        along, down = (torch.view_as_real(part).to(images) for part in (along, down))
        grid = down[:, :, None] + along[:, None]
    return F.grid_sample(images, grid, padding_mode=padding_mode, align_corners=False)


def _colour_matrix(told: Mapping[str, np.ndarray], hue: np.ndarray, channels: int) -> np.ndarray:
    """Contrast, then saturation, then hue, times brightness: (B, C, C), float64."""
    gain = (told["contrast"] * told["brightness"])[:, None, None]
    if channels == 1:
        return gain
    keep, turn = told["saturation"][:, None, None], 2 * np.pi * hue[:, None, None]
    saturate = keep * np.eye(3) + (1 - keep) * _grey(3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    rotate = np.cos(turn) * (np.eye(3) - 1 / 3) + 1 / 3 + np.sin(turn) * cross  # Rodrigues
    return gain * (rotate @ saturate)


def _grey(channels: int) -> np.ndarray:
    return np.array([GREY if channels == 3 else (1.0,)])  # (1, C)


def _per_image(value: Amount, count: int, name: str) -> np.ndarray:
    """One value or one an image -> float64 (count,); TypeError or ValueError if it is neither."""
    value = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
    try:
        amounts = np.asarray(value)
        amounts = amounts.astype(np.float64, casting="same_kind")  # refuses None, text, complex
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, or one an image, not {value!r}") from None
    if amounts.ndim > 1 or amounts.size not in (1, count):
        raise ValueError(f"{name} must be 1 number or {count}, one an image, not {amounts.shape}")
    if not np.isfinite(amounts).all():
        raise ValueError(f"{name} must be finite, not {value!r}")
    return np.broadcast_to(amounts, count)
