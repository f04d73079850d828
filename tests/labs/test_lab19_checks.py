"""Checks of lab 19: each plausible wrong answer is named, and other right spellings pass."""

import math
import re

import numpy as np
import pytest
import torch
from answered import failing, passing

from labkit.checks import lab19 as check
from labkit.detective import calibration, comparing, pipeline, survey

fails = failing(check)
passes = passing(check)


# --- read_hours

NUMBER = r"\d+(?:\.\d+)?"
UNITS = {"min": 1 / 60, "day": 8, "": 1}


def parser(
    *,
    lower=True,
    comma=".",
    half="0.5",
    number=NUMBER,
    strokes="-|–|to",
    middle=lambda a, b: (a + b) / 2,
    units=UNITS,
    empty=math.nan,
    blanks=r"\s*",
):
    """A right parser; each option makes it wrong in one way."""

    def answer(text):
        if lower:
            text = text.lower()
        if comma is not None:
            text = re.sub(r"(\d),(\d)", rf"\1{comma}\2", text)
        text = text.replace("half a", half)
        amount = rf"({number})(?:{blanks}(?:{strokes}){blanks}({number}))?\s*(min|day)?"
        found = re.search(amount, text)
        if not found:
            return empty
        low, high, unit = found.groups()
        return middle(float(low), float(high or low)) * units[unit or ""]

    return answer


def all_numbers(text):
    """The mean of all numbers, with units."""
    text = re.sub(r"(\d),(\d)", r"\1.\2", text.lower()).replace("half a", "0.5")
    found = [float(n) for n in re.findall(NUMBER, text)]
    unit = 1 / 60 if "min" in text else 8 if "day" in text else 1
    return sum(found) / len(found) * unit if found else math.nan


def by_float(text):
    try:
        return float(text)
    except ValueError:
        return math.nan


def instead(change):
    """The right hours, changed."""
    return lambda text: change(text, survey.read_hours(text))


