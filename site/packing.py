"""Many pictures that are nearly alike, kept small: whole ones, and what differs from those.

A picture is stored as a base and a layer over it that has only the pixels that differ, or as a base
of its own, whichever is smaller. Composed on one canvas they are the picture again, pixel by
pixel, unless the shelf is `lossy`, for photos that would take too much room.
"""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from PIL import Image

BASES = 16  # whole pictures that later ones are compared with: the last ones
ALIKE = 0.03  # share of the pixels that differ, up to which a layer is sure to be smaller
QUALITY = 76  # of WebP, where it may lose something


class Shelf:
    """Pictures by number; `put` takes (H, W, 3) uint8 and gives the number of an equal one.

    >>> shelf = Shelf()
    >>> [shelf.put(np.full((4, 4, 3), level, np.uint8)) for level in (0, 9, 0)]
    [0, 1, 0]
    """

    def __init__(self, *, lossy: bool = False):
        self.lossy = lossy
        self.bases: list[bytes] = []
        self.pictures: list[tuple[int, bytes | None]] = []  # base, layer over it
        self._numbers: dict[tuple, int] = {}
        self._near: dict[int, np.ndarray] = {}  # the last bases, a number for each pixel

    def put(self, pixels: np.ndarray) -> int:
        pixels = np.ascontiguousarray(pixels[..., :3])
        key = pixels.shape, hash(pixels.tobytes())
        if key not in self._numbers:
            self._numbers[key] = len(self.pictures)
            self.pictures.append(self._packed(pixels))
        return self._numbers[key]

    @property
    def size(self) -> int:
        """Bytes of all that is stored."""
        return sum(map(len, self.bases)) + sum(len(layer or b"") for _, layer in self.pictures)

    def as_json(self) -> dict[str, list]:
        """Bases and pictures (base, layer or None), the bytes as base64."""
        layers = [[base, layer and _text(layer)] for base, layer in self.pictures]
        return {"bases": [_text(base) for base in self.bases], "pictures": layers}

    def _packed(self, pixels: np.ndarray) -> tuple[int, bytes | None]:
        colours = _colours(pixels)
        base, differs = self._nearest(colours)
        layer = self._layer(pixels, differs) if base is not None else None
        if layer is not None and differs.mean() <= ALIKE:
            return base, layer
        whole = encoded(pixels, lossy=self.lossy)
        if layer is not None and len(layer) <= len(whole):
            return base, layer
        self.bases.append(whole)
        self._near[len(self.bases) - 1] = colours
        if len(self._near) > BASES:
            del self._near[next(iter(self._near))]
        return len(self.bases) - 1, None

    def _nearest(self, colours: np.ndarray) -> tuple[int | None, np.ndarray | None]:
        """The base with the fewest other pixels, at most half of them, and which ones differ."""
        alike = {k: a for k, a in self._near.items() if a.shape == colours.shape}
        differing = {k: np.count_nonzero(a != colours) for k, a in alike.items()}
        best = min(differing, key=differing.get, default=None)
        if best is None or differing[best] > colours.size / 2:
            return None, None
        return best, alike[best] != colours

    def _layer(self, pixels: np.ndarray, differs: np.ndarray) -> bytes:
        alpha = np.where(differs, 255, 0).astype(np.uint8)[..., None]
        return encoded(np.concatenate([pixels * (alpha > 0), alpha], 2), lossy=self.lossy)


def encoded(pixels: np.ndarray, *, lossy: bool = False) -> bytes:
    """(H, W, 3 or 4) uint8 -> WebP; transparency is kept exactly."""
    file, image = io.BytesIO(), Image.fromarray(pixels)
    if lossy:
        image.save(file, "webp", quality=QUALITY, method=2)
    else:
        image.save(file, "webp", lossless=True, quality=40, method=2)
    return file.getvalue()


def _colours(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W): a number for each pixel, equal for equal colours."""
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    return np.concatenate([pixels, opaque], 2).view(np.uint32)[..., 0]


def _text(data: bytes) -> str:
    return b64encode(data).decode()
