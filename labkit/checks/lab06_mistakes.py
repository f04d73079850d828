"""Lab 06: for each exercise the right answer, and the wrong ones that usual mistakes give.

Each function returns the right answer and a function that gives {message: wrong answer}, for who
needs them: `labkit.checks.lab06` compares.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Wrong = Callable[[], dict]
LENGTHS = (
    "two lengths are subtracted. The distance is the length of the difference: "
    "(first - second).norm(dim=1)."
)


def contrastive(a: Tensor, b: Tensor, same: Tensor, margin: float) -> tuple[Tensor, Wrong]:
    """The right loss, and wrong ones."""
    difference = (a - b).double()
    d = difference.norm(dim=1)
    gap, wrong_side = (margin - d).clamp_min(0), (d - margin).clamp_min(0)
    pairs = torch.where(same, d**2, gap**2) / 2

    def mean(equal: Tensor, other: Tensor) -> Tensor:
        return (torch.where(same, equal, other) / 2).mean()

    return pairs.mean(), lambda: {
        "the two kinds of pairs are swapped: d^2 is for pairs with the SAME label.": mean(
            gap**2, d**2
        ),
        "the factor 1/2 of the formula is missing.": 2 * pairs.mean(),
        "the half stands before the first kind only. It belongs to both kinds.": (
            mean(d**2, 2 * gap**2)
        ),
        "the half stands before the second kind only. It belongs to both kinds.": (
            mean(2 * d**2, gap**2)
        ),
        "for pairs with the same label it is the distance squared, d^2, not d.": mean(d, gap**2),
        "for different pairs max(0, margin - d) is squared.": mean(d**2, gap),
        "nothing is squared: d^2 for the same label, max(0, margin - d)^2 for others.": mean(
            d, gap
        ),
        "the margin is on the wrong side: max(0, margin - d), which is 0 for pairs that are far "
        "apart already.": mean(d**2, wrong_side**2),
        "max(0, ...) is missing: pairs farther apart than the margin should cost nothing.": mean(
            d**2, (margin - d) ** 2
        ),
        "the margin is compared with d^2. Compare it with the distance d, then square.": mean(
            d**2, (margin - d**2).clamp_min(0) ** 2
        ),
        "this is margin - d^2 without the outer square: max(0, margin - d)^2.": mean(
            d**2, (margin - d**2).clamp_min(0)
        ),
        "the two kinds are averaged apart. It is one mean over all pairs.": (
            pairs[same].mean() + pairs[~same].mean()
        ),
        "the two kinds are averaged apart, then both means. It is one mean over all pairs.": (
            (pairs[same].mean() + pairs[~same].mean()) / 2
        ),
        **_other_distances(a.double(), b.double(), same, margin),
        **_all_with_all(a.double(), b.double(), same, margin),
        "this is the sum over the pairs. Take the mean.": pairs.sum(),
        "the sum is divided by D, the numbers of an embedding. Divide by B, the pairs.": (
            pairs.sum() / difference.shape[1]
        ),
        "these are the losses of the single pairs. Return their mean, one number.": pairs,
        "the pairs with the same label are missing.": mean(0 * d, gap**2),
        "the pairs with different labels are missing.": mean(d**2, 0 * d),
        "the margin is fixed at 1. Use the argument `margin`.": mean(
            d**2, (1 - d).clamp_min(0) ** 2
        ),
        "every pair is treated as one with the same label.": mean(d**2, d**2),
        "every pair is treated as one with different labels.": mean(gap**2, gap**2),
        "the difference of the squares is no square: max(0, margin - d)^2.": mean(
            d**2, (margin**2 - d**2).clamp_min(0)
        ),
        "the half is squared too, or taken twice. Square first, then halve, once.": (
            pairs.mean() / 2
        ),
        "the half of the second kind is squared, too. Square first, then halve.": (
            mean(d**2, gap**2 / 2)
        ),
        "both springs act on every pair. Each has one of them: torch.where(same, d^2, ...).": (
            (d**2 + gap**2).mean() / 2
        ),
        "for pairs with the same label the squares are averaged over the D dimensions. d^2 is "
        "their sum.": mean(difference.square().mean(1), gap**2),
    }


def also_without_half(wrong: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each of these mistakes, and each of them with the factor 1/2 left out as well."""
    first = "the factor 1/2 of the formula is missing, and this, too: "
    return wrong | {first + message: 2 * value for message, value in wrong.items()}