READINGS = {
    "look for it": by_float,
    "no answer isn't 0 hours": parser(empty=0),
    "no answer isn't -1": parser(empty=-1),
    "only the lower end was taken: the": parser(middle=lambda a, b: a),
    "only the upper end was taken: the": parser(middle=lambda a, b: b),
    "two ends were added up": parser(middle=lambda a, b: a + b if a != b else a),
    "how wide the range is: take": parser(middle=lambda a, b: b - a or a),
    "half of how wide": parser(middle=lambda a, b: (b - a) / 2 or a),
    "read with a minus": parser(middle=lambda a, b: a if a == b else -b),
    "stroke was read as a minus": parser(middle=lambda a, b: a if a == b else (a - b) / 2),
    "digits of both ends were joined": parser(
        middle=lambda a, b: a if a == b else float(f"{a:g}{b:g}")
    ),
    "use /, not //": parser(middle=lambda a, b: (a + b) // 2),
    "may be blanks": parser(blanks=""),
    "the long stroke": parser(strokes="-|to"),
    '"to" makes a range': parser(strokes="-|–"),
    "part behind the comma is lost": parser(comma=None),
    "comma was left out": parser(comma=""),
    "before and behind the comma aren't a range": parser(comma="-"),
    "divide by 60": parser(units=UNITS | {"min": 1}),
    "multiplied by 60": parser(units=UNITS | {"min": 60}),
    "seconds\\?": parser(units=UNITS | {"min": 1 / 3600}),
    "half hours count": instead(lambda text, h: h // 1 if text.endswith("min") else h),
    "day has 8 hours here": parser(units=UNITS | {"day": 1}),
    "not 24": parser(units=UNITS | {"day": 24}),
    "without s": instead(lambda text, h: 1.0 if text == "1 day" else h),
    "part behind the comma is lost: it's": parser(number=r"\d+"),
    "point belongs to the number": instead(
        lambda text, h: h - 4 if text.endswith(".5 days") else h
    ),
    "half a day has no digits": parser(half="half a"),
    "says half a day": parser(half="1"),
    "the half, in days": instead(lambda text, h: 0.5 if "half a" in text else h),
    "all numbers were averaged": all_numbers,
    "last number was taken": instead(lambda text, h: float(text[-1]) if "question" in text else h),
    "all digits were joined": instead(
        lambda text, h: float("".join(re.findall(r"\d", text))) if "question" in text else h
    ),
    "end.? ?s? ?a part of a sentence": instead(
        lambda text, h: float(f"{h:g}.{text[-1]}") if "mostly" in text else h
    ),
    "remark doesn't spoil": instead(lambda text, h: math.nan if "mostly" in text else h),
    "is a remark, and only": instead(lambda text, h: h / 2 if "half of" in text else h),
    "large letters": parser(lower=False),
    "range of minutes: the unit is missing": instead(
        lambda text, h: h * 60 if re.search("-.*min", text) else h
    ),
    "For the text '': list index": lambda text: float(re.findall(NUMBER, text)[0]),
    "None came": lambda text: None if text == "" else survey.read_hours(text),
    "should be numbers": lambda text: "12",
    "should be one number, but has": lambda text: np.array([survey.read_hours(text)] * 2),
    "but a list came": lambda text: [survey.read_hours(text)],
    "should give": lambda text: 77.0,
}


@pytest.mark.parametrize("message", READINGS)
def test_a_wrong_reading_is_named(message):
    fails("read_hours", READINGS[message], message)


def by_hand(text):
    """Without a pattern for the whole amount."""
    text = text.lower().replace("half a day", "4 hours").replace("–", "-").replace(" to ", "-")
    for digit in "0123456789":
        text = text.replace(f",{digit}", f".{digit}")
    text = text.replace(" - ", "-").split(", ")[0]
    found = re.findall(NUMBER, text)
    if not found:
        return None or np.nan
    hours = np.mean([float(number) for number in found])
    if "min" in text:
        return hours / 60
    return hours * 8 if "day" in text else hours


RIGHT_READINGS = {
    "labkit's": survey.read_hours,
    "options": parser(),
    "by hand": by_hand,
    "tensor": lambda text: torch.tensor(survey.read_hours(text)),
    "numpy": lambda text: np.float32(survey.read_hours(text)),
    "whole numbers": instead(lambda text, h: int(h) if h == h and h == int(h) else h),
}


@pytest.mark.parametrize("name", RIGHT_READINGS)
def test_a_right_reading_passes(name, capsys):
    passes("read_hours", RIGHT_READINGS[name], capsys)


def test_an_empty_stub_is_not_done():
    def read_hours(text):
        raise NotImplementedError()

    fails("read_hours", read_hours, "^read_hours: not done yet")


# --- paired_p


def counted(far, of=lambda k, rounds: (1 + k) / (1 + rounds)):
    """p from another idea of what counts: far(means (R,), the data's mean)."""

    def answer(a, b, signs):
        difference = b - a
        means = signs @ difference / len(difference)
        return of(int(far(means, difference.mean()).sum()), len(signs))

    return answer


def farther(means, seen):
    return abs(means) >= abs(seen)


PS = {
    "p can be 0": counted(farther, lambda k, r: k / r),
    "missing above the stroke": counted(farther, lambda k, r: k / (1 + r)),
    "missing below the stroke": counted(farther, lambda k, r: (1 + k) / r),
    "added twice": counted(farther, lambda k, r: (1 + k) / (2 + r)),
    "number of rounds, not": counted(farther, lambda k, r: k),
    "number of rounds and 1": counted(farther, lambda k, r: k + 1),
    "this is 1 - p": counted(farther, lambda k, r: 1 - (1 + k) / (1 + r)),
    "nearer to 0 than": counted(lambda m, s: abs(m) < abs(s)),
    "nearer to 0, or": counted(lambda m, s: abs(m) <= abs(s)),
    ">=, not >": counted(lambda m, s: abs(m) > abs(s)),
    "one-sided: a": counted(lambda m, s: m >= s),
    "lower side": counted(lambda m, s: m <= s),
    "abs is missing for the data": counted(lambda m, s: abs(m) >= s),
    "one-sided: a difference": counted(lambda m, s: m >= abs(s)),
    "twice the one-sided": lambda *given: min(1, 2 * counted(lambda m, s: m >= s)(*given)),
    "half of p": lambda *given: comparing.paired_p(*given) / 2,
    "in percent": lambda *given: 100 * comparing.paired_p(*given),
    "a mean for each student": lambda a, b, signs: (
        (1 + (abs((signs * (b - a)).mean(0)) >= abs((b - a).mean())).sum()) / (1 + len(signs))
    ),
    "^p for .* students and .* rounds should be": lambda a, b, signs: comparing.unpaired_p(
        a, b, rounds=len(signs), seed=1
    ),
    "^p for 10 students and 80 rounds should be": lambda a, b, signs: comparing.paired_p(
        np.log(a), np.log(b), signs
    ),
    "data's sum": lambda a, b, signs: counted(lambda m, s: abs(m) >= abs(s) * len(a))(a, b, signs),
    "sums were compared": lambda a, b, signs: counted(lambda m, s: abs(m) * len(a) >= abs(s))(
        a, b, signs
    ),
    "of each difference before": lambda a, b, signs: (
        (1 + (abs(signs * (b - a)).mean(1) >= abs((b - a).mean())).sum()) / (1 + len(signs))
    ),
    "went to second alone": lambda a, b, signs: (
        (1 + (abs((signs * b - a).mean(1)) >= abs((b - a).mean())).sum()) / (1 + len(signs))
    ),
    "take the difference": lambda a, b, signs: (
        (1 + (abs((signs * (a + b)).mean(1)) >= abs((b - a).mean())).sum()) / (1 + len(signs))
    ),
    "medians": lambda a, b, signs: (
        (1 + (abs(np.median(signs * (b - a), axis=1)) >= abs(np.median(b - a))).sum())
        / (1 + len(signs))
    ),
    "averaged without": lambda a, b, signs: (
        (1 + (abs(signs.mean(1)) >= abs((b - a).mean())).sum()) / (1 + len(signs))
    ),
    "should be one number": lambda a, b, signs: (
        abs((signs * (b - a)).mean(1)) >= abs((b - a).mean())
    ),
    "is None": lambda a, b, signs: None,
    "changes its input": lambda a, b, signs: b.__isub__(a).mean(),
}


@pytest.mark.parametrize("message", PS)
def test_a_wrong_p_is_named(message):
    fails("paired_p", PS[message], message)


def round_by_round(a, b, signs):
    seen, far = abs((b - a).mean()), 1
    for row in signs:
        far += abs((row * (b - a)).mean()) >= seen
    return far / (len(signs) + 1)


def with_the_data_as_a_round(a, b, signs):
    both = np.vstack([np.ones(len(a)), signs]) * (b - a)
    return np.mean(np.abs(both.mean(1)) >= np.abs(both[0].mean()))


RIGHT_PS = {
    "labkit's": comparing.paired_p,
    "loop": round_by_round,
    "stacked": with_the_data_as_a_round,
    "first minus second": lambda a, b, signs: comparing.paired_p(b, a, signs),
    "sums": lambda a, b, signs: (
        (1 + np.sum(abs(signs @ (b - a)) >= abs(sum(b - a)))) / (1 + len(signs))
    ),
    "squares of both": counted(lambda m, s: m**2 >= s**2 - 1e-12),
    "torch": lambda a, b, signs: (
        (
            (
                (torch.tensor(signs) @ torch.tensor(b - a)).abs() >= abs(torch.tensor(b - a).sum())
            ).sum()
            + 1
        )
        / (len(signs) + 1)
    ),
}


@pytest.mark.parametrize("name", RIGHT_PS)
def test_a_right_p_passes(name, capsys):
    passes("paired_p", RIGHT_PS[name], capsys)


# --- nearest_distance


def apart(test, train):
    return (test[:, None] - train[None]).flatten(2)


def distances(test, train):
    return apart(test, train).norm(dim=2)


def cosines(test, train):
    unit = (torch.nn.functional.normalize(x.flatten(1), dim=1) for x in (test, train))
    one, two = unit
    return one @ two.T


NEAREST = {
    "take the root": lambda a, b: distances(a, b).amin(1) ** 2,
    "farthest": lambda a, b: distances(a, b).amax(1),
    "mean distances": lambda a, b: distances(a, b).mean(1),
    "min and not argmin": lambda a, b: distances(a, b).argmin(1),
    "one number for each training picture": lambda a, b: distances(a, b).amin(0),
    "all distances": distances,
    "smallest of all": lambda a, b: distances(a, b).min(),
    "Manhattan": lambda a, b: apart(a, b).abs().sum(2).amin(1),
    "largest difference of a pixel": lambda a, b: apart(a, b).abs().amax(2).amin(1),
    "absolute differences were averaged": lambda a, b: apart(a, b).abs().mean(2).amin(1),
    "squares were averaged over the pixels: add": lambda a, b: (
        (apart(a, b) ** 2).mean(2).sqrt().amin(1)
    ),
    "and the root is missing": lambda a, b: (apart(a, b) ** 2).mean(2).amin(1),
    "these are cosines": lambda a, b: cosines(a, b).amax(1),
    "by angle": lambda a, b: 1 - cosines(a, b).amax(1),
    "length 1 before": lambda a, b: (2 - 2 * cosines(a, b).amax(1)).clamp(min=0).sqrt(),
    "first channel": lambda a, b: distances(a[:, :1], b[:, :1]).amin(1),
    "mean training picture": lambda a, b: distances(a, b.mean(0, keepdim=True))[:, 0],
    "copies were left out": lambda a, b: (
        distances(a, b).masked_fill(distances(a, b) < 1e-6, torch.inf).amin(1)
    ),
    "only the first training picture": lambda a, b: distances(a, b)[:, 0],
    "of the same number": lambda a, b: distances(a, b).diagonal(),
    "are sorted": lambda a, b: distances(a, b).amin(1).sort().values,
    "divided by the number of pixels": lambda a, b: distances(a, b).amin(1) / a[0].numel(),
    "sign is turned": lambda a, b: -distances(a, b).amin(1),
    "nan came": lambda a, b: (distances(a, b).amin(1) - 1e-3).sqrt(),
    "is None": lambda a, b: None,
}


@pytest.mark.parametrize("message", NEAREST)
def test_wrong_distances_are_named(message):
    fails("nearest_distance", NEAREST[message], message)


def expanded(test, train):
    a, b = test.flatten(1), train.flatten(1)
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return squares.clamp(min=0).sqrt().min(1).values


RIGHT_NEAREST = {
    "labkit's": pipeline.nearest_distance,
    "broadcast": lambda a, b: distances(a, b).min(dim=1)[0],
    "expanded": expanded,
    "loop": lambda a, b: torch.stack([min((x - y).norm() for y in b) for x in a]),
    "list": lambda a, b: [float(min((x - y).pow(2).sum().sqrt() for y in b)) for x in a],
    "numpy": lambda a, b: np.sqrt(((a.numpy()[:, None] - b.numpy()[None]) ** 2).sum((2, 3, 4))).min(
        1
    ),
    "double": lambda a, b: torch.cdist(a.flatten(1).double(), b.flatten(1).double()).amin(1),
}


@pytest.mark.parametrize("name", RIGHT_NEAREST)
def test_right_distances_pass(name, capsys):
    passes("nearest_distance", RIGHT_NEAREST[name], capsys)


# --- ece


def error(
    *,
    combine=lambda gap, share: (share * gap.abs()).sum(),
    sure=lambda p, y: p.max(1).values,
    hit=lambda p, y: (p.argmax(1) == y).float(),
    count=lambda bins: bins,
    empty=False,
    closed=True,
):
    """A right ECE, bin by bin; each option makes it wrong in one way."""

    def answer(p, y, bins):
        bins, conf, right, gaps, shares = count(bins), sure(p, y), hit(p, y), [], []
        for i in range(bins):
            top = conf <= (i + 1) / bins if closed else conf < (i + 1) / bins
            rows = (conf > i / bins) & top
            if rows.any() or empty:
                gaps.append(conf[rows].mean() - right[rows].mean())
                shares.append(rows.float().mean())
        return combine(torch.stack(gaps), torch.stack(shares))

    return answer


def by_rows(formula):
    return lambda p, y, bins: formula(p.max(1).values - (p.argmax(1) == y).float())


ERRORS = {
    "mean over the bins": error(combine=lambda gap, share: gap.abs().mean()),
    "gaps were added up": error(combine=lambda gap, share: gap.abs().sum()),
    "abs is missing: too sure|abs is missing, or": error(
        combine=lambda gap, share: (gap * share).sum()
    ),
    "abs is missing": error(combine=lambda gap, share: -(gap * share).sum()),
    "came after adding up": error(combine=lambda gap, share: (gap * share).sum().abs()),
    "squared: take abs": error(combine=lambda gap, share: (gap**2 * share).sum()),
    "root was taken": error(combine=lambda gap, share: (gap**2 * share).sum().sqrt()),
    "row by row: first": by_rows(lambda gap: gap.abs().mean()),
    "Brier": by_rows(lambda gap: (gap**2).mean()),
    "largest gap": error(combine=lambda gap, share: gap.abs().max()),
    "true class's probability": error(sure=lambda p, y: p.gather(1, y[:, None])[:, 0]),
    "first class's": error(sure=lambda p, y: p[:, 0]),
    "all probabilities were put": error(
        sure=lambda p, y: p.flatten(),
        hit=lambda p, y: torch.nn.functional.one_hot(y, p.shape[1]).flatten().float(),
    ),
    "softmax was taken once more": lambda p, y, bins: error()(p.softmax(1), y, bins),
    "share of errors": error(hit=lambda p, y: (p.argmax(1) != y).float()),
    "in percent": lambda *given: 100 * error()(*given),
    "10 were taken": error(count=lambda bins: 10),
    "15 were taken": error(count=lambda bins: 15),
    "one bin too many": error(count=lambda bins: bins + 1),
    "one bin too few": error(count=lambda bins: bins - 1),
    "confidence 1 fell out": error(closed=False),
    "the share that's right.$": lambda p, y, bins: (p.argmax(1) == y).float().mean(),
    "mean confidence.$": lambda p, y, bins: p.max(1).values.mean(),
    "weren't divided": lambda p, y, bins: error()(p, y, bins) * len(p),
    "number of bins as well": lambda p, y, bins: error()(p, y, bins) / bins,
    "empty bin is 0 / 0": error(empty=True),
    "should be one number": lambda p, y, bins: torch.ones(bins),
    "is None": lambda p, y, bins: None,
}


@pytest.mark.parametrize("message", ERRORS)
def test_a_wrong_error_is_named(message):
    fails("ece", ERRORS[message], message)


def left_closed(p, y, bins):
    conf, right = p.max(1).values, (p.argmax(1) == y).float()
    number, total = (conf * bins).long().clamp(max=bins - 1), 0.0
    for i in number.unique():
        rows = number == i
        total += float(rows.float().mean() * (conf[rows].mean() - right[rows].mean()).abs())
    return total


def in_numpy(p, y, bins):
    p, y = p.numpy(), y.numpy()
    conf, right = p.max(1), p.argmax(1) == y
    number = np.digitize(conf, np.linspace(0, 1, bins + 1)[1:-1])
    sums = np.bincount(number, conf - right, minlength=bins)
    return np.abs(sums).sum() / len(p)


RIGHT_ERRORS = {
    "labkit's": lambda p, y, bins: calibration.ece(p, y, bins=bins),
    "bin by bin": error(),
    "left closed": left_closed,
    "numpy": in_numpy,
    "numpy float": lambda *given: np.float32(in_numpy(*given)),
}


@pytest.mark.parametrize("name", RIGHT_ERRORS)
def test_a_right_error_passes(name, capsys):
    passes("ece", RIGHT_ERRORS[name], capsys)
