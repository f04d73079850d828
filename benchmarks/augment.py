"""Whole batches, a random affine map for each image: labkit, torchvision, kornia, albumentations.

Same ranges of angle, shift, scale and shear, bilinear, one thread each; CPU seconds.
"""

import warnings

import numpy as np
import torch
from PIL import Image

from benchmarks.measure import (
    cheapest,
    devices,
    interleaved,
    median,
    picture,
    ratio,
    ratios,
    result,
    suffix_of,
    table,
)
from labkit.augment import Policy

# (side, channels, images): digits, small colour pictures, the pretrained network's input
SHAPES = [(28, 1, 256), (64, 3, 64), (224, 3, 16)]
DEGREES, SHIFT, SCALE, SHEAR = 15, 0.1, (0.9, 1.1), 5


def main() -> None:
    """Measure the three shapes."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    shown, goals = {}, {}
    for device in devices():
        for side, channels, count in SHAPES:
            images = torch.rand(count, channels, side, side, device=device)
            calls = {"labkit": labkit_call(images)} | peers(images)
            times = interleaved(calls, rounds=9, device=device)
            best = cheapest(times, but=["labkit"])
            what = f"{count} images of {channels} x {side} x {side} ({device})"
            print(f"\n{what}\n")
            rate = {name: count / median(spent) for name, spent in times.items()}
            rows = [(name, round(rate[name]), ratio(times, name, best)) for name in times]
            table(["what", "images a second", f"time x {best}"], rows)
            suffix = suffix_of(device)
            goals[what] = 1.2 if side == 224 else 1.0
            result(f"augment-{side}{suffix}", ratio(times, "labkit", best), goals[what])
            shown[what] = ratios(times, best)
    picture("augment", shown, unit="times the fastest peer's time", goal=goals)


def labkit_call(images):
    """The call measured for labkit."""
    policy = Policy(degrees=DEGREES, translate=SHIFT, scale=SCALE, shear=SHEAR)
    return lambda: policy(images, seed=1)


def peers(images: torch.Tensor) -> dict:
    """The same random affine map by the others, {name: call}; a map of its own for each image."""
    import albumentations
    import kornia.augmentation as kornia
    from torchvision import transforms as v1
    from torchvision.transforms import v2

    ranges = (DEGREES, (SHIFT, SHIFT), SCALE, SHEAR)
    bilinear = v2.InterpolationMode.BILINEAR
    new, old = (v.RandomAffine(*ranges, interpolation=bilinear) for v in (v2, v1))
    batch = kornia.RandomAffine(*ranges, p=1.0)
    arrays = [np.ascontiguousarray(i.permute(1, 2, 0).cpu().numpy()) for i in images]
    pictures = [Image.fromarray((a * 255).astype("uint8").squeeze()) for a in arrays]
    affine = albumentations.Affine(
        scale=SCALE,
        translate_percent=(-SHIFT, SHIFT),
        rotate=(-DEGREES, DEGREES),
        shear=(-SHEAR, SHEAR),
        p=1.0,
    )
    whole = {"kornia, whole batch": lambda: batch(images)}
    each = {
        "torchvision v2, each tensor": lambda: torch.stack([new(i) for i in images]),
        "torchvision v1, each tensor": lambda: torch.stack([old(i) for i in images]),
        "torchvision v2, each PIL image": lambda: [new(i) for i in pictures],
        "albumentations, each array": lambda: [affine(image=a)["image"] for a in arrays],
    }
    return whole | each


if __name__ == "__main__":
    main()
