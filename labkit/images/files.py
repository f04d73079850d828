"""Decode a picture file with Pillow: upright, first frame, one clear error message.

`read_path`, `read_stream`, `read_bytes` and `read_pil` return (pixels, name): uint8 (H, W, 3 or 4)
or grey uint16 / float32 (H, W), and what to call the picture in a message. Every failure is a
ValueError with that name and the reason. Scaling to [0, 1] is `labkit.images`' work. Pillow's
global settings are left as they are.
"""

from __future__ import annotations

import io
import os
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# what a file that is no picture starts with (offset, bytes), and what to call it
KINDS = (
    (0, b"%PDF", "a PDF: export the page or picture as PNG or JPEG"),
    (4, b"ftyphei", "a HEIC photo, as phones make them: export it as JPEG"),
    (4, b"ftypmif1", "a HEIC photo, as phones make them: export it as JPEG"),
    (4, b"ftyp", "a film or a photo in a film format: export one frame as JPEG"),
    (0, b"PK\x03\x04", "a zip archive or an office document: take the picture out of it"),
    (0, b"\x93NUMPY", "a NumPy file: read it with np.load and pass the array"),
    (0, b"\xff\xd8\xff", "a damaged JPEG: copy or download it again"),
    (0, b"\x89PNG", "a damaged PNG: copy or download it again"),
    (0, b"GIF8", "a damaged GIF: copy or download it again"),
)
BYTES = "image bytes"  # what a message calls a picture that has no name
# names of files that are meant to be pictures
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic"}


class _Unfit(ValueError):
    """A whole picture that still cannot be used; its text is the reason."""


def read_path(path) -> tuple[np.ndarray, str]:
    """Read the image file at `path`."""
    name = os.fsdecode(path)
    if name.startswith(("http://", "https://")):
        raise ValueError(f"{name}: this is an address, not a file; download it first")
    try:
        with open(_check_path(name), "rb") as file:
            return _read(file, name)
    except (OSError, RuntimeError) as error:  # RuntimeError: the home of an unknown ~user
        raise ValueError(
            f"{name}: cannot be opened ({getattr(error, 'strerror', None) or error})"
        ) from error


def _check_path(name: str) -> Path:
    """Return the path called `name`, with ~ filled in; ValueError where it is no regular file."""
    if "\0" in name:
        raise ValueError(f"{name!r}: a file name cannot hold a zero byte; for bytes pass bytes")
    path = Path(name).expanduser()
    if path.is_dir():
        raise ValueError(f"{name}: this is a folder, not an image file")
    if not path.exists():
        raise ValueError(f"{name}: there is no such file (current folder: {Path.cwd()})")
    if not path.is_file():
        raise ValueError(f"{name}: this is not a regular file")
    return path


def read_stream(stream) -> tuple[np.ndarray, str]:
    """Read an open file from where it stands, or if that is its end from the start; leave it there.

    A picture that was just saved into a BytesIO leaves it at its end.
    """
    name = str(getattr(stream, "name", "open file"))
    start = stream.tell() if hasattr(stream, "seekable") and stream.seekable() else None
    content = stream.read()
    if start and not content:
        stream.seek(0)
        content = stream.read()
    if start is not None:
        stream.seek(start)
    if not isinstance(content, bytes):
        raise ValueError(f'{name}: opened as text; open it with open(path, "rb")')
    return read_bytes(content, name)


def read_bytes(content, name: str = BYTES) -> tuple[np.ndarray, str]:
    """Read the bytes of an image file."""
    return _read(io.BytesIO(content), name)


def _read(file, name: str) -> tuple[np.ndarray, str]:
    """Read a seekable binary file from its start."""
    head = file.read(1024)
    if not head:
        raise ValueError(f"{name}: the file is empty (0 bytes)")
    file.seek(0)
    with _plain_words(name, head), Image.open(file) as picture:
        return _pixels(picture), name


def read_pil(picture: Image.Image) -> tuple[np.ndarray, str]:
    """Read the current frame of a PIL image."""
    name = str(getattr(picture, "filename", "") or f"PIL image {picture.mode} {picture.size}")
    with _plain_words(name):
        return _pixels(picture), name


def _pixels(picture: Image.Image) -> np.ndarray:
    """Return the decoded, upright picture as uint8 (H, W, 3 or 4), or uint16/float32 (H, W)."""
    if 0 in picture.size:
        raise _Unfit("no pixels")
    picture.load()
    picture = _upright(picture)
    if picture.mode == "F":
        return np.asarray(picture)
    if picture.mode.startswith("I"):
        return _deep_grey(picture)
    return np.asarray(picture.convert("RGBA" if picture.has_transparency_data else "RGB"))


def _upright(picture: Image.Image) -> Image.Image:
    """Return a copy turned as its EXIF entry says; as stored where that cannot be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # broken EXIF is common and no reason to refuse the picture
        return picture.copy()


def _deep_grey(picture: Image.Image) -> np.ndarray:
    """Return a grey picture of 16 or 32 bits as uint16 (H, W); its transparent value is white."""
    grey = np.asarray(picture)
    low, high = int(grey.min()), int(grey.max())
    if low < 0 or high > 65535:
        raise _Unfit(f"grey values from {low} to {high}, only 0 to 65535 can be read")
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        grey = np.where(grey == clear, 65535, grey)
    return grey.astype(np.uint16)


@contextmanager
def _plain_words(name: str, head: bytes = b""):
    """Turn whatever Pillow raises into a ValueError that names the file; silence its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise ValueError(f"{name}: {_reason(error, head, name)}") from error


def _reason(error: Exception, head: bytes, name: str) -> str:
    """Say in plain words why a picture could not be read."""
    if isinstance(error, _Unfit):
        return str(error)
    if isinstance(error, (Image.DecompressionBombWarning, Image.DecompressionBombError)):
        return f"too many pixels (at most {Image.MAX_IMAGE_PIXELS}): make the picture smaller first"
    if isinstance(error, UnidentifiedImageError):
        return f"not an image that can be read here; it looks like {_kind(head, name)}"
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine: make the picture smaller first"
    return f"the image is damaged, cut off or of an unknown kind ({error})"


def _kind(head: bytes, name: str) -> str:
    """Guess from its first bytes what a file is that is no picture."""
    for offset, signature, words in KINDS:
        if head.startswith(signature, offset):
            return words
    if b"<svg" in head:
        return "an SVG drawing: export it as PNG"
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page saved under the name of a picture: save the picture itself"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return "text"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in head):
        return "text"
    other = Path(name).suffix.lower() not in PICTURES and name != BYTES
    return "data of an unknown format" if other else "data of an unknown or damaged format"
