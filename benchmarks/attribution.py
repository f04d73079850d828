"""Gradient, integrated gradients, Grad-CAM and occlusion: labkit, captum, pytorch-grad-cam.

EfficientNet-Lite0 at 224 px, 4 photos, the same settings for all (steps, patch, stride). captum is
measured at its defaults and at several internal batch sizes, the best of which counts. CPU seconds.
"""

import warnings

import torch

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

STEPS, PATCH, STRIDE, TARGET = 16, 32, 32, 281
BATCHES = (4, 8, 16)


def main() -> None:
    """Measure the four methods."""
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    shown = {}
    for device in devices():
        model, images = models.load_pretrained().to(device), data.load_photos()[:4].to(device)
        for name, build in METHODS.items():
            times = interleaved(build(model, images), rounds=7, device=device)
            best = cheapest(times, but=["labkit"])
            times_table(times, to=best, unit="s", title=f"{name} ({device})")
            suffix = suffix_of(device)
            result(f"attribution-{name}{suffix}", ratio(times, "labkit", best), 1.0)
            shown[f"{name} ({device}): cost over the cheapest peer's"] = ratios(times, best)
    picture("attribution", shown, unit="times the cheapest peer", goal=1.0)


def gradient(model, images) -> dict:
    """The derivative of the class score by each pixel."""
    from captum.attr import Saliency

    return {
        "labkit": lambda: explain.gradient(model, images, TARGET),
        "captum": lambda: Saliency(model).attribute(images.clone().requires_grad_(), TARGET),
    }


def integrated_gradients(model, images) -> dict:
    """STEPS gradients from black to each image."""
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(model)

    def captum(batch):
        return lambda: method.attribute(
            images, target=TARGET, n_steps=STEPS, method="riemann_middle", internal_batch_size=batch
        )

    found = {"labkit": lambda: explain.integrated_gradients(model, images, TARGET, steps=STEPS)}
    return found | {f"captum, batches of {b or 'all'}": captum(b) for b in (None, *BATCHES)}


def grad_cam(model, images) -> dict:
    """Maps of the last convolution, weighted by their gradients."""
    from captum.attr import LayerGradCam
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    captum, other = LayerGradCam(model, model.head), GradCAM(model, [model.head])
    targets = [ClassifierOutputTarget(TARGET)] * len(images)
    return {
        "labkit": lambda: explain.grad_cam(model, images, TARGET, layer="head"),
        "captum": lambda: captum.attribute(images, TARGET),
        "pytorch-grad-cam": lambda: other(images.clone().requires_grad_(), targets),
    }


def occlusion(model, images) -> dict:
    """A grey square on each place of a grid."""
    from captum.attr import Occlusion

    method, window, steps = Occlusion(model), (3, PATCH, PATCH), (3, STRIDE, STRIDE)

    def captum(count):
        return lambda: method.attribute(
            images, window, steps, 0.5, target=TARGET, perturbations_per_eval=count
        )

    def labkit():
        return explain.occlusion(model, images, TARGET, patch=PATCH, stride=STRIDE, fill=0.5)

    return {"labkit": labkit} | {f"captum, {n} at a time": captum(n) for n in (1, 2, 4)}


METHODS = {
    "gradient": gradient,
    "integrated-gradients": integrated_gradients,
    "grad-cam": grad_cam,
    "occlusion": occlusion,
}

if __name__ == "__main__":
    main()
