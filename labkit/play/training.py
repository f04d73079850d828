"""Learning from games against oneself: what the search thinks is what the network shall think."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.threads import one_each
from labkit.play.boards import Board
from labkit.play.nets import TwoHeads, judge, priors
from labkit.play.search import search

KEPT = 6  # rounds of games that it learns from
BATCH = 256


class Games(NamedTuple):
    """Positions of finished games: what lay there, what was thought, played, and how it ended.

    own, other (N, cells); wanted (N, width): the share of visits, or the policy's probability;
    played (N,): the column; ended (N,): 1, 0 or -1, for who was to move.
    """

    own: np.ndarray
    other: np.ndarray
    wanted: np.ndarray
    played: np.ndarray
    ended: np.ndarray


def self_play(
    board: Board,
    net: nn.Module,
    count: int,
    rng: np.random.Generator,
    *,
    simulations: int = 16,
    noise: float = 0.25,
    **functions: Callable,
) -> Games:
    """`count` games of a network against itself; moves are drawn by the search's share of visits.

    Without simulations they are drawn by the policy alone. `functions` go to `search`.
    """
    ask, games = judge(net), np.arange(count)
    own, other = board.empty(count)
    rows, ended, turn = [], np.zeros(count), 0
    while len(games):
        if simulations:
            options = {"simulations": simulations, "noise": noise, "rng": rng, **functions}
            wanted = search(board, ask, own, other, **options).share
        else:
            wanted = priors(ask(own, other)[0], board.legal(own, other))
        drawn = wanted.cumsum(1) > rng.random((len(wanted), 1)) * wanted.sum(1, keepdims=True)
        moves = drawn.argmax(1)
        rows.append((games, turn, own, other, wanted, moves))
        own, other, value = board.play(own, other, moves)
        turn, over = turn + 1, ~np.isnan(value)
        ended[games[over]] = value[over] * (-1) ** turn  # for who began
        games, own, other = games[~over], own[~over], other[~over]
    parts = [(*row[2:], ended[row[0]] * (-1) ** row[1]) for row in rows]
    return Games(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def mirrored(board: Board, games: Games) -> Games:
    """The games and, behind them, the same with left and right swapped."""

    def turned(stones: np.ndarray) -> np.ndarray:
        rows = stones.reshape(-1, board.height, board.width)[:, :, ::-1]
        return rows.reshape(len(stones), -1)

    own, other, wanted, played, ended = games
    swapped = turned(own), turned(other), wanted[:, ::-1], board.width - 1 - played, ended
    return Games(*(np.concatenate(pair) for pair in zip(games, swapped, strict=True)))


def fit(
    board: Board,
    *,
    rounds: int,
    seed: int,
    games: int = 128,
    simulations: int = 16,
    lr: float = 3e-3,
    units: int = 128,
    watch: Callable[[int, nn.Module], None] | None = None,
    desc: str = "self-play",
    **functions: Callable,
) -> TwoHeads:
    """Train a network from nothing but the rules: `rounds` of games, then steps of Adam.

    The policy learns the search's share of visits, the value how the games ended, from the last
    `KEPT` rounds. `watch(round, net)` is called before each round and at the end. `functions`,
    score and credit, go to `search`.
    """
    from tqdm.auto import tqdm

    rng, drawn = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    net, kept = TwoHeads(board, units=units, seed=seed), []
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, weight_decay=1e-4)
    with one_each():
        for number in tqdm(range(rounds), desc=desc, leave=False):
            if watch:
                watch(number, net)
            options = {"simulations": simulations, **functions}
            new = mirrored(board, self_play(board, net, games, rng, **options))
            kept = [*kept, as_tensors(new)][-KEPT:]
            stones, wanted, _, ended = (torch.cat(parts) for parts in zip(*kept, strict=True))
            for _ in range(2 * len(new.ended) // BATCH + 1):
                chosen = torch.randint(len(stones), (BATCH,), generator=drawn)
                loss = two_losses(net, stones[chosen], wanted[chosen], ended[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        if watch:
            watch(rounds, net)
    return net.eval()


def two_losses(net: nn.Module, stones: Tensor, wanted: Tensor, ended: Tensor) -> Tensor:
    """Cross-entropy of the policy with the search's, and the squared error of the value."""
    logits, values = net(stones)
    return F.cross_entropy(logits, wanted) + F.mse_loss(values, ended)


def reward_alone(
    board: Board,
    *,
    seed: int,
    rounds: int = 100,
    games: int = 256,
    lr: float = 1e-3,
    explore: float = 0.2,
    units: int = 128,
) -> TwoHeads:
    """The control: self-play without any search, by policy gradient with the value as baseline.

    `explore` weighs how undecided the policy shall stay (its entropy).
    """
    rng, net = np.random.default_rng(seed), TwoHeads(board, units=units, seed=seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    with one_each():
        for _ in range(rounds):
            new = mirrored(board, self_play(board, net, games, rng, simulations=0))
            legal = torch.from_numpy(board.legal(new.own, new.other))
            stones, _, played, ended = as_tensors(new)
            for chosen in torch.from_numpy(rng.permutation(len(stones))).split(1024):
                logits, values = net(stones[chosen])
                logs = logits.masked_fill(~legal[chosen], -1e9).log_softmax(1)
                better = ended[chosen] - values.detach()
                chance = logs.gather(1, played[chosen, None])[:, 0]
                spread = -(logs.exp() * logs.clamp_min(-30)).sum(1).mean()
                loss = -(better * chance).mean() - explore * spread
                loss = loss + 0.5 * F.mse_loss(values, ended[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return net.eval()


def as_tensors(games: Games) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Stones (N, 2 x cells), what is wanted, columns played, and how it ended."""
    stones = torch.from_numpy(np.concatenate([games.own, games.other], 1)).float()
    wanted, ended = (torch.from_numpy(x.astype(np.float32)) for x in (games.wanted, games.ended))
    return stones, wanted, torch.from_numpy(games.played.copy()), ended
