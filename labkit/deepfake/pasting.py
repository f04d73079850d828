"""Putting a fake face back into the whole scene."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data import Film
from labkit.data.portraits import HEAD, PLAIN


def blend(scene: Tensor, fake: Tensor, mask: Tensor, top: int, left: int, width: int) -> Tensor:
    """Scenes (B, 3, H, W) with fakes (B, 3, h, w) laid over them, their corner at (top, left).

    mask (B, 1, h, w) in [0, 1] says where the fake counts. Its border is made soft: the mean of
    the mask over (2 width + 1)^2 pixels, those outside counted as 0. The scenes given stay as
    they are.
    """
    soft = F.avg_pool2d(mask, 2 * width + 1, stride=1, padding=width)
    rows, columns = slice(top, top + fake.shape[-2]), slice(left, left + fake.shape[-1])
    result = scene.clone()
    result[..., rows, columns] = torch.lerp(scene[..., rows, columns], fake, soft)
    return result


def film_faces(film: Film) -> Tensor:
    """The wolf's heads of a film on plain grey, as a forger knows them: (N, 4, 64, 64)."""
    heads, covers = film.wolf[..., HEAD, HEAD], film.covers[..., HEAD, HEAD]
    return torch.cat([torch.lerp(torch.full_like(heads, PLAIN), heads, covers), covers], 1)


def paste_mask(swapped: Tensor, *, last: int = 52) -> Tensor:
    """Where a fake (N, 4, 64, 64) counts in the scene, (N, 1, 64, 64): its cover, above `last`."""
    mask = swapped[:, 3:].round()
    mask[..., last:, :] = 0
    return mask
