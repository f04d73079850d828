"""What a LIME explanation costs beside its bare forward passes: labkit, lime, captum.

EfficientNet-Lite0 at 224 px, one photo, the same superpixels and number of samples for all.
Segmentation is not counted for any. Two threads; CPU seconds. "Bare" is the same number of
images through the network in labkit's batches, and nothing else.
"""

import warnings

import torch

from benchmarks._lime_peers import captum_lime, captum_shap, lime_package
from benchmarks.measure import (
    cheapest,
    devices,
    interleaved,
    picture,
    ratio,
    ratios,
    result,
    suffix_of,
    times_table,
)
from labkit import data, explain
from labkit.nets import models

SAMPLES, BATCH = 128, 8
BARE = "bare forward passes"


def main() -> None:
    """Measure one explanation each."""
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    shown = {}
    for device in devices():
        model, image = models.load_pretrained().to(device), data.load_photo("cat", size=224)
        segments = explain.superpixels(image[None]).to(device)
        times = interleaved(calls(model, image.to(device), segments), rounds=5, device=device)
        best = cheapest(times, but=["labkit", BARE])
        times_table(times, to=BARE, unit="s", title=f"{SAMPLES} samples ({device})")
        suffix = suffix_of(device)
        result(f"lime-cost{suffix}", ratio(times, "labkit", BARE), 1.05)
        result(f"lime-cost-cheapest-peer{suffix}", ratio(times, "labkit", best), 1.0)
        shown[f"{SAMPLES} samples, one photo ({device})"] = ratios(times, BARE)
    picture("lime-cost", shown, unit="times the bare forward passes", goal=1.05)


def calls(model, image, segments) -> dict:
    """{name: call}, each SAMPLES images through the network."""
    batch = image.repeat(BATCH, 1, 1, 1).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def bare():
        for _ in range(SAMPLES // BATCH):
            model(batch)

    def labkit():
        explain.lime_explain(
            model, image[None], 281, segments=segments, samples=SAMPLES, batch_size=BATCH
        )

    def peer(method, count):
        return lambda: method(model, image, segments[0], SAMPLES, 0, batch=count)

    found = {BARE: bare, "labkit": labkit}
    found |= {f"lime, batches of {n}": peer(lime_package, n) for n in (10, 8)}
    found |= {f"captum Lime, {n} at a time": peer(captum_lime, n) for n in (1, 8)}
    found |= {f"captum KernelShap, {n} at a time": peer(captum_shap, n) for n in (1, 8)}
    return found


if __name__ == "__main__":
    main()