def contrastive_slopes(a: Tensor, b: Tensor, same: Tensor, margin: float) -> tuple[Tensor, Wrong]:
    """The right loss's slopes by a and b, (2, B, D), and those of losses that are cut in parts."""
    difference = (a - b).detach().double()
    d = difference.norm(dim=1, keepdim=True)
    pull = torch.where(same[:, None], difference, 0 * difference) / len(d)
    push = torch.where(same[:, None], 0 * d, -(margin - d).clamp_min(0)) * difference / d / len(d)
    slope, none = pull + push, 0 * pull
    cut = "Leave out .item(), float(), torch.tensor(...) and .detach() on the way."
    return torch.stack([slope, -slope]), lambda: {
        "nothing of it reaches the embeddings: the loss is a new number. " + cut: (
            torch.stack([none, none])
        ),
        "pairs with different labels have none, nothing would push them apart. " + cut: (
            torch.stack([pull, -pull])
        ),
        "pairs with the same label have none, nothing would pull them together. " + cut: (
            torch.stack([push, -push])
        ),
        "`second` has none: it is cut off. " + cut: torch.stack([slope, none]),
        "`first` has none: it is cut off. " + cut: torch.stack([none, -slope]),
    }


def _other_distances(a: Tensor, b: Tensor, same: Tensor, margin: float) -> dict[str, Tensor]:
    """The loss of things that are not the Euclidean distance of the embeddings a and b (B, D)."""
    difference, unit = a - b, torch.nn.functional.normalize
    cosine = torch.nn.functional.cosine_similarity(a, b)
    longer = a.norm(dim=1) - b.norm(dim=1)

    def loss(d: Tensor) -> Tensor:
        return (torch.where(same, d**2, (margin - d).clamp_min(0) ** 2) / 2).mean()

    return {
        "the root is missing: the sum of the squared differences is d^2, not d.": loss(
            difference.square().sum(1)
        ),
        "the mean is over the wrong axis: a squared distance is the SUM over the D dimensions; the "
        "mean comes last, over the pairs.": loss(difference.square().mean(1).sqrt()),
        "the distance is between the sums of the embeddings. Square first, then sum over the "
        "dimensions: (first - second).norm(dim=1).": loss(difference.sum(1).abs()),
        "the absolute differences are summed. The distance is Euclidean: square, sum, root.": loss(
            difference.abs().sum(1)
        ),
        "the length is of the whole table (B, D). Each pair has its own: .norm(dim=1).": loss(
            difference.norm()
        ),
        "this compares directions (the cosine). The distance is Euclidean.": loss(1 - cosine),
        **_over_the_pairs(difference, loss),
        **{LENGTHS + " " * i: loss(d) for i, d in enumerate([longer, longer.abs()])},
        "the embeddings are brought to length 1 first. Take their distance as they come.": loss(
            (unit(a) - unit(b)).norm(dim=1)
        ),
    }


def _over_the_pairs(difference: Tensor, loss: Callable) -> dict[str, Tensor]:
    """The loss of .norm(dim=0), which fits the labels if there are as many pairs as dimensions."""
    message = "the lengths run over the pairs, dim=0. Take the length of each row: .norm(dim=1)."
    square = difference.shape[0] == difference.shape[1]
    return {message: loss(difference.norm(dim=0))} if square else {}


def _all_with_all(a: Tensor, b: Tensor, same: Tensor, margin: float) -> dict[str, Tensor]:
    """The loss where every first meets every second, as in torch.cdist(first, second)."""
    d = torch.cdist(a, b)
    pull, push = d**2 / 2, (margin - d).clamp_min(0) ** 2 / 2
    message = (
        "every first is compared with every second, a table (B, B), as torch.cdist does. Pair i is "
        "first[i] with second[i] alone: (first - second).norm(dim=1)."
    )
    tables = [torch.where(same, pull, push), torch.where(same[:, None], pull, push)]
    return {message + " " * i: table.mean() for i, table in enumerate(tables)}


