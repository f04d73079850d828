"""Lab 12: for each exercise the right answer, and the wrong ones that usual mistakes give.

`labkit.checks.lab12` compares.
"""

from __future__ import annotations

import numpy as np
from numpy import ndarray

from labkit import play
from labkit.play import FULL

NOTHING = np.zeros(0)  # equals no answer
RETURNS = [  # shape, discount, kind of rewards
    ((5, 3), 0.9, "any"),
    ((6, 2), 0.7, "steps"),
    ((4, 4), 1.0, "any"),
    ((3, 2), 0.0, "any"),
    ((7, 3), 0.8, "last"),
    ((1, 1), 0.9, "any"),
]


def rewards(shape: tuple[int, int], kind: str, rng: np.random.Generator) -> ndarray:
    """Rewards (T, N): any numbers; 1 to 3 (int) until a game is over; or one at the end."""
    if kind == "any":
        return rng.normal(size=shape).round(2)
    ends = rng.integers(1, shape[0] + 1, shape[1])
    ends[0] = shape[0]
    times = np.arange(shape[0])[:, None]
    whole = (times < ends) * rng.integers(1, 4, shape)
    return whole if kind == "steps" else -1.0 * (times == ends - 1)


def returns(given: ndarray, discount: float) -> tuple[ndarray, dict[str, ndarray]]:
    """The right returns (T, N), and wrong ones."""
    right, steps = play.returns(given, discount), len(given)
    times = np.arange(steps)[:, None]
    forward = play.returns(given[::-1], discount)[::-1]
    following = np.concatenate([right[1:], 0 * right[:1]])
    plain = np.cumsum(given[::-1], 0)[::-1]
    cut = np.zeros_like(given)
    for time in reversed(range(steps)):
        cut[time] = given[time] + discount * (cut[time + 1] if time + 1 < steps else 0)
    soon = given + discount * np.concatenate([given[1:], 0 * given[:1]])
    spread = right.std() + 1e-8
    wrong = {
        "these are the rewards as they came. Add what comes later.": given,
        "what comes later isn't discounted: each step later it counts less.": plain,
        "it runs forwards: an action gets the rewards before it, which it can't have caused. Begin "
        "at the end.": forward,
        "it runs forwards, and nothing is discounted: an action gets what came before it. Begin at "
        "the end.": np.cumsum(given, 0),
        "it adds up forwards and turns the sums round. Turn the rewards round first.": (
            np.cumsum(given, 0)[::-1]
        ),
        "the discount is fixed at 0.99: take the argument.": play.returns(given, 0.99),
        "every action gets the whole game's return, also what came before it.": np.broadcast_to(
            right[:1], right.shape
        ),
        "every action gets the whole game's rewards, undiscounted.": np.broadcast_to(
            plain[:1], plain.shape
        ),
        "the order is reversed: the list was filled from the end. Turn it round.": right[::-1],
        "the action's own reward is missing: rewards[t] counts in full.": discount * following,
        "the action's own reward is missing, and the next one counts in full.": following,
        "the action's own reward is discounted, too: only what comes later is.": discount * right,
        "it is discounted from the beginning of the game: count the steps from the action on.": (
            right * np.power(float(discount), times)
        ),
        "only the next reward is added: go on to the end of the game.": soon,
        "the discount is squared at each step.": play.returns(given, discount**2),
        "it's divided by the steps that are left: add up, no mean.": right / (steps - times),
        "it's divided by the number of steps: add up, no mean.": right / steps,
        "the mean is taken off. That comes later, in the training.": right - right.mean(),
        "it is scaled to mean 0 and spread 1. That comes later, in the training.": (
            (right - right.mean()) / spread
        ),
        "the games are mixed: each has its own column.": np.broadcast_to(
            right.mean(1, keepdims=True), right.shape
        ),
        "the games are added up: each has its own column.": right.sum(1),
        "it runs over the games, not over time: time is the first axis.": play.returns(
            given.T, discount
        ).T,
        "it is cut to whole numbers: zeros_like of whole rewards makes whole numbers. Ask for "
        "np.zeros(rewards.shape).": np.trunc(right),
        "it is cut to whole numbers at each step: zeros_like of whole rewards makes whole numbers. "
        "Ask for np.zeros(rewards.shape).": cut,
        "the last step is left out: its return is its reward.": right * (times < steps - 1),
        "the first step is left out: range(..., -1, -1) goes down to 0.": right * (times > 0),
        "the loop ends after its first step: `return` stands inside it. Move it to the left.": (
            right * (times == steps - 1)
        ),
        "each later reward counts the discount once: k steps later it counts discount ** k.": (
            given + discount * (plain - given)
        ),
        "all later rewards, and the action's own, count the discount once.": discount * plain,
        "later rewards are taken away: plus.": play.returns(given, -discount),
    }
    return right, {message: value.copy() for message, value in wrong.items()}


