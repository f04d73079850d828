"""Explanations of a network's answer as pictures, and scores that say how good they are.

Every method is called alike, `method(model, images, target, *, ...) -> heat (B, H, W)`: images are
(B, C, H, W) in [0, 1]; `target` is a class index, one index for each image, or a function that
takes the model's outputs (B, ...) and gives one number for each image (B,). Higher heat means that
the pixel counts more. The model is asked in eval mode; its mode, `.grad`, hooks, the images and
the global seed are as before. The scores are in `labkit.explain.score`.
"""

from labkit.explain import score
from labkit.explain.controls import centre_blob, edges
from labkit.explain.counterfactual import on_background
from labkit.explain.cuts import lime_cuts
from labkit.explain.grad_cam import grad_cam
from labkit.explain.gradients import (
    gradient,
    integrated_gradients,
    pixel_gradient,
    smooth_grad,
)
from labkit.explain.lime import LimeResult, lime, lime_explain, lime_several
from labkit.explain.occlusion import occlusion
from labkit.explain.superpixels import superpixels
from labkit.explain.targets import Target, target_values

__all__ = [
    "LimeResult",
    "Target",
    "centre_blob",
    "edges",
    "grad_cam",
    "gradient",
    "integrated_gradients",
    "lime",
    "lime_cuts",
    "lime_explain",
    "lime_several",
    "occlusion",
    "on_background",
    "pixel_gradient",
    "score",
    "smooth_grad",
    "superpixels",
    "target_values",
]
