"""Lab 17: for each exercise the right answer, and the wrong ones that usual mistakes give."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.labels import crowd, selfsup

Wrong = dict[str, Tensor | float]


def two_raters(count: int, kinds: Sequence[int], generator) -> tuple[Tensor, Tensor]:
    """Labels (N,) of two raters who often agree; each has a favourite of their own."""
    shares = 0.8 ** torch.arange(len(kinds)).float()
    both = shares.roll(2), shares.roll(3)
    drawn = [torch.multinomial(one, count, True, generator=generator) for one in both]
    own = torch.rand(count, generator=generator) < 0.5
    drawn[1] = drawn[1].flip(0).where(own, drawn[0])
    return tuple(torch.tensor(kinds)[one] for one in drawn)


def kappa(first: Tensor, second: Tensor) -> tuple[float, Wrong]:
    """The right kappa, and wrong ones."""
    right = crowd.kappa(first, second)
    kinds = torch.cat([first, second]).unique()
    one, two = ((x[:, None] == kinds).double().mean(0) for x in (first, second))
    found, lucky, count = float((first == second).double().mean()), float(one @ two), len(first)
    pooled, both = (one + two) / 2, torch.stack([first, second]).double()
    least, most = kinds[:-1], kinds[1:]
    part = [[float((x[:, None] == k).double().mean(0) @ (y[:, None] == k).double().mean(0))]
            for k in (least, most) for x, y in [(first, second)]]  # fmt: skip
    last, first_left_out = part[0][0], part[1][0]
    natural = [k for k in range(len(kinds))]
    counted = sum(float((first == k).double().mean() * (second == k).double().mean())
                  for k in natural)  # fmt: skip

    def beyond(luck: float) -> float:
        return (found - luck) / (1 - luck) if luck != 1 else float("nan")

    return right, {
        "this is the plain agreement. Take off what luck would give.": found,
        "this is the agreement by luck. Kappa is what goes beyond it.": lucky,
        "this is the share on which they differ.": 1 - found,
        "what goes beyond luck isn't divided by what was possible: 1 - luck.": found - lucky,
        "the sign is turned round: agreement minus luck.": (lucky - found) / (1 - lucky),
        "it's divided by luck. Divide by 1 - luck, what was possible beyond it.": (
            (found - lucky) / lucky
        ),
        "it's divided by the agreement. Divide by 1 - luck.": (found - lucky) / found,
        "the ratio of agreement to luck: subtract luck, don't divide by it.": found / lucky,
        "the brackets are missing: (agreement - luck) / (1 - luck).": found - lucky / (1 - lucky),
        "the brackets are missing: the 1 stands under the stroke, and luck was taken off "
        "after it.": (found - lucky) / 1 - lucky,
        "luck was taken as 1 / classes. A rater who nearly always says the same agrees more often "
        "by luck: use their shares.": beyond(1 / len(kinds)),
        "luck was taken from the first rater's shares alone: first's share times second's.": (
            beyond(float(one @ one))
        ),
        "luck was taken from the second rater's shares alone: first's share times second's.": (
            beyond(float(two @ two))
        ),
        "both raters' shares were mixed before they were squared (that's Scott's pi). Each has "
        "shares of their own.": beyond(float(pooled @ pooled)),
        "this is 1, or nearly: if luck was taken from counts in place of shares, divide by N.": (
            beyond(lucky * count**2)
        ),
        "luck was divided by N once too few: both counts are divided.": beyond(lucky * count),
        "luck is the mean over the classes: it should be their sum.": beyond(lucky / len(kinds)),
        "luck counts the first kind only: add up over all kinds.": beyond(float(one[0] * two[0])),
        "luck counts the last kind only: add up over all kinds.": beyond(float(one[-1] * two[-1])),
        "luck counts the labels 0, 1, 2 ..., but labels may be others, such as -1: take "
        "torch.unique of both.": beyond(counted),
        "luck leaves out the last kind.": beyond(last),
        "luck leaves out the first kind.": beyond(first_left_out),
        "luck is the share of the most frequent label: two raters rarely both say it.": (
            beyond(float(one.max()))
        ),
        "luck is the product of the two largest shares: add up over all kinds.": (
            beyond(float(one.max() * two.max()))
        ),
        "this is the correlation of the labels' numbers, and classes have no order.": (
            float(torch.corrcoef(both)[0, 1])
        ),
    }


def a_crowd(things: int, raters: int, classes: int, generator) -> tuple[Tensor, Tensor, Tensor]:
    """Votes (N, W), some of them -1, a prior (K,) and confusions (W, K, K)."""
    draw = torch.Generator().manual_seed(int(torch.randint(10**6, (), generator=generator)))
    sharp = 0.05 if raters > 100 else 1.2
    confusion = (sharp * torch.randn(raters, classes, classes, generator=draw)).softmax(2)
    votes = torch.randint(-1, classes, (things, raters), generator=draw)
    votes[:, 0], votes[0, -1] = torch.arange(things) % classes, crowd.NOT_ASKED
    return votes, torch.randn(classes, generator=draw).softmax(0), confusion


def e_step(votes: Tensor, prior: Tensor, confusion: Tensor) -> tuple[Tensor, Wrong]:
    """The right probabilities, and wrong ones."""
    prior, confusion, classes = prior.double(), confusion.double(), len(prior)
    right = crowd.e_step(votes, prior, confusion)
    given = F.one_hot(votes + 1, classes + 1)[..., 1:].double()
    wrapped = F.one_hot(votes % classes, classes).double()
    asked, most = given.sum((1, 2))[:, None], (given * 1.0).sum(1)

    def by(spelling: str, votes: Tensor = given, table: Tensor = confusion) -> Tensor:
        return torch.einsum(spelling, votes, table.log())

    evidence, first = by("nwv,wtv->nt"), confusion[:1].expand_as(confusion)
    logs = prior.log() + evidence
    skill = confusion.diagonal(dim1=1, dim2=2)
    plain = torch.eye(classes).double() * skill[:, :, None]
    plain = plain + (1 - torch.eye(classes).double()) * (1 - skill)[:, :, None] / (classes - 1)
    mixed = torch.einsum("nwv,wtv->nt", given, confusion)
    return right, {
        "the confusion is transposed: confusion[w, t, v] is how often rater w says v where t is "
        "true. Take the column of the vote.": (prior.log() + by("nwv,wvt->nt")).softmax(1),
        "-1 counted as a vote, for the last class (that's what the index -1 means). Leave out "
        "who wasn't asked.": (prior.log() + by("nwv,wtv->nt", wrapped)).softmax(1),
        "-1 counted as a vote, for class 0. Leave out who wasn't asked.": (
            prior.log() + by("nwv,wtv->nt", F.one_hot(votes.clamp_min(0), classes).double())
        ).softmax(1),
        "the prior is missing: frequent classes are more probable from the start.": (
            evidence.softmax(1)
        ),
        "the prior counts once for each rater. It counts once.": (
            asked * prior.log() + evidence
        ).softmax(1),
        "the prior was added as it is: add its logarithm.": (prior + evidence).softmax(1),
        "the prior alone came out: the votes don't count.": prior.expand_as(right),
        "these are logarithms of prior times votes, not probabilities yet: softmax(1).": logs,
        "these are logarithms of the probabilities: softmax in place of log_softmax.": (
            logs.log_softmax(1)
        ),
        "the rows don't add up to 1: divide by their sum (or softmax(1) of the logarithms).": (
            logs.exp()
        ),
        "the rows don't add up to 1: after exp, divide by the sum over the classes.": (
            (logs - logs.amax(1, keepdim=True)).exp()
        ),
        "logarithms were divided by their sum: first exp, or softmax(1) for both.": (
            logs / logs.sum(1, keepdim=True)
        ),
        "the columns add up to 1, not the rows: softmax(1), over the classes.": logs.softmax(0),
        "all numbers together add up to 1: each thing has probabilities of its own.": (
            logs.flatten().softmax(0).view_as(logs)
        ),
        "classes and things are swapped: (N, K) is asked for.": right.T,
        "the logarithms are averaged over the raters. Add them up.": (
            prior.log() + evidence / asked.clamp_min(1)
        ).softmax(1),
        "the probabilities are added up, not multiplied: add their logarithms.": (
            (prior * mixed) / (prior * mixed).sum(1, keepdim=True)
        ),
        "these are the shares of the votes: the raters' confusions don't count.": (
            most / asked.clamp_min(1)
        ),
        "only the most probable class is left (1, and 0 for the others). Keep the "
        "probabilities.": F.one_hot(right.argmax(1), classes).double(),
        "the number of the most probable class came. Its probability, and that of the others, is "
        "asked for.": right.argmax(1).double(),
        "all raters have the first one's confusion.": (
            prior.log() + by("nwv,wtv->nt", table=first)
        ).softmax(1),
        "all raters have the mean confusion: each has their own.": (
            prior.log() + by("nwv,wtv->nt", table=confusion.mean(0, True).expand_as(confusion))
        ).softmax(1),
        "only how often a rater is right counts (the diagonal). Which mistakes they make does, "
        "too.": (prior.log() + by("nwv,wtv->nt", table=plain)).softmax(1),
        "the softmax has a minus: the least probable classes came first.": (-logs).softmax(1),
        "the last rater is missing.": (
            prior.log() + by("nwv,wtv->nt", given[:, :-1], confusion[:-1])
        ).softmax(1),
    }


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> tuple[Tensor, Wrong]:
    """The right loss, and wrong ones."""
    right = selfsup.nt_xent(first, second, temperature)
    count, both = len(first), torch.cat([first, second])
    unit = F.normalize(both, dim=1)
    cosines, itself = unit @ unit.T, torch.eye(2 * count, dtype=torch.bool)
    partner = torch.arange(2 * count).roll(count)
    friend = F.one_hot(partner, 2 * count).bool()

    def loss(scores: Tensor, answer: Tensor = partner, *, hidden=itself, **options) -> Tensor:
        return F.cross_entropy(scores.masked_fill(hidden, -torch.inf), answer, **options)

    def losses(vectors: Tensor, **options) -> Tensor:
        return loss(vectors @ vectors.T / temperature, **options)

    nobody, scores = torch.zeros_like(itself), cosines / temperature
    one, two = unit.chunk(2)
    across, rows = one @ two.T / temperature, torch.arange(count)
    there, back = F.cross_entropy(across, rows), F.cross_entropy(across.T, rows)
    others = scores.masked_fill(itself | friend, -torch.inf).logsumexp(1)
    swapped = loss(scores, torch.arange(2 * count) ^ 1)
    return right, {
        "each view is compared with itself, too, and that's always the best match. Put -inf on "
        "the diagonal.": loss(scores, hidden=nobody),
        "the diagonal is 0, and exp(0) = 1 still counts. Put -inf there.": loss(
            scores.masked_fill(itself, 0), hidden=nobody
        ),
        "the right answer is the view itself: the labels are the partners' places, B further "
        "on.": loss(scores, torch.arange(2 * count), hidden=nobody),
        "the partner is the next row: with the two batches one behind the other it's B rows "
        "further on.": swapped,
        "the vectors aren't brought to length 1: F.normalize(views, dim=1).": losses(both),
        "they are normalised over the batch: F.normalize(views, dim=1).": losses(
            F.normalize(both, dim=0)
        ),
        "the temperature is missing.": loss(cosines),
        "it's multiplied by the temperature: divide.": loss(cosines * temperature),
        "the temperature divides the loss: it should divide the cosines.": (
            loss(cosines) / temperature
        ),
        "it's divided by the square root of the temperature.": loss(cosines / temperature**0.5),
        "the losses are added up: take their mean.": loss(scores, reduction="sum"),
        "the losses are added up and divided by B: there are 2 B of them.": 2 * right,
        "the losses aren't averaged: one number is asked for.": loss(scores, reduction="none"),
        "the sign is wrong: this loss falls when partners move apart.": -right,
        "the cosines have a minus: partners would be driven apart.": loss(-scores),
        "only the first views look for their partner: all 2 B do.": (
            loss(scores, reduction="none")[:count].mean()
        ),
        "only the second views look for their partner: all 2 B do.": (
            loss(scores, reduction="none")[count:].mean()
        ),
        "only views of the other side are compared (and only one way): all 2 B - 1 others "
        "compete.": there,
        "only views of the other side are compared: all 2 B - 1 others compete.": (
            (there + back) / 2
        ),
        "the partner is missing below the stroke: it's one of the 2 B - 1 others.": (
            (others - scores[friend]).mean()
        ),
        "distances are used in place of cosines.": loss(-torch.cdist(unit, unit) / temperature),
        "distances of vectors of any length are used in place of cosines.": loss(
            -torch.cdist(both, both) / temperature
        ),
        "only the partners count, and nothing pushes the others away.": -scores[friend].mean(),
        "the partner is hidden in place of the view itself.": loss(
            scores, torch.arange(2 * count), hidden=friend
        ),
    }


def unsure(probabilities: Tensor, count: int) -> tuple[Tensor, Wrong]:
    """The right rows, sorted, and wrong ones."""
    best = probabilities.sort(1, descending=True).values
    margin = best[:, 0] - best[:, 1]
    entropy = -(probabilities * probabilities.log()).sum(1)

    def smallest(values: Tensor, number: int = count) -> Tensor:
        return values.argsort()[:number].sort().values

    return smallest(margin), {
        "these are the most sure ones: the smallest margins are asked for.": smallest(-margin),
        "these are the rows whose best class is least probable. Compare the best two: .6 and .4 is "
        "closer than .5 and .1.": smallest(best[:, 0]),
        "these are the rows whose best class is most probable.": smallest(-best[:, 0]),
        "these are the rows with the largest entropy. Only the two best classes count here.": (
            smallest(-entropy)
        ),
        "these are the rows with the smallest entropy.": smallest(entropy),
        "these are the rows whose second class is most probable. Take the difference to the "
        "first.": smallest(-best[:, 1]),
        "these are the rows whose second class is least probable.": smallest(best[:, 1]),
        "class 0 and class 1 were compared: sort each row first, or topk(2).": smallest(
            (probabilities[:, 0] - probabilities[:, 1]).abs()
        ),
        "class 0 minus class 1 was taken: sort each row first, or topk(2).": smallest(
            probabilities[:, 0] - probabilities[:, 1]
        ),
        "the last two classes were compared: sort each row first, or topk(2).": smallest(
            (probabilities[:, -1] - probabilities[:, -2]).abs()
        ),
        "the best and the worst class were compared: the best two.": smallest(
            best[:, 0] - best[:, -1]
        ),
        "the best and the third class were compared: the best two.": smallest(
            best[:, 0] - best[:, min(2, best.shape[1] - 1)]
        ),
        "the two worst classes were compared: sort from the largest on.": smallest(
            best[:, -2] - best[:, -1]
        ),
        "the ratio of the best two was taken, not the difference.": smallest(
            best[:, 0] / best[:, 1]
        ),
        "these are simply the first rows.": torch.arange(count),
        "these are simply the last rows.": torch.arange(len(margin) - count, len(margin)),
        "all rows came: only the first `count` in order of the margin.": torch.arange(len(margin)),
        "one row too many came.": smallest(margin, count + 1),
        "one row too few came.": smallest(margin, count - 1),
        "the one best row came: `count` of them are asked for.": smallest(margin, 1),
    }
