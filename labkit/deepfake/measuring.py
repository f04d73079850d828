"""One seed of lab 11's experiment: two forgers and a detector, measured against the truth."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.data import load_portraits
from labkit.deepfake import detecting, scoring
from labkit.deepfake.nets import HUSKY, WOLF, Forger, swap
from labkit.deepfake.training import faces, fit

STEPS = 300
ACTORS = ("wolf", "husky")


@torch.no_grad()
def fakes_of(net: Forger, given: Tensor) -> Tensor:
    """The husky doing what the wolf's faces (N, 4, 64, 64) do."""
    return swap(net, given, WOLF, HUSKY)


def measured(*, seed: int, other: Forger, steps: int = STEPS) -> dict[str, float]:
    """Train both kinds of forger from a seed, as the lab does, and a detector: one row.

    seed; for fakes with a `shared` encoder, with encoders `apart` and for the rivals the error of
    the head, and as "pose ..." the share whose pose is found; rebuilt, the error of the husky that
    the separate encoders rebuild; as "caught ..." the share of `suspects` that the detector, which
    knows the first forger only, calls fake.
    """
    known = [faces(load_portraits(actor), mirrored=True) for actor in ACTORS]
    asked, truth = faces(load_portraits("wolf", "test")), load_portraits("husky", "test")
    row, made, nets = {"seed": seed}, {}, {}
    for kind, shared in (("shared", True), ("apart", False)):
        nets[kind] = net = Forger(known, shared=shared, seed=seed)
        fit(net, known, steps=steps, seed=seed)
        made[kind] = fakes_of(net, asked)
    for kind, fakes in (made | scoring.rivals(*known, asked)).items():
        row[kind] = scoring.head_error(fakes, truth)
        row[f"pose {kind}"] = scoring.pose_found(fakes, truth)
    rebuilt = swap(nets["apart"], faces(truth), HUSKY, HUSKY).detach()
    row["rebuilt"] = scoring.head_error(rebuilt, truth)
    detector = detecting.fit_detector(
        known[HUSKY][:, :3], fakes_of(nets["shared"], known[WOLF])[:, :3], seed=seed
    )
    others = fakes_of(other, asked)
    fakes = made["shared"], made["apart"], others
    shown = detecting.suspects(*fakes, truth.images, known[HUSKY])
    for name, images in shown.items():
        row[f"caught {name}"] = detecting.caught(detector, images)
    return {name: round(value, 3) for name, value in row.items()}
