"""Outputs of all layers at once: labkit.nets.hooks, torchvision's feature extractor, captum.

EfficientNet-Lite0 (224 px, 8 photos) and LeNet (64 digits), over a plain forward pass of the same
batch. Two threads, as a laptop has them; CPU seconds. Two rows say why it cannot be much less:
"hooks that keep nothing" is torch's own price of calling a hook on every layer; and torchvision's
extractor, built once, has no hooks: it only keeps what is put out, 706 MB for EfficientNet, where
a plain pass writes into memory that is still in the cache.
"""

import warnings

import torch

from benchmarks.measure import (
    devices,
    interleaved,
    picture,
    ratio,
    ratios,
    result,
    suffix_of,
    times_table,
)
from labkit import data
from labkit.nets import hooks, models
from labkit.nets.efficientnet import Prepare

PLAIN = "plain forward"


def main() -> None:
    """Measure both networks."""
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    digits = data.load_digits()[1].images[:64]
    cases = [
        ("EfficientNet-Lite0", models.load_pretrained(), data.load_photos()[:8], 25),
        ("LeNet", models.LeNet().eval(), digits, 200),
    ]
    shown = {}
    for device in devices():
        for name, model, images, rounds in cases:
            times = interleaved(
                calls(model.to(device), images.to(device)), rounds=rounds, warmup=3, device=device
            )
            what = f"{name}, {len(images)} images ({device})"
            times_table(times, to=PLAIN, title=what)
            suffix = suffix_of(device)
            result(f"activations-{name}{suffix}", ratio(times, "labkit", PLAIN), 1.1)
            shown[what] = ratios(times, PLAIN)
    picture("activations", shown, unit="times a plain forward pass", goal=1.1)


@torch.no_grad()
def plain(model, images):
    """The network's answer and nothing else."""
    return model(images)


def calls(model: torch.nn.Module, images: torch.Tensor) -> dict:
    """{name: call}; each gives the outputs of every layer."""
    from captum.attr import LayerActivation
    from torchvision.models.feature_extraction import create_feature_extractor

    names = hooks.layer_names(model)

    @torch.no_grad()
    def extract(extractor):
        return extractor(images)

    def empty_hooks():
        layers = [model.get_submodule(name) for name in names]
        handles = [layer.register_forward_hook(lambda *_: None) for layer in layers]
        plain(model, images)
        for handle in handles:
            handle.remove()

    def captum():
        layers = [model.get_submodule(name) for name in names]
        return LayerActivation(model, layers).attribute(images)

    def build():  # the check of the images cannot be traced, so it stays one step
        return create_feature_extractor(model, names, tracer_kwargs={"leaf_modules": [Prepare]})

    built = build()
    return {
        PLAIN: lambda: plain(model, images),
        "labkit": lambda: hooks.activations(model, images),
        "torchvision, built once": lambda: extract(built),
        "torchvision, built each time": lambda: extract(build()),
        "captum": captum,
        "hooks that keep nothing": empty_hooks,
    }


if __name__ == "__main__":
    main()
