"""Ten epochs of a new last layer on 1,000 images: cached features against the usual loop.

Measured on a part of the images and scaled up, since both costs grow in proportion: the frozen
network's passes, and the layer's own steps. One thread; CPU seconds.
"""

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.measure import interleaved, median, picture, ratio, result, table
from labkit import data, finetune, models

EPOCHS, COUNT, BATCH = 10, 1000, 16
CACHED = "labkit, cached features"
SHARE = 48  # images measured of the 1,000


def main() -> None:
    """Measure both ways on SHARE images, ten epochs."""
    torch.set_num_threads(1)
    cars = data.load_cars("train", n=SHARE)
    net = finetune.with_new_layer(models.load_pretrained(), 2)
    calls = {
        "usual loop": lambda: usual(net, cars),
        CACHED: lambda: cached(net, cars),
    }
    times = interleaved(calls, rounds=5)
    scale = COUNT / SHARE
    rows = [(name, scale * median(values)) for name, values in times.items()]
    table(["ten epochs", f"CPU s for {COUNT:,} images (from {SHARE})"], rows)
    picture("finetune", {f"ten epochs, {COUNT:,} images": dict(rows)}, unit="CPU seconds")
    result("finetune", ratio(times, CACHED, "usual loop"), 0.1)


def usual(net: nn.Module, cars) -> None:
    """Every batch of every epoch goes through the whole network."""
    optimizer = torch.optim.Adam(net.logits.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(cars.labels)).split(BATCH):
            step(optimizer, F.cross_entropy(net(cars.images[index]), cars.labels[index]))


def cached(net: nn.Module, cars) -> None:
    """The frozen part once, then ten epochs of the layer alone."""
    features = finetune.features(net, cars.images, batch_size=BATCH)
    layer = nn.Linear(features.shape[1], 2)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(features)).split(BATCH):
            step(optimizer, F.cross_entropy(layer(features[index]), cars.labels[index]))


def step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One step downhill."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


if __name__ == "__main__":
    main()
