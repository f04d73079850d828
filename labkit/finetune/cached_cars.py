"""What the pretrained network sees in each drawn car, computed once: `car_features`.

The frozen part of EfficientNet-Lite0 at 224 pixels, what reaches the last layer:
1,280 numbers a car. It costs a minute for all cars, so it ships; it is written anew by
`python -m labkit.finetune.cached_cars`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from labkit.data.cars import Cars, load_cars
from labkit.finetune.training import features
from labkit.nets.models import load_pretrained
from labkit.paths import data_dir

FILE = "cars_features.npz"


def car_features(cars: Cars, *, mirrored: bool = False) -> Tensor:
    """The cached features (N, 1280) of these cars, float32, in their order.

    Equal to `finetune.features(load_pretrained(), cars.images)` up to rounding to half precision.
    mirrored: of the pictures with left and right swapped; there are some for training cars only.
    FileNotFoundError if the file is missing, ValueError for a car that is not in it.

    >>> car_features(load_cars("test", n=4)).shape
    torch.Size([4, 1280])
    """
    place, found = _table("mirrored" if mirrored else "features")
    missing = [seed for seed in cars.seeds if seed not in place]
    if missing:
        raise ValueError(
            f"no features of {len(missing)} of these cars ship, as of seed {missing[0]}"
        )
    return found[[place[seed] for seed in cars.seeds]]


@lru_cache(maxsize=2)
def _table(which: str) -> tuple[dict[int, int], Tensor]:
    path = data_dir() / FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: install labkit again, or compute it (a minute or two): "
            "python -m labkit.finetune.cached_cars"
        )
    with np.load(path, allow_pickle=False) as file:
        values = file[which].astype(np.float32)
        seeds = file["seeds"][: len(values)].tolist()  # training cars come first
    return {seed: row for row, seed in enumerate(seeds)}, torch.from_numpy(values)


def main() -> None:
    """Compute the features of all cars and write the file."""
    net = load_pretrained()
    parts = [load_cars(part) for part in ("train", "valid", "test")]
    values = torch.cat([features(net, part.images) for part in parts])
    mirrored = features(net, parts[0].images.flip(3))
    save([seed for part in parts for seed in part.seeds], values, mirrored)


def save(seeds: list[int], values: Tensor, mirrored: Tensor) -> None:
    """Write features (N, 1280) of cars, (M, 1280) of the first M mirrored, in half precision."""
    halves = {"features": values.half().numpy(), "mirrored": mirrored.half().numpy()}
    with open(data_dir() / FILE, "wb") as file:
        np.savez_compressed(file, seeds=np.array(seeds), **halves)


if __name__ == "__main__":
    main()
