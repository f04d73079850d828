"""Lab 07: for each formula the right answer, and the wrong ones that usual mistakes give.

Each function returns (right answer, {message: wrong answer}); `labkit.checks.lab07` compares. Those
of the two steps are in `labkit.checks.lab07_steps`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

AXIS = (
    "the mean is over the wrong axis: it leaves axis {} over. A cop may give several scores an "
    "image; take one mean over all of them, .mean() without an axis."
)

PER_IMAGE = (
    "the sum is divided by the number of images. A cop may give several scores an image: divide by "
    "the number of scores, or take .mean()."
)

OTHER_MAX = {  # what PyTorch says -> what it means here
    "max() received an invalid": "torch.max takes two tensors, and 0 is a number. max(0, x) of a "
    "tensor is x.clamp_min(0) or x.relu().",
    "torch.return_types.max": "x.max(0) is the largest value along axis 0. max(0, x) of a tensor "
    "is x.clamp_min(0) or x.relu().",
    "call numpy() on Tensor": "NumPy keeps no gradients, so nothing could learn from its result. "
    "Stay with PyTorch: max(0, x) is x.clamp_min(0) or x.relu().",
}


def hinge_cop(real: Tensor, fake: Tensor) -> tuple[Tensor, dict]:
    """The cop's right loss, and wrong ones."""
    a, b = (1 - real).relu(), (1 + fake).relu()
    flipped = (1 + real).relu().mean() + (1 - fake).relu().mean()
    return a.mean() + b.mean(), {
        "the signs are the wrong way round: real scores should be above 1, fake ones below -1, so "
        "it is max(0, 1 - real) and max(0, 1 + fake).": flipped,
        "the sign is wrong for the real scores: max(0, 1 - real).": (
            (1 + real).relu().mean() + b.mean()
        ),
        "the sign is wrong for the fake scores: max(0, 1 + fake).": (
            a.mean() + (1 - fake).relu().mean()
        ),
        "max(0, ...) is missing: a score beyond the margin should cost nothing.": (
            (1 - real).mean() + (1 + fake).mean()
        ),
        "max(0, ...) comes after the mean. Cut each score off first, then take the mean.": (
            (1 - real.mean()).relu() + (1 + fake.mean()).relu()
        ),
        "the margin of 1 is missing: max(0, 1 - real), not max(0, -real).": (
            (-real).relu().mean() + fake.relu().mean()
        ),
        "the margin of 1 is missing for the real scores: max(0, 1 - real), not max(0, -real).": (
            (-real).relu().mean() + b.mean()
        ),
        "the margin of 1 is missing for the fake scores: max(0, 1 + fake), not max(0, fake).": (
            a.mean() + fake.relu().mean()
        ),
        "this is what lies BEYOND the margin, and that should cost nothing. It is max(0, 1 - real) "
        "and max(0, 1 + fake).": (real - 1).relu().mean() + (-1 - fake).relu().mean(),
        "the real scores cost what lies BEYOND the margin. It is max(0, 1 - real).": (
            (real - 1).relu().mean() + b.mean()
        ),
        "the fake scores cost what lies BEYOND the margin. It is max(0, 1 + fake).": (
            a.mean() + (-1 - fake).relu().mean()
        ),
        "this is min(0, ...): the scores beyond the margin count, and the others don't. Cut off "
        "below 0, x.clamp_min(0).": (
            (1 - real).clamp_max(0).mean() + (1 + fake).clamp_max(0).mean()
        ),
        "the costs are cut off above, too. The worse a score is, the more it costs: clamp_min(0), "
        "without an upper end.": a.clamp_max(1).mean() + b.clamp_max(1).mean(),
        "the mean is over those scores alone that cost something. The others count, too, as 0.": (
            a[a > 0].mean() + b[b > 0].mean()
        ),
        "the scores are squeezed into probabilities (sigmoid). The hinge takes them as they are.": (
            (1 - real.sigmoid()).relu().mean() + (1 + fake.sigmoid()).relu().mean()
        ),
        PER_IMAGE: a.sum() / len(a) + b.sum() / len(b),
        "this is the sum over the scores. Take the mean of each kind.": a.sum() + b.sum(),
        AXIS.format(1): (a + b).mean(0),
        AXIS.format(0): (a + b).mean(-1),
        "these are the losses of the single scores. Take the mean of each kind.": a + b,
        "this is one mean over real and fake together. Take the mean of each kind and add them.": (
            (a.mean() + b.mean()) / 2
        ),
        "real and fake share one max(0, ...). Each kind has its own.": (
            (2 - real + fake).relu().mean()
        ),
        "the fakes' part is taken away. Both kinds cost the cop: add the two means.": (
            a.mean() - b.mean()
        ),
        "this is the absolute value: a score beyond the margin should cost nothing. It is "
        "max(0, 1 - real), not abs(1 - real).": (1 - real).abs().mean() + (1 + fake).abs().mean(),
        "this is the logistic loss. The hinge is max(0, 1 - real) and max(0, 1 + fake).": (
            softplus(-real).mean() + softplus(fake).mean()
        ),
        "the fake scores are missing.": a.mean(),
        "the real scores are missing.": b.mean(),
        "the hinge is squared. It is max(0, 1 - real) itself.": (
            a.square().mean() + b.square().mean()
        ),
    }


