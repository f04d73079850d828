"""Pictures in which one thing is changed and the rest stays: the test of what a heat map claims."""

from __future__ import annotations

import torch
from torch import Tensor


def on_background(images: Tensor, masks: Tensor, others: Tensor, other_masks: Tensor) -> Tensor:
    """Each object before the background of another picture, without that picture's own object.

    images, others: (N, C, H, W); masks, other_masks: bool (N, H, W), True on the object of each.
    Where the other picture's object would look out, the first picture's pixels stay. Returns
    (N, C, H, W). ValueError for pictures of different shapes or masks that do not fit them.
    After "Mixed-Rand" of K. Xiao and others, "Noise or Signal", 2021, who fill the other object's
    place with tiles of its background.

    >>> car, road = torch.ones(1, 3, 1, 3), torch.zeros(1, 3, 1, 3)
    >>> here, there = torch.tensor([[[1, 0, 0]]]).bool(), torch.tensor([[[1, 1, 0]]]).bool()
    >>> on_background(car, here, road, there)[0, 0]
    tensor([[1., 1., 0.]])
    """
    wanted = images.shape[:1] + images.shape[2:]
    if others.shape != images.shape or not masks.shape == other_masks.shape == wanted:
        shapes = [tuple(x.shape) for x in (images, masks, others, other_masks)]
        raise ValueError(f"images, masks, others, other_masks do not fit: {shapes}")
    return torch.where((masks | other_masks).unsqueeze(1), images, others)
