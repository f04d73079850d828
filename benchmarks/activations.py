"""Outputs of all layers at once: labkit.nets.hooks, torchvision's feature extractor, captum.

EfficientNet-Lite0 (224 px, 8 photos) and LeNet (64 digits), over a plain forward pass of the same
batch. Two threads, as a laptop has them; CPU seconds.

The goal is 1.05 times the floor: what hooks on every layer take by themselves. For LeNet these
are hooks that keep nothing, torch's own price of calling them. For EfficientNet they are hooks
that keep the outputs, 706 MB, and do nothing else: a pass that keeps nothing writes into the same
memory again and again, while it is in the cache; one that keeps needs other memory for each layer.
torchvision's extractor, built once, has no hooks and pays for that too, and it is no question of
settings: it stays where the C library holds on to the memory, so that no pass meets a page fault.
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
NOTHING, KEEP = "hooks that keep nothing", "hooks that only keep"


def main() -> None:
    """Measure both networks."""
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    digits = data.load_digits()[1].images[:64]
    cases = [
        ("EfficientNet-Lite0", models.load_pretrained(), data.load_photos()[:8], 25, KEEP),
        ("LeNet", models.LeNet().eval(), digits, 200, NOTHING),
    ]
    shown, goals = {}, {}
    for device in devices():
        for name, model, images, rounds, floor in cases:
            each = calls(model.to(device), images.to(device))
            times = interleaved(each, rounds=rounds, warmup=3, device=device)
            what = f"{name}, {len(images)} images ({device})"
            times_table(times, to=PLAIN, title=what)
            suffix = suffix_of(device)
            result(f"activations-{name}{suffix}", ratio(times, "labkit", floor), 1.05)
            shown[what] = ratios(times, PLAIN)
            goals[what] = 1.05 * ratio(times, floor, PLAIN)
    picture("activations", shown, unit="times a plain forward pass", goal=goals)


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

    def hooked(hook_for):
        layers = {name: model.get_submodule(name) for name in names}
        handles = [layer.register_forward_hook(hook_for(n)) for n, layer in layers.items()]
        plain(model, images)
        for handle in handles:
            handle.remove()

    def only_keep():
        kept = {}
        hooked(lambda name: lambda module, args, output: kept.update({name: output}))
        return kept

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
        NOTHING: lambda: hooked(lambda name: lambda *_: None),
        KEEP: only_keep,
    }


if __name__ == "__main__":
    main()
