"""Lab 19: for each exercise what it is tried with, the right answer, and usual wrong ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from labkit.detective import calibration, comparing, survey

Wrong = dict[str, float]
NOTHING = {
    "no answer isn't 0 hours: give float('nan').": 0.0,
    "no answer isn't -1 hours: give float('nan').": -1.0,
}


def texts(rng: np.random.Generator) -> Iterator[tuple[str, float, Wrong]]:
    """Answers to the survey, easy ones first: the text, its hours, wrong readings by message."""
    low = int(rng.integers(8, 19))
    gap = 2 * int(rng.integers(1, 4)) + 1
    for text, wrong in _made(low, low + gap, rng):
        yield text, survey.read_hours(text), wrong


def _made(low: int, high: int, rng: np.random.Generator) -> Iterator[tuple[str, Wrong]]:
    unread = float("nan")
    yield f"{low}", {"a plain number has to be read.": unread}
    for text in (f"{low}h", f"ca. {low} hours", f"{low} hrs", f"~{low}", f"{low}+"):
        yield text, {"the number is there, only not alone: look for it.": unread}
    for text in ("", "too many", "it was ok"):
        yield text, NOTHING
    spoilt = {
        "only the lower end was taken: the middle is asked for.": low,
        "only the upper end was taken: the middle is asked for.": high,
        "the two ends were added up: take their middle.": low + high,
        "that's how wide the range is: take its middle.": high - low,
        "that's half of how wide it is: take its middle.": (high - low) / 2,
        'the upper end was read with a minus: the stroke stands for "to".': -high,
        "the stroke was read as a minus, then the mean was taken.": (low - high) / 2,
        "the digits of both ends were joined.": float(f"{low}{high}"),
        "the middle is no whole number here: use /, not //.": (low + high) // 2,
        "a range has to be read: its middle.": unread,
    }
    yield f"{low}-{high}", spoilt
    yield f"{low} - {high}", {"there may be blanks around the stroke.": low} | spoilt
    yield f"{low}–{high}", {"this is the long stroke (–), also a range.": low} | spoilt
    yield f"{low} to {high}", {'"to" makes a range, too.': low} | spoilt
    half = f"{low},5 h"
    yield (
        half,
        {
            "the part behind the comma is lost: it's a decimal comma.": low,
            "the comma was left out: it's a decimal comma.": float(f"{low}5"),
            "that's the part behind the comma: it's a decimal comma.": 5.0,
            "the parts before and behind the comma aren't a range.": (low + 5) / 2,
            "a decimal comma isn't nothing: replace it by a point.": unread,
        },
    )
    minutes = 15 * int(rng.integers(3, 30)) + 15
    yield (
        f"{minutes} min",
        _of_unit(minutes, 1 / 60)
        | {
            "these are minutes, not hours: divide by 60.": minutes,
            "minutes were multiplied by 60: divide.": minutes * 60,
            "seconds? 60 minutes are an hour.": minutes / 3600,
            "use /, not //: half hours count.": minutes // 60,
        },
    )
    yield f"{minutes}-{minutes + 30} min", _of_range(minutes, minutes + 30, 1 / 60, "minutes")
    days = int(rng.integers(2, 5))
    yield (
        f"{days} days",
        _of_unit(days, 8)
        | {
            "these are days, not hours: a day has 8 hours here.": days,
            "a day has 8 hours of work here, not 24.": days * 24,
        },
    )
    yield f"{days}-{days + 1} days", _of_range(days, days + 1, 8, "days")
    yield "1 day", {"one day (without s) counts as well: 8 hours.": 1.0}
    yield (
        f"{days}.5 days",
        {
            "the point belongs to the number.": days * 8,
            "these are days, not hours.": days + 0.5,
            "the digits behind the point were taken alone.": 5 * 8,
        },
    )
    yield (
        "half a day",
        {
            "half a day has no digits, but a number: 4 hours.": unread,
            "it says half a day.": 8.0,
            "that's the half, in days: a day has 8 hours.": 0.5,
            "a day has 8 hours of work here, not 24.": 12.0,
            "a day was read, and the half not as a half.": 0.0,
        },
    )
    question = int(rng.integers(2, 4))
    yield (
        f"~{low}, mostly on question {question}",
        {
            "all numbers were averaged: only the first amount counts.": (low + question) / 2,
            "the last number was taken: the first amount counts.": question,
            "all digits were joined: only the first amount counts.": float(f"{low}{question}"),
            "the comma ends a part of a sentence here: it's no decimal comma.": (
                float(f"{low}.{question}")
            ),
            "all numbers were added: only the first amount counts.": low + question,
            "the remark doesn't spoil the number: only the first amount counts.": unread,
        },
    )
    yield (
        f"{low}h, half of it on question {question}",
        {
            '"half of it" is a remark, and only "half a" stands for 0.5.': low / 2,
            "that's not the first amount.": 0.5,
        },
    )
    for text, small in ((f"{days} Days", days), (f"{minutes} MIN", minutes)):
        yield text, {"large letters mean the same: text.lower().": small}
    yield "Half a day", {"large letters mean the same: text.lower().": unread}


def _of_unit(number: float, hours: float) -> Wrong:
    return {
        f"{number} of them are to be read, not none.": float("nan"),
        "the number is lost, the unit was read.": hours,
    }


def _of_range(low: float, high: float, hours: float, unit: str) -> Wrong:
    middle = (low + high) / 2
    return {
        f"a range of {unit}: the unit is missing.": middle,
        f"a range of {unit}: only the upper end got its unit.": (low + high * hours) / 2,
        f"a range of {unit}: only the upper end was taken.": high * hours,
        f"a range of {unit}: only the lower end was taken.": low * hours,
        f"a range of {unit}: only the lower end was taken, and without its unit.": low,
    }


def pairs(students: int, rounds: int, shift: float, rng: np.random.Generator) -> tuple:
    """Hours (N,) twice, halves so that sums are exact, and signs (R, N)."""
    first = rng.integers(8, 40, students) / 2
    change = rng.integers(-4, 5, students) / 2 + shift
    second = first + np.where(change == 0, 0.5, change)
    return first, second, comparing.random_signs(rounds, students, seed=int(rng.integers(10**6)))


def paired_p(first: np.ndarray, second: np.ndarray, signs: np.ndarray) -> tuple[float, Wrong]:
    """The right p, and wrong ones."""
    right, rounds = comparing.paired_p(first, second, signs), len(signs)
    change, count = second - first, len(first)
    means, seen = signs @ change / count, change.mean()
    far = int((abs(means) >= abs(seen)).sum())

    def p(yes: np.ndarray) -> float:
        return (1 + int(np.sum(yes))) / (1 + rounds)

    total, medians = abs(change.sum()), np.median(signs * change, axis=1)
    swapped = signs @ (second + first) / count
    return right, {
        "p can be 0 this way. The data count as one round more, above and below the stroke.": (
            far / rounds
        ),
        "the 1 is missing above the stroke: the data themselves are as far apart as the data.": (
            far / (1 + rounds)
        ),
        "the 1 is missing below the stroke: the data count as one round more.": (1 + far) / rounds,
        "1 was added twice below the stroke.": (1 + far) / (2 + rounds),
        "this is the number of rounds, not their share.": far,
        "this is the number of rounds and 1, not a share: divide by 1 + R.": 1 + far,
        "this is 1 - p: count the rounds that are as far from 0 as the data, or farther.": (
            1 - right
        ),
        "rounds exactly as far as the data count, too: >=, not >.": p(abs(means) > abs(seen)),
        "abs is missing for the data's own mean.": p(abs(means) >= seen),
        "this is one-sided: a difference the other way counts, too. Take abs of both.": (
            p(means >= seen)
        ),
        "this is one-sided, on the lower side. Take abs of both.": p(means <= seen),
        "this is twice the one-sided p, at most 1.": min(1.0, 2 * p(means >= seen)),
        "this is twice the one-sided p.": 2 * p(means >= seen),
        "this is half of p: two-sided is asked for.": right / 2,
        "this is in percent: a share is asked for.": 100 * right,
        "means were compared with the data's sum.": p(abs(means) >= total),
        "there's a mean for each student: a row is a round, so the mean is over the students.": (
            p(abs((signs * change).mean(0)) >= abs(seen))
        ),
        "sums were compared with the data's mean.": p(abs(signs @ change) >= abs(seen)),
        "p is 1 whatever came: abs was taken of each difference before the mean, or the signs went "
        "to second alone. They belong to second - first, and abs comes last.": (
            p(np.abs(signs * change).mean(1) >= abs(seen))
        ),
        "this counts the rounds that are nearer to 0 than the data.": p(abs(means) < abs(seen)),
        "this counts the rounds that are nearer to 0, or as near.": p(abs(means) <= abs(seen)),
        "first and second were added: take the difference.": p(abs(swapped) >= abs(seen)),
        "medians were compared: the mean is asked for.": p(abs(medians) >= abs(np.median(change))),
        "the signs were averaged without the differences.": p(abs(signs.mean(1)) >= abs(seen)),
    }


def pictures(asked: int, known: int, shape: tuple, generator: torch.Generator) -> tuple:
    """Test and training pictures; one of the test is in train, another one nearly."""
    test = torch.rand(asked, *shape, generator=generator)
    train = torch.rand(known, *shape, generator=generator)
    train[-1] = test[-1]
    if asked > 1:
        train[0] = (test[0] + 0.1).clamp(max=1)
    return test, train


def nearest_distance(test: Tensor, train: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The right distances, and wrong ones."""
    apart = (test[:, None] - train[None]).double().flatten(2)  # (M, n, D)
    all_of = apart.norm(dim=2)
    size = apart.shape[2]
    unit = [torch.nn.functional.normalize(x.double().flatten(1), dim=1) for x in (test, train)]
    cosine = unit[0] @ unit[1].T
    first = (test[:, None, 0] - train[None, :, 0]).double().flatten(2).norm(dim=2)
    mean = (test - train.mean(0)).double().flatten(1).norm(dim=1)
    others = all_of.masked_fill(all_of < 1e-6, float("inf")).amin(1)
    right = all_of.amin(1)
    return right, {
        "these are squares of distances: take the root.": right**2,
        "these are distances to the farthest training picture: the nearest is asked for.": (
            all_of.amax(1)
        ),
        "these are mean distances: the nearest training picture counts.": all_of.mean(1),
        "these are numbers of rows: the distance is asked for, min and not argmin.": (
            all_of.argmin(1).double()
        ),
        "there is one number for each training picture: the minimum is over the training "
        "pictures, for each test picture.": all_of.amin(0),
        "these are all distances: take the minimum over the training pictures.": all_of,
        "this is one number, the smallest of all: one for each test picture is asked for.": (
            all_of.min()
        ),
        "absolute differences were added up (Manhattan): squares, then the root.": (
            apart.abs().sum(2).amin(1)
        ),
        "the largest difference of a pixel was taken: add up squares, then the root.": (
            apart.abs().amax(2).amin(1)
        ),
        "absolute differences were averaged.": apart.abs().mean(2).amin(1),
        "squares were averaged over the pixels: add them up.": (apart**2).mean(2).sqrt().amin(1),
        "squares were averaged over the pixels, and the root is missing.": (
            (apart**2).mean(2).amin(1)
        ),
        "these are cosines: distances are asked for.": cosine.amax(1),
        "these are distances by angle, 1 - cosine.": 1 - cosine.amax(1),
        "the pictures were brought to length 1 before.": torch.cdist(*unit).amin(1),
        "only the first channel was compared.": first.amin(1),
        "these are distances to the mean training picture.": mean,
        "copies were left out: they are what a leak looks like.": others,
        "only the first training picture was compared.": all_of[:, 0],
        "each test picture was compared with the training picture of the same number.": (
            all_of.diagonal()
        ),
        "the distances are sorted: keep the order of the test pictures.": right.sort().values,
        "the distances were divided by the number of pixels.": right / size,
        "the sign is turned round.": -right,
    }