def tried(shape: tuple[int, int], rng: np.random.Generator) -> tuple[ndarray, ...]:
    """Visits, totals and priors (G, W) as a search has them; some moves were never tried."""
    visits = rng.integers(1, 9, shape)
    visits[0, 1] = visits[-1, -1] = 0
    if len(visits) > 2:
        visits[1] = 0
    total = (visits * rng.uniform(-1, 1, shape)).round(2)
    prior = rng.dirichlet(np.ones(shape[1]), shape[0])
    return visits.astype(np.float64), total, prior


def not_a_number(got: ndarray, visits: ndarray, what: str) -> str:
    """Why there may be nan among the scores."""
    if got.shape == visits.shape and (np.isnan(got) == (visits == 0)).all():
        return (
            f"{what}: where a move was never tried there is 0 / 0, nan. Its mean counts as 0: "
            "divide by np.maximum(visits, 1)."
        )
    return f"{what}: there is nan among them. Where does it divide by 0, or take a root of < 0?"


def puct(visits: ndarray, total: ndarray, prior: ndarray, c: float) -> tuple[ndarray, dict]:
    """The right scores (G, W), and wrong ones."""
    right = play.puct(visits, total, prior, c)
    mean, everything = total / np.maximum(visits, 1), visits.sum(1, keepdims=True)
    root, less = np.sqrt(1 + everything), 1 + visits
    bonus = c * prior * root / less
    return right, {
        "this is the mean value alone: nothing new is ever tried. Add the bonus.": mean,
        "this is the bonus alone: how good a move was doesn't count. Add total / visits.": bonus,
        "the total isn't divided by the visits: a move gets better by being tried.": total + bonus,
        "the total is divided by 1 + visits. By the visits, or by 1 if there are none.": (
            total / less + bonus
        ),
        "the total is divided by all visits. By those of the move.": (
            total / np.maximum(everything, 1) + bonus
        ),
        "the mean is divided by 1 + visits, too: only the bonus is. Look at the brackets.": (
            (mean + c * prior * root) / less
        ),
        "`/ 1 + visits` divides by 1 and adds the visits: write `/ (1 + visits)`.": (
            mean + c * prior * root + visits
        ),
        "c is fixed at 1.5: take the argument.": mean + 1.5 * prior * root / less,
        "c is missing.": mean + prior * root / less,
        "the prior is missing: all moves look equally good.": mean + c * root / less,
        "the prior is multiplied with the value as well. Only the bonus has it.": (
            prior * mean + bonus
        ),
        "c is multiplied with the value as well. Only the bonus has it.": c * mean + bonus,
        "the square root is missing.": mean + c * prior * (1 + everything) / less,
        "there's no 1 under the root: before the first visit the prior wouldn't count at all.": (
            mean + c * prior * np.sqrt(everything) / less
        ),
        "the bonus isn't divided by 1 + visits: it never gets smaller.": mean + c * prior * root,
        "the bonus is divided by the visits, not by 1 + visits.": (
            mean + c * prior * root / np.maximum(visits, 1)
        ),
        "1 + visits stands under the root, too. Only all visits do.": (
            mean + c * prior * np.sqrt((1 + everything) / less)
        ),
        "under the root are the move's own visits. Take all of the position: visits.sum(1, "
        "keepdims=True).": mean + c * prior * np.sqrt(1 + visits) / less,
        "under the root are the visits of all games. Each game has its own: axis 1.": (
            mean + c * prior * np.sqrt(1 + visits.sum()) / less
        ),
        "under the root is a sum over the games, axis 0. Over the moves: axis 1.": (
            mean + c * prior * np.sqrt(1 + visits.sum(0, keepdims=True)) / less
        ),
        "under the root is the mean of the visits. Take their sum.": (
            mean + c * prior * np.sqrt(1 + visits.mean(1, keepdims=True)) / less
        ),
        "under the root are the most visits. Take the sum.": (
            mean + c * prior * np.sqrt(1 + visits.max(1, keepdims=True)) / less
        ),
        "it's the older formula with a logarithm (UCB). Here it is the root of 1 + all visits.": (
            mean + c * np.sqrt(np.log(1 + everything) / less)
        ),
        "it's the older formula with a logarithm (UCB), times the prior. Here it is the root of 1 "
        "+ all visits.": mean + c * prior * np.sqrt(np.log(1 + everything) / less),
        "there's a logarithm in place of the root.": (
            mean + c * prior * np.log(1 + everything) / less
        ),
        "the bonus is taken away: plus.": mean - bonus,
        "the value has the wrong sign: total is already as the player sees it who moves.": (
            bonus - mean
        ),
        "value and bonus are multiplied: add them.": mean * bonus,
        "the 1 is added to the root: it belongs under it.": (
            mean + c * prior * (1 + np.sqrt(everything)) / less
        ),
        "this is the move to make: the scores of all moves are asked for.": right.argmax(1),
        "only the best score is there: one for each move is asked for.": right.max(1),
        "the scores are divided by their sum: leave them.": right / right.sum(1, keepdims=True),
    }


