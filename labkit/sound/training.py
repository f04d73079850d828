"""Training a WaveNet on clips, and its bits per sample on others."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.modes import eval_mode
from labkit.sound.wavenet import WaveNet


def fit(
    model: WaveNet,
    codes: Tensor,
    voices: Tensor,
    sounds: Tensor,
    *,
    steps: int,
    lr: float = 5e-3,
    batch_size: int = 4,
    length: int = 768,
    fade: float = 0.4,
    seed: int = 0,
    watch: Callable[[int], None] | None = None,
    desc: str = "training",
) -> list[float]:
    """Train with Adam on pieces of `length` samples; bits per sample of each step. Eval mode after.

    codes (N, T) are levels, voices (N,), sounds (N,) or (N, T). The rate falls to 0 over the last
    `fade` of the steps. `watch(step)` is called before each step. Pieces depend on `seed` alone.
    """
    from tqdm.auto import tqdm

    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    spent = []
    model.train()
    for step in tqdm(range(steps), desc=desc, leave=False):
        if watch is not None:
            watch(step)
        optimizer.param_groups[0]["lr"] = lr * min(1.0, (1 - step / steps) / fade)
        rows = torch.randint(len(codes), (batch_size,), generator=rng)
        begins = torch.randint(codes.shape[1] - length + 1, (batch_size, 1), generator=rng)
        columns = begins + torch.arange(length)
        piece = codes[rows[:, None], columns]
        told = sounds[rows[:, None], columns] if sounds.dim() == 2 else sounds[rows]
        loss = _nats(model, piece, voices[rows], told).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        spent.append(loss.item() / math.log(2))
    model.eval()
    return spent


@torch.no_grad()
def bits(model: WaveNet, codes: Tensor, voices: Tensor, sounds: Tensor) -> float:
    """Mean bits per sample of clips (N, T) that a guess with its whole reach behind it costs."""
    with eval_mode(model):
        parts = zip(*(part.split(8) for part in (codes, voices, sounds)), strict=True)
        costs = [_nats(model, *part)[:, model.reach :] for part in parts]
    return float(torch.cat(costs).mean() / math.log(2))


def _nats(model: WaveNet, codes: Tensor, voices: Tensor, sounds: Tensor) -> Tensor:
    """What each sample but the first costs, (N, T - 1)."""
    told = sounds if sounds.dim() == 1 else sounds[:, 1:]  # told what is to come
    guess = model(codes[:, :-1], voices, told)
    return F.cross_entropy(guess, codes[:, 1:], reduction="none")
