"""Pixel by pixel: networks that give each pixel a probability from those before it.

"Before" is in reading order: the rows above, and what is left in the same row. `PixelCNN` sees
them through masked convolutions, `RowRNN` reads row after row (van den Oord, Kalchbrenner,
Kavukcuoglu 2016). `seen_by` asks a network by its derivative what it may see.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.modes import eval_mode

SIDE = 28


def causal_mask(size: int, centre: bool) -> Tensor:
    """1 where a kernel (size, size) may look, else 0: above, and left of the centre.

    The centre itself only if `centre`: not in the first layer, where it is the pixel to be
    guessed, and in all later ones, where it holds what was seen of the others.

    >>> causal_mask(3, False)
    tensor([[1., 1., 1.],
            [1., 0., 0.],
            [0., 0., 0.]])
    """
    mask = torch.zeros(size, size)
    mask[: size // 2] = 1
    mask[size // 2, : size // 2 + centre] = 1
    return mask


class MaskedConv2d(nn.Conv2d):
    """A convolution whose kernel is multiplied with a mask (k, k) at each use."""

    def __init__(self, inputs: int, outputs: int, mask: Tensor):
        mask = torch.as_tensor(mask).float()
        size = len(mask)
        super().__init__(inputs, outputs, size, padding=size // 2)
        self.register_buffer("mask", mask.clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class PixelCNN(nn.Module):
    """Logits (B, 1, 28, 28) for images (B, 1, 28, 28) and labels (B,), each from earlier pixels.

    A 7 x 7 convolution that leaves its centre out, then blocks of 3 x 3 ones with it; `mask` makes
    both masks. The digit is added in front of each block. The same `seed` gives the same weights.

    >>> PixelCNN(seed=0)(torch.zeros(2, 1, 28, 28), torch.tensor([3, 1])).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        *,
        width: int = 32,
        blocks: int = 4,
        seed: int = 0,
        mask: Callable[..., Tensor] = causal_mask,
    ):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.first = MaskedConv2d(1, width, mask(7, False))
            self.digit = nn.Embedding(10, blocks * width)
            self.blocks = nn.ModuleList(
                nn.Sequential(
                    nn.ReLU(),
                    nn.Conv2d(width, width // 2, 1),
                    nn.ReLU(),
                    MaskedConv2d(width // 2, width // 2, mask(3, True)),
                    nn.ReLU(),
                    nn.Conv2d(width // 2, width, 1),
                )
                for _ in range(blocks)
            )
            self.last = nn.Sequential(
                nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, 1, 1)
            )

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        x = self.first(images)  # (B, width, 28, 28)
        for block, digit in zip(self.blocks, self._digits(labels), strict=True):
            x = x + digit
            x = x + block(x)
        return self.last(x)

    def _digits(self, labels: Tensor) -> tuple[Tensor, ...]:
        return self.digit(labels)[:, :, None, None].chunk(len(self.blocks), 1)


class RowRNN(nn.Module):
    """Logits like PixelCNN's: a GRU reads the rows above, a small layer the pixels to the left.

    The GRU's memory holds all rows above, and every pixel of its own row to the left is seen
    directly: nothing before a pixel is out of sight. The same `seed` gives the same weights.
    """

    def __init__(self, *, memory: int = 128, width: int = 24, drop: float = 0.0, seed: int = 0):
        super().__init__()
        self.memory, self.width = memory, width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.rows = nn.GRU(SIDE + 10, memory, batch_first=True)
            self.columns = nn.Linear(memory, SIDE * width)
            self.left = nn.Linear(SIDE - 1, width)
            self.mix = nn.Linear(2 * width, 2 * width)
            self.guess = nn.Linear(2 * width, 1)
            self.drop = nn.Dropout(drop)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        rows = images[:, 0]  # (B, 28, 28)
        above = F.pad(rows, (0, 0, 1, 0))[:, :-1]  # each row sees the one before it
        from_above, _ = self.look_up(above, labels)
        left = F.pad(rows, (SIDE - 1, 0))[:, :, :-1].unfold(2, SIDE - 1, 1)  # (B, 28, 28, 27)
        return self.pixel(from_above, left)[:, None]

    def look_up(
        self, rows: Tensor, labels: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Rows (B, R, 28) -> what they say to each column of the next row, and the new memory."""
        digit = F.one_hot(labels, 10).to(rows)[:, None].expand(-1, rows.shape[1], -1)
        memory, state = self.rows(torch.cat([rows, digit], 2), state)
        return self.columns(self.drop(memory)).unflatten(2, (SIDE, self.width)), state

    def pixel(self, from_above: Tensor, left: Tensor) -> Tensor:
        """(..., width) from above and the 27 pixels to the left (..., 27) -> logits (...)."""
        both = torch.cat([from_above, self.left(left) + from_above], -1).relu()
        return self.guess(self.drop(self.mix(both).relu())).squeeze(-1)


def seen_by(model: nn.Module, row: int, column: int, *, images: Tensor, labels: Tensor) -> Tensor:
    """How much each pixel sways the guess at (row, column): mean |derivative|, (28, 28).

    Over images (B, 1, 28, 28) with their labels. Exactly 0 means: the guess never looks there.
    """
    with eval_mode(model):
        inputs = images.detach().clone().requires_grad_()
        guess = model(inputs, labels)[:, 0, row, column].sum()
        return torch.autograd.grad(guess, inputs)[0].abs().mean((0, 1))
