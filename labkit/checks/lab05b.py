"""Checks of lab 05, part 2: nearest words, a direction, freezing, a mean, a state, an audit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from labkit.checks import lab05b_mistakes as mistakes
from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.checks.lab05b_freezing import check_frozen
from labkit.words.models_text import SentimentRNN, WordClassifier

LENGTHS = "Lengths are (V, 1), one for each row: vectors.norm(dim=1, keepdim=True)."
OVER_WORDS = "A mean has D numbers: take it over the words, .mean(0)."
ONE_LETTER = (
    "letters is a list. Take one letter at a time: [letter.replace(...) for letter in letters]."
)
AUDITED = [
    "The GROUP next door has a new bicycle.",
    "One GROUP asks another GROUP where the office is.",
    "When does the library open for a GROUP who works at night, and on which days?",
    "We wrote to every GROUP in March.",
    "Is there a form for the GROUP on the third floor?",
]
NAMED = ["teacher", "tenant", "nurse", "driver"]
MASK = "The vectors table[ids] are (N, T, D), ids != 0 is (N, T): .unsqueeze(2) makes it (N, T, 1)."


@exercise
def nearest(answer: Callable[[Tensor, int, int], Tensor]) -> str:
    """nearest(vectors (V, D), row, k) -> (k,), rows of the k largest cosines, itself left out."""
    sizes = [(40, 5, 7, 8), (12, 3, 0, 3), (50, 8, 49, 6), (1000, 384, 500, 10)]
    for seed, (count, width, row, k) in enumerate(sizes):
        generator = _rng(seed)
        vectors = torch.randn(count, width, generator=generator)
        vectors *= 0.2 + 4 * torch.rand(count, 1, generator=generator)  # of very different lengths
        got = _called(answer, vectors, row, k, shapes=LENGTHS)
        what = f"the rows of the {k} words nearest to row {row}"
        right, wrong = mistakes.nearest(vectors, row, k)
        compare(got, right, mistakes=wrong, what=what)
    vectors = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [-3.0, 0.1]])
    what = "the nearest of words that all point away (cosines below 0)"
    wrong = {
        "the word itself is among them: where all cosines are below 0, 0 is not low enough to keep "
        "it out. Give it a value below -1.": torch.tensor([0])
    }
    compare(call(answer, vectors, 0, 1), torch.tensor([2]), mistakes=wrong, what=what)
    return "nearest finds the words whose vectors point most nearly the same way."


@exercise
def direction(answer: Callable[[Tensor, Tensor], Any]) -> str:
    """direction(vectors (N, D), labels (N,)) -> weights (D,) from mean to mean, bias."""
    for seed, (praise, blame, width) in enumerate([(6, 3, 4), (2, 9, 3), (25, 25, 384)]):
        vectors = torch.randn(praise + blame, width, generator=_rng(seed)) + 1
        labels = torch.tensor([1] * praise + [0] * blame)
        order = torch.randperm(len(labels), generator=_rng(seed))
        result = _called(answer, vectors, labels[order], shapes=OVER_WORDS)
        _check_direction(result, vectors, labels[order])
    return "direction points from blame to praise, and is 0 halfway."


@exercise
def mean_vector(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """mean_vector(table (V, D), ids (N, T)) -> (N, D), the mean over words that are no padding."""
    for seed, (count, longest, width) in enumerate([(4, 7, 4), (3, 9, 2), (1000, 13, 384)]):
        generator = _rng(seed)
        table = torch.randn(20, width, generator=generator)  # row 0, the padding, is not zero
        ids = torch.randint(1, 20, (count, longest), generator=generator)
        counts = torch.randint(1, longest, (count,), generator=generator)
        ids[torch.arange(longest) >= counts[:, None]] = 0
        got = _called(answer, table, ids, shapes=MASK)
        what = f"mean_vector of {count} sentences of up to {longest} words"
        right, wrong = mistakes.mean_vector(table, ids)
        compare(got, right, mistakes=wrong, what=what)
    _full_and_empty(answer)
    return "mean_vector ignores the padding, and an empty sentence gives zeros."


@exercise
def freeze(answer: Callable[[nn.Module, str], Any]) -> str:
    """freeze(model, layer) -> list of the parameters that still learn; the layer's do not."""
    table = torch.rand(6, 3, generator=_rng(0))
    makers = [
        (lambda: WordClassifier(table, freeze=False), "embedding", ()),
        (lambda: SentimentRNN(table, hidden=4, freeze=False).eval(), "logits", ("embedding",)),
        (lambda: SentimentRNN(table, hidden=4, freeze=False), "gru", ()),
    ]
    for make, layer, before in makers:
        model = make()
        for name in before:
            model.get_submodule(name).requires_grad_(False)
        check_frozen(answer, model, layer, before)
    return "freeze stops one layer, leaves the others alone, and returns what still learns."


