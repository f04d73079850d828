"""A pretrained network with one of its skips, or one of its branches, cut."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.nets.models import Pretrained

CUTS = ("skip", "branch", "other skip", "other branch")


def skipping(model: Pretrained) -> list[str]:
    """The names of the blocks that add their input to what they put out."""
    return [name for name, layer in model.named_children() if getattr(layer, "skip", False)]


@torch.no_grad()
def cut_logits(model: Pretrained, images: Tensor, name: str) -> dict[str, Tensor]:
    """Logits (B, 1000) with one block changed, by what was cut (after Veit et al. 2016).

    "skip": only the branch goes on. "branch": only the skip. The controls keep both, but one of
    them is that of the photo before: "other skip", "other branch". ValueError for a block that
    has no skip.

    >>> cut_logits(model, photos, "block8")["branch"].shape
    torch.Size([2, 1000])
    """
    if name not in skipping(model):
        raise ValueError(f"{name} has no skip; these blocks have one: {skipping(model)}")
    place = [child for child, _ in model.named_children()].index(name)
    x = model[:place](images)
    branch, rest = model[place](x) - x, model[place + 1 :]
    left = (branch, x, x.roll(1, 0) + branch, x + branch.roll(1, 0))
    return {cut: rest(both) for cut, both in zip(CUTS, left, strict=True)}
