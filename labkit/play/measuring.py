"""What lab 12 measures: one network with parts taken away, against the solver."""

from __future__ import annotations

import numpy as np
from torch import nn

from labkit.play import nets
from labkit.play.boards import Board
from labkit.play.nets import Judge
from labkit.play.scoring import alone, at_random, decisive, looking_ahead, saved, share_optimal
from labkit.play.solver import Solved

POSITIONS, GAMES = 800, 400
SIMULATIONS = (4, 16, 64)


def scored(solved: Solved, player) -> dict[str, float]:
    """The share of optimal moves in 800 positions, and of 400 games saved against perfect play."""
    own, other, results = decisive(solved, POSITIONS, seed=5)
    optimal = share_optimal(player(own, other), results)
    return {"optimal": optimal, "saved": saved(solved, player, GAMES, seed=7)}


def ablated(board: Board, net: nn.Module) -> dict[str, Judge]:
    """The judges that a search may ask: the whole network, and what is left without its parts."""
    whole = nets.judge(net)
    return {
        "policy and value": whole,
        "value only": nets.undirected(whole),
        "policy only": nets.blind(whole),
        "policy and rollouts": nets.rollouts(board, policy=whole),
        "rollouts": nets.rollouts(board),
    }


def measured(solved: Solved, net: nn.Module, **notes) -> list[dict]:
    """Rows of {player, simulations, optimal, saved}, with `notes` in front of each.

    The players: random moves, the network alone, and searches that ask `ablated` judges.
    """
    board, whole = solved.board, nets.judge(net)
    players = {("random", 0): at_random(board), ("network alone", 0): alone(board, whole)}
    for name, ask in ablated(board, net).items():
        for simulations in SIMULATIONS:
            players[name, simulations] = looking_ahead(board, ask, simulations)
    rows = []
    for (name, simulations), player in players.items():
        scores = {key: np.round(value, 3) for key, value in scored(solved, player).items()}
        rows.append({**notes, "player": name, "simulations": simulations, **scores})
    return rows
