"""Lab 16: for each exercise the right answer, and the wrong ones that usual mistakes give."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

MOST, LONGEST = 100, 16  # epochs that a curve of scores is long, that a race is


def clear_shares(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Shares in (0, 1), none near a half; some above it and some below."""
    shares = 0.05 + 0.4 * torch.rand(tuple(shape), generator=generator)
    shares.view(-1)[::2] += 0.5
    return shares


def rounded(shares: Tensor) -> tuple[Tensor, dict]:
    """What comes out, and wrong results."""
    whole = shares.round()
    return whole, {
        "nothing is rounded.": shares,
        "it's rounded down, or all 0: .round(), or shares > 0.5.": shares.floor(),
        "it's rounded up: .round(), or shares > 0.5.": shares.ceil(),
        "0 and 1 are swapped.": 1 - whole,
        "it's -1 and 1: a bit is 0 or 1.": 2 * whole - 1,
        "this is only what rounding changes. Add the shares.": whole - shares,
        "what rounding changes is subtracted: shares + (rounded - shares).": 2 * shares - whole,
        "the rounded shares are added to the shares. Add only what rounding changes.": (
            shares + whole
        ),
        "the rounded shares are multiplied by the shares.": shares * whole,
    }


def slopes(shares: Tensor, weights: Tensor) -> tuple[Tensor, dict]:
    """The slope of (result * weights).sum() by the shares, and wrong ones."""
    whole = shares.round()
    return weights, {
        "it's 0 everywhere, as that of rounding is. Which part of the result needs a derivative, "
        "and which one only a value?": torch.zeros_like(weights),
        "the derivative passes twice: detach what rounding changes.": 2 * weights,
        "it comes back with the other sign. Detach what rounding changes, not the shares.": (
            -weights
        ),
        "it's 1, whatever comes from behind: backward must pass on the gradient that it "
        "gets.": torch.ones_like(weights),
        "the gradient is rounded, too. Round on the way forward only.": weights.round(),
        "it's that of a sigmoid, s (1 - s). Let the gradient pass as it is.": (
            weights * shares * (1 - shares)
        ),
        "it's multiplied by the shares.": weights * shares,
        "it's multiplied by the rounded shares: those at 0 would never learn.": weights * whole,
        "it's multiplied by rounded / shares: a factor was detached where a sum should be.": (
            weights * whole / shares
        ),
        "half of it passes.": weights / 2,
        "only its sign passes.": weights.sign(),
    }