@exercise
def last_state(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """last_state(outputs (N, T, H), lengths (N,)) -> (N, H), after each one's own last word."""
    for seed, (count, longest, width) in enumerate([(6, 6, 3), (3, 9, 5), (600, 12, 32)]):
        generator = _rng(seed)
        outputs = torch.randn(count, longest, width, generator=generator)
        lengths = torch.randint(2, longest, (count,), generator=generator)  # none has T words
        _check_last(answer, outputs, lengths)
    outputs, lengths = torch.randn(3, 5, 2, generator=_rng(9)), torch.tensor([5, 1, 5])
    _check_last(answer, outputs, lengths)
    return "last_state takes each sentence's own last word, however much padding follows."


@exercise
def group_gaps(answer: Callable[[Callable, list[str], list[str]], Tensor]) -> str:
    """group_gaps(score, letters (N), groups (G)) -> (G,), mean over letters minus the control."""
    for count, names in [(3, 4), (5, 2), (3, 3)]:
        letters, groups = AUDITED[:count], NAMED[:names]
        got = _audited(answer, letters, groups)
        what = f"group_gaps of {names} groups over {count} letters"
        right, wrong = mistakes.group_gaps(letters, groups)
        compare(got, right, mistakes=wrong, what=what)
    what = "group_gaps of a single group and a single letter"
    got = as_tensor(_audited(answer, AUDITED[:1], NAMED[:1]), what=what)
    if got.shape == (1,) and not torch.isfinite(got).all():
        raise CheckFailed(f"{what} is nan. Its mean is the mean over all groups: the gap is 0.")
    compare(got, torch.zeros(1), what=what)
    return "group_gaps changes the name alone, and compares with the mean over all groups."


def _audited(answer: Callable, letters: list[str], groups: list[str]) -> Any:
    @functools.wraps(answer)
    def watched(score: Callable, own_letters: list[str], own_groups: list[str]) -> Any:
        result = answer(score, own_letters, own_groups)
        if (own_letters, own_groups) != (letters, groups):
            raise CheckFailed(
                "group_gaps changes its input in place. Make a new list for each name, or the "
                "letters have lost their GROUP when the next name comes."
            )
        return result

    try:
        got = call(watched if callable(answer) else answer, mistakes.made_up_score, letters, groups)
    except CheckFailed as error:
        if "'list' object has no attribute 'replace'" in str(error):
            raise CheckFailed(f"{error} {ONE_LETTER}") from None
        raise
    if isinstance(got, dict):
        raise CheckFailed("group_gaps returns a dictionary. Return the numbers alone, in order.")
    return got


def _called(answer: Callable, *args: Any, shapes: str) -> Any:
    """`call`, with a word on shapes where PyTorch says that two of them don't fit."""
    try:
        return call(answer, *args)
    except CheckFailed as error:
        if "must match the size of tensor" in str(error):
            raise CheckFailed(f"{error} {shapes}") from None
        raise


def _check_direction(result: Any, vectors: Tensor, labels: Tensor) -> None:
    if result is None:
        raise CheckFailed("direction returns nothing (None). Return two things: weights, bias.")
    if not isinstance(result, tuple) or len(result) != 2:
        raise CheckFailed(
            "direction should return two things, `return weights, bias` without square brackets, "
            f"but returned {describe(result)}."
        )
    away, wrong = mistakes.weights(vectors, labels)
    what = f"the weights from {len(labels)} words, {int(labels.sum())} of them praise,"
    compare(result[0], away, what=what, mistakes=wrong)
    right, wrong = mistakes.bias(vectors, labels)
    bias = as_tensor(result[1], what="the bias")
    compare(
        bias.reshape(()) if bias.shape == (1,) else bias, right, what="the bias", mistakes=wrong
    )


def _full_and_empty(answer: Callable) -> None:
    table = torch.rand(5, 3, generator=_rng(4)) + 1
    ids = torch.tensor([[2, 3, 0], [1, 4, 3], [0, 0, 0]])
    what = "mean_vector with a full and an empty sentence"
    got = as_tensor(call(answer, table, ids), what=what)
    if got.shape == (3, 3) and not torch.isfinite(got[2]).all():
        raise CheckFailed(
            "A sentence of nothing but padding gives nan, since 0 is divided by 0. It should give "
            "zeros: `total / counts.clamp_min(1)`."
        )
    right, _ = mistakes.mean_vector(table, ids)
    first_zero = right * torch.tensor([[1], [3], [1]])
    wrong = {
        "a sentence without padding has no 0, so its number of words can't be the place of the "
        "first 0. Count the ids that are not 0.": first_zero,
    }
    compare(got, right, mistakes=wrong, what=what)


def _check_last(answer: Callable, outputs: Tensor, lengths: Tensor) -> None:
    right, wrong = mistakes.last_state(outputs, lengths)
    what = f"last_state of {len(outputs)} sentences with lengths {lengths.tolist()}"
    compare(call(answer, outputs, lengths), right, mistakes=wrong, what=what)


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(500 + seed)
