"""Drawing new digits from density models, pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.density.pixels import SIDE, PixelCNN, RowRNN
from labkit.nets.modes import eval_mode


@torch.no_grad()
def sample(
    model: PixelCNN | RowRNN,
    labels: Tensor,
    *,
    given: Tensor | None = None,
    rows: int = 0,
    seed: int = 0,
) -> Tensor:
    """New digits for labels (N,): (N, 1, 28, 28) of 0s and 1s. Mode and random state as before.

    Pixel after pixel, each drawn with the probability that the model gives it. The first `rows`
    rows are those of `given` (N, 1, 28, 28). Of a `RowRNN` the memory of the rows above is kept
    from row to row, of a `PixelCNN` only the surroundings of a pixel are computed anew.
    """
    images = torch.zeros(len(labels), 1, SIDE, SIDE)
    if given is not None:
        images[:, :, :rows] = given[:, :, :rows]
    chance = torch.rand(images.shape, generator=torch.Generator().manual_seed(seed))
    fill = _fill_rows if isinstance(model, RowRNN) else _fill_pixels
    with eval_mode(model):
        fill(model, images, labels, rows, chance)
    return images


def _fill_rows(model: RowRNN, images: Tensor, labels: Tensor, first: int, chance: Tensor) -> None:
    """Row after row with the memory kept: each pixel costs one small layer."""
    above, state = torch.zeros(len(labels), 1, SIDE), None
    for row in range(SIDE):
        from_above, state = model.look_up(above, labels, state)
        padded = torch.zeros(len(labels), 2 * SIDE - 1)
        for column in range(SIDE) if row >= first else ():
            left = padded[:, column : column + SIDE - 1]
            ink = model.pixel(from_above[:, 0, column], left).sigmoid()
            padded[:, column + SIDE - 1] = (chance[:, 0, row, column] < ink).float()
        if row >= first:
            images[:, 0, row] = padded[:, SIDE - 1 :]
        above = images[:, 0, row, None]


def _fill_pixels(
    model: PixelCNN, images: Tensor, labels: Tensor, first: int, chance: Tensor
) -> None:
    """Pixel after pixel; beyond its reach a window gives the network's guess exactly."""
    for row in range(first, SIDE):
        top = max(0, row - model.REACH)
        for column in range(SIDE):
            start = max(0, column - model.REACH)
            window = images[:, :, top : row + 1, start : column + model.REACH + 1]
            ink = model(window, labels)[:, 0, row - top, column - start].sigmoid()
            images[:, 0, row, column] = (chance[:, 0, row, column] < ink).float()


def sample_naive(model: PixelCNN | RowRNN, labels: Tensor, *, seed: int = 0) -> Tensor:
    """The same digits as `sample` by 784 passes over whole images: what keeping states saves."""
    images = torch.zeros(len(labels), 1, SIDE, SIDE)
    chance = torch.rand(images.shape, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad(), eval_mode(model):
        for pixel in range(SIDE * SIDE):
            place = (slice(None), 0, pixel // SIDE, pixel % SIDE)
            images[place] = (chance[place] < model(images, labels)[place].sigmoid()).float()
    return images
