"""Lab 13: for each exercise the right answer, and the wrong ones that usual mistakes give."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from labkit import overfit

SINGULAR = (
    "a matrix was to be inverted that has no inverse. The normal equations, features.T @ features, "
    "only do where there are fewer features than images, and none is 0. torch.linalg.pinv and "
    "torch.linalg.lstsq do always."
)


def of_order(labels: Tensor, first: Tensor, again: Tensor, other: Tensor) -> str:
    """What is wrong with a shuffle, drawn twice by one seed and once by another; or ""."""
    count = len(labels)
    if first.min() < 0 or first.max() > 9:
        return "these aren't digits. Is it the order itself? Use it as an index: labels[order]."
    if torch.equal(first, labels):
        return "they are as they were."
    if not torch.equal(first.bincount(minlength=10), labels.bincount(minlength=10)):
        return (
            "the classes don't have as many digits as before: labels were drawn anew, or some were "
            "taken twice. Put the given ones into another order."
        )
    if not torch.equal(first, again):
        return "the same seed gives another order each time. Hand it to a torch.Generator."
    if torch.equal(first, other):
        return "another seed gives the same order. Is `seed` used?"
    if _renamed(labels, first):
        return (
            "all digits of a kind got the same new label, so there's as much to learn as before. "
            "Shuffle the labels, not their names."
        )
    expected = float((labels.bincount(minlength=10) / count).square().sum())
    same = float((first == labels).double().mean())
    if abs(same - expected) > 5 * (expected * (1 - expected) / count) ** 0.5:
        return (
            f"{same:.0%} of the digits have their old label, by chance it would be "
            f"{expected:.0%}. Each must be able to go anywhere: torch.randperm(len(labels))."
        )
    return ""


def _renamed(labels: Tensor, drawn: Tensor) -> bool:
    """Whether each old label has one new label only."""
    return all(len(drawn[labels == k].unique()) == 1 for k in labels.unique().tolist())


def relu_features(pixels: Tensor, at: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The right features (B, N), and wrong ones."""
    product, count = pixels @ at, at.shape[1]
    positive, root = product.clamp_min(0), count**0.5
    right = overfit.relu_features(pixels, at)
    return right, {
        "the negative ones are still there: a ReLU makes them 0.": product / root,
        "the division by the root of N is missing.": positive,
        "neither ReLU nor the division by the root of N is there.": product,
        "they are divided by N: by its root.": positive / count,
        "they are divided by the root of the number of pixels: N is the number of features.": (
            positive / len(at) ** 0.5
        ),
        "they are divided by the root of the number of images: N is the number of features.": (
            positive / len(pixels) ** 0.5
        ),
        "they are multiplied by the root of N: divide.": positive * root,
        "the sign was dropped, abs(): negative products become 0.": product.abs() / root,
        "the positive ones became 0: keep those.": product.clamp_max(0) / root,
        "the ReLU gave the sign only, 0 or 1: keep the size.": (product > 0).double() / root,
        "the ReLU came before the product, on the directions: multiply first.": (
            pixels @ at.clamp_min(0) / root
        ),
        "that's a sigmoid: a ReLU is max(0, x).": product.sigmoid() / root,
        "that's a leaky ReLU: negative products become 0.": (
            torch.where(product > 0, product, 0.01 * product) / root
        ),
        "images and features are swapped: (B, N), a row an image.": right.T,
        "each row was scaled to length 1: divide by the root of N.": (
            positive / positive.norm(dim=1, keepdim=True).clamp_min(1e-12)
        ),
        "they are clipped at 1: a ReLU has no upper end.": product.clamp(0, 1) / root,
        "they were squared.": positive**2 / root,
        "they were added up: each direction gives a feature of its own.": right.sum(1),
        "they are averaged over the images: each image has its own.": right.mean(0),
    }


