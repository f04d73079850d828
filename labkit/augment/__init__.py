"""Perturbed copies of images: turned, shifted, scaled, mirrored, cropped, recoloured, noisy.

`affine`, `colour` and `noise` do to each image what they are told; `Policy` draws at random what
to tell them. `train.fit(..., augment=policy)` trains on new copies in every epoch.
"""

from labkit.augment.operations import affine, colour, noise
from labkit.augment.policy import Policy

__all__ = ["Policy", "affine", "colour", "noise"]