def backup(values: ndarray, lengths: ndarray) -> tuple[ndarray, dict[str, ndarray]]:
    """The right credit (G, longest), and wrong ones."""
    right, longest = play.backup(values, lengths), int(lengths.max())
    steps, value, way = np.arange(longest), values[:, None], lengths[:, None]
    inside, left = steps < way, way - steps
    alternating = (-1.0) ** steps
    behind = np.where(left % 2 == 1, -value, value)
    return right, {
        "the sign never changes: what is good for one player is bad for the other. The last move "
        "gets -value, the one before it +value.": inside * value,
        "the sign changes once and then stays: the players take turns.": inside * -value,
        "the signs are swapped: the value is for who moves in the new position, and the last move "
        "was the other player's.": -right,
        "the signs are counted from the root, + for the first move. Count from the new position.": (
            inside * value * alternating
        ),
        "the signs are counted from the root, - for the first move. Count from the new position.": (
            inside * -value * alternating
        ),
        "only the first move learns something: all on the way do.": right * (steps == 0),
        "only the last move learns something: all on the way do.": right * (steps == way - 1),
        "behind the end of a way there should be 0.": behind,
        "all games are counted from the longest way: each has its own length.": (
            np.where((longest - steps) % 2 == 1, -value, value)
        ),
        "it runs from the new position to the root: entry 0 is the first move.": (
            inside * -value * alternating
        ),
        "it runs from the new position to the root, and begins with +value. Entry 0 is the first "
        "move.": inside * value * alternating,
        "games and moves are swapped: one row a game, (G, longest).": right.T,
        "behind the last move of a way stands one value too many: moves are left where left > 0, "
        "not >= 0.": np.where(left >= 0, behind, 0),
        "the ways end in the last column: move t stands in column t, zeros behind.": np.stack(
            [np.roll(row, longest - n) for row, n in zip(right, lengths, strict=True)]
        ),
        "the values are cut to whole numbers: make the array of floats.": np.trunc(right),
        "only the signs are there: times the value.": np.sign(right) * (value != 0) * inside
        if (np.abs(values) != 1).any()
        else NOTHING,
        "the plain signs are there, without the value.": inside * np.where(left % 2 == 1, -1.0, 1),
        "all have the same sign: the size of the value isn't enough.": inside * np.abs(value),
        "it's divided by the length of the way: each move gets the whole value.": right / way,
        "the value gets smaller on the way: each move gets the whole value.": (
            right / np.maximum(left, 1)
        ),
        "values run from -1 to 1: the other player's is -value, not 1 - value.": (
            inside * np.where(left % 2 == 1, 1 - value, value)
        ),
        "there's a column too many: the new position itself isn't a move.": np.concatenate(
            [right, np.zeros_like(value)], 1
        ),
        "there's a column too many: the new position itself isn't a move. ": np.concatenate(
            [right, np.where(longest == way, value, 0)], 1
        ),
        "there's a column too few: the last move is missing.": right[:, :-1],
        "this is one number a game, the first move's: all moves are asked for.": right[:, 0],
    }