def min_norm(features: Tensor, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The right weights (N, K), and wrong ones."""
    n, count = features.shape
    right = overfit.min_norm(features, targets)
    basic = torch.zeros_like(right)
    first = features[:, : min(n, count)]
    basic[: first.shape[1]] = torch.linalg.pinv(first) @ targets
    centred = targets - targets.mean(0)
    wrong = {
        "these are the predictions: give the weights back.": features @ right,
        "they lie on their side: (N, K), a row a feature.": right.T,
        "the sign is wrong.": -right,
        "they are divided by the number of images. Least squares needs no mean.": right / n,
        "the inverse is missing: that's features.T @ targets only.": features.T @ targets,
        "the features were transposed in place of being inverted twice.": (
            features.T @ (features @ (features.T @ targets))
        ),
        "the targets were centred first. Leave them as they are.": (
            torch.linalg.pinv(features) @ centred
        ),
        "only as many features as images are used, all others get 0. That fits, but isn't the "
        "smallest.": basic,
        "all outputs got the weights of the first.": right[:, :1].expand_as(right),
        "only the first output is there.": right[:, :1],
        "the weights were added up over the outputs.": right.sum(1),
        "they were scaled to length 1.": right / right.norm().clamp_min(1e-12),
    }
    for ridge in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0):
        message = f"there's a ridge of {ridge:g} in it. Leave it out here."
        wrong[message] = overfit.ridge_fit(features, targets, ridge)
    return right, wrong


def of_fit(features: Tensor, targets: Tensor, value: Tensor, right: Tensor) -> str:
    """What is wrong with weights (N, K) of the right shape that aren't the right ones."""
    far, best = ((features @ w - targets).norm() for w in (value, right))
    if far > 1.001 * best + 1e-4 and features.shape[1] > len(features):
        return (
            "they don't fit, and with more features than images a perfect fit exists. Were it the "
            "normal equations? " + SINGULAR[0].upper() + SINGULAR[1:]
        )
    if far > 1.001 * best + 1e-4:
        return (
            f"they don't fit: the predictions are {float(far):.3g} away from the targets, with the "
            f"best weights {float(best):.3g}."
        )
    if value.norm() > 1.001 * right.norm() + 1e-5:
        return (
            f"they fit, but they aren't the smallest: their length is {float(value.norm()):.3g}, "
            f"and {float(right.norm()):.3g} would do. torch.linalg.pinv gives those, the "
            "normal equations just any."
        )
    return "they nearly fit. Compute in double precision, as the features come."


def condition(features: Tensor) -> tuple[float, dict[str, Tensor]]:
    """The right number, and wrong ones."""
    s = torch.linalg.svdvals(features)
    right, sizes = s[0] / s[-1], features.norm(dim=0)
    entries = features.abs()
    wrong = {
        "it's squared: those are the eigenvalues of features.T @ features. Take singular values, "
        "or the root.": right**2,
        "it's upside down: the largest over the smallest.": 1 / right,
        "that's the largest singular value: divide by the smallest.": s[0],
        "that's the smallest singular value: divide the largest by it.": s[-1],
        "that's the logarithm.": right.log10(),
        "that's the natural logarithm.": right.log(),
        "that's the root of it.": right.sqrt(),
        "that's a difference: divide.": s[0] - s[-1],
        "it has the mean singular value in it: take the smallest.": s[0] / s.mean(),
        "it has the sum of all singular values in it: take the largest.": s.sum() / s[-1],
        "it has the norm of the whole matrix in it: take the largest singular value.": (
            s.norm() / s[-1]
        ),
        "it's the norms of the matrix and of its inverse, multiplied: take singular values.": (
            s.norm() * (1 / s).norm()
        ),
        "it compares lengths of columns: take singular values.": sizes.max() / sizes.min(),
        "it compares the entries of the matrix: take singular values.": (
            entries.max() / entries.min()
        ),
        "these are all singular values: give the first over the last.": s,
        "the second smallest was taken.": s[0] / s[-2],
        "it's the first over the second: the first over the last.": s[0] / s[1],
    }
    return float(right), {message: value for message, value in wrong.items()}


EPOCHS: tuple[tuple[float, ...], ...] = (
    (0.5, 0.001, 0.3, 0.2, 0.1, 0.04, 0.0, 0.004, 0.0, 0.0, 0.02),
    (0.4, 0.3, 0.0004, 0.2, 0.0, 0.02),
    (0.3, 0.1, 0.0, 0.0, 0.0),
    (0.0, 0.0),
    (0.6, 0.3, 0.05),
    (0.002,),
)


def first_zero(errors: Sequence[float]) -> int | None:
    """The right answer."""
    return overfit.zero_epoch(errors)


def zero_epoch(errors: Sequence[float]) -> dict[str, float]:
    """Wrong answers where there is an epoch with error 0."""
    zeros = [number for number, error in enumerate(errors, 1) if error == 0]
    if not zeros:
        return {}
    stays = max([n for n, error in enumerate(errors, 1) if error], default=0) + 1
    found = {
        "epochs count from 1: add 1 to the index.": zeros[0] - 1,
        "that's one epoch too late.": zeros[0] + 1,
        "that's the last epoch with error 0: the first.": zeros[-1],
        "that's how many epochs have error 0: the first one's number.": len(zeros),
        "that's the epoch after which the error never rises again: the first with error 0.": stays,
        "that's the number of all epochs.": len(errors),
        "that's the error there: the number of the epoch.": 0.0,
        "that's counted from the end.": zeros[0] - 1 - len(errors),
    }
    for limit in (0.005, 0.05, 0.5):
        early = next(n for n, error in enumerate(errors, 1) if error <= limit)
        found[f"an error of {errors[early - 1]:g} isn't 0 yet."] = early
    return found
