"""Connect Four on 4 x 4: optimal moves after 20 CPU seconds, and simulations a second.

Judged are random positions in which the moves differ: a move is optimal if it keeps the solved
result. labkit learns from games against itself (lab 12) for 15 of the 20 seconds and then chooses
all moves by search. open_spiel's searches don't learn: they get all 20 to choose the same moves,
with random games to the end, proofs backed up (`solve`) and the constant of its own example. Its
AlphaZero learns for 20 seconds in one process, judged by labkit's search: it takes part where
chex, flax, jax, optax and orbax-checkpoint are installed, which labkit doesn't ask for.

The compiled search is so fast for so small a game that it proves nearly every judged position: no
share can be above that. At 64 simulations a move, as in the lab, what was learned shows.
Simulations a second: all judge a position by one random game to the end; labkit searches from all
positions at once, open_spiel from one after the other. One thread.
"""

import importlib.util
import json
import time
import warnings
from functools import partial

import numpy as np
import torch

from benchmarks.measure import interleaved, median, picture, result, table
from labkit import play

SECONDS, TRAINING = 20, 15
SIMULATIONS, MANY = 64, 1024  # a move: as in the lab, and as 5 seconds allow
POSITIONS, JUDGED = 800, 25  # how many, and the seed that draws them
SEEDS = 50, 51, 52
RULES = "connect_four(rows=4,columns=4)"


def main() -> None:
    """Measure speed, then shares."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    solved = play.solve(play.Board(4, 4))
    own, other, results = play.decisive(solved, POSITIONS, seed=JUDGED)
    states = as_states(solved.board, own, other)
    rates = speed(solved.board, own, other, states)
    shares, equal = {}, {}
    for seed in SEEDS:
        after, with_few = learned(solved.board, own, other, results, seed)
        shares.setdefault("labkit", []).append(after)
        equal.setdefault("labkit", []).append(with_few)
    for name in ("open_spiel, Python", "open_spiel, C++"):
        most = int(SECONDS * rates[name] / len(states))
        for found, simulations in ((shares, most), (equal, SIMULATIONS)):
            started = time.process_time()
            columns = searcher(name, simulations)(states)
            spent = time.process_time() - started
            found[name] = [play.share_optimal(columns, results)]
            print(f"{name}: {simulations} simulations a move, {spent:.1f} s in all\n")
    if all(map(importlib.util.find_spec, ("chex", "flax", "optax", "orbax"))):
        from benchmarks._alpha_zero import alpha_zero

        ask = alpha_zero(RULES, SECONDS, simulations=16)
        for found, simulations in ((shares, MANY), (equal, SIMULATIONS)):
            columns = play.looking_ahead(solved.board, ask, simulations)(own, other)
            found["open_spiel, AlphaZero"] = [play.share_optimal(columns, results)]
    report(shares, equal)


def report(shares: dict, equal: dict) -> None:
    """Tables, results, the picture."""
    rows = [(name, median(shares[name]), median(equal[name])) for name in shares]
    table(["what", f"optimal, {SECONDS} s", f"optimal, {SIMULATIONS} simulations"], rows)
    for name in shares:
        if name != "labkit":
            what = name.rpartition(" ")[2].lower().replace("c++", "compiled")
            for part, found in (("", shares), (f"-{SIMULATIONS}", equal)):
                more = median(found["labkit"]) - median(found[name])
                result(f"search-play-{what}{part}", more, 0, at_most=False)
    both = {f"{SECONDS} CPU seconds": shares, f"{SIMULATIONS} simulations a move": equal}
    shown = {title: {k: median(v) for k, v in found.items()} for title, found in both.items()}
    picture("search-play", shown, unit="share of optimal moves")


def as_states(board: play.Board, own: np.ndarray, other: np.ndarray) -> list:
    """The positions (G, cells) as open_spiel's states; x began."""
    import pyspiel

    game, states = pyspiel.load_game(RULES), []
    for mine, theirs in zip(own, other, strict=True):
        signs = "xo" if mine.sum() == theirs.sum() else "ox"
        cells = np.select([mine, theirs], list(signs), ".").reshape(board.height, board.width)
        told = {"board": cells.tolist(), "current_player": signs[0]}
        told |= {"is_terminal": False, "winner": ""}
        states.append(game.new_initial_state(json.dumps(told)))
    return states


def searcher(name: str, simulations: int, *, seed: int = 0):
    """open_spiel's search, in Python or compiled: states -> columns."""
    import pyspiel
    from open_spiel.python.algorithms import mcts

    game, uct_c, megabytes = pyspiel.load_game(RULES), 2, 1000
    if name.endswith("C++"):
        judge = pyspiel.RandomRolloutEvaluator(1, seed)
        bot = pyspiel.MCTSBot(game, judge, uct_c, simulations, megabytes, True, seed, False)
    else:
        rng = np.random.RandomState(seed)
        judge = mcts.RandomRolloutEvaluator(1, rng)
        bot = mcts.MCTSBot(game, uct_c, simulations, judge, random_state=rng)
    return lambda states: np.array([bot.step(state) for state in states])


def speed(board: play.Board, own: np.ndarray, other: np.ndarray, states: list) -> dict:
    """Simulations a CPU second, {name: rate}."""
    ask, net = play.rollouts(board), play.judge(play.TwoHeads(board))
    options = {"simulations": SIMULATIONS}
    some = {"open_spiel, Python": states[::16], "open_spiel, C++": states}
    calls = {
        "labkit": lambda: play.search(board, ask, own, other, **options),
        "labkit, by a network": lambda: play.search(board, net, own, other, **options),
    }
    for name, few in some.items():
        calls[name] = partial(searcher(name, SIMULATIONS), few)
    times = interleaved(calls, rounds=5)
    count = {name: SIMULATIONS * len(some.get(name, states)) for name in calls}
    rates = {name: count[name] / median(spent) for name, spent in times.items()}
    table(["what", "simulations a second"], [(name, round(rate)) for name, rate in rates.items()])
    times = {name: [spent / count[name] for spent in times[name]] for name in times}
    peer = times["open_spiel, Python"]
    faster = median([slow / fast for slow, fast in zip(peer, times["labkit"], strict=True)])
    result("search-play-speed", faster, 5, at_most=False)
    return rates


def learned(board, own, other, results, seed: int) -> tuple[float, float]:
    """Shares of optimal moves after `TRAINING` CPU seconds: with many simulations, and few."""
    play.fit(board, rounds=1, seed=seed)  # what torch loads when it first learns doesn't count
    kept, started = [], time.process_time()

    def watch(number: int, net) -> None:
        if time.process_time() - started >= TRAINING:
            kept[:] = [number, net]
            raise TimeoutError

    try:
        play.fit(board, rounds=10_000, seed=seed, watch=watch)
    except TimeoutError:
        number, net = kept
    shares = []
    for simulations in (MANY, SIMULATIONS):
        columns = play.looking_ahead(board, play.judge(net), simulations)(own, other)
        shares.append(play.share_optimal(columns, results))
        if simulations == MANY:
            spent = time.process_time() - started
            print(f"labkit, seed {seed}: {number} rounds of games, {spent:.1f} s in all\n")
    return tuple(shares)


if __name__ == "__main__":
    main()
