"""Two ways to learn a translation: from pairs, and from two piles that have no place in common."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.data import Seasons
from labkit.nets.averages import average_weights
from labkit.translate.losses import cycle_loss, distance, lsgan_losses
from labkit.translate.nets import PatchCritic, Translator

BETAS, RATE, FADE = (0.5, 0.99), 1e-3, 0.5  # Adam's, and the share of steps in which it fades
MEMORY = 0.1  # the running mean of the weights reaches back over this share of the steps so far


class Both(NamedTuple):
    """The way there (summer to winter) and the way back, both (B, 3, H, W) to (B, 3, H, W)."""

    there: Translator
    back: Translator


def piles(places: Seasons) -> tuple[Tensor, Tensor]:
    """Summers of half the places and winters of the other half: no place is in both piles."""
    half = torch.arange(len(places.summer)) // 2 % 2 == 0  # huskies and wolves come in turn
    return places.summer[half], places.winter[~half]


def fit_pairs(
    summer: Tensor,
    winter: Tensor,
    *,
    steps: int,
    critic: float = 0.0,
    skip: bool = True,
    batch_size: int = 2,
    seed: int = 0,
    watch: Callable[[int, Translator], None] | None = None,
) -> Translator:
    """Learn from pictures (N, 3, H, W) in [0, 1] of the same places in both seasons: pix2pix.

    The loss is the mean absolute difference, plus `critic` times the forger's loss against a
    critic that sees input and output together (Isola et al. 2017). Returns the running mean of
    the weights, in eval mode. `watch(step, translator)` is called before each step.
    """
    net = Translator(skip=skip, seed=seed)
    judge = PatchCritic(channels=6, seed=seed) if critic else nn.Identity()
    mean, random = copy.deepcopy(net), torch.Generator().manual_seed(seed)
    optimizers = [_adam(part) for part in (net, judge) if list(part.parameters())]
    for step in _rated(steps, optimizers, "learning from pairs"):
        if watch is not None:
            watch(step, mean.eval())
        both = _drawn(torch.cat([summer, winter], 1), batch_size, random)
        given, wanted = both.split(3, dim=1)
        made = net(given)
        losses = [distance(made, wanted)]
        if critic:
            of_critic, of_forger = lsgan_losses(judge, both, torch.cat([given, made], 1))
            losses = [losses[0] + critic * of_forger, of_critic]
        _descend(optimizers, losses)
        average_weights(mean, net, decay=_memory(step))
    return mean.eval()


def fit_piles(
    summer: Tensor,
    winter: Tensor,
    *,
    steps: int,
    cycle: float = 10.0,
    skip: bool = True,
    batch_size: int = 2,
    seed: int = 0,
    game: Callable = lsgan_losses,
    there_and_back: Callable = cycle_loss,
    watch: Callable[[int, Both], None] | None = None,
) -> Both:
    """Learn from two piles of pictures, (N, 3, H, W) and (M, 3, H, W) in [0, 1]: CycleGAN.

    Each way plays the `game` against a critic of its own; `cycle` weighs the loss of the way
    `there_and_back` (Zhu et al. 2017), 0 leaves it out. Returns running means of the weights, in
    eval mode. `watch(step, both)` is called before each step.
    """
    nets = nn.ModuleList(Translator(skip=skip, seed=2 * seed + i) for i in range(2))
    judges = nn.ModuleList(PatchCritic(seed=2 * seed + i) for i in range(2))
    means, random = copy.deepcopy(nets), torch.Generator().manual_seed(seed)
    optimizers = [_adam(nets), _adam(judges)]
    for step in _rated(steps, optimizers, "learning from two piles"):
        if watch is not None:
            watch(step, Both(*means.eval()))
        reals = [_drawn(pile, batch_size, random) for pile in (summer, winter)]
        there, back = map(_Once, nets)
        rounds = [(judges[0], reals[1], there(reals[0])), (judges[1], reals[0], back(reals[1]))]
        critics, forgers = zip(*(game(*one) for one in rounds), strict=True)
        again = cycle * there_and_back(there, back, *reals) if cycle else 0.0
        _descend(optimizers, [sum(forgers) + again, sum(critics)])
        average_weights(means, nets, decay=_memory(step))
    return Both(*means.eval())


class _Once:
    """A network that translates the same pictures only once: losses share its work."""

    def __init__(self, net: nn.Module):
        self.net, self.done = net, {}

    def __call__(self, images: Tensor) -> Tensor:
        if id(images) not in self.done:
            self.done[id(images)] = images, self.net(images)  # kept, so that no other has its id
        return self.done[id(images)][1]


def _adam(part: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(part.parameters(), lr=RATE, betas=BETAS)


def _rated(steps: int, optimizers: list[torch.optim.Adam], desc: str) -> Iterator[int]:
    """The steps, each with its rate: constant, and falling to 0 over the last `FADE` of them."""
    from tqdm.auto import tqdm

    for step in tqdm(range(steps), desc=desc, leave=False):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = RATE * min(1.0, (1 - step / steps) / FADE)
        yield step


def _descend(optimizers: list[torch.optim.Adam], losses: list[Tensor]) -> None:
    """Each optimizer makes its own loss smaller; no loss touches the weights of another."""
    for optimizer, loss in zip(optimizers, losses, strict=True):
        optimizer.zero_grad()
        loss.backward(inputs=optimizer.param_groups[0]["params"])
    for optimizer in optimizers:
        optimizer.step()


def _memory(step: int) -> float:
    return 1 - 1 / (1 + MEMORY * step)


def _drawn(pile: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Some pictures of a pile, each flipped or not, enlarged by up to a third and moved."""
    images = pile[torch.randint(len(pile), (count,), generator=random)]
    flip = 1 - 2 * torch.randint(2, (count,), generator=random)
    zoom = 1 - 0.25 * torch.rand(count, generator=random)
    shift = (2 * torch.rand(2, count, generator=random) - 1) * (1 - zoom)
    turn = torch.zeros(count, 2, 3)
    turn[:, 0, 0], turn[:, 1, 1] = flip * zoom, zoom
    turn[:, :, 2] = shift.T
    grid = F.affine_grid(turn, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
