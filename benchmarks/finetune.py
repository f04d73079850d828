"""Ten epochs of a new last layer on 1,000 images: cached features against the usual loop.

Measured on a part of the images and scaled up, since both costs grow in proportion: the frozen
network's passes, and the layer's own steps. One thread; CPU seconds.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.measure import (
    devices,
    interleaved,
    median,
    picture,
    ratio,
    result,
    suffix_of,
    table,
)
from labkit import data, finetune
from labkit.nets import models

EPOCHS, COUNT, BATCH = 10, 1000, 16
CACHED = "labkit, cached features"
SHARE = 48  # images measured of the 1,000


def main() -> None:
    """Measure both ways on SHARE images, ten epochs."""
    torch.set_num_threads(1)
    cars, shown = data.load_cars("train", n=SHARE), {}
    for device in devices():
        net = models.load_pretrained()
        finetune.new_last_layer(net, 2)
        net = net.to(device)
        images, labels = cars.images.to(device), cars.labels.to(device)
        case = net, images, labels
        calls = {"usual loop": partial(usual, *case), CACHED: partial(cached, *case)}
        times = interleaved(calls, rounds=5, device=device)
        scale = COUNT / SHARE
        rows = [(name, scale * median(values)) for name, values in times.items()]
        table([f"ten epochs ({device})", f"s for {COUNT:,} images (from {SHARE})"], rows)
        suffix = suffix_of(device)
        result(f"finetune{suffix}", ratio(times, CACHED, "usual loop"), 0.1)
        shown[f"ten epochs, {COUNT:,} images ({device})"] = dict(rows)
    picture("finetune", shown, unit="seconds")


def usual(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Every batch of every epoch goes through the whole network."""
    optimizer = torch.optim.Adam(net.logits.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(labels)).split(BATCH):
            step(optimizer, F.cross_entropy(net(images[index]), labels[index]))


def cached(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """The frozen part once, then ten epochs of the layer alone."""
    features = finetune.features(net, images, batch_size=BATCH)
    layer = nn.Linear(features.shape[1], 2, device=features.device)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(features)).split(BATCH):
            step(optimizer, F.cross_entropy(layer(features[index]), labels[index]))


def step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One step downhill."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


if __name__ == "__main__":
    main()
