"""LIME and KernelShap of the peers behind one call, counted by forward passes as well."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr
from functools import partial
from io import StringIO

import numpy as np
import torch
from torch import Tensor, nn

Explain = Callable[..., Tensor]  # (image (3, H, W), segments (H, W), samples, seed) -> weights (K,)


class Counted(nn.Module):
    """The network with a count of the images that went through it."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model, self.images = model, 0

    def forward(self, images: Tensor) -> Tensor:
        self.images += len(images)
        return self.model(images)


def lime_package(
    model, image, segments, samples, seed, *, target=281, batch=10, fill=None, raw=False
) -> Tensor:
    """Weights (K,) by the `lime` package; its default explains the probability.

    raw: explain the logit. `fill` is its hide_color: None for each superpixel's own mean, "mean"
    for the image's. It keeps one half of the superpixels, without an option.
    """
    from lime.lime_image import LimeImageExplainer

    @torch.no_grad()
    def classify(pictures: np.ndarray) -> np.ndarray:
        tensors = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
        logits = model(tensors)
        return (logits if raw else logits.softmax(1)).numpy()

    with redirect_stderr(StringIO()):  # its bars
        found = LimeImageExplainer(random_state=seed).explain_instance(
            image.permute(1, 2, 0).numpy().astype(np.double),
            classify,
            labels=(target,),
            top_labels=None,
            hide_color=image.mean((1, 2)).tolist() if fill == "mean" else fill,
            num_samples=samples,
            batch_size=batch,
            segmentation_fn=lambda _: segments.numpy(),
            random_seed=seed,
        )
    weights = torch.zeros(int(segments.max()) + 1)
    for segment, weight in found.local_exp[target]:
        weights[segment] = weight
    return weights


def captum_method(
    name, model, image, segments, samples, seed, *, target=281, batch=1, fill=0.0
) -> Tensor:
    """Weights (K,) by captum's Lime or KernelShap; its default explains the model's own output.

    fill: a brightness, or "mean" for the image's mean colour.
    """
    from captum import attr

    torch.manual_seed(seed)
    method = getattr(attr, name)(model)
    baseline = image[None].mean((2, 3), keepdim=True).expand(1, -1, *image.shape[1:])
    baseline = baseline.contiguous() if fill == "mean" else fill
    weights = method.attribute(
        image[None],
        baselines=baseline,
        target=target,
        feature_mask=segments[None, None].expand(1, 3, -1, -1),
        n_samples=samples,
        perturbations_per_eval=batch,
        return_input_shape=False,
    )
    return weights[0].float()


captum_lime = partial(captum_method, "Lime")
captum_shap = partial(captum_method, "KernelShap")
