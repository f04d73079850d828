"""Any picture to a float32 (3, H, W) tensor in [0, 1], and back to bytes.

`to_tensor` takes files, bytes, PIL images, NumPy arrays and torch tensors; `to_uint8` gives the
array that plots and widgets want; `square` cuts and resizes. No normalisation for a network
(the models do that), no colour profiles, no writing of files, no downloads.
"""

from __future__ import annotations

import os

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from labkit.images import files

CHANNELS = (1, 3, 4)  # grey, RGB, RGB + alpha
FULL_SCALE = {"bool": 1, "uint8": 255, "uint16": 65535}
ROUNDING = 1e-5  # how far outside [0, 1] a float may lie and still pass for rounding


def to_tensor(anything) -> torch.Tensor:
    """Turn any picture into a float32 tensor (3, H, W) in [0, 1], on the CPU.

    Takes a path, the bytes of a file, an open binary file, a PIL image, a NumPy array or a torch
    tensor. Files come out as a viewer shows them: turned as EXIF says, CMYK and palettes as RGB,
    the first frame of an animation, transparency on white, grey as three equal channels.
    Arrays are (H, W), (H, W, C) or (C, H, W) with C = 1, 3 or 4; where both readings are possible
    NumPy means (H, W, C) and torch (C, H, W). bool is 0/1, uint8 0..255, uint16 0..65535, float
    must already be in [0, 1]. Of 16-bit colour files the upper 8
    bits are kept; grey files of whole numbers beyond 8 bits count as 0..65535.

    ValueError names the file and the reason: missing, a folder, empty, damaged or cut off, no
    image, more than `PIL.Image.MAX_IMAGE_PIXELS` pixels; and values or shapes that are no image.
    TypeError: something that is no picture at all. The input is never changed nor shared.

    >>> to_tensor(np.zeros((2, 5), dtype=np.uint8)).shape
    torch.Size([3, 2, 5])
    """
    if isinstance(anything, np.ndarray):
        return _from_array(np.asarray(anything), "array", channels_first=False)
    if isinstance(anything, torch.Tensor):
        return _from_array(_to_numpy(anything), "tensor", channels_first=True)
    return _from_array(*_read(anything), channels_first=False)


def to_uint8(image) -> np.ndarray:
    """Turn a picture into an (H, W, 3) uint8 array, 0..255, for plots and widgets.

    Takes what `to_tensor` takes, typically (3, H, W) or (1, H, W) in [0, 1]; raises what it
    raises. Values are rounded, so uint8 to tensor and back changes nothing.

    >>> to_uint8(torch.ones(1, 2, 2))[0, 0]
    array([255, 255, 255], dtype=uint8)
    """
    scaled = to_tensor(image).permute(1, 2, 0).mul(255).round()
    return scaled.to(torch.uint8).contiguous().numpy()


def square(image: torch.Tensor, size: int) -> torch.Tensor:
    """Cut the largest centred square out of (C, H, W) and resize it to (C, size, size).

    Bicubic with antialiasing (smooth when shrinking), clamped to [0, 1]; differentiable.
    ValueError for a size below 1, TypeError for anything but a float tensor (C, H, W) and an int.

    >>> square(torch.rand(3, 30, 50), 8).shape
    torch.Size([3, 8, 8])
    """
    _check_square(image, size)
    height, width = image.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    cut = image[:, top : top + side, left : left + side]
    if side == size:
        return cut.clamp(0, 1)
    sized = F.interpolate(
        cut[None], (size, size), mode="bicubic", antialias=True, align_corners=False
    )
    return sized[0].clamp(0, 1)


def _check_square(image, size) -> None:
    """Raise unless `image` is a float (C, H, W) with pixels and `size` a whole number above 0."""
    if not isinstance(image, torch.Tensor) or not image.is_floating_point() or image.ndim != 3:
        got = f"{image.dtype} {tuple(image.shape)}" if hasattr(image, "shape") else type(image)
        raise TypeError(f"needs a float tensor (C, H, W), got {got}: to_tensor(...) makes one")
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"size is a whole number of pixels, got {size!r}")
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    if 0 in image.shape:
        raise ValueError(f"the image has no pixels: shape {tuple(image.shape)}")


def _read(source) -> tuple[np.ndarray, str]:
    """Decode a path, bytes, a PIL image or an open file to (pixels, name)."""
    if isinstance(source, (str, os.PathLike)):
        return files.read_path(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return files.read_bytes(source)
    if isinstance(source, Image.Image):
        return files.read_pil(source)
    if hasattr(source, "read"):
        return files.read_stream(source)
    raise TypeError(
        f"cannot make an image of {type(source).__name__}: pass a path, bytes, "
        "an open binary file, a PIL image, a NumPy array or a torch tensor"
    )


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """Return the tensor's values as NumPy; half and bfloat16 as float32."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def _from_array(array: np.ndarray, name: str, *, channels_first: bool) -> torch.Tensor:
    """Scale, composite on white and copy to three channels."""
    planes = _planes(array, name, channels_first)
    scale = FULL_SCALE.get(planes.dtype.name, 1)
    _check_values(planes, name)
    planes = np.ascontiguousarray(planes)  # rearranging the small type first is faster
    image = np.divide(planes, np.float32(scale), dtype=np.float32)
    np.clip(image, 0, 1, out=image)
    if len(image) == 4:
        colour, alpha = image[:3], image[3:]
        image = colour * alpha + (1 - alpha)
    if len(image) == 1:
        image = np.repeat(image, 3, axis=0)
    return torch.from_numpy(image)


def _planes(array: np.ndarray, name: str, channels_first: bool) -> np.ndarray:
    """View (H, W), (H, W, C) or (C, H, W) as (C, H, W)."""
    if array.size == 0:
        raise ValueError(f"{name}: no pixels, shape {array.shape}")
    if array.ndim == 2:
        return array[None]
    if array.ndim == 4:
        raise ValueError(f"{name}: a batch of shape {array.shape}; pass one image, as in images[0]")
    first, last = (array.ndim == 3 and array.shape[axis] in CHANNELS for axis in (0, -1))
    if not first and not last:
        raise ValueError(
            f"{name}: shape {array.shape} is no image; needs (H, W), (H, W, C) or (C, H, W) "
            "with C = 1, 3 or 4 channels"
        )
    use_first = first if channels_first else not last
    return array if use_first else array.transpose(2, 0, 1)


def _check_values(planes: np.ndarray, name: str) -> None:
    """Raise unless the values are bool, uint8, uint16, or floats in [0, 1]."""
    if planes.dtype.name in FULL_SCALE:
        return
    if planes.dtype.kind != "f":
        raise TypeError(
            f"{name}: values of type {planes.dtype} are ambiguous; use uint8 (0..255), "
            'e.g. .astype("uint8"), or float in [0, 1]'
        )
    low, high = float(planes.min()), float(planes.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError(f"{name}: has NaN or infinite values")
    if low < -ROUNDING or high > 1 + ROUNDING:
        mend = "divide by 255" if low >= 0 and 1.5 < high <= 255 else "rescale or clamp them"
        raise ValueError(
            f"{name}: float values from {low:g} to {high:g}, an image is in [0, 1]: {mend}"
        )