def hinge_forger(real: Tensor, fake: Tensor) -> tuple[Tensor, dict]:
    """The counterfeiter's right loss, and wrong ones."""
    return -fake.mean(), {
        "this is minus the cop's whole loss. The counterfeiter only wants high scores for its "
        "fakes: minus their mean.": -hinge_cop(real, fake)[0],
        "these are the real scores. The counterfeiter has made the fakes: minus THEIR mean.": (
            -real.mean()
        ),
        "the real scores don't belong here. The counterfeiter can't change them: it is minus the "
        "mean of the fake ones.": real.mean() - fake.mean(),
        "this is the logistic loss. The hinge game uses minus the mean score.": (
            softplus(-fake).mean()
        ),
        PER_IMAGE: -fake.sum() / len(fake),
        "the sign is wrong: the counterfeiter wants HIGH scores, and a loss is made small, so it "
        "is minus the mean.": fake.mean(),
        "this is the sum over the scores. Take the mean.": -fake.sum(),
        AXIS.format(1): -fake.mean(0),
        AXIS.format(0): -fake.mean(-1),
        "these are the losses of the single scores. Take their mean.": -fake,
        "the counterfeiter has no max(0, ...): it wants more however high the score is. It is "
        "minus the mean score.": (1 - fake).relu().mean(),
        "this is the cop's part for the fakes. The counterfeiter wants the opposite: minus the "
        "mean score.": (1 + fake).relu().mean(),
        "this is minus the cop's part for the fakes, flat where the cop is sure. The hinge game "
        "uses minus the mean score.": -(1 + fake).relu().mean(),
        "scores below 0 are cut off, and teach nothing. It is minus the mean of all "
        "scores.": -fake.relu().mean(),
    }


