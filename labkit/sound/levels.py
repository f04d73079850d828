"""Sound in few levels: fine steps for what is quiet, coarse ones for what is loud (mu-law)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

MU = 255.0


def mu_law(sound: Tensor, levels: int = 64) -> Tensor:
    """Sound in [-1, 1] -> its level, int64 from 0 to `levels` - 1, of the same shape.

    Loudness is squeezed, sign(x) ln(1 + 255 |x|) / ln(256), then cut into equal steps (ITU-T
    G.711 does it for telephones, with 256 levels). What lies beyond 1 gets the outermost level.

    >>> mu_law(torch.tensor([-1.0, -0.01, 0.0, 0.01, 1.0]))
    tensor([ 0, 24, 32, 39, 63])
    """
    squeezed = sound.sign() * (1 + MU * sound.abs()).log() / math.log(1 + MU)
    return ((squeezed + 1) / 2 * levels).floor().clamp(0, levels - 1).long()


def from_mu_law(codes: Tensor, levels: int = 64) -> Tensor:
    """Levels -> sound in [-1, 1], float32: the middle of each level's step, squeezed back.

    >>> from_mu_law(torch.tensor([0, 63]))
    tensor([-0.9167,  0.9167])
    """
    return _spread((codes.float() + 0.5) / levels * 2 - 1)


def edges(levels: int = 64) -> Tensor:
    """Where the steps begin and end, float64 (levels + 1,): the first at -inf, the last at inf."""
    inner = _spread(torch.linspace(-1, 1, levels + 1, dtype=torch.float64))
    inner[0], inner[-1] = -torch.inf, torch.inf
    return inner


def _spread(squeezed: Tensor) -> Tensor:
    return squeezed.sign() * ((1 + MU) ** squeezed.abs() - 1) / MU
