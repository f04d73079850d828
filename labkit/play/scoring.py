"""Players, and how well they play: against the solver, move by move and game by game.

A player takes stones, own and other (G, cells), and gives a column (G,) for each game.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labkit.play.boards import Board
from labkit.play.nets import Judge, priors
from labkit.play.search import search
from labkit.play.solver import FULL, Solved

Player = Callable[[np.ndarray, np.ndarray], np.ndarray]


def at_random(board: Board, *, seed: int = 0) -> Player:
    """A player that takes any column with room."""
    rng = np.random.default_rng(seed)

    def move(own: np.ndarray, other: np.ndarray) -> np.ndarray:
        return (rng.random((len(own), board.width)) * board.legal(own, other)).argmax(1)

    return move


def alone(board: Board, ask: Judge) -> Player:
    """A player that makes the move its judge likes best, without looking ahead."""

    def move(own: np.ndarray, other: np.ndarray) -> np.ndarray:
        return priors(ask(own, other)[0], board.legal(own, other)).argmax(1)

    return move


def looking_ahead(board: Board, ask: Judge, simulations: int, **functions: Callable) -> Player:
    """A player that searches, and makes the move with most visits; `functions` go to `search`."""

    def move(own: np.ndarray, other: np.ndarray) -> np.ndarray:
        found = search(board, ask, own, other, simulations=simulations, **functions)
        return found.visits.argmax(1)

    return move


def perfect(solved: Solved, *, seed: int = 0) -> Player:
    """A player that never errs: any of the moves with the best result."""
    rng = np.random.default_rng(seed)

    def move(own: np.ndarray, other: np.ndarray) -> np.ndarray:
        results = solved.moves(own, other)
        best = results == results.max(1, keepdims=True)
        return (rng.random(results.shape) * best).argmax(1)

    return move


def decisive(solved: Solved, count: int, *, seed: int) -> tuple[np.ndarray, ...]:
    """About `count` positions in which the moves differ: own, other, and the results of the moves.

    As many with few stones as with many, as far as there are 50 of them.
    """
    rng, results = np.random.default_rng(seed), solved.results
    best, legal = results == results.max(1, keepdims=True), results != FULL
    differ = best.sum(1) < legal.sum(1)
    places = [np.flatnonzero(differ & (solved.stones == n)) for n in range(solved.board.cells)]
    places = [place for place in places if len(place) >= 50]
    chosen = np.concatenate([rng.choice(place, count // len(places)) for place in places])
    return *solved.position(chosen), results[chosen]


def share_optimal(columns: np.ndarray, results: np.ndarray) -> float:
    """The share of positions in which the chosen column is as good as the best one.

    columns (N,); results (N, width): 1, 0, -1, or `FULL`, of each move.
    """
    chosen = np.take_along_axis(np.asarray(results), np.asarray(columns)[:, None], 1)
    return float((chosen == np.max(results, 1, keepdims=True)).mean())


def saved(solved: Solved, player: Player, count: int, *, seed: int) -> float:
    """The share of games against perfect play that end as well for the player as they can.

    Each begins after two random moves; the player is to move in every other one.
    """
    board, opponent = solved.board, perfect(solved, seed=seed)
    own, other = board.empty(count)
    for _ in range(2):
        own, other, _ = board.play(own, other, at_random(board, seed=seed + 1)(own, other))
    games, mine = np.arange(count), np.arange(count) % 2 == 0
    best = solved.moves(own, other).max(1)
    wanted, ended = np.where(mine, best, -best), np.zeros(count)
    while len(games):
        columns = opponent(own, other)
        if mine.any():
            columns[mine] = player(own[mine], other[mine])
        own, other, value = board.play(own, other, columns)
        over = ~np.isnan(value)
        ended[games[over]] = np.where(mine, -value, value)[over]
        games, own, other, mine = games[~over], own[~over], other[~over], ~mine[~over]
    return float((ended >= wanted).mean())
