"""Putting a fake face back into the whole scene."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data import Film
from labkit.data.portraits import HEAD, PLAIN

CHIN, NECK, SIDE = 42, 52, 8  # rows and a column of a portrait: below and beside them is the body


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


def heads_to_paste(film: Film, faces: Tensor, swapped: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, 64, 64) to paste into a film's scenes, and masks (N, 1, 64, 64).

    Where the wolf's head was and the fake's isn't, the empty stage is shown: film crews record one
    for this. Below the head the wolf's body stays. faces, swapped (N, 4, 64, 64).
    """
    plate = film.stage[..., HEAD, HEAD].expand_as(swapped[:, :3])
    picture = torch.lerp(plate, swapped[:, :3], swapped[:, 3:])
    mask = swapped[:, 3:].round()
    mask[..., :CHIN, SIDE:] = torch.maximum(mask, faces[:, 3:].round())[..., :CHIN, SIDE:]
    mask[..., NECK:, :] = 0
    return picture, mask