def trials(rows: int, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Scores (rows, count) on validation sets, no two alike, and on test sets."""
    valid = torch.stack([torch.randperm(60, generator=generator)[:count] for _ in range(rows)])
    test = torch.rand(rows, count, generator=generator)
    valid[rows // 2] += 60  # so that the best of all is in the middle
    return 0.3 + valid / 200, 0.3 + 0.55 * test


def optimism(valid: Tensor, test: Tensor) -> tuple[Tensor, dict]:
    """The right number, and wrong ones."""
    rows = torch.arange(len(valid))
    best, winner = valid.max(1)
    worth = test[rows, winner]
    right = (best - worth).mean()
    by_test = test.argmax(1)
    by_column = valid.argmax(0)
    overall = valid.mean(0).argmax()
    place = divmod(int(valid.argmax()), valid.shape[1])
    worst = valid.argmin(1)
    return right, {
        "the sign is turned round: promised minus kept.": -right,
        "it compares with the best test score. Look up the test score of the same trial.": (
            best - test.max(1).values
        ).mean(),
        "the winner is chosen by its test score. Choose by the validation score.": (
            valid[rows, by_test] - test[rows, by_test]
        ).mean(),
        "it takes the mean of all trials, not the winner.": (valid - test).mean(),
        "this is what the winners promise. Subtract what they keep.": best.mean(),
        "this is what the winners keep. Subtract it from what they promise.": worth.mean(),
        "the best is taken over the splits, not over the trials: dim=1.": (
            valid.max(0).values - test[by_column, torch.arange(valid.shape[1])]
        ).mean(),
        "one winner is chosen for all splits. Each row has its own.": (
            valid[:, overall] - test[:, overall]
        ).mean(),
        "only the best of all rows counts. Each row has its own winner.": valid.max() - test[place],
        "test[:, winner] gives each winner's scores in all rows. Take its own row: "
        "test.gather(1, winner[:, None]).": best.mean() - test[:, winner].mean(),
        "test[0] gives the scores of the first row only.": (best - test[0, winner]).mean(),
        "it's the median over the rows. Take their mean.": (best - worth).median(),
        "only the first row counts.": (best - worth)[0],
        "only the last row counts.": (best - worth)[-1],
        "it's added up over the rows. Take the mean.": (best - worth).sum(),
        "it's one number a row. Take their mean.": best - worth,
        "signs are lost: no abs.": (best - worth).abs().mean(),
        "a winner that keeps more than it promised counts as 0. Let it count below 0.": (
            (best - worth).clamp(min=0).mean()
        ),
        "it's squared.": (best - worth).square().mean(),
        "it's in percent: leave it a share.": 100 * right,
        "it takes the trial with the lowest validation score.": (
            valid[rows, worst] - test[rows, worst]
        ).mean(),
        "it compares with the mean test score of all trials.": (best - test.mean(1)).mean(),
        "it's divided by what they keep. Only subtract.": ((best - worth) / worth).mean(),
        "these are the numbers of the winners.": winner.double(),
    }


class Curves:
    """Scores by chance, `score(i, epochs)`: no epoch says anything about another one."""

    def __init__(self, count: int, *, seed: int):
        generator = torch.Generator().manual_seed(seed)
        self.count, self.asked = count, []
        self.table = torch.stack(
            [torch.randperm(count, generator=generator) for _ in range(MOST + 1)], 1
        )

    def __call__(self, i: int, epochs: int) -> float:
        if not 0 <= (number := int(i)) < self.count:
            raise ValueError(f"score was asked for setting {i}, but they are 0 to {self.count - 1}")
        if not 1 <= int(epochs) <= MOST or epochs != int(epochs):
            raise ValueError(f"score was asked for {epochs} epochs: they are 1, 2, 4, 8, 16, ...")
        self.asked.append((number, int(epochs)))
        return 0.3 + float(self.table[number, int(epochs)]) / 60


def halving(count: int, score: Curves) -> tuple[int, dict]:
    """The right winner, and wrong ones."""
    right = _halved(count, score)
    ends, last = range(count), 2 ** max(math.ceil(math.log2(count)), 0)
    return right, {
        "the worse half goes on: sort from the best down, reverse=True.": _halved(
            count, score, sign=-1
        ),
        "one round is missing: go on until one is left.": _halved(count, score, left=2),
        "epochs aren't doubled: it's the best after 1 epoch.": _halved(
            count, score, grow=lambda e: e
        ),
        "epochs grow by 1. Double them.": _halved(count, score, grow=lambda e: e + 1),
        "epochs grow by 2. Double them.": _halved(count, score, grow=lambda e: e + 2),
        "epochs grow threefold. Double them.": _halved(count, score, grow=lambda e: 3 * e),
        "it begins with 2 epochs. Begin with 1.": _halved(count, score, first=2),
        "half of an odd number is rounded up: len(alive) // 2.": _halved(count, score, up=True),
        "a third goes on, not half.": _halved(count, score, part=3),
        "a quarter goes on, not half.": _halved(count, score, part=4),
        "survivors lose their numbers: score(i, ...) wants the setting's own number, not its place "
        "among those left.": _renumbered(count, score),
        "this is the place among the last ones. Give the setting's own number.": 0.0,
        "nobody is sorted out by score: the first half goes on.": _unsorted(count, score),
        "scores of all rounds are added up. Only the last ones count.": _added(count, score),
        "it's the best of all after the last round's epochs: then everything is trained to the "
        "end.": max(ends, key=lambda i: score(i, min(last, MOST))),
        "it's the best of all after half of the last round's epochs: then everything is trained to "
        "the end.": max(ends, key=lambda i: score(i, max(last // 2, 1))),
        "all settings come back in each round. Only those that are left go on.": _all_back(
            count, score
        ),
        "neighbours play in pairs. Sort all that are left.": _in_pairs(count, score),
        "it's the best of all after 16 epochs: then everything is trained to the end.": max(
            ends, key=lambda i: score(i, LONGEST)
        ),
        "this is how many there were. Give the winner's number.": float(count),
        "numbers begin with 0.": right + 1.0,
    }


def _halved(count, score, *, sign=1, left=1, grow=lambda e: 2 * e, first=1, up=False, part=2):
    alive, epochs = list(range(count)), first
    while len(alive) > left:
        alive.sort(key=lambda i: sign * score(i, min(epochs, MOST)), reverse=True)
        keep = -(-len(alive) // part) if up else max(len(alive) // part, 1)
        alive, epochs = alive[:keep], grow(epochs)
    return float(alive[0])


def _renumbered(count: int, score: Curves) -> float:
    alive, epochs = list(range(count)), 1
    while len(alive) > 1:
        places = sorted(range(len(alive)), key=lambda i: score(i, epochs), reverse=True)
        alive = [alive[place] for place in places[: len(alive) // 2]]
        epochs *= 2
    return float(alive[0])


def _unsorted(count: int, score: Curves) -> float:
    alive, epochs = list(range(count)), 1
    while len(alive) > 2:
        alive, epochs = alive[: len(alive) // 2], 2 * epochs
    return float(max(alive, key=lambda i: score(i, epochs)))


def _added(count: int, score: Curves) -> float:
    alive, epochs, total = list(range(count)), 1, dict.fromkeys(range(count), 0.0)
    while len(alive) > 1:
        for i in alive:
            total[i] += score(i, epochs)
        alive.sort(key=total.get, reverse=True)
        alive, epochs = alive[: len(alive) // 2], 2 * epochs
    return float(alive[0])


def _all_back(count: int, score: Curves) -> float:
    left, epochs, alive = count, 1, [0]
    while left > 1:
        alive = sorted(range(count), key=lambda i: score(i, epochs), reverse=True)
        left, epochs = left // 2, 2 * epochs
    return float(alive[0])


def _in_pairs(count: int, score: Curves) -> float:
    alive, epochs = list(range(count)), 1
    while len(alive) > 1:
        pairs = zip(alive[::2], alive[1::2], strict=False)
        alive = [max(pair, key=lambda i: score(i, epochs)) for pair in pairs]
        epochs *= 2
    return float(alive[0])


def waste(count: int, score: Curves, *, seed: int) -> str:
    """What `score` was asked for and halving doesn't need, in words; the winner may train on."""
    thrifty = Curves(count, seed=seed)
    winner = _halved(count, thrifty)
    for i, epochs in sorted(set(score.asked) - set(thrifty.asked)):
        if i != winner:
            return (
                f"of {count} settings number {i} was asked for its score after {epochs} epochs "
                "when it was out already. Train only those that are left."
            )
        if epochs > LONGEST:
            return f"of {count} settings the last one was trained on. Stop when one is left."
    return ""


def log_uniform(shares: Tensor, low: float, high: float) -> tuple[Tensor, dict]:
    """The right numbers, and wrong ones."""
    ratio = high / low
    tens = math.log10(low) + shares * math.log10(ratio)
    nats = math.log(low) + shares * math.log(ratio)
    right = low * ratio**shares
    return right, {
        "it's even in the numbers themselves: nine tenths of all are above a tenth of `high`. Be "
        "even in their logarithms.": low + (high - low) * shares,
        "these are the logarithms (base 10). Raise 10 to them.": tens,
        "these are the logarithms. Take exp of them.": nats,
        "these are the logarithms (base 2). Raise 2 to them.": nats / math.log(2),
        "the logarithm has base 10, the power base e: take the same.": tens.exp(),
        "the logarithm has base e, the power base 10: take the same.": 10**nats,
        "the logarithm has base 2, the power base e: take the same.": (nats / math.log(2)).exp(),
        "it runs from high to low.": high * (low / high) ** shares,
        "high isn't divided by low: low * (high / low) ** shares.": low * high**shares,
        "low isn't multiplied in: low * (high / low) ** shares.": ratio**shares,
        "low is added where it should be multiplied.": low + ratio**shares,
        "low is added, and the difference is raised to the share.": low + (high - low) ** shares,
        "it takes the difference of the ends where it should take their ratio.": (
            low * (high - low) ** shares
        ),
        "10 is raised to numbers between low and high: take their logarithms first.": (
            10 ** (low + (high - low) * shares)
        ),
        "e is raised to numbers between low and high: take their logarithms first.": (
            (low + (high - low) * shares).exp()
        ),
        "the shares are squared, or raised to a power: it's no longer even in any way.": (
            low + (high - low) * shares**2
        ),
        "high is multiplied by the ratio: it begins at low.": high * ratio**shares,
        "1 is subtracted: the lower end is low itself.": low * ratio**shares - low,
        "these are the shares as they came.": shares,
        "only one number is there. Keep the shape of the shares.": right.flatten()[0],
        "only their mean is there. Keep the shape of the shares.": right.mean(),
    }
