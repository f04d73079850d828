"""Training a forger on two actors' faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data import Portraits
from labkit.deepfake.nets import Forger

MOVED = 0.06  # how far faces are shifted and zoomed
BENT, STRETCHED = 0.03, 0.12  # and how far besides, for the encoder alone


def faces(frames: Portraits, *, mirrored: bool = False) -> Tensor:
    """Pictures and covers as one, (N, 4, 64, 64), or with the mirrored ones, (2 N, 4, 64, 64)."""
    both = torch.cat([frames.images, frames.covers], 1)
    return torch.cat([both, both.flip(3)]) if mirrored else both


def fit(
    net: Forger,
    actors: Sequence[Tensor],
    *,
    steps: int,
    lr: float = 4e-3,
    batch_size: int = 8,
    seed: int = 0,
    watch: Callable[[int], None] | None = None,
    desc: str = "training",
) -> list[float]:
    """Learn to rebuild each actor's faces (N, 4, 64, 64) with Adam; the loss of each step.

    The encoder sees a face a little bent and stretched, the decoder is to give it straight, so that
    a code says what the face does and not how large a head it is. The rate falls over the second
    half.
    `watch(step)` is called before each step, with the net in eval mode. Eval mode after.
    """
    from tqdm.auto import tqdm

    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.99))
    spent = []
    for step in tqdm(range(steps), desc=desc, leave=False):
        if watch is not None:
            watch(step)
        net.train()
        optimizer.param_groups[0]["lr"] = lr * min(1.0, 2 * (1 - step / steps) + 0.02)
        loss = torch.zeros(())
        for actor, known in enumerate(actors):
            chosen = known[torch.randint(len(known), (batch_size,), generator=rng)]
            bent, straight = _moved(chosen, rng)
            loss = loss + rebuilding_loss(net.decode(net.encode(bent, actor), actor), straight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        net.eval()
        spent.append(loss.item())
    return spent


def rebuilding_loss(got: Tensor, wanted: Tensor) -> Tensor:
    """Errors of faces (B, 4, 64, 64): of pixels, of edges and of the cover, in one number.

    Pixels count most where the animal is; edges are the differences between neighbours.
    """
    weight, apart = 0.2 + wanted[:, 3:], (got - wanted)[:, :3]
    loss = (apart.abs() * weight).mean() + 0.1 * (got - wanted)[:, 3:].abs().mean()
    for axis in (2, 3):
        edges = apart.diff(dim=axis).abs() * weight.narrow(axis, 1, weight.shape[axis] - 1)
        loss = loss + edges.mean()
    return loss


def _moved(faces: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """The faces (B, 4, 64, 64), bent and straight: both shifted and zoomed alike at random."""
    count = len(faces)
    affine = torch.zeros(count, 2, 3)
    zoom = 1 + MOVED * (2 * torch.rand(count, generator=rng) - 1)
    affine[:, 0, 0] = affine[:, 1, 1] = zoom
    affine[:, :, 2] = MOVED * (2 * torch.rand(count, 2, generator=rng) - 1)
    grid = F.affine_grid(affine, list(faces.shape), align_corners=False)
    bumps = BENT * torch.randn(count, 2, 5, 5, generator=rng)
    bumps = F.interpolate(bumps, size=faces.shape[2:], mode="bicubic", align_corners=True)
    options = {"align_corners": False, "padding_mode": "border"}
    stretch = 1 + STRETCHED * (2 * torch.rand(count, 1, 1, 2, generator=rng) - 1)
    bent = F.grid_sample(faces, stretch * grid + bumps.permute(0, 2, 3, 1), **options)
    return bent, F.grid_sample(faces, grid, **options)
