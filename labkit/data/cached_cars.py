"""What the pretrained network sees in each drawn car, computed once: `car_features`.

The frozen part of EfficientNet-Lite0 at 224 pixels, what reaches the last layer:
1,280 numbers a car. It costs a minute for all cars, so it ships; it is written anew by
`python -m labkit.data.cached_cars`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from labkit.data.cars import Cars, load_cars
from labkit.paths import data_dir

FILE = "cars_features.npz"


def car_features(cars: Cars) -> Tensor:
    """The cached features (N, 1280) of these cars, float32, in their order.

    Equal to `finetune.features(load_pretrained(), cars.images)` up to rounding to half precision.
    FileNotFoundError if the file is missing.

    >>> car_features(load_cars("test", n=4)).shape
    torch.Size([4, 1280])
    """
    place, found = _table()
    return found[[place[seed] for seed in cars.seeds]]


@lru_cache(maxsize=1)
def _table() -> tuple[dict[int, int], Tensor]:
    path = data_dir() / FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: install labkit again, or compute it (a minute or two): "
            "python -m labkit.data.cached_cars"
        )
    with np.load(path, allow_pickle=False) as file:
        seeds, values = file["seeds"].tolist(), file["features"].astype(np.float32)
    return {seed: row for row, seed in enumerate(seeds)}, torch.from_numpy(values)


def main() -> None:
    """Compute the features of all cars and write the file."""
    from labkit import finetune, models

    net = models.load_pretrained()
    parts = [load_cars(part) for part in ("train", "valid", "test")]
    values = torch.cat([finetune.features(net, part.images) for part in parts])
    save([seed for part in parts for seed in part.seeds], values)


def save(seeds: list[int], values: Tensor) -> None:
    """Write features (N, 1280) of cars with these seeds, in half precision."""
    with open(data_dir() / FILE, "wb") as file:
        np.savez_compressed(file, seeds=np.array(seeds), features=values.numpy().astype(np.float16))


if __name__ == "__main__":
    main()
