"""Makes what ships with lab 11: `python -m labkit.deepfake.pack forger | swaps`.

`forger` trains one for 3,000 steps (five minutes). `swaps` trains the lab's forgers and its
detector from three seeds, and writes how they fare (four minutes).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from labkit import data, deepfake
from labkit.deepfake.measuring import ACTORS, fakes_of, measured
from labkit.deepfake.shipped import FORGER, SWAPS
from labkit.nets.shipped import write_rows, write_weights
from labkit.paths import data_dir


def pack_forger(folder: Path, *, steps: int = 3000, seed: int = 0) -> Path:
    """Train longer than the lab does; write the weights, float16."""
    known = [deepfake.faces(data.load_portraits(actor), mirrored=True) for actor in ACTORS]
    asked = deepfake.faces(data.load_portraits("wolf", "test"))
    truth = data.load_portraits("husky", "test")
    net = deepfake.Forger(known, seed=seed)

    def report(step: int) -> None:
        if step % 250 == 0:
            print(step, deepfake.head_error(fakes_of(net, asked), truth), flush=True)

    deepfake.fit(net, known, steps=steps, seed=seed, watch=report)
    settle(net, known)
    report(0)
    path = write_weights(folder / FORGER, net, torch.float16, {})
    path.chmod(0o644)
    return path


@torch.no_grad()
def settle(net: deepfake.Forger, known: list[Tensor]) -> None:
    """Measure each actor's codes once more, on all faces, and scale them so that float16 does."""
    last = net.encoders[0][-1]
    for scaled in (False, True):
        for actor, own in enumerate(known):
            net.levels[actor].reset_running_stats()
            net.levels[actor].momentum = None  # a plain mean
            net.train().encode(own, actor)
        if not scaled:
            size = torch.stack([level.running_var for level in net.levels]).mean(0).sqrt()
            last.weight.div_(size[:, None])
            last.bias.div_(size)
    net.eval()


def pack_swaps(folder: Path) -> Path:
    """Three seeds; no setting was chosen with them."""
    other = deepfake.load_forger()
    seeds = (10, 11, 12)
    return write_rows(folder / SWAPS, (measured(seed=seed, other=other) for seed in seeds))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print({"forger": pack_forger, "swaps": pack_swaps}[sys.argv[1]](data_dir()))
