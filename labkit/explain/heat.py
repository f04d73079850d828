"""The one place where every heat is looked at before it is given out: does it say anything?"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def told(heat: Tensor, why: str) -> Tensor:
    """The heat (B, H, W), detached; ValueError if it is not finite, one warning if it is flat.

    Heat that is the same everywhere looks like a picture and says nothing; `why` tells what leads
    to it with this method. Differences within rounding count as none.

    >>> told(torch.eye(3)[None], "").shape
    torch.Size([1, 3, 3])
    """
    heat = heat.detach()
    finite = heat.isfinite().flatten(1).all(1)
    if not finite.all():
        raise ValueError(
            f"{_some(~finite)}: numbers that are not finite. The model's answers, or their "
            "derivatives, are NaN or infinite: look at model(images), and at the weights"
        )
    low, high = heat.flatten(1).amin(1), heat.flatten(1).amax(1)
    flat = high - low <= 8 * torch.finfo(heat.dtype).eps * torch.maximum(low.abs(), high.abs())
    if flat.any():
        value = f"{float(high[flat][0]):.3g}"
        warnings.warn(
            f"{_some(flat)}: the same everywhere ({value}), which says nothing: {why}",
            stacklevel=3,
        )
    return heat


def _some(which: Tensor) -> str:
    """How many explanations, and which: the start of a sentence."""
    numbers = which.nonzero().flatten().tolist()
    listed = ", ".join(map(str, numbers[:5])) + ", ..." * (len(numbers) > 5)
    return f"{len(numbers)} of {len(which)} explanations (number {listed})"
