"""Lab 15: for each exercise the right answer, and the wrong ones that usual mistakes give.

`labkit.checks.lab15` compares; the reservoir, a matter of chance, is in `lab15_reservoir`.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn

from labkit import lifelong
from labkit.checks.core import CheckFailed, as_tensor
from labkit.checks.draws import near

Wrong = dict[str, Tensor]


# --- what was forgotten


def matrix(seed: int, count: int) -> Tensor:
    """Accuracies (T, T): some tasks best later, or by luck before, one best at the very end."""
    accuracy = torch.rand(count, count, generator=torch.Generator().manual_seed(1500 + seed))
    accuracy[0, 1:] = accuracy[0, 1:] / 10 + 0.9  # luck, before they were learned
    if count > 2:
        accuracy[-1, 1] = 0.99 * accuracy[0, 1]
    return accuracy


def forgetting(accuracy: Tensor) -> tuple[Tensor, Wrong]:
    """The right losses (T - 1,), and wrong ones."""
    a, right = accuracy.double(), lifelong.forgetting(accuracy.double())
    old, last, learned = a[:, :-1], a[-1, :-1], a.diagonal()[:-1]
    best = right + last
    means = torch.stack([a[j:-1, j].mean() for j in range(len(a) - 1)])
    along = torch.stack([a[j, j:-1].max() for j in range(len(a) - 1)])
    turned = lifelong.forgetting(a.T)
    return right, {
        "luck counts: the best of a task is looked for among all rows, also before it was "
        "learned. Begin at row j.": old[:-1].amax(0) - last,
        "luck counts, and the last row, too: the best of task j is that of rows j to T - 2.": (
            old.amax(0) - last
        ),
        "a task that got better counts 0 here. Stop before the last row when you look for the "
        "best, and leave a gain negative.": right.clamp_min(0),
        "this compares with the accuracy right after a task was learned. It may have become "
        "better since: take the best.": learned - last,
        "the sign is turned round: what is lost counts positive.": -right,
        "a gain counts as a loss here: leave out .abs().": right.abs(),
        "rows and columns are swapped: accuracy[i, j] is on task j after learning task i.": turned,
        "rows and columns are swapped, and the sign.": -turned,
        "this is the mean over the tasks. Return one number for each.": right.mean(),
        "the last task is there, too. It was just learned, so leave it out.": torch.cat(
            [right, torch.zeros(1).double()]
        ),
        "the last task is there, too, with what luck gave it. Leave it out.": (
            a[:-1].amax(0) - a[-1]
        ),
        "this is the mean since it was learned minus what is left. Take the best.": means - last,
        "the slice goes along a row: accuracy[j:-1, j] goes down a column.": along - last,
        "this is the share of the best that was lost. Don't divide.": right / best,
        "this is what the last task alone cost: start from the best, not from the row before.": (
            a[-2, :-1] - last
        ),
        "this is the best; what is left at the end must be subtracted.": best,
        "this is what is left at the end. Subtract it from the best.": last,
        "these are percent. Leave it between -1 and 1.": 100 * right,
        "this is the best row's, not the best column's: amax(0) goes over the rows.": (
            a[:-1].amax(1) - last
        ),
    }


# --- which weights matter


class Toy(nn.Sequential):
    """Images (B, 1, 2, 2) -> logits (B, 4), whose probabilities are far from even."""

    def __init__(self, generator: torch.Generator):
        super().__init__(nn.Flatten(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 4))
        with torch.no_grad():
            for weight in self.parameters():
                weight.copy_(torch.randn(weight.shape, generator=generator) / 2)
            self[3].bias += torch.tensor([1.2, 0.3, -0.6, 0.1])


def toy(seed: int, count: int) -> tuple[nn.Module, Tensor]:
    """A network and images (N, 1, 2, 2)."""
    generator = torch.Generator().manual_seed(1510 + seed)
    return Toy(generator), torch.randn(count, 1, 2, 2, generator=generator)


def slopes_of(net: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """The slopes of log p (N, K, P) and probabilities (N, K), of labels that may be drawn."""
    with torch.enable_grad():
        scores = net(images).log_softmax(1)
        open_ = scores[0].isfinite()
        rows = [_row(score, net) for score in scores[:, open_].flatten()]
    count = int(open_.sum())
    slopes = torch.stack(rows).view(len(images), count, -1).double()
    return slopes, scores[:, open_].detach().exp().double()


def of_logits(net: nn.Module, images: Tensor) -> Wrong:
    """What one gets without the softmax, and with two."""
    with torch.enable_grad():
        logits = net(images)
        finite = logits[0].isfinite()
        rows = torch.stack([_row(x, net) for x in logits[:, finite].flatten()])
        again = logits.softmax(1).log_softmax(1)
        twice = torch.stack([_row(x, net) for x in again[:, finite].flatten()])
    every, found = torch.arange(len(images)), {}
    for message, slopes in (
        (
            "this is the slope of a logit. Take that of log p, the cross-entropy with the drawn "
            "label.",
            rows,
        ),
        (
            "there is a softmax too many: F.cross_entropy takes the logits themselves.",
            twice,
        ),
    ):
        slopes = slopes.view(len(images), int(finite.sum()), -1).double()
        picks = labellings(slopes[..., 0])
        found |= {message + " " * i: slopes[every, p].square().mean(0) for i, p in enumerate(picks)}
    return found


def labellings(chances: Tensor) -> list[Tensor]:
    """All ways to label the images, (N,) each, from (N, K)."""
    count, kinds = chances.shape
    return [torch.tensor(one) for one in product(range(kinds), repeat=count)]


def fisher(slopes: Tensor, chances: Tensor, labels: Tensor) -> tuple[Tensor, Wrong]:
    """What these labels give, right and wrong; slopes (N, K, P) of log p."""
    rows = torch.arange(len(labels))
    own, p = slopes[rows, labels], chances[rows, labels][:, None]
    right, count = own.square().mean(0), len(labels)
    return right, {
        "the slope of the batch was squared, the mean over images. Squares come first, image by "
        "image, or slopes of opposite sign cancel.": own.mean(0).square(),
        "the slope of the batch was squared, the sum over images. Squares come first, image by "
        "image, or slopes of opposite sign cancel.": own.sum(0).square(),
        "the slope of the batch was squared and divided by the number of images. Squares come "
        "first, image by image.": own.sum(0).square() / count,
        "the slopes of earlier images are still there when the next is squared: .grad adds up. "
        "Set it to None each time, or use torch.autograd.grad.": (own.cumsum(0).square().mean(0)),
        "this is the sum over the images. Divide by their number.": right * count,
        "it was divided by the number of images twice.": right / count,
        "nothing was squared.": own.mean(0),
        "nothing was squared, and the sign is that of the loss.": -own.mean(0),
        "this is the mean size of the slopes. Square them.": own.abs().mean(0),
        "this is the root of the mean square. Leave the root out.": right.sqrt(),
        "this is the slope of p, not of log p.": (p * own).square().mean(0),
        "this is the squared loss's slope, not the slope's square.": (2 * p.log() * own).mean(0),
        "only the first image counts.": own[0].square(),
        "only the last image counts.": own[-1].square(),
        "only the last image counts, divided by the number of all.": own[-1].square() / count,
        "all labels count the same. The net draws the label, by its own probabilities.": (
            slopes.square().sum(1).mean(0)
        ),
        "all labels count the same: this is the plain mean over them. The net draws the label.": (
            slopes.square().mean((0, 1))
        ),
        "this is the slope of the mean of log p over labels, squared: draw a label first.": (
            (chances[..., None] * slopes).sum(1).square().mean(0)
        ),
        "this is one number. Return one for each weight, (P,).": right.mean(),
        "this is one number, the sum. Return one for each weight, (P,).": right.sum(),
        "each image has a row. Take the mean over images.": own.square(),
    }


def refuse_parts(got) -> None:
    """CheckFailed for slopes that are not in one row."""
    parts = isinstance(got, list | tuple) and len(got) > 1
    if parts and len({getattr(part, "shape", ()) for part in got}) > 1:
        raise CheckFailed(
            f"fisher gives {len(got)} pieces, one for each part of the net. Put them into one row: "
            "torch.cat([piece.flatten() for piece in pieces])."
        )


def shares(got, slopes: Tensor) -> Tensor:
    """How often each label was drawn (K,), where all images are the same; slopes (K, P)."""
    value = as_tensor(got, what="The importance of the weights")
    squares = slopes.square().T  # (P, K)
    if value.shape != squares.shape[:1] or not value.isfinite().all():
        raise CheckFailed("With 40 images that are all the same fisher gives something else.")
    found = torch.linalg.lstsq(squares, value[:, None]).solution[:, 0]
    if not torch.allclose(squares @ found, value, rtol=1e-3, atol=1e-5):
        raise CheckFailed(
            "With 40 images that are all the same the result is no mean of squared slopes: is each "
            "image's slope squared by itself?"
        )
    return found


def refuse_other_labels(shares: Tensor, chances: Tensor, copies: int) -> None:
    """CheckFailed unless labels (T, K shares of `copies` draws) come by these chances (K,)."""
    if torch.allclose(shares, chances.expand_as(shares), atol=2e-3):
        return  # the mean over all labels, which needs no draws
    if ((shares - shares.round()).abs() < 1e-3).all():
        kind = int(shares[0].argmax())
        if kind == int(chances.argmax()) and (shares.argmax(1) == kind).all():
            raise CheckFailed(
                "The label is always the most probable one. Draw it: torch.multinomial(p, 1)."
            )
        raise CheckFailed(
            f"All {copies} images of a call get the same label. Draw one for each image."
        )
    found, draws = shares.mean(0), copies * len(shares)
    if all(near(float(f), float(p), draws) for f, p in zip(found, chances, strict=True)):
        return
    told = ", ".join(f"{f:.0%} in place of {p:.0%}" for f, p in zip(found, chances, strict=True))
    even = all(near(float(f), 1 / len(chances), draws) for f in found)
    why = "All labels are drawn alike" if even else "Labels aren't drawn by the net's probabilities"
    raise CheckFailed(f"{why} ({told}). Use torch.multinomial(logits.softmax(1), 1).")


def _row(score: Tensor, net: nn.Module) -> Tensor:
    slopes = torch.autograd.grad(score, list(net.parameters()), retain_graph=True)
    return torch.cat([slope.flatten() for slope in slopes])


# --- what moving them costs


def anchors(seed: int, size: int, count: int) -> tuple[Tensor, list, float]:
    """Weights (P,), `count` pairs of old ones and importances, and a strength."""
    generator = torch.Generator().manual_seed(1540 + seed)
    several = [torch.randn(size, generator=generator) for _ in range(count + 1)]
    matter = [torch.rand(size, generator=generator) * 2 for _ in range(count)]
    return several[0], list(zip(several[1:], matter, strict=True)), 3.7 + seed / 2


def ewc_penalty(weights: Tensor, anchors: list, strength: float) -> tuple[Tensor, Wrong]:
    """The right cost, and wrong ones."""
    pairs = [(old.double(), importance.double()) for old, importance in anchors]
    old, matter = (torch.stack(part) for part in zip(*pairs, strict=True))
    gap = weights.double() - old
    parts, half = matter * gap.square(), strength / 2
    each, sums = parts.sum(1), weights.double() + old
    right = half * each.sum()
    return right, {
        "the half is missing: strength / 2.": 2 * right,
        "the half is squared, or there twice.": right / 2,
        "the strength is missing.": each.sum() / 2,
        "strength and half are missing.": each.sum(),
        "the importance is missing, so every weight is held alike. That's plain L2.": (
            half * gap.square().sum()
        ),
        "the distance isn't squared, so moving down is a gain.": half * (matter * gap).sum(),
        "this takes the size of the distance. Square it.": half * (matter * gap.abs()).sum(),
        "the importance is squared, too: square the distance alone.": (
            half * (matter * gap).square().sum()
        ),
        "the importance is under a root, or squared after it: it's a square already.": (
            half * (matter.sqrt() * gap.square()).sum()
        ),
        "only the last of the earlier tasks counts: add up all.": half * each[-1],
        "only the first of the earlier tasks counts: add up all.": half * each[0],
        "this is the mean over the earlier tasks. Add them up.": right / len(each),
        "this is the mean over the weights. Add them up.": half * parts.mean(1).sum(),
        "this is the mean over everything. Add it up.": half * parts.mean(),
        "there is one number for each weight. Add them up.": half * parts.sum(0),
        "there is one number for each task. Add them up.": half * each,
        "the sum is squared. Square first, then add.": half * (matter * gap).sum(1).square().sum(),
        "this is the root of the sum. Leave the root out.": half * each.sqrt().sum(),
        "the sign is turned round: leaving must cost.": -right,
        "old weights and importance are swapped: anchors are pairs (old, importance).": (
            half * (old * (weights.double() - matter).square()).sum()
        ),
        "the weights are pulled to 0. Subtract the old ones.": (
            half * (matter * weights.double().square()).sum()
        ),
        "old and new are added. Subtract.": half * (matter * sums.square()).sum(),
        "the earlier tasks' importances are mixed up: each belongs to its own old weights.": (
            half * (matter.flip(0) * gap.square()).sum()
        ),
        "the importance divides. Multiply.": half * (gap.square() / matter).sum(),
    }
