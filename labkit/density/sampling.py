"""Drawing new digits from density models, pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

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
    rows are those of `given` (N, 1, 28, 28). Nothing is computed twice: of a `RowRNN` the memory of
    the rows above is kept, of a `PixelCNN` what each layer found before (Ramachandran and others,
    *Fast Generation for Convolutional Autoregressive Models*, 2017).
    """
    images, chance = _begun(labels, given, rows, seed)
    fill = _fill_rows if isinstance(model, RowRNN) else _fill_pixels
    with eval_mode(model):
        fill(model, images, labels, rows, chance)
    return images


def _begun(labels: Tensor, given: Tensor | None, rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images with the given rows, else 0, and the random numbers to draw the others with."""
    images = torch.zeros(len(labels), 1, SIDE, SIDE)
    if given is not None:
        images[:, :, :rows] = given[:, :, :rows]
    return images, torch.rand(images.shape, generator=torch.Generator().manual_seed(seed))


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
    """Pixel after pixel: each costs what the layers compute at one place."""
    kept = _KeptLayers(model, images[:, :, :first], labels)
    padded = F.pad(images, (3, 3, 3, 0))
    for row in range(first, SIDE):
        kept.look_up(padded[:, :, row : row + 3])
        for column in range(SIDE):
            left = padded[:, 0, row + 3, column : column + 3]
            ink = kept.pixel(column, left).sigmoid()
            padded[:, 0, row + 3, column + 3] = (chance[:, 0, row, column] < ink).float()
    images.copy_(padded[:, :, 3:, 3:-3])


class _KeptLayers:
    """A `PixelCNN`'s guesses, one pixel at a time, from what its layers found before.

    Each masked layer keeps its inputs of a row, (28 + 2, B, C) with a 0 at either end: to the left
    of the pixel those of this row, from there on those of the row above.
    """

    def __init__(self, model: PixelCNN, above: Tensor, labels: Tensor):
        self.first = (model.first.weight * model.first.mask)[:, 0], model.first.bias
        self.last = [(layer.weight[..., 0, 0].T, layer.bias) for layer in model.last[1::2]]
        self.blocks = []
        x = model.first(above) if above.shape[2] else None
        for block, digit in zip(model.blocks, model._digits(labels), strict=True):
            narrow, masked, wide = block[1::2]
            kept = torch.zeros(SIDE + 2, len(labels), masked.in_channels)
            if x is not None:  # rows that are given
                x = x + digit
                kept[1:-1] = block[:3](x)[:, :, -1].permute(2, 0, 1)
                x = x + block(x)
            taps = (masked.weight * masked.mask).permute(2, 3, 1, 0)  # (3, 3, in, out)
            self.blocks.append(
                (
                    digit[..., 0, 0],
                    (narrow.weight[..., 0, 0].T, narrow.bias),
                    kept,
                    (taps[0].flatten(0, 1), masked.bias, taps[1, :2].flatten(0, 1)),
                    (wide.weight[..., 0, 0].T, wide.bias),
                )
            )
        self.from_above = []

    def look_up(self, above: Tensor) -> None:
        """Begin a row: what the rows above say to each of its columns, layer by layer.

        above (B, 1, 3, 28 + 6): the three rows above, padded.
        """
        weight, bias = self.first
        said = F.conv2d(above, weight[:, None, :3], bias)[:, :, 0].permute(2, 0, 1)
        self.from_above = [said.contiguous()]  # (28, B, C)
        for _, _, kept, (weight, bias, _), _ in self.blocks:
            three = torch.cat([kept[:-2], kept[1:-1], kept[2:]], 2)
            self.from_above.append(three @ weight + bias)

    def pixel(self, column: int, left: Tensor) -> Tensor:
        """Logits (B,) at this column, from the three pixels to the left of it (B, 3)."""
        first, *above = (said[column] for said in self.from_above)
        x = torch.addmm(first, left, self.first[0][:, 3, :3].T)
        for said, (digit, narrow, kept, (_, _, weight), wide) in zip(
            above, self.blocks, strict=True
        ):
            x = x + digit
            kept[column + 1] = _linear(x, narrow).relu_()
            beside = torch.cat([kept[column], kept[column + 1]], 1)
            x = x + _linear(torch.addmm(said, beside, weight), wide)
        return _linear(_linear(x, self.last[0]), self.last[1])[:, 0]


def _linear(x: Tensor, layer: tuple[Tensor, Tensor]) -> Tensor:
    """A ReLU, then a 1 x 1 convolution at one place: weight (in, out) and bias (out,)."""
    return torch.addmm(layer[1], x.relu(), layer[0])


@torch.no_grad()
def sample_naive(
    model: PixelCNN | RowRNN,
    labels: Tensor,
    *,
    given: Tensor | None = None,
    rows: int = 0,
    seed: int = 0,
) -> Tensor:
    """The same digits as `sample` by a pass over whole images for each pixel, 784 in all."""
    images, chance = _begun(labels, given, rows, seed)
    with eval_mode(model):
        for pixel in range(rows * SIDE, SIDE * SIDE):
            place = (slice(None), 0, pixel // SIDE, pixel % SIDE)
            images[place] = (chance[place] < model(images, labels)[place].sigmoid()).float()
    return images
