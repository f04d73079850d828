"""Training of density models: batches of black and white digits, and the loss in nats."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.modes import eval_mode

Loss = Callable[[Tensor, Tensor, float], Tensor]


def binary(images: Tensor) -> Tensor:
    """Images in [0, 1] made black and white: 1 where ink is above 0.5, else 0; float32."""
    return (images > 0.5).float()


def nats(logits: Tensor, images: Tensor) -> Tensor:
    """What each image (B, 1, H, W) of 0s and 1s costs under these logits: (B,) nats.

    The sum over pixels of -ln p(pixel).
    """
    each = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return each.flatten(1).sum(1)


def fit(
    model: nn.Module,
    loss: Loss,
    train: tuple[Tensor, Tensor],
    *,
    steps: int,
    lr: float = 2e-3,
    batch_size: int = 64,
    fade: float = 0.4,
    seed: int = 0,
    watch: Callable[[int], None] | None = None,
    desc: str = "training",
) -> list[float]:
    """Train with Adam for so many steps; the loss of each step. Eval mode afterwards.

    `loss(images, labels, done)` gives the loss of each image (B,), `done` being the share of the
    steps that are behind. The rate falls to 0 over the last `fade` of the steps. `watch(step)` is
    called before each step and after the last. Batches depend on `seed` alone; so does noise that
    `loss` draws from torch's global state, which is as before afterwards.
    """
    from tqdm.auto import tqdm

    images, labels = train
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.train()
        for step in tqdm(range(steps), desc=desc, leave=False):
            if watch is not None:
                watch(step)
            left = 1 - step / steps
            optimizer.param_groups[0]["lr"] = lr * min(1.0, left / fade)
            batch = torch.randint(len(labels), (batch_size,))
            value = loss(images[batch], labels[batch], step / steps).mean()
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())
    model.eval()
    if watch is not None:
        watch(steps)
    return losses


@torch.no_grad()
def mean_nats(model: nn.Module, data: tuple[Tensor, Tensor], *, batch_size: int = 250) -> Tensor:
    """What each image costs under a model whose forward gives logits: (N,) nats, in eval mode."""
    with eval_mode(model):
        parts = zip(*(part.split(batch_size) for part in data), strict=True)
        return torch.cat([nats(model(images, labels), images) for images, labels in parts])
