"""Learning from pictures without labels: two views of one digit (SimCLR), or which way is up.

`simclr` and `turned` train an `Encoder` without a label; `probe` then asks what a few labels can
do with its numbers. `supervised` is the control: the same network, from the labels alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.augment import Policy

VIEWS = Policy(degrees=25, translate=0.12, scale=(0.8, 1.2))
GRAIN = Policy(noise=0.1)  # views that say little: the control
WIDTH, LR = 64, 2e-3
Watch = Callable[[int, float], None]  # watch(step, loss)


class Encoder(nn.Sequential):
    """Digits (B, 1, 28, 28) -> 64 numbers each, by three convolutions with stride 2.

    The same `seed` gives the same first weights; the global random state is left alone.
    """

    def __init__(self, *, seed: int = 0):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = []
            for before, after in ((1, 16), (16, 32), (32, 64)):
                layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
            super().__init__(*layers, nn.Flatten(), nn.Linear(64 * 16, WIDTH))


def nt_xent(first: Tensor, second: Tensor, temperature: float = 0.2) -> Tensor:
    """The loss of SimCLR (Chen et al., 2020): pick your partner among all 2 B - 1 other views.

    first, second (B, D), any length: views of the same B pictures. Returns the mean over all 2 B.
    """
    views = F.normalize(torch.cat([first, second]), dim=1)
    count = len(first)
    alike = views @ views.T / temperature
    itself = torch.eye(2 * count, dtype=torch.bool, device=views.device)
    partner = torch.arange(2 * count, device=views.device).roll(count)
    return F.cross_entropy(alike.masked_fill(itself, -torch.inf), partner)


def simclr(
    images: Tensor,
    *,
    loss: Callable[[Tensor, Tensor, float], Tensor] = nt_xent,
    views: Callable[..., Tensor] = VIEWS,
    steps: int = 200,
    batch_size: int = 128,
    temperature: float = 0.2,
    seed: int = 0,
    watch: Watch | None = None,
) -> Encoder:
    """Train an encoder, without a label, to know two `views` of a digit for the same one.

    images (N, 1, 28, 28). Behind the encoder is a small head that only the loss sees. Returns the
    encoder, in eval mode.
    """
    net = nn.Sequential(Encoder(seed=seed), nn.ReLU(), _linear(WIDTH, seed))
    draws = torch.Generator().manual_seed(seed)

    def one(step: int) -> Tensor:
        rows = torch.randint(len(images), (batch_size,), generator=draws)
        seeds = (2 * (seed * 100_000 + step) + side for side in (0, 1))
        both = [views(images[rows], seed=number, indices=rows) for number in seeds]
        return loss(*net(torch.cat(both)).chunk(2), temperature)

    return _trained(net, one, steps, watch)[0]


def turned(
    images: Tensor,
    *,
    steps: int = 200,
    batch_size: int = 64,
    seed: int = 0,
    watch: Watch | None = None,
) -> nn.Sequential:
    """Train a network, without a label, to say by how many quarter turns a digit was turned.

    After Gidaris et al. (2018). Returns encoder, ReLU and the four logits, in eval mode.
    """
    net = nn.Sequential(Encoder(seed=seed), nn.ReLU(), _linear(4, seed))
    draws = torch.Generator().manual_seed(seed)

    def one(step: int) -> Tensor:
        rows = torch.randint(len(images), (batch_size,), generator=draws)
        return F.cross_entropy(net(quarter_turns(images[rows])), _turns(batch_size))

    return _trained(net, one, steps, watch)


def quarter_turns(images: Tensor) -> Tensor:
    """Pictures (B, C, H, H) turned by 0, 1, 2 and 3 quarters, one block each: (4 B, C, H, H)."""
    return torch.cat([torch.rot90(images, turn, (2, 3)) for turn in range(4)])


@torch.no_grad()
def turns_right(net: nn.Module, images: Tensor) -> float:
    """Share of turned pictures of which `net` says rightly how they were turned."""
    return float((net(quarter_turns(images)).argmax(1) == _turns(len(images))).float().mean())


def supervised(
    images: Tensor,
    labels: Tensor,
    *,
    views: Callable[..., Tensor] | None = None,
    start: Encoder | None = None,
    steps: int = 400,
    seed: int = 0,
    watch: Watch | None = None,
) -> nn.Sequential:
    """The control: encoder, ReLU and ten logits, trained on a few labelled digits.

    From scratch, or with a copy of the encoder `start`. With `views` each batch is perturbed anew.
    Returns the network, in eval mode.
    """
    encoder = Encoder(seed=seed) if start is None else copy.deepcopy(start).train()
    net = nn.Sequential(encoder, nn.ReLU(), _linear(10, seed))
    draws = torch.Generator().manual_seed(seed)

    def one(step: int) -> Tensor:
        rows = torch.randint(len(images), (min(64, len(images)),), generator=draws)
        batch = images[rows]
        if views is not None:
            batch = views(batch, seed=seed * 1000 + step, indices=rows)
        return F.cross_entropy(net(batch), labels[rows])

    return _trained(net, one, steps, watch)


@torch.no_grad()
def features(encoder: nn.Module, images: Tensor) -> Tensor:
    """What the encoder makes of pictures, in pieces: (N, D)."""
    return torch.cat([encoder(part) for part in images.split(500)])


def few(labels: Tensor, per_class: int, *, seed: int = 0) -> Tensor:
    """Numbers of `per_class` pictures of each class, drawn at random.

    ValueError where a class has fewer.
    """
    draws, rows = torch.Generator().manual_seed(5000 + seed), []
    for label in labels.unique():
        own = (labels == label).nonzero().flatten()
        if len(own) < per_class:
            raise ValueError(f"class {label} has {len(own)} pictures, fewer than {per_class}")
        rows.append(own[torch.randperm(len(own), generator=draws)[:per_class]])
    return torch.cat(rows)


def probe(known: Tensor, labels: Tensor, asked: Tensor, *, C: float = 1.0) -> Tensor:
    """Logistic regression on numbers (N, D) with labels (N,): what it says to others, (M,)."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=C, max_iter=300).fit(known.numpy(), labels.numpy())
    return torch.from_numpy(fitted.predict(asked.numpy()))


def standardised(known: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the mean and the standard deviation of `known` taken out, column by column."""
    spread, mean = torch.std_mean(known, 0)
    return (known - mean) / (spread + 1e-6), (asked - mean) / (spread + 1e-6)


def _trained(net: nn.Sequential, one, steps: int, watch: Watch | None) -> nn.Sequential:
    """Adam on the loss that `one(step)` gives."""
    from tqdm.auto import tqdm

    net.to(memory_format=torch.channels_last)  # with `fused` a sixth less time
    optimizer = torch.optim.Adam(net.parameters(), LR, fused=True)
    for step in tqdm(range(steps), desc="steps", leave=False, delay=1):
        loss = one(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if watch:
            watch(step + 1, float(loss.detach()))
    return net.eval()


def _linear(outputs: int, seed: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1_000_000)
        return nn.Linear(WIDTH, outputs)


def _turns(count: int) -> Tensor:
    return torch.arange(4).repeat_interleave(count)
