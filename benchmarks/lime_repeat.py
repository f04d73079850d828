"""How much must be paid until two independent explanations agree: labkit, lime, captum.

Agreement is Spearman's rank correlation of two runs' superpixel weights, median over ten photos;
the cost is images through EfficientNet-Lite0 at 128 px, counted and not timed. The number of
samples is doubled until the agreement is 0.9, and interpolated between the last two; where 1,024 do
not reach it, it is extrapolated: two runs of N samples correlate by N / (N + c). Each method at its
defaults, and the peers with labkit's fill and target where they have an option for it (none has one
for the share that is kept).

What has to be averaged away is what no weights explain, superpixels that only count together: the
second table says how much of the answers that is. It is the network's, not LIME's. One gets rid of
it by hiding less at a time, and pays with truth: `lime_true.py` has rows for the same shares kept.
With 0.95 kept the goal, a fifth, is reached, but two runs then agree on a heat that is further from
what the network looks at. The default prefers the truth; who prefers agreement sets `keep`.
"""

import math
import warnings
from functools import partial

import torch

from benchmarks._lime_peers import captum_lime, captum_shap, lime_package
from benchmarks.measure import median, picture, result, table
from labkit import data, explain
from labkit.explain.stability import spearman
from labkit.nets import models
from labkit.nets.folding import folded

AGREE, SIZES, PROFILED = 0.9, (64, 128, 256, 512, 1024), 512


def main() -> None:
    """Double the samples of each method until its two runs agree."""
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    model, images = folded(models.load_pretrained(size=128)), pictures()
    segments = explain.superpixels(images)
    targets = model(images).argmax(1).tolist()
    rows = []
    for name, method in METHODS.items():
        curve = agreement(partial(method, model), images, segments, targets)
        rows.append((name, cost(curve), *curve, *[""] * (len(SIZES) - len(curve))))
    table(["method", f"images until {AGREE}", *map(str, SIZES)], rows)
    needed = {row[0]: row[1] for row in rows}
    why(needed, model, images, segments, targets)
    bars = {name: value for name, value in needed.items() if math.isfinite(value)}
    picture(
        "lime-repeat", {f"until two runs agree by {AGREE}": bars}, unit="images through the network"
    )
    defaults = min(needed[name] for name in needed if "defaults" in name)
    alike = min(needed[name] for name in needed if "as labkit" in name)
    result("lime-repeat", needed["labkit"] / defaults, 0.2)
    result("lime-repeat-alike", needed["labkit"] / alike, 1.0)


def why(needed, model, images, segments, targets) -> None:
    """Print what share of the answers no weights explain, for each share of superpixels kept."""
    rows = []
    for name, options in KEPT.items():
        left = []
        for image, pieces, target in zip(images, segments, targets, strict=True):
            found = explain.lime_explain(
                model, image[None], target, segments=pieces[None], samples=PROFILED, **options
            )
            fitted = PROFILED - found.weights.shape[1] - 1  # degrees of freedom that are left
            left.append(float(1 - found.r2) * (PROFILED - 1) / fitted)
        rows.append((name, options["keep"], median(left), needed[name]))
    table(["method", "kept", "no weights explain", f"images until {AGREE}"], rows)


def pictures() -> torch.Tensor:
    """The first ten photos (10, 3, 128, 128)."""
    return data.load_photos(data.photo_names()[:10], size=128)


def labkit(model, image, segments, samples, seed, *, target, **options):
    """labkit's LIME at its defaults, but for the number of samples."""
    found = explain.lime_explain(
        model, image[None], target, segments=segments[None], samples=samples, seed=seed, **options
    )
    return found.weights[0]


KEPT = {  # the first is the default
    "labkit": {"keep": 0.8},
    "labkit, keeps 0.95": {"keep": 0.95},
    "labkit, keeps 0.9": {"keep": 0.9},
    "labkit, keeps 0.5": {"keep": 0.5},
}
METHODS = {
    "labkit": labkit,
    "lime, defaults": lime_package,
    "captum Lime, defaults": partial(captum_lime, batch=8),
    "captum KernelShap, defaults": partial(captum_shap, batch=8),
    "lime, as labkit (logit, fill)": partial(lime_package, raw=True, fill="mean"),
    "captum Lime, as labkit (fill)": partial(captum_lime, batch=8, fill="mean"),
    "captum KernelShap, as labkit (fill)": partial(captum_shap, batch=8, fill="mean"),
    "labkit, superpixels' own colours": partial(labkit, fill="segment"),
    **{name: partial(labkit, **options) for name, options in KEPT.items() if name != "labkit"},
}


def agreement(method, images, segments, targets) -> list[float]:
    """The median agreement of two runs at each number of samples, up to the first that agrees."""
    curve = []
    for samples in SIZES:
        each = []
        for image, pieces, target in zip(images, segments, targets, strict=True):
            one, two = (method(image, pieces, samples, seed, target=target) for seed in (1, 2))
            each.append(float(spearman(one[None], two[None])))
        curve.append(median(each))
        if curve[-1] >= AGREE:
            break
    return curve


def cost(curve: list[float]) -> float:
    """Images until AGREE, interpolated in the logarithm, or extrapolated."""
    last = SIZES[len(curve) - 1]
    if curve[-1] < AGREE:  # agreement N / (N + c)
        return last * (1 / curve[-1] - 1) * AGREE / (1 - AGREE) if curve[-1] > 0 else math.inf
    if len(curve) == 1:
        return float(last)
    low, high = curve[-2:]
    return float(last / 2 * 2 ** ((AGREE - low) / (high - low)))


if __name__ == "__main__":
    main()
