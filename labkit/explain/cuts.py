"""LIME over several coarse cuts, for more truth from each image that goes through the network.

One cut into 50 superpixels, most of them shown, agrees best from run to run; but hiding so little
changes the answer little. Here the image is cut coarsely, less coarsely and finely, half of each
hidden at once, in complementary pairs; the weights of each cut, in standard deviations, are
averaged over the cuts, whose borders differ. `benchmarks/explain_true.py` asks how much of a
planted reason that finds, for each image paid; the default cuts were chosen on other scenes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from labkit.explain.heat import told
from labkit.explain.lime import FLAT, fit_weights
from labkit.explain.superpixels import hidden_by, superpixels, switched
from labkit.explain.targets import (
    Target,
    answers,
    check_counts,
    check_images,
    steps,
    target_part,
)


def lime_cuts(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    samples: int = 256,
    counts: Sequence[int] = (10, 25, 40),
    fill: str | float = "mean",
    ridge: float = 1.0,
    seed: int = 0,
    batch_size: int = 8,
    progress: bool = False,
) -> Tensor:
    """LIME's weights averaged over several cuts: heat (B, H, W) in standard deviations of a cut.

    Each image goes through the network at most `samples` times, shared out among the cuts into
    about `counts` superpixels. Cuts with more superpixels than their share of samples are left
    out, the finest first. Other options as in `lime_explain`. Raises ValueError for fewer samples
    than superpixels in the coarsest cut.

    >>> heat = lime_cuts(model, images, 281, samples=64)
    """
    check_images(images, model)
    check_counts(samples=samples, batch_size=batch_size)
    counts = affordable(counts, samples)
    images = images.detach().contiguous(memory_format=torch.channels_last)
    cuts = [superpixels(images, count=count) for count in counts]
    heats = []
    for i, image in enumerate(steps(images, "cuts", progress)):
        wanted = [target_part(target, i, 1, len(images))]
        heat = torch.zeros_like(image[0])
        for number, cut in enumerate(cuts):
            labels, drawn = cut[i], seed + 10_000 * i + 1_000 * number
            cover = hidden_by(images[i : i + 1], cut[i : i + 1], fill)[0]
            on = complementary(samples // len(cuts), int(labels.max()) + 1, seed=drawn)
            shown = (
                switched(image, cover, labels, some)
                for some in on.to(image.device).split(batch_size)
            )
            weights = fit_weights(on, answers(model, shown, wanted)[:, 0], ridge=ridge)[0]
            heat += _standardized(weights.to(heat)[labels]) / len(cuts)
        heats.append(heat)
    return told(torch.stack(heats), FLAT)


def affordable(counts: Sequence[int], samples: int) -> list[int]:
    """The cuts that leave each more samples than it has superpixels, the finest left out first.

    >>> affordable((10, 25, 40), 64)
    [10, 25]
    """
    kept = sorted(counts)
    while kept and samples // len(kept) <= kept[-1]:
        kept.pop()
    if not kept:
        raise ValueError(f"{samples} samples for cuts into {list(counts)} superpixels: take more")
    return kept


def complementary(samples: int, count: int, *, seed: int = 0) -> Tensor:
    """Which of `count` superpixels each sample shows: bool (N, K); the second half is the rest.

    Half of them, on average, and each as often as not: what hiding one costs beside what the
    others cost is known better from pairs (antithetic sampling). An odd last sample is left out.

    >>> complementary(64, 5).float().mean(0)
    tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000])
    """
    check_counts(samples=samples, count=count)
    generator = torch.Generator().manual_seed(seed)
    on = torch.rand(samples // 2, count, generator=generator) < 0.5
    return torch.cat([on, ~on])


def _standardized(heat: Tensor) -> Tensor:
    """Heat (H, W) with mean 0 and standard deviation 1; all 0 where it is the same everywhere."""
    spread = heat.std(unbiased=False)
    return (heat - heat.mean()) / spread.clamp_min(torch.finfo(heat.dtype).eps)
