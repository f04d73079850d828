"""Checks of lab 05, part 2: nearest words, a direction, freezing, a mean, the last state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.checks.lab05b_freezing import check_frozen
from labkit.words.models_text import SentimentRNN, WordClassifier


@exercise
def nearest(answer: Callable[[Tensor, int, int], Tensor]) -> str:
    """nearest(vectors (V, D), row, k) -> (k,), rows of the k largest cosines, itself left out."""
    sizes = [(40, 5, 7, 8), (12, 3, 0, 3), (50, 8, 49, 6), (1000, 384, 500, 10)]
    for seed, (count, width, row, k) in enumerate(sizes):
        generator = _rng(seed)
        vectors = torch.randn(count, width, generator=generator)
        vectors *= 0.2 + 4 * torch.rand(count, 1, generator=generator)  # of very different lengths
        got = call(answer, vectors, row, k)
        what = f"the rows of the {k} words nearest to row {row}"
        compare(
            got, _nearest(vectors, row, k), mistakes=_nearest_mistakes(vectors, row, k), what=what
        )
    vectors = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [-3.0, 0.1]])
    what = "the nearest of words that all point away (cosines below 0)"
    compare(call(answer, vectors, 0, 1), torch.tensor([2]), mistakes={}, what=what)
    return "nearest finds the words whose vectors point most nearly the same way."


@exercise
def direction(answer: Callable[[Tensor, Tensor], Any]) -> str:
    """direction(vectors (N, D), labels (N,)) -> weights (D,) from mean to mean, bias."""
    for seed, (praise, blame, width) in enumerate([(6, 3, 4), (2, 9, 3), (25, 25, 384)]):
        vectors = torch.randn(praise + blame, width, generator=_rng(seed)) + 1
        labels = torch.tensor([1] * praise + [0] * blame)
        order = torch.randperm(len(labels), generator=_rng(seed))
        _check_direction(call(answer, vectors, labels[order]), vectors, labels[order])
    return "direction points from blame to praise, and is 0 halfway."


@exercise
def mean_vector(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """mean_vector(table (V, D), ids (N, T)) -> (N, D), the mean over words that are no padding."""
    for seed, (count, longest, width) in enumerate([(5, 7, 4), (3, 9, 2), (1000, 13, 384)]):
        generator = _rng(seed)
        table = torch.randn(20, width, generator=generator)  # row 0, the padding, is not zero
        ids = torch.randint(1, 20, (count, longest), generator=generator)
        counts = torch.randint(1, longest, (count,), generator=generator)
        ids[torch.arange(longest) >= counts[:, None]] = 0
        got = call(answer, table, ids)
        what = f"mean_vector of {count} sentences of up to {longest} words"
        compare(got, _mean(table, ids), mistakes=_mean_mistakes(table, ids), what=what)
    _empty_sentence(answer)
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
    for seed, (count, longest, width) in enumerate([(4, 6, 3), (3, 9, 5), (600, 12, 32)]):
        generator = _rng(seed)
        outputs = torch.randn(count, longest, width, generator=generator)
        lengths = torch.randint(2, longest, (count,), generator=generator)  # none has T words
        _check_last(answer, outputs, lengths)
    outputs, lengths = torch.randn(3, 5, 2, generator=_rng(9)), torch.tensor([5, 1, 5])
    _check_last(answer, outputs, lengths)
    return "last_state takes each sentence's own last word, however much padding follows."


def _nearest(vectors: Tensor, row: int, k: int, *, largest: bool = True) -> Tensor:
    cosines = F.cosine_similarity(vectors, vectors[row], dim=1)
    cosines[row] = -2 if largest else 2
    return cosines.topk(k, largest=largest).indices


def _nearest_mistakes(vectors: Tensor, row: int, k: int) -> dict[str, Tensor]:
    unit = F.normalize(vectors, dim=1)
    cosines, products = unit @ unit[row], vectors @ vectors[row]
    gaps = (vectors - vectors[row]).norm(dim=1)
    gaps[row] = torch.inf
    columns = F.normalize(vectors, dim=0)
    across = columns @ columns[row]
    alone, unsigned = products.clone(), cosines.abs()
    for values in (across, alone, unsigned):
        values[row] = -torch.inf
    right = _nearest(vectors, row, k)
    itself = "the word itself is among them: a word is always nearest to itself. Leave it out."
    long = (
        "these are the largest products, and long vectors win them. Divide by both lengths: the "
        "cosine asks for the direction alone."
    )
    return {
        itself: cosines.topk(k).indices,
        "the word itself is among them, one too many. Leave it out.": cosines.topk(k + 1).indices,
        long: alone.topk(k).indices,
        "the lengths are taken down the columns (dim=0). A word is a row: divide each row by its "
        "own length, vectors.norm(dim=1, keepdim=True).": across.topk(k).indices,
        "the sign of the cosine is lost (abs or a square?): words that point the opposite way are "
        "among them. Take the largest cosines as they are.": unsigned.topk(k).indices,
        "the word itself is among them, and these are products, not cosines: divide by both "
        "lengths.": products.topk(k).indices,
        "these are the farthest words: the cosine is large where vectors are alike.": (
            _nearest(vectors, row, k, largest=False)
        ),
        "these are the smallest distances between the points. Use the cosine: the direction "
        "alone.": gaps.topk(k, largest=False).indices,
        "these are the cosines. Give the rows: topk returns (values, indices).": cosines[right],
        "this is all that topk returns, (values, indices). Give its indices.": (
            torch.stack([cosines[right], right])
        ),
        "these are the right rows in the wrong order: nearest first.": right.flip(0),
    }


def _check_direction(result: Any, vectors: Tensor, labels: Tensor) -> None:
    if result is None:
        raise CheckFailed("direction returns nothing (None). Return two things: weights, bias.")
    if not isinstance(result, tuple) or len(result) != 2:
        raise CheckFailed(
            "direction should return two things, `return weights, bias` without square brackets, "
            f"but returned {describe(result)}."
        )
    sums = [vectors[labels == side].sum(0) for side in (0, 1)]
    blame, praise = (vectors[labels == side].mean(0) for side in (0, 1))
    away = praise - blame
    what = f"the weights from {len(labels)} words, {int(labels.sum())} of them praise,"
    mistakes = {
        "they point from praise to blame. Take praise minus blame.": -away,
        "this is the difference of two sums. Take means: there may be more words of one label.": (
            sums[1] - sums[0]
        ),
        "this is the mean of the praising words alone. Take that of the blaming words away.": (
            praise
        ),
        "this is the point halfway, the sum of the means, not their difference.": away / 2 + blame,
        "this is the sum of the two means. Take their difference.": praise + blame,
        "they are brought to length 1. Leave the difference as it is.": away / away.norm(),
        "each word is divided by the number of all words. Take the mean of each label.": (
            (sums[1] - sums[0]) / len(labels)
        ),
        "the mean goes over the D numbers of a word. Take it over the words: dimension 0.": (
            vectors[labels == 1].mean() - vectors[labels == 0].mean()
        ),
    }
    compare(result[0], away, what=what, mistakes=mistakes)
    half = (praise + blame) / 2
    mistakes = {
        "it has the wrong sign: the score halfway is taken away.": half @ away,
        "it is twice too large. Halfway is half the sum of the means.": -2 * half @ away,
        "it is twice too large, and the sign is wrong: halfway is half the sum of the means, and "
        "its score is taken away.": 2 * half @ away,
        "the score is 0 at the mean of all words. Halfway between the two means is another point "
        "if there are more words of one label.": -vectors.mean(0) @ away,
        "this is the point halfway. The bias is one number: minus that point times the weights.": (
            half
        ),
        "this is minus the point halfway. The bias is one number: that times the weights.": -half,
        "the score is 0 at the mean of blame, not halfway.": -blame @ away,
        "the score is 0 at the mean of praise, not halfway.": -praise @ away,
        "without a bias the score is 0 at the origin, not halfway.": torch.tensor(0.0),
    }
    compare(result[1], -half @ away, what="the bias", mistakes=mistakes)


def _mean(table: Tensor, ids: Tensor) -> Tensor:
    real = (ids != 0)[..., None]
    return (table[ids] * real).sum(1) / real.sum(1).clamp_min(1)


def _mean_of_different(table: Tensor, ids: Tensor) -> Tensor:
    return torch.stack([table[row[row != 0].unique()].mean(0) for row in ids])


def _mean_mistakes(table: Tensor, ids: Tensor) -> dict[str, Tensor]:
    real, longest = (ids != 0)[..., None], ids.shape[1]
    words = table[ids]
    total, everything = (words * real).sum(1), words.sum(1)
    counts = real.sum(1)
    return {
        "padding counts as a word here: row 0 is in the sum, and the sum is divided by T. Use only "
        "the words whose id is not 0.": everything / longest,
        "the sum is right, but it is divided by T, so that short sentences get short means. Divide "
        "by each sentence's own number of words.": total / longest,
        "it is divided by the right number, but the vector of the padding (id 0) is still in the "
        "sum.": everything / counts,
        "this is the sum. Divide by each sentence's number of words.": total,
        "id 1, the unknown word, was left out. It is a word; only 0 is padding.": (
            (words * (ids > 1)[..., None]).sum(1) / (ids > 1).sum(1, keepdim=True).clamp_min(1)
        ),
        "it is divided by the number of words plus one.": total / (counts + 1),
        "a word that stands twice in its sentence counts once here (set or unique?). Count it "
        "as often as it stands there.": _mean_of_different(table, ids),
        "this is the largest value of each dimension, not the mean.": (
            words.masked_fill(~real, -torch.inf).amax(1)
        ),
        "this is the largest value of each dimension, padding included, not the mean.": (
            words.amax(1)
        ),
        "the sum is right, but it is divided by the words of all sentences together. Divide by "
        "each sentence's own number of words.": total / counts.sum(),
        "the sum is right, but it is divided by the length of the longest sentence. Divide by "
        "each sentence's own number of words.": total / counts.max(),
        "this is the first word alone.": words[:, 0],
        "this is the mean over the sentences. Take it over the words: dimension 1.": words.mean(0),
        "this is one vector for all sentences. Give one for each.": total.sum(0) / counts.sum(),
    }


def _empty_sentence(answer: Callable) -> None:
    table = torch.rand(5, 3, generator=_rng(4)) + 1
    ids = torch.tensor([[2, 3, 0], [0, 0, 0]])
    got = as_tensor(call(answer, table, ids), what="mean_vector with an empty sentence")
    if got.shape == (2, 3) and not torch.isfinite(got[1]).all():
        raise CheckFailed(
            "A sentence of nothing but padding gives nan, since 0 is divided by 0. It should give "
            "zeros: `total / counts.clamp_min(1)`."
        )
    compare(got, _mean(table, ids), what="mean_vector with an empty sentence, which gives zeros")


def _check_last(answer: Callable, outputs: Tensor, lengths: Tensor) -> None:
    got = call(answer, outputs, lengths)
    rows, real = torch.arange(len(outputs)), torch.arange(outputs.shape[1]) < lengths[:, None]
    total = (outputs * real[..., None]).sum(1)
    mistakes = {
        "this is the last column, which is padding for the shorter sentences. Take each one's own "
        "last word, at position length - 1.": outputs[:, -1],
        "this is one position too far: the first word is at 0, so the last one is at "
        "length - 1.": outputs[rows, lengths.clamp_max(outputs.shape[1] - 1)],
        "this is the state after the first word.": outputs[:, 0],
        "this is the word before the last.": outputs[rows, (lengths - 2).clamp_min(0)],
        "this is the mean over the words. The last state is wanted.": total / lengths[:, None],
        "this is the sum over the words. The last state is wanted.": total,
        "this takes every sentence at every length, (N, N, H). Go along both at once: "
        "outputs[torch.arange(N), lengths - 1].": outputs[:, lengths - 1],
        "these are whole sentences: the lengths went along dimension 0, the sentences. Give two "
        "indices, outputs[torch.arange(N), lengths - 1].": outputs[(lengths - 1) % len(outputs)],
        "-lengths counts back from the end of the row, padding included. From the front the last "
        "word is at length - 1.": outputs[rows, -lengths],
        "this is the length from the end, T - lengths. From the front the last word is at "
        "length - 1.": outputs[rows, outputs.shape[1] - 1 - lengths],
        "the lengths were sorted: each must stay with its own sentence.": (
            outputs[rows, lengths.sort().values - 1]
        ),
        "this is the largest value over the words. The last state is wanted.": (
            outputs.masked_fill(~real[..., None], -torch.inf).amax(1)
        ),
        "this is the mean over all T places, padding included. The last state is wanted.": (
            outputs.mean(1)
        ),
        "all sentences are cut at the length of the longest.": outputs[:, int(lengths.max()) - 1],
        "all sentences are cut at the length of the shortest.": outputs[:, int(lengths.min()) - 1],
    }
    what = f"last_state of {len(outputs)} sentences with lengths {lengths.tolist()}"
    compare(got, outputs[rows, lengths - 1], mistakes=mistakes, what=what)


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(500 + seed)
