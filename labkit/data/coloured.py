"""Digits in two colours that give the label away, as far as one lets them (Arjovsky 2019)."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.data.digits import Labelled


def coloured_digits(
    digits: Labelled, rate: float, *, noise: float = 0.25, seed: int = 0
) -> Labelled:
    """Digits (N, 1, H, W) as red or green ones (N, 2, H, W) with labels 0 or 1.

    Colored MNIST: the label is 0 for the digits 0 to 4 and 1 for 5 to 9, then flipped with
    probability `noise`. Label 0 is drawn in channel 0 and label 1 in channel 1, except with
    probability `rate`: then it is the other way round. With rate 0.9 the colour of most digits
    lies. Draws depend on `seed` alone. ValueError for a probability outside [0, 1].

    >>> train, _ = data.load_digits()
    >>> coloured_digits(train, 0.1).images.shape
    torch.Size([4000, 2, 28, 28])
    """
    for name, value in {"rate": rate, "noise": noise}.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is a probability from 0 to 1, not {value!r}")
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(2, len(digits.labels), generator=generator)
    labels = (digits.labels >= 5).long() ^ (draws[0] < noise).long()
    return Labelled(_paint(digits.images, labels ^ (draws[1] < rate).long()), labels)


def _paint(images: Tensor, colours: Tensor) -> Tensor:
    """Images (N, 1, H, W) in channel 0 or 1 of two: (N, 2, H, W)."""
    return images * torch.eye(2)[colours][:, :, None, None]
