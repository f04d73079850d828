"""Measure what lab 05 cannot in a minute: `python -m labkit.finetune.table [FILE]`.

Right answers on the 300 test cars of networks trained from scratch, and of the pretrained network
with all weights fine-tuned, for several numbers of training images and seeds. The table ships as
data/finetuning.csv; the lab measures some of its rows again. Takes about an hour.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor

from labkit import data, finetune
from labkit.nets import models
from labkit.paths import data_dir

FILE = "finetuning.csv"
SIZES = (10, 30, 100, 300, 500)
RUNS = {  # method: {images of each class: draws}
    "from scratch": {10: 9, 30: 9, 100: 3, 300: 3, 500: 3},
    "from scratch, 128 pixels": {10: 9, 30: 5, 100: 3, 300: 3, 500: 3},
    "everything fine-tuned": {10: 5, 30: 3, 100: 3, 300: 3, 500: 3},
}


def load_table() -> dict[str, dict[int, Tensor]]:
    """The shipped measurements: {method: {images of each class: accuracies (seeds,)}}.

    >>> sorted(load_table())
    ['everything fine-tuned', 'from scratch', 'from scratch, 128 pixels']
    """
    rows = defaultdict(lambda: defaultdict(list))
    with open(data_dir() / FILE, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["method"]][int(row["n"])].append(float(row["accuracy"]))
    return {m: {n: torch.tensor(v) for n, v in by.items()} for m, by in rows.items()}


def measure(method: str, n: int, seed: int, train: data.Cars, test: data.Cars) -> float:
    """Share of right answers on `test` after training on n images of each class."""
    index = data.few(train.labels, n, seed=seed)
    some = train.images[index], train.labels[index]
    if method.startswith("from scratch"):
        net = finetune.from_scratch(some, classes=2, side=128 if "128" in method else 64, seed=seed)
    else:
        net = models.load_pretrained(size=128)
        finetune.new_last_layer(net, 2, seed=seed)
        epochs = max(2, round(40 / (2 * n) ** 0.5 * 2))
        finetune.fine_tune(net, some, epochs=epochs, lr=1e-4, seed=seed)
    said = finetune.predict(net, test.images).argmax(1)
    return float((said == test.labels).float().mean())


def main(path: str | None = None) -> None:
    """Write the table, a row as soon as it is known."""
    train, test = data.load_cars("train"), data.load_cars("test")
    target = Path(path) if path else data_dir() / FILE
    with open(target, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["method", "n", "seed", "accuracy"])
        for method, draws in RUNS.items():
            for n, seed in ((n, seed) for n, count in draws.items() for seed in range(count)):
                value = measure(method, n, seed, train, test)
                table.writerow([method, n, seed, round(value, 4)])
                file.flush()
                print(method, n, seed, f"{value:.3f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