def played(count: int, width: int, rng: np.random.Generator) -> tuple[ndarray, ndarray]:
    """Columns (N,) and results (N, W) with ties, full columns, and a position that is lost."""
    results = rng.integers(-1, 2, (count, width))
    results[rng.random((count, width)) < 0.15] = FULL
    results[:, 0] = np.where((results == FULL).all(1), 0, results[:, 0])
    if count > 1:
        results[0], results[1], results[2, :2] = -1, [0] * width, [-1, 0]
        results[3, :] = [FULL] + [1] * (width - 1)
    columns = rng.integers(0, width, count)
    best = results == results.max(1, keepdims=True)
    last = width - 1 - best[:, ::-1].argmax(1)
    return np.where(rng.random(count) < 0.5, last, columns), results


def share_optimal(columns: ndarray, results: ndarray) -> tuple[float, dict]:
    """The right share, and wrong answers."""
    count, width = results.shape
    rows = np.arange(count)
    best, chosen = results.max(1), results[rows, columns]
    good, chosen_everywhere = chosen == best, results[:, columns]
    legal = results != FULL
    differ = ((results == best[:, None]) & legal).sum(1) < legal.sum(1)
    last = width - 1 - (results == best[:, None])[:, ::-1].argmax(1)
    wrong = {
        "it compares the column with argmax, which names one of several best moves. Compare the "
        "results.": (columns == results.argmax(1)).mean(),
        "it compares the column with one of several best moves. Compare the results.": (
            columns == last
        ).mean(),
        "it counts moves that win, or compares with the best result of all positions. Where no "
        "move wins, a draw is the best.": (chosen == 1).mean(),
        "it counts moves that don't lose. Where a move wins, a draw isn't the best.": (
            chosen >= 0
        ).mean(),
        "it's the mean result of the moves. Compare each with the best one there.": chosen.mean(),
        "it's the mean result of the best moves: `columns` isn't used.": best.mean(),
        "it's how much the moves give away. The share of those that are as good as the best is "
        "asked for.": (best - chosen).mean(),
        "it's a number of positions: divide by how many there are.": good.sum(),
        "it's a share in per cent: from 0 to 1.": 100 * good.mean(),
        "it's the share of moves that are worse than the best: the others.": 1 - good.mean(),
        "it says for each position if the move is best: take the mean.": good,
        "it's the share of all moves that are best: take the chosen ones.": (
            results == best[:, None]
        ).mean(),
        "it's the share of open columns that are best: take the chosen ones.": (
            (results == best[:, None]) & legal
        ).sum()
        / legal.sum(),
        "it takes the column before the chosen one: columns are counted from 0.": (
            results[rows, columns - 1] == best
        ).mean(),
        "it takes every chosen column in every position, results[:, columns]. One each: "
        "results[np.arange(N), columns].": (results[:, columns] == best[:, None]).mean(),
        "it compares sizes without their signs: a loss, -1, isn't as good as a win.": (
            np.abs(chosen) == np.abs(results).max(1)
        ).mean(),
        "it compares every chosen column with every position. One each: results[np.arange(N), "
        "columns].": (chosen_everywhere == best).mean(),
        "it counts the worst moves: max, not min.": (chosen == results.min(1)).mean(),
        "it counts moves that are better than the mean. Compare with the best.": (
            chosen > results.mean(1)
        ).mean(),
        "it leaves positions out in which all moves are as good: they count, too.": (
            good[differ].mean() if differ.any() else 0.0
        ),
        "where all moves lose, none counts for it. They are as good as the best one there.": (
            good & (best > -1)
        ).mean(),
        "it leaves the last position out.": good[:-1].mean() if count > 1 else 0.0,
    }
    return float(good.mean()), wrong