def frechet(mean_a: Tensor, a: Tensor, mean_b: Tensor, b: Tensor) -> tuple[Tensor, dict]:
    """The right distance, and wrong ones."""
    gap = mean_a - mean_b
    means = gap.square().sum()
    values, vectors = torch.linalg.eig(a @ b)
    roots = values.real.clamp_min(0).sqrt()
    matrix = (vectors @ torch.diag(roots).to(vectors) @ torch.linalg.pinv(vectors)).real
    spread = a.trace() + b.trace() - 2 * roots.sum()
    entries = (a + b - 2 * matrix).sum()
    both = a.trace() + b.trace()
    apart = [torch.linalg.eigvalsh(side).clamp_min(0).sqrt() for side in (a, b)]
    each = apart[0].sum() * apart[1].sum()
    lower = torch.linalg.eigvalsh(a @ b).clamp_min(0).sqrt().sum()
    return means + spread, {
        "the distance of the means is not squared: (mean_a - mean_b).square().sum().": (
            gap.norm() + spread
        ),
        "the squares of the means' difference are averaged. Sum them over the features.": (
            gap.square().mean() + spread
        ),
        "the means' differences are added up before squaring. Square each, then sum.": (
            gap.sum().square() + spread
        ),
        "the means' differences are not squared: (mean_a - mean_b).square().sum().": (
            gap.sum() + spread
        ),
        "the means' differences are taken without their signs, but not squared: "
        "(mean_a - mean_b).square().sum().": gap.abs().sum() + spread,
        "the squared difference of the means is missing.": spread,
        "only the means are compared. Add the part of the covariances.": means,
        "the root is taken of each entry of A B. It is the root of the MATRIX: its trace is the "
        "sum of the roots of the eigenvalues of A @ B.": (
            means + both - 2 * (a @ b).sqrt().trace()
        ),
        "A and B are multiplied entry by entry (*). It is the product of matrices, A @ B.": (
            means + both - 2 * (a * b).diagonal().clamp_min(0).sqrt().sum()
        ),
        "A and B are multiplied entry by entry (*). Take the eigenvalues of A @ B.": (
            means + both - 2 * torch.linalg.eigvals(a * b).real.clamp_min(0).sqrt().sum()
        ),
        "the root is missing: sum the ROOTS of the eigenvalues of A @ B.": (
            means + both - 2 * (a @ b).trace()
        ),
        "this is the root of the trace. Take the roots of the eigenvalues first, then sum.": (
            means + both - 2 * (a @ b).trace().sqrt()
        ),
        "the eigenvalues are those of A and of B, each alone. Multiply the matrices first; take "
        "the eigenvalues of A @ B.": means + both - 2 * (apart[0] * apart[1]).sum(),
        "the roots of A's and of B's eigenvalues are summed, each alone, and then multiplied. "
        "Multiply the matrices first; take the eigenvalues of A @ B.": means + both - 2 * each,
        "the traces of A and of B are multiplied. Multiply the matrices; take the eigenvalues of "
        "A @ B.": means + both - 2 * (a.trace() * b.trace()).sqrt(),
        "the roots are averaged. A trace is the SUM of the eigenvalues.": (
            means + both - 2 * roots.mean()
        ),
        "the sum of the roots is taken away from every entry of A + B, so the trace takes it away "
        f"{len(a)} times. First the trace of A + B, then minus 2 * ....": (
            means + both - 2 * len(a) * roots.sum()
        ),
        "eigvalsh is for symmetric matrices, and A @ B isn't one. Take eigvals(A @ B).real.": (
            means + both - 2 * lower
        ),
        "the covariances are subtracted and squared. Their part is the trace of "
        "A + B - 2 (A B)^(1/2).": means + (a - b).square().sum(),
        "A and B are multiplied where they should be added: A.trace() + B.trace() - 2 * ....": (
            means + (a @ b).trace() - 2 * roots.sum()
        ),
        "the trace of B is taken away. Both traces are added.": (
            means + a.trace() - b.trace() - 2 * roots.sum()
        ),
        "the trace of B is missing. Both traces are added.": means + a.trace() - 2 * roots.sum(),
        "the trace of A is missing. Both traces are added.": means + b.trace() - 2 * roots.sum(),
        "the 2 before the root is missing.": means + both - roots.sum(),
        "the part with the root is added. It is taken away: A + B - 2 (A B)^(1/2).": (
            means + both + 2 * roots.sum()
        ),
        "the part with the root is missing: - 2 times the trace of (A B)^(1/2).": means + both,
        "no trace: this is a matrix. Take the sum of its diagonal, .trace().": (
            means + a + b - 2 * matrix
        ),
        "all entries of the matrix are summed. The trace is the sum of the diagonal alone.": (
            means + entries
        ),
        "all entries of A and of B are summed. A trace is the sum of the diagonal alone.": (
            means + a.sum() + b.sum() - 2 * roots.sum()
        ),
        "this is the root of the distance. By custom it stays squared.": (means + spread).sqrt(),
    }
