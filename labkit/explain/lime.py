"""LIME: hide random sets of superpixels, and fit a weight for each to the answers.

LIME (Ribeiro et al. 2016) in four steps, each a function: `on_off` draws which superpixels are
shown, `labkit.explain.superpixels` paints the images, the network answers, `fit_weights` solves a
ridge regression. Unlike the `lime` package it keeps most superpixels (0.8), explains the logit and
weighs all samples alike: two runs with other seeds agree far better that way. Hidden ones take the
image's mean colour: of a superpixel of even colour, its own mean would hide nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit.explain.heat import told
from labkit.explain.stability import spearman
from labkit.explain.superpixels import hidden_by, superpixels, switched, whole_numbers
from labkit.explain.targets import (
    Target,
    answers,
    check_counts,
    check_images,
    steps,
    target_part,
)

FLAT = (
    "the answer is the same whichever superpixels are hidden, or there is only one superpixel "
    "(superpixels(images, count=...) cuts more)"
)


class LimeResult(NamedTuple):
    """What LIME found for B images of up to K superpixels each."""

    heat: Tensor  # (B, H, W): the weight of each pixel's superpixel, in units of the target
    segments: Tensor  # (B, H, W): the number of each pixel's superpixel
    weights: Tensor  # (B, K): 0 where an image has fewer than K superpixels
    intercept: Tensor  # (B,): the fitted answer with everything hidden
    r2: Tensor  # (B,): share of the answers' variance that the weights explain; 1 is all
    forwards: int  # images that went through the network

    def strongest(self, count: int = 3) -> Tensor:
        """The pixels of the `count` superpixels with the largest weights: bool (B, H, W).

        >>> lime_explain(model, images, 281, samples=64).strongest(3).dtype
        torch.bool
        """
        check_counts(count=count)
        total = self.segments.flatten(1).amax(1) + 1  # superpixels of each image
        missing = torch.arange(self.weights.shape[1], device=total.device) >= total[:, None]
        ranked = self.weights.masked_fill(missing, -torch.inf).argsort(1, descending=True)
        best = torch.zeros_like(missing).scatter(1, ranked[:, :count], True) & ~missing
        return best.gather(1, self.segments.flatten(1)).view_as(self.segments)

    def agreement(self, other: LimeResult) -> Tensor:
        """Spearman's rank correlation with the weights of another run, image by image: (B,).

        With two seeds it tells how repeatable the weights are; ValueError for other superpixels.

        >>> runs = [lime_explain(model, images, 281, samples=64, seed=seed) for seed in (0, 1)]
        >>> runs[0].agreement(runs[1]).shape
        torch.Size([2])
        """
        if not torch.equal(self.segments, other.segments):
            raise ValueError("the two runs must be of the same images, cut into the same segments")
        counts = (self.segments.flatten(1).amax(1) + 1).tolist()
        pairs = zip(self.weights, other.weights, counts, strict=True)
        return torch.cat([spearman(one[None, :n], two[None, :n]) for one, two, n in pairs])


def lime(model: nn.Module, images: Tensor, target: Target, *, seed: int = 0, **options) -> Tensor:
    """The weight of each pixel's superpixel as heat (B, H, W), in units of the target.

    LIME (Ribeiro et al. 2016). Below 0 the superpixel speaks against the target. The options are
    those of `lime_explain`, which also tells weights, fit and cost.

    >>> heat = lime(model, images, 281, samples=64)
    """
    return lime_explain(model, images, target, seed=seed, **options).heat


def lime_explain(model: nn.Module, images: Tensor, target: Target, **options) -> LimeResult:
    """Superpixels, their weights for the target, and how well the weights fit: see `LimeResult`.

    Each image goes through the network `samples=512` times, each time with a share of about
    `keep=0.8` of its superpixels. `segments` (B, H, W) are `superpixels(images)` unless given;
    hidden ones show the image's mean colour (`fill="mean"`), their own ("segment"), a blur ("blur")
    or a brightness from 0 to 1. With `kernel_width` samples count by `closeness`; the `lime`
    package takes 0.25. `ridge=1.0` pulls weights to 0. Image i of the batch draws with `seed` +
    10000 i. `progress=True` shows a bar. Raises ValueError for fewer samples than superpixels, or
    segments that do not fit.

    >>> found = lime_explain(model, images, 281, samples=64)
    >>> found.forwards, found.r2.shape
    (128, torch.Size([2]))
    """
    return lime_several(model, images, [target], **options)[0]


def lime_several(
    model: nn.Module,
    images: Tensor,
    targets: Sequence[Target],
    *,
    segments: Tensor | None = None,
    samples: int = 512,
    keep: float = 0.8,
    fill: str | float = "mean",
    kernel_width: float | None = None,
    ridge: float = 1.0,
    seed: int = 0,
    batch_size: int = 8,
    progress: bool = False,
) -> list[LimeResult]:
    """As `lime_explain`, for each of several targets, at the cost of one.

    All targets are read from the same forward passes: several classes, say, or the answers of
    several classifiers on the same features. One `LimeResult` for each target.

    >>> cat, dog = lime_several(model, images, [281, 207], samples=64)
    """
    check_images(images, model)
    check_counts(samples=samples, batch_size=batch_size, targets=len(targets))
    segments = superpixels(images) if segments is None else whole_numbers(segments, images)
    images = images.detach().contiguous(memory_format=torch.channels_last)
    covers = hidden_by(images, segments, fill).contiguous(memory_format=torch.channels_last)
    fits = []
    for i, labels in enumerate(steps(segments, "LIME", progress)):
        on = on_off(samples, int(labels.max()) + 1, keep=keep, seed=seed + 10_000 * i)
        shown = _batches(images[i], covers[i], labels, on.to(labels.device), batch_size)
        wanted = [target_part(target, i, 1, len(images)) for target in targets]
        importance = None if kernel_width is None else closeness(on, kernel_width)
        values = answers(model, shown, wanted)  # (N, T)
        fits.append([fit_weights(on, v, importance=importance, ridge=ridge) for v in values.T])
    forwards = samples * len(images)
    found = [_result(list(each), segments, forwards, images) for each in zip(*fits, strict=True)]
    told(torch.cat([one.heat for one in found]), FLAT)
    return found


def on_off(samples: int, count: int, *, keep: float = 0.8, seed: int = 0) -> Tensor:
    """Which of `count` superpixels each sample shows, each with probability `keep`: bool (N, K).

    >>> on_off(512, 50).float().mean()
    tensor(0.8...)
    """
    if samples <= count:
        raise ValueError(f"{samples} samples for {count} superpixels: take more samples than that")
    if not 0 < keep < 1:
        raise ValueError(f"keep must be between 0 and 1, the share that is shown, not {keep}")
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(samples, count, generator=generator) < keep


def closeness(on: Tensor, width: float) -> Tensor:
    """How much each sample counts, (N,), from 0 to 1: more, the more superpixels are on.

    The kernel of the `lime` package: sqrt(exp(-(d / width)^2)), d the cosine distance between the
    row of `on` (N, K) and all on, which is 1 - sqrt(share that is on).

    >>> closeness(torch.tensor([[True, True], [True, False]]), 0.25)
    tensor([1.0000, 0.5034])
    """
    if not width > 0:
        raise ValueError(f"the kernel's width must be more than 0, not {width}")
    distance = 1 - on.float().mean(1).sqrt()
    return torch.exp(-((distance / width) ** 2) / 2)


def fit_weights(
    on: Tensor, values: Tensor, *, importance: Tensor | None = None, ridge: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights (K,), intercept and R^2 of the ridge regression of `values` (N,) on `on` (N, K).

    Minimises sum importance (values - intercept - on @ weights)^2 + ridge |weights|^2, in double
    precision; R^2 is weighted alike.

    >>> on = on_off(64, 5)
    >>> fit_weights(on, 2.0 * on[:, 3] + 1, ridge=0)[0].abs().argmax()
    tensor(3)
    """
    if ridge < 0:
        raise ValueError(f"ridge must be 0 or more, not {ridge}")
    on, values = on.cpu().double(), values.cpu().double()
    share = torch.ones_like(values) if importance is None else importance.cpu().double()
    mean_on, mean = share @ on / share.sum(), share @ values / share.sum()
    # equal answers have no weights: what rounding leaves of them would look like some
    same = values.amax() == values.amin()
    on, values = on - mean_on, torch.zeros_like(values) if same else values - mean
    system = on.T @ (share[:, None] * on) + ridge * torch.eye(on.shape[1])
    # a superpixel that was never hidden makes the system singular; it then gets no weight
    weights = torch.linalg.pinv(system, hermitian=True) @ (on.T @ (share * values))
    unexplained = share @ (values - on @ weights) ** 2
    return weights, mean - mean_on @ weights, _r2(unexplained, share @ values**2)


def _r2(unexplained: Tensor, total: Tensor) -> Tensor:
    """1 - unexplained / total; 1 if there is nothing to explain."""
    return 1 - unexplained / total if total > 0 else torch.ones_like(total)


def _batches(
    image: Tensor, cover: Tensor, labels: Tensor, on: Tensor, batch_size: int
) -> Iterator[Tensor]:
    for some in on.split(batch_size):
        yield switched(image, cover, labels, some)


def _result(fits: list, segments: Tensor, forwards: int, images: Tensor) -> LimeResult:
    """All images' fits as tensors, of the dtype and on the device of the images."""
    weights, intercept, r2 = zip(*fits, strict=True)
    weights = nn.utils.rnn.pad_sequence(list(weights), batch_first=True)  # (B, K)
    weights, intercept, r2 = (
        numbers.to(images) for numbers in (weights, torch.stack(intercept), torch.stack(r2))
    )
    heat = weights.gather(1, segments.flatten(1)).view(segments.shape)
    return LimeResult(heat, segments, weights, intercept, r2, forwards)