def forecasts(rows: int, classes: int, bins: int, generator: torch.Generator) -> tuple:
    """Probabilities (N, K), some of them 1, and labels (N,); no confidence lies on a bin's edge."""
    logits = 1.5 * torch.randn(4 * rows, classes, generator=generator)
    sure = logits.softmax(1).double()
    height = sure.amax(1) * bins
    sure = sure[(height - height.round()).abs() > 0.02][:rows].float()
    certain = max(1, rows // 10)
    sure[:certain] = torch.eye(classes)[torch.arange(certain) % classes]
    shy = (37 * sure.amax(1)).long() % 2  # too sure here, too shy there, in narrow stripes
    right = torch.rand(len(sure), generator=generator) < 0.1 + 0.88 * shy
    other = torch.randint(1, classes, (len(sure),), generator=generator)
    labels = (sure.argmax(1) + other.where(~right, 0)) % classes
    labels[0] = (sure[0].argmax() + 1) % classes
    return sure, labels


def ece(probabilities: Tensor, labels: Tensor, bins: int) -> tuple[float, Wrong]:
    """The right calibration error, and wrong ones."""
    right = calibration.ece(probabilities, labels, bins=bins)
    sure, said = probabilities.double().max(1)
    hit = (said == labels).double()
    means, accuracy, share = calibration.bins_of(probabilities, labels, bins=bins)
    gap, some = means - accuracy, share > 0
    own = probabilities.double()[torch.arange(len(labels)), labels]
    number = (sure * bins).long()
    below = number < bins
    centre = (torch.arange(bins) + 0.5) / bins

    def by(value: Tensor, hit: Tensor = hit, parts: int = bins) -> float:
        some = value > 0
        which = (value[some] * parts - 1e-9).long().clamp(0, parts - 1)
        sums = which.bincount((value - hit)[some], minlength=parts)
        return float(sums.abs().sum() / len(value))

    flat = torch.nn.functional.one_hot(labels, probabilities.shape[1]).double().flatten()
    dropped = by(sure[below], hit[below]) if below.any() else 0.0
    return right, {
        "this is the mean over the bins: each counts by how many are in it.": (
            float(gap[some].abs().mean())
        ),
        "this is the mean over all bins, empty ones too: each counts by how many are in it.": (
            float(gap.abs().mean())
        ),
        "the gaps were added up: each counts by its share of the rows.": float(gap.abs().sum()),
        "abs is missing, or came after adding up: too sure in one bin and too shy in another one "
        "cancel. Take abs of each bin's gap.": abs(float((share * gap).sum())),
        "abs is missing: too sure in one bin and too shy in another one cancel.": (
            float((share * gap).sum())
        ),
        "abs is missing, and the sign is turned round.": float(-(share * gap).sum()),
        "the gaps were squared: take abs.": float((share * gap**2).sum()),
        "the gaps were squared, and the root was taken: take abs.": (
            float((share * gap**2).sum().sqrt())
        ),
        "abs was taken row by row: first the means of each bin, then abs.": (
            float((sure - hit).abs().mean())
        ),
        "the squares were averaged row by row (that's Brier's score).": (
            float((sure - hit).square().mean())
        ),
        "this is the largest gap of a bin: average them, by how many are in each.": (
            float(gap.abs().max())
        ),
        "the true class's probability was taken: the confidence is the largest one.": by(own),
        "the first class's probability was taken: the confidence is the largest one.": (
            by(probabilities.double()[:, 0])
        ),
        "all probabilities were put into bins: only the largest of each row.": (
            by(probabilities.double().flatten(), flat)
        ),
        "softmax was taken once more: these are probabilities already.": by(
            probabilities.double().softmax(1).amax(1)
        ),
        "the share of errors was compared: the share that's right.": by(sure, 1 - hit),
        "this is in percent: a share is asked for.": 100 * right,
        "the number of bins was ignored: 10 were taken.": by(sure, parts=10),
        "there is one bin too many: bins + 1 edges make `bins` bins.": by(sure, parts=bins + 1),
        "there is one bin too few: bins + 1 edges make `bins` bins.": by(sure, parts=bins - 1),
        "the number of bins was ignored: 15 were taken.": by(sure, parts=15),
        "rows with the confidence 1 fell out: the last bin has them.": (
            dropped * float(below.double().mean())
        ),
        "rows with the confidence 1 fell out: the last bin has them. (N got smaller, too.)": (
            dropped
        ),
        "the bins' middles were compared: take the mean confidence in the bin.": (
            float((share * (centre - accuracy).abs()).sum())
        ),
        "this is the share that's right.": float(hit.mean()),
        "this is the mean confidence.": float(sure.mean()),
        "the gaps weren't divided by the number of rows.": right * len(labels),
        "it was divided by the number of bins as well.": right / bins,
    }