def errors(distances: Tensor, same: Tensor, threshold: float) -> tuple[tuple, Wrong]:
    """The right two shares, and wrong ones."""
    passes, strict = distances <= threshold, distances < threshold
    share = _rate(passes, ~same), _rate(~passes, same)
    below = _rate(~strict, ~same), _rate(strict, same)
    number = ~same.int(), same.int()  # rows -1, -2 and 0, 1: a usual slip
    return share, lambda: {
        "the threshold is fixed at 0.5. Use the argument `threshold`.": (
            _rate(distances <= 0.5, ~same),
            _rate(distances > 0.5, same),
        ),
        "each is divided by the number of the other kind: false accepts by the DIFFERENT pairs, "
        "false refusals by the SAME ones.": (
            share[0] * (~same).sum() / same.sum(),
            share[1] * same.sum() / (~same).sum(),
        ),
        "both are divided by half the pairs. There may be more of one kind: count each.": (
            2 * (passes & ~same).double().mean(),
            2 * (~passes & same).double().mean(),
        ),
        "false accepts and false refusals are swapped: first the DIFFERENT pairs that pass.": (
            share[::-1]
        ),
        "a pair passes if its distance is at most the threshold: <=, not <.": (
            _rate(strict, ~same),
            _rate(~strict, same),
        ),
        "these are the shares of right answers: either count the errors, or turn `passes` round; a "
        "small distance means SAME, so a pair passes if distance <= threshold.": (
            1 - share[0],
            1 - share[1],
        ),
        "`same` is turned round: a false accept is a DIFFERENT pair that passes, so look at "
        "passes[~same]; a false refusal is a SAME pair that does not.": (
            1 - share[1],
            1 - share[0],
        ),
        "`passes` is turned round: a small distance means SAME, so a pair passes if "
        "distance <= threshold, not >=.": below,
        "`passes` is turned round, and so is `same`: a pair passes if distance <= threshold, and a "
        "false accept is a DIFFERENT pair that passes.": (
            _rate(~strict, same),
            _rate(strict, ~same),
        ),
        "these are numbers of pairs. Divide by how many pairs could go wrong that way.": (
            (passes & ~same).sum(),
            (~passes & same).sum(),
        ),
        "turn the fraction over: divide the errors by the pairs, not the pairs by the errors.": (
            1 / share[0],
            1 / share[1],
        ),
        "these are in percent. Give shares from 0 to 1.": (100 * share[0], 100 * share[1]),
        "this divides by the number of all pairs. Divide the false accepts by the number of "
        "different pairs, the false refusals by the number of same pairs.": (
            (passes & ~same).double().mean(),
            (~passes & same).double().mean(),
        ),
        "this divides by the number of pairs that pass (or do not). Divide by the number of "
        "different pairs, and of same pairs.": (_rate(~same, passes), _rate(same, ~passes)),
        "the second is 1 minus the first, about the same pairs. False refusals are SAME pairs that "
        "do not pass.": (share[0], 1 - share[0]),
        "~ makes -1 and -2 of the numbers 0 and 1. Turn True and False round, ~passes, then "
        "count.": (share[0], -2 + share[1]),
        "these are true accepts, not false refusals: same pairs whose distance is ABOVE the "
        "threshold.": (share[0], 1 - share[1]),
        "`same` as numbers picks rows 0 and 1 of `passes`. Leave it True and False: "
        "passes[~same].": (passes[number[0]].double().mean(), (~passes)[number[1]].double().mean()),
    }


def hardest(distances: Tensor, labels: Tensor) -> tuple[tuple, Wrong]:
    """The right distances to the farthest and the nearest (B,), and wrong ones."""
    same = labels[:, None] == labels
    alone = torch.eye(len(labels), dtype=torch.bool)
    inf = torch.inf
    right = distances.where(same, -inf).amax(1), distances.where(~same, inf).amin(1)
    easy = (
        distances.where(same & ~alone, inf).amin(1),
        distances.where(~same, -inf).amax(1),
    )
    return right, lambda: {
        "this is the easiest of each kind: the positive must be the FARTHEST of the same class, "
        "the negative the NEAREST of the others.": easy,
        "positives and negatives are swapped: `same` marks the positives.": (easy[1], easy[0]),
        "far and near are swapped: first the farthest of the same class.": right[::-1],
        "the positive is right, the negative is the farthest of the other classes. Take the "
        "nearest: that one is hard.": (right[0], easy[1]),
        "the negative is right, the positive is the nearest of the same class. Take the farthest: "
        "that one is hard.": (easy[0], right[1]),
        "the nearest of the others is 0: each image found itself, or what does not count was set "
        "to 0. Set its whole class to infinity before the minimum.": (
            right[0],
            distances.amin(1),
        ),
        "each image is its own nearest positive (0). Take the farthest of the same class.": (
            distances.diagonal(),
            right[1],
        ),
        "the same class is among the negatives: leave it out before the minimum.": (
            right[0],
            distances.where(~alone, inf).amin(1),
        ),
        "other classes are among the positives: leave them out before the maximum.": (
            distances.amax(1),
            right[1],
        ),
        "these are means over the class. The hardest single one is wanted.": (
            (distances * (same & ~alone)).sum(1) / (same & ~alone).sum(1),
            (distances * ~same).sum(1) / (~same).sum(1),
        ),
        "these are means over the class, each image with itself. The hardest single one is "
        "wanted.": (
            (distances * same).sum(1) / same.sum(1),
            (distances * ~same).sum(1) / (~same).sum(1),
        ),
        "the own class is set to 1, which can be the smallest. Set it to infinity.": (
            right[0],
            distances.where(~same, 1).amin(1),
        ),
        "this is one number for the whole batch. Give one for each image: (B,).": (
            right[0].max(),
            right[1].min(),
        ),
        "what does not count was set to -inf before the minimum too, and wins. There set it to "
        "+inf.": (right[0], torch.full_like(right[1], -inf)),
        "what does not count was set to +inf before the maximum too, and wins. There set it to "
        "-inf.": (torch.full_like(right[0], inf), right[1]),
        "these are row numbers. The distances are wanted: .amax(1), .amin(1).": (
            distances.where(same, -inf).argmax(1),
            distances.where(~same, inf).argmin(1),
        ),
    }


