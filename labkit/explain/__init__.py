"""Explanations of a network's answer as pictures, and scores that say how good they are.

Every method is called alike, `method(model, images, target, *, ...) -> heat (B, H, W)`: images are
(B, C, H, W) in [0, 1]; `target` is a class index, one index for each image, or a function that
takes the model's outputs (B, ...) and gives one number for each image (B,). Higher heat means that
the pixel counts more. Mode, `.grad`, hooks, images and global seed are as before.
"""

from labkit.explain.gradients import (
    Target,
    gradient,
    integrated_gradients,
    pixel_gradient,
    smooth_grad,
    target_values,
)

__all__ = [
    "Target",
    "gradient",
    "integrated_gradients",
    "pixel_gradient",
    "smooth_grad",
    "target_values",
]
