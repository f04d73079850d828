"""Lab 05, part 2: for each exercise the right answer, and the wrong ones that usual mistakes give.

Each function returns the right answer and a function that gives {message: wrong answer}, for who
needs them: `labkit.checks.lab05b` compares.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.checks.core import CheckFailed
from labkit.words import text

Wrong = Callable[[], dict]
ITSELF = "the word itself is among them"
DIVIDE = "Divide by each sentence's own number of words."
INDICES = "outputs[torch.arange(N), lengths - 1]"


def nearest(vectors: Tensor, row: int, k: int) -> tuple[Tensor, Wrong]:
    """The rows of the k largest cosines, itself left out, and wrong ones."""
    unit = F.normalize(vectors, dim=1)
    cosines = unit @ unit[row]
    right = _without(cosines, row).topk(k).indices
    return right, lambda: {
        f"{ITSELF}: a word is always nearest to itself. Leave it out.": cosines.topk(k).indices,
        f"{ITSELF}, one too many. Leave it out.": cosines.topk(k + 1).indices,
        f"{ITSELF}, and the nearest comes last. Leave it out, and begin with the nearest.": (
            cosines.topk(k).indices.flip(0)
        ),
        "one is missing: the word itself was among the k. Leave it out before you take k.": (
            right[:-1]
        ),
        "rows behind the word's own are one too small: it was cut out, and they moved up. Keep "
        "its place, with a value below -1.": right - (right > row).long(),
        **_by_product(vectors, row, k),
        "the sign of the cosine is lost (abs or a square?): words that point the opposite way are "
        "among them. Take the largest cosines as they are.": (
            _without(cosines.abs(), row).topk(k).indices
        ),
        "these are the farthest words: the cosine is large where vectors are alike.": (
            _without(-cosines, row).topk(k).indices
        ),
        "these are the smallest distances between the points. Use the cosine: the direction "
        "alone.": _without(-(vectors - vectors[row]).norm(dim=1), row).topk(k).indices,
        "these are the cosines. Give the rows: topk returns (values, indices).": cosines[right],
        "these are the vectors. Give the rows, the numbers of the words.": vectors[right],
        "this is all that topk returns, (values, indices). Give its indices.": (
            torch.stack([cosines[right], right])
        ),
        f"{ITSELF}, and this is all that topk returns, (values, indices). Leave the word out, and "
        "give the indices.": torch.stack([*cosines.topk(k)]),
        "these are the right rows in the wrong order: nearest first.": right.flip(0),
    }


def _by_product(vectors: Tensor, row: int, k: int) -> dict:
    products, columns = vectors @ vectors[row], F.normalize(vectors, dim=0)
    squared = products / vectors.square().sum(1)
    return {
        "these are the largest products, and long vectors win them. Divide by both lengths: the "
        "cosine asks for the direction alone.": _without(products, row).topk(k).indices,
        f"{ITSELF}, and these are products, not cosines: divide by both lengths.": (
            products.topk(k).indices
        ),
        "each product is divided by the length squared, so that short vectors win. Divide by the "
        "length, with its square root.": _without(squared, row).topk(k).indices,
        "the lengths are taken down the columns (dim=0). A word is a row: divide each row by its "
        "own length, vectors.norm(dim=1, keepdim=True).": (
            _without(columns @ columns[row], row).topk(k).indices
        ),
    }


def _without(values: Tensor, row: int) -> Tensor:
    values = values.clone()
    values[row] = -torch.inf
    return values


def weights(vectors: Tensor, labels: Tensor) -> tuple[Tensor, Wrong]:
    """The way from the mean of blame to that of praise, and wrong ones."""
    of = [vectors[labels == side] for side in (0, 1)]
    blame, praise = (some.mean(0) for some in of)
    away, sums = praise - blame, of[1].sum(0) - of[0].sum(0)
    numbers = "the mean goes over the D numbers of a word. Take it over the words: dimension 0."
    rows = (
        "labels as an index picks the rows 0 and 1, again and again. Use a mask: "
        "vectors[labels == 1]."
    )
    return away, lambda: {
        "they point from praise to blame. Take praise minus blame.": -away,
        "this is the difference of two sums. Take means: there may be more words of one label.": (
            sums
        ),
        "this is the mean of the praising words alone. Take that of the blaming words away.": (
            praise
        ),
        "this is praise minus the mean of all words. Take the mean of blame away.": (
            praise - vectors.mean(0)
        ),
        "this is the point halfway, the sum of the means, not their difference.": away / 2 + blame,
        "this is the sum of the two means. Take their difference.": praise + blame,
        "they are brought to length 1. Leave the difference as it is.": away / away.norm(),
        "each word is divided by the number of all words. Take the mean of each label.": (
            sums / len(labels)
        ),
        numbers: of[1].mean() - of[0].mean(),
        rows: vectors[labels].mean(0) - vectors[1 - labels].mean(0),
        f"{rows} ": vectors[labels].mean(0) - vectors[~labels].mean(0),
        "there is one dimension too many, (1, D) for (D,): mean(0) without keepdim.": away[None],
        "this is the bias. The weights come first: return weights, bias.": (
            -(praise + blame) / 2 @ away
        ),
    }


def bias(vectors: Tensor, labels: Tensor) -> tuple[Tensor, Wrong]:
    """What makes the score 0 halfway between the means, and wrong ones."""
    blame, praise = (vectors[labels == side].mean(0) for side in (0, 1))
    away, half = praise - blame, (praise + blame) / 2
    both = "the half is taken of one mean only: halfway is (praise + blame) / 2, with brackets."
    return -half @ away, lambda: {
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
        "* gives D products. The bias is their sum, one number: use @.": -half * away,
        "* gives D products, and the sign is wrong. The bias is minus their sum: use @.": (
            half * away
        ),
        both: -(praise + blame / 2) @ away,
        f"{both} ": -(praise / 2 + blame) @ away,
        "this is minus half of weights @ weights. Halfway is half the sum of the means, not half "
        "their difference.": -away @ away / 2,
        "the score is 0 at the mean of blame, not halfway.": -blame @ away,
        "the score is 0 at the mean of praise, not halfway.": -praise @ away,
        "without a bias the score is 0 at the origin, not halfway.": torch.tensor(0.0),
    }


def mean_vector(table: Tensor, ids: Tensor) -> tuple[Tensor, Wrong]:
    """The mean over the words of each sentence, and wrong ones."""
    real, longest = (ids != 0)[..., None], ids.shape[1]
    words, counts = table[ids], real.sum(1)
    total, everything = (words * real).sum(1), words.sum(1)
    known = (ids > 1)[..., None]
    largest = "this is the largest value of each dimension"
    numbers = "the {} goes over the D numbers of a word. Take it over the words: dimension 1."
    square = len(ids) == table.shape[1]  # else PyTorch stops with an error
    return total / counts.clamp_min(1), lambda: {
        "padding counts as a word here: row 0 is in the sum, and the sum is divided by T. Use only "
        "the words whose id is not 0.": everything / longest,
        "the sum is right, but it is divided by T, so that short sentences get short means. "
        f"{DIVIDE}": total / longest,
        "it is divided by the right number, but the vector of the padding (id 0) is still in the "
        "sum.": everything / counts,
        "this is the sum. Divide by each sentence's number of words.": total,
        "id 1, the unknown word, was left out. It is a word; only 0 is padding.": (
            (words * known).sum(1) / known.sum(1).clamp_min(1)
        ),
        "it is divided by the number of words plus one.": total / (counts + 1),
        "the vectors are multiplied by the ids. Multiply them by (ids != 0), which is 1 for a "
        "word and 0 for padding.": (words * ids[..., None]).sum(1) / counts.clamp_min(1),
        "it is divided by the sum of the ids. They are names: count those that are not 0.": (
            total / ids.sum(1, keepdim=True).clamp_min(1)
        ),
        "each column is divided by a sentence's number of words. Each row should be: "
        "sum(1, keepdim=True).": total / counts.squeeze(1) if square else 0,
        "a word that stands twice in its sentence counts once here (set or unique?). Count it "
        "as often as it stands there.": _mean_of_different(table, ids),
        f"{largest}, not the mean.": words.masked_fill(~real, -torch.inf).amax(1),
        f"{largest}, padding included, not the mean.": words.amax(1),
        f"the sum is right, but it is divided by the words of all sentences together. {DIVIDE}": (
            total / counts.sum()
        ),
        f"the sum is right, but it is divided by the length of the longest sentence. {DIVIDE}": (
            total / counts.max()
        ),
        "this is the first word alone.": words[:, 0],
        numbers.format("mean"): words.mean(2),
        numbers.format("sum"): (words * real).sum(2),
        "this is the mean over the sentences. Take it over the words: dimension 1.": words.mean(0),
        "this is one vector for all sentences. Give one for each.": total.sum(0) / counts.sum(),
    }


def _mean_of_different(table: Tensor, ids: Tensor) -> Tensor:
    return torch.stack([table[row[row != 0].unique()].mean(0) for row in ids])


def last_state(outputs: Tensor, lengths: Tensor) -> tuple[Tensor, Wrong]:
    """The state after each sentence's last word, and wrong ones."""
    n, longest, _ = outputs.shape
    rows, real = torch.arange(n), torch.arange(longest) < lengths[:, None]
    total, right = (outputs * real[..., None]).sum(1), outputs[rows, lengths - 1]
    front = "From the front the last word is at length - 1."
    return right, lambda: {
        "this is the last column, which is padding for the shorter sentences. Take each one's own "
        "last word, at position length - 1.": outputs[:, -1],
        "this is one position too far: the first word is at 0, so the last one is at "
        "length - 1.": outputs[rows, lengths.clamp_max(longest - 1)],
        "this is the state after the first word.": outputs[:, 0],
        "this is the word before the last.": outputs[rows, (lengths - 2).clamp_min(0)],
        "these are zeros: padding was made 0, and then the last column taken.": 0 * right,
        "this is the mean over the words. The last state is wanted.": total / lengths[:, None],
        "this is the sum over the words. The last state is wanted.": total,
        "this takes every sentence at every length, (N, N, H). Go along both at once: "
        f"{INDICES}.": outputs[:, lengths - 1],
        "these are whole sentences: the lengths went along dimension 0, the sentences. Give two "
        f"indices, {INDICES}.": outputs[(lengths - 1) % n],
        f"the two indices are swapped: the sentence comes first, {INDICES}.": (
            outputs[(lengths - 1) % n, rows.clamp_max(longest - 1)]
        ),
        "all states are from the first sentence. Take each one's own.": outputs[0, lengths - 1],
        "this is the last sentence with all its words.": outputs[-1],
        "there is one dimension too many, (N, 1, H) for (N, H): add .squeeze(1).": right[:, None],
        "gather took the first of the H numbers alone: its index needs all H, .expand(-1, 1, H).": (
            right[:, :1]
        ),
        f"-lengths counts back from the end of the row, padding included. {front}": (
            outputs[rows, -lengths]
        ),
        f"this is the length from the end, T - lengths. {front}": (
            outputs[rows, longest - 1 - lengths]
        ),
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


def made_up_score(texts: list[str]) -> Tensor:
    """A score for each of N texts, (N,), in which every word has its own worth.

    It is bent, so that no two ways to average come to the same.
    """
    if isinstance(texts, str):
        raise CheckFailed(
            "score takes a list of texts, but got a single text. Write score([letter]) for one, or "
            "score(letters) for all."
        )
    rows = [[crc32(word.encode()) / 2**32 for word in text.tokenize(one)] for one in texts]
    return torch.tensor([6 * (sum(row) / len(row)) ** 2 + len(row) / 20 for row in rows])


def group_gaps(letters: list[str], groups: list[str]) -> tuple[Tensor, Wrong]:
    """What each name changes in the mean of `made_up_score`, and wrong ones."""
    scores = text.scores_by_group(made_up_score, letters, groups)  # (G, N)
    return _gaps(scores), lambda: {
        **_by_control(scores.mean(1)),
        **_by_average(scores),
        **_by_text(scores, letters, groups),
    }


def _gaps(scores: Tensor) -> Tensor:
    return scores.mean(1) - scores.mean()


def _by_control(means: Tensor) -> dict:
    right, others = means - means.mean(), len(means) / (len(means) - 1)
    control = "The control is the mean over all groups"
    deviation = "they are divided by the standard deviation. Leave them in units of the score."
    ratio = "these are ratios. Take the difference: a group's mean minus the mean over all groups."
    return {
        "these are the mean scores themselves, without the control. Take their mean over all "
        "groups away.": means,
        "the sign is turned: take each group's mean, minus the mean over all groups.": -right,
        "the sign is lost (abs or a square?). Below 0 the name costs the letters something.": (
            right.abs()
        ),
        f"these are differences to the first group. {control}.": means - means[0],
        f"these are differences to the last group. {control}.": means - means[-1],
        f"these are differences to the best group. {control}.": means - means.max(),
        f"each group is compared with the mean of the others. {control}, itself too.": (
            right * others
        ),
        f"these are differences to the median. {control}.": means - means.median(),
        deviation: right / means.std(),
        f"{deviation} ": right / means.std(correction=0),
        ratio: means / means.mean(),
        f"{ratio} ": means / means.mean() - 1,
        "this is one number, from the lowest mean to the highest. Give a gap for each group.": (
            means.max() - means.min()
        ),
        "the gaps are sorted. Keep the order of `groups`.": right.sort().values,
        "the gaps are sorted, the largest first. Keep the order of `groups`.": (
            right.sort(descending=True).values
        ),
        "there is one dimension too many, (G, 1) for (G,): score([letter]) is (1,).": (
            right[:, None]
        ),
    }


def _by_average(scores: Tensor) -> dict:
    each = scores - scores.mean(0)  # the gaps of each letter, (G, N)
    sums, mixed = scores.sum(1), (len(scores), scores.shape[1])
    letter = "this is one number for each letter: the mean goes over the groups. Take it over the "
    every = "these are the scores of all letters with all names, {}. Take the mean over the letters"
    order = "scores are at the wrong group: {} comes back in that order, so reshape it to {}."
    return {
        "these are sums over the letters. Take means: a gap shouldn't grow with the number of "
        "letters.": sums - sums.mean(),
        "these are sums over the letters, without the control. Take means, and take their mean "
        "over all groups away.": sums,
        "only the first letter counts. Take the mean over all letters.": _gaps(scores[:, :1]),
        "only the last letter counts. Take the mean over all letters.": _gaps(scores[:, -1:]),
        "this is the median over the letters. Take the mean.": (
            scores.median(1).values - scores.median(1).values.mean()
        ),
        f"{every.format('(G, N)')}, then the control.": scores,
        f"{every.format('(N, G)')}, then the control.": scores.T,
        "the mean over all groups is taken away, but every letter has its own number, (G, N). Take "
        "the mean over the letters.": each,
        "the mean over all groups is taken away, but every letter has its own number, (N, G). Take "
        "the mean over the letters.": each.T,
        "every letter has its own number. Take the mean over the letters.": scores - scores.mean(),
        f"{letter}letters.": each.mean(0),
        f"{letter}letters. ": scores.mean(0) - scores.mean(),
        f"{letter}letters, then the control.": scores.mean(0),
        order.format("a list that goes letter by letter", "(N, G)"): (
            _gaps(scores.T.reshape(mixed))
        ),
        order.format("a list that goes group by group", "(G, N)"): (
            _gaps(scores.reshape(mixed[::-1]).T)
        ),
    }


def _by_text(scores: Tensor, letters: list[str], groups: list[str]) -> dict:
    once = [made_up_score([one.replace("GROUP", name, 1) for one in letters]) for name in groups]
    long = [made_up_score([" ".join(letters).replace("GROUP", name)]) for name in groups]
    return {
        "all gaps are 0: every group got the same texts. `replace` returns a new text and leaves "
        "the letter as it is; and `letters` must keep its GROUP for the next name.": (
            torch.zeros(len(groups))
        ),
        "only the first GROUP of a letter is replaced. Without a number `replace` takes all.": (
            _gaps(torch.stack(once))
        ),
        "these are differences to the letters that still say GROUP. The control is the mean over "
        "all groups.": scores.mean(1) - made_up_score(letters).mean(),
        "the letters were joined to one text. Score each by itself, then take the mean.": (
            _gaps(torch.stack(long))
        ),
        "the names alone were scored. Score the letters, with the name in place of GROUP.": (
            _gaps(made_up_score(groups)[:, None])
        ),
    }