def one_shot(examples: Tensor, asked: Tensor) -> tuple[Tensor, Wrong]:
    """The right share, and wrong ones."""
    episodes, ways, dim = examples.shape
    distance, unit = torch.cdist(asked, examples), torch.nn.functional.normalize
    right = _share(distance)
    truth = torch.arange(ways)

    def among_all() -> Tensor:  # the row that each finds if all episodes are searched
        return torch.cdist(asked.flatten(0, 1), examples.flatten(0, 1)).argmin(1)

    return right, lambda: {
        "this is 1 / N, whatever comes: each answer is compared with ALL the numbers 0 to N - 1. "
        "Has it an axis too many, (E, N, 1)?": 1 / ways,
        "not one answer is right. Either this picks the FARTHEST example (argmax, not argmin), or "
        "what is compared with torch.arange(N) is not yet a row number, .argmin(2).": 0.0,
        "this picks the FARTHEST example (argmax). The nearest one is wanted: argmin.": _share(
            -distance
        ),
        "this is the number of right answers. Divide by the number asked, E * N.": (
            right * episodes * ways
        ),
        "this is in percent. Give a share from 0 to 1.": 100 * right,
        "this is the share of wrong answers.": 1 - right,
        "the number right is divided by the episodes alone: each asks N times.": right * ways,
        "the largest product is no distance: take the smallest distance.": _share(
            -asked @ examples.transpose(1, 2)
        ),
        "this compares directions (the cosine). Take the smallest distance.": _share(
            -unit(asked, dim=2) @ unit(examples, dim=2).transpose(1, 2)
        ),
        "the signed differences are summed: they cancel. Square, sum, root, as in torch.cdist.": (
            _share((asked[:, :, None] - examples[:, None]).sum(3).abs())
        ),
        "the signed differences are summed: they cancel. Square, sum, root, as in torch.cdist. ": (
            _share((asked[:, :, None] - examples[:, None]).sum(3))
        ),
        "every answer comes out right, and some are wrong. Is each image compared with ALL the "
        "examples of its episode, and with nothing else?": 1.0,
        "this is the first episode alone.": _share(distance[:1]),
        "what is right is the row in the EPISODE: compare with torch.arange(N), not with the "
        "number of the episode.": (
            (distance.argmin(2) == torch.arange(episodes)[:, None]).double().mean()
        ),
        "the absolute differences are summed. The distance is Euclidean, as in torch.cdist.": (
            _share(torch.cdist(asked, examples, p=1))
        ),
        "the examples of all episodes are searched. Each image has only the N examples of its own "
        "episode.": (among_all() == torch.arange(episodes * ways)).double().mean(),
        "the examples of all episodes are searched, and the row in its episode counts. Each image "
        "has only the N examples of its own episode.": (
            (among_all() % ways == torch.arange(episodes * ways) % ways).double().mean()
        ),
        "the nearest is searched along the wrong axis: for each image asked, over the examples.": (
            distance.argmin(1) == truth
        )
        .double()
        .mean(),
        "these are the shares of each class. Give one number for all.": (
            (distance.argmin(2) == truth).double().mean(0)
        ),
        "these are the shares of each episode. Give one number for all.": (
            (distance.argmin(2) == truth).double().mean(1)
        ),
        "these are the answers, not yet how many are right.": distance.argmin(2),
        "an episode counts here only if all its N answers are right. Count single answers.": (
            (distance.argmin(2) == truth).all(1).double().mean()
        ),
    }


def _share(distance: Tensor) -> Tensor:
    """Right answers when image i belongs to example i: (E, N asked, N examples) -> one number."""
    return (distance.argmin(2) == torch.arange(distance.shape[1])).double().mean()


def _rate(what: Tensor, among: Tensor) -> Tensor:
    return (what & among).double().sum() / among.sum().clamp_min(1)
