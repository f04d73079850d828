"""Labels of many raters: how far they agree, whom to believe, how many to ask.

Votes are int64 (N, W), the class that each of W raters gave to each of N things, -1 where a rater
wasn't asked. A rater's confusion is (K, K): the probability of each vote (column) for each true
class (row).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

NOT_ASKED = -1
EStep = Callable[[Tensor, Tensor, Tensor], Tensor]


class Crowd(NamedTuple):
    """Votes (N, W), the truth (N,), and the raters' true confusions (W, K, K)."""

    votes: Tensor
    truth: Tensor
    confusion: Tensor


def make_crowd(
    *,
    good: int = 6,
    lazy: int = 3,
    adversaries: int = 0,
    things: int = 300,
    each: int = 5,
    classes: int = 3,
    seed: int = 0,
) -> Crowd:
    """Draw a crowd whose raters are known: `each` of them vote on every thing.

    Good raters are right in 70 to 90 % of the cases. Lazy ones nearly always say one class, their
    own, whatever they see. Adversaries mean the next class, and say so in 87 %. ValueError if fewer
    raters than `each`.
    """
    raters = good + lazy + adversaries
    if raters < each:
        raise ValueError(f"{each} votes a thing need as many raters, but there are {raters}")
    draws = torch.Generator().manual_seed(seed)
    skill = 0.7 + 0.2 * torch.rand(good, 1, 1, generator=draws)
    same = torch.eye(classes)
    right = skill * same + (1 - skill) / (classes - 1) * (1 - same)
    own = same[torch.randint(classes, (lazy,), generator=draws)][:, None].expand(-1, classes, -1)
    turned = same.roll(1, 1).expand(adversaries, -1, -1)
    confusion = torch.cat([right, 0.9 * own + 0.1 / classes, 0.8 * turned + 0.2 / classes])
    truth = torch.randint(classes, (things,), generator=draws)
    says = torch.stack([_drawn(rater[truth], draws) for rater in confusion], 1)
    asked = torch.rand(things, raters, generator=draws).argsort(1) < each
    return Crowd(says.where(asked, torch.tensor(NOT_ASKED)), truth, confusion)


def kappa(first: Tensor, second: Tensor) -> float:
    """Cohen's kappa of two raters' labels (N,): agreement beyond luck (Cohen, 1960).

    1 is perfect, 0 is what they would have by luck; nan where both gave one label only.
    """
    kinds = torch.cat([first, second]).unique()
    shares = [(one[:, None] == kinds).double().mean(0) for one in (first, second)]
    lucky = float(shares[0] @ shares[1])
    found = float((first == second).double().mean())
    return (found - lucky) / (1 - lucky) if lucky < 1 else float("nan")


def counts(votes: Tensor, classes: int) -> Tensor:
    """How many raters gave each class to each thing: float32 (N, K)."""
    return _one_hot(votes, classes).sum(1)


def majority(votes: Tensor, classes: int, *, seed: int = 0) -> Tensor:
    """The class with the most votes (N,); a tie is broken by lot."""
    lot = torch.rand(len(votes), classes, generator=torch.Generator().manual_seed(seed))
    return (counts(votes, classes) + 0.5 * lot).argmax(1)


def e_step(votes: Tensor, prior: Tensor, confusion: Tensor) -> Tensor:
    """How probable each class is for each thing, (N, K), if the raters are as said.

    votes (N, W); prior (K,): how frequent the classes are; confusion (W, K, K). By Bayes' rule, in
    logarithms: a product of a thousand probabilities is 0 for a computer.
    """
    given = _one_hot(votes, len(prior)).to(confusion.dtype)
    evidence = given.flatten(1) @ confusion.log().mT.flatten(0, 1)  # (N, W K) @ (W K, K)
    return (prior.log() + evidence).T.contiguous().softmax(0).T  # quicker than along rows


def confusions(belief: Tensor, votes: Tensor, *, smooth: float = 0.01) -> Tensor:
    """Each rater's confusion (W, K, K), if the things are of the classes believed, (N, K).

    `smooth` is added to each count, so that nothing is impossible.
    """
    return _shares(belief, _one_hot(votes, belief.shape[1]).to(belief.dtype), smooth)


def dawid_skene(
    votes: Tensor,
    classes: int,
    *,
    e_step: EStep = e_step,
    known: dict[int, int] | None = None,
    rounds: int = 50,
) -> tuple[Tensor, Tensor]:
    """Find classes and raters at once (Dawid and Skene, 1979): beliefs (N, K), confusions.

    It begins with the shares of the votes. `known` are things whose class is certain: with them it
    begins there, and they stay. Returns beliefs and the raters' confusions (W, K, K).
    """
    given = _one_hot(votes, classes)
    belief = given.sum(1)
    belief = belief / belief.sum(1, keepdim=True).clamp_min(1)
    rows = torch.tensor(list(known or {}), dtype=torch.int64)
    sure = F.one_hot(torch.tensor(list((known or {}).values()), dtype=torch.int64), classes).float()
    if known:
        belief = torch.zeros_like(belief).index_copy(0, rows, sure)
    for _ in range(rounds):
        confusion = _shares(belief, given.to(belief.dtype))
        prior = (belief.sum(0) + 0.01) / (belief.sum() + 0.01 * classes)
        belief = e_step(votes, prior, confusion).index_copy(0, rows, sure)
    return belief, confusion


def ask_until(signs: Tensor, *, lead: int = 2, most: int = 5) -> tuple[Tensor, Tensor]:
    """Ask one rater after another until one side is ahead by `lead`, or `most` were asked.

    signs (N, R): -1, 0 (can't say) or 1 of raters in the order they are asked; `lead` are asked at
    least. Returns the decisions (N,), 0 for a tie, and how many were asked (N,).
    """
    ahead = signs.cumsum(1)[:, :most]
    enough = ahead.abs() >= lead
    enough[:, -1] = True
    asked = enough.int().argmax(1)
    return ahead.gather(1, asked[:, None])[:, 0].sign(), asked + 1


def shuffled(ratings: Tensor, *, seed: int = 0) -> Tensor:
    """Ratings (N, R), each row in an order of its own."""
    order = torch.rand(ratings.shape, generator=torch.Generator().manual_seed(seed)).argsort(1)
    return ratings.gather(1, order)


def _one_hot(votes: Tensor, classes: int) -> Tensor:
    """(N, W) -> float32 (N, W, K), all 0 where nobody was asked."""
    if ((votes < NOT_ASKED) | (votes >= classes)).any():
        raise ValueError(f"votes go from -1 (not asked) to {classes - 1} with {classes} classes")
    return (votes[..., None] == torch.arange(classes)).float()


def _shares(belief: Tensor, given: Tensor, smooth: float = 0.01) -> Tensor:
    """`confusions`, from the votes as 0s and 1s (N, W, K)."""
    counted = (belief.T @ given.flatten(1)).unflatten(1, given.shape[1:])  # (K, W, K)
    counted = counted.transpose(0, 1) + smooth
    return counted / counted.sum(2, keepdim=True)


def _drawn(shares: Tensor, draws: torch.Generator) -> Tensor:
    return torch.multinomial(shares, 1, generator=draws)[:, 0]
