"""What makes one wolf or husky differ from the next: build, age, coat, pose, drawn from a seed.

All numbers are drawn here, by generators of their own, so that shape, coat and light can be
looked at (and changed) apart. Proportions are factors of an average adult wolf.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COATS = {
    "wolf": {"grey": 0.42, "brown": 0.2, "tawny": 0.16, "white": 0.1, "black": 0.12},
    "husky": {"black": 0.45, "grey": 0.33, "red": 0.22},
}


@dataclass
class Build:
    """Proportions. age: 0 half-grown to 1 old."""

    age: float
    leg: float
    bulk: float
    chest: float
    head: float
    muzzle: float
    ear: float
    ear_width: float
    ear_tip: float
    ruff: float
    fur: float
    tail: float


@dataclass
class Coat:
    """kind: colour name; shade, warmth: in [0, 1]; contrast: of the dark saddle, in [0, 1];
    eyes: "amber", "brown" or "blue"; spot, blaze: how much white is on a husky's face."""

    kind: str
    shade: float
    warmth: float
    contrast: float
    eyes: str
    spot: float
    blaze: float
    offset: float


@dataclass
class Stance:
    """kind: "stand", "walk" or "sit"; view: "side", "quarter", "front" or "behind"; angles in
    radians. azimuth: of the camera, 0 in front of the animal."""

    kind: str
    view: str
    azimuth: float
    yaw: float
    nod: float
    neck: float
    stride: float
    phase: float
    tail: float
    wag: float
    lean: float


@dataclass
class Traits:
    """One animal: its species and all that was drawn for it."""

    animal: str
    build: Build
    coat: Coat
    stance: Stance


def draw_traits(animal: str, seed: int) -> Traits:
    """Draw one animal; every aspect has its own generator."""
    code = sorted(COATS).index(animal)
    build, coat, stance = (np.random.default_rng([seed, code, part]) for part in (1, 2, 3))
    return Traits(animal, _build(animal, build), _coat(animal, coat), _stance(animal, stance))


def _build(animal: str, rng: np.random.Generator) -> Build:
    age = float(rng.beta(2.2, 1.6))
    young = max(0.0, 0.5 - age) * 2

    def about(value: float, spread: float) -> float:
        return value * (1 + spread * float(np.clip(rng.normal(), -2, 2)))

    wolf = animal == "wolf"
    return Build(
        age=age,
        leg=about(1.07 if wolf else 0.87, 0.035) * (1 + 0.03 * young),
        bulk=about(0.96 if wolf else 1.05, 0.05) * (1 - 0.12 * young),
        chest=about(0.9 if wolf else 1.12, 0.05),
        head=about(1.06 if wolf else 0.98, 0.035) * (1 + 0.04 * young),
        muzzle=about(1.06 if wolf else 0.93, 0.05) * (1 - 0.10 * young),
        ear=about(0.92 if wolf else 1.08, 0.06) * (1 + 0.10 * young),
        ear_width=about(1.12 if wolf else 0.88, 0.05),
        ear_tip=about(0.013 if wolf else 0.006, 0.15),
        ruff=about(1.12 if wolf else 0.82, 0.1) * (1 - 0.25 * young),
        fur=about(1.0 if wolf else 0.92, 0.15) * (1 - 0.15 * young),
        tail=about(1.0, 0.08),
    )


def _coat(animal: str, rng: np.random.Generator) -> Coat:
    odds = COATS[animal]
    kind = str(rng.choice(list(odds), p=list(odds.values())))
    blue = rng.random() < 0.55
    brown = rng.random() < 0.12
    eyes = "blue" if animal == "husky" and blue else "brown"
    if animal == "wolf":
        eyes = "brown" if brown else "amber"
    return Coat(
        kind, shade=rng.random(), warmth=rng.random(), contrast=rng.uniform(0.35, 1.0), eyes=eyes,
        spot=rng.uniform(0.6, 1.3), blaze=rng.uniform(-0.6, 1.0), offset=rng.uniform(0, 32),
    )  # fmt: skip


def _stance(animal: str, rng: np.random.Generator) -> Stance:
    kind = str(rng.choice(["stand", "walk", "sit"], p=[0.46, 0.4, 0.14]))
    view = str(rng.choice(["side", "quarter", "front", "behind"], p=[0.33, 0.42, 0.19, 0.06]))
    spans = {"side": (65, 102), "quarter": (28, 65), "front": (4, 28), "behind": (102, 122)}
    azimuth = np.radians(rng.uniform(*spans[view])) * rng.choice([-1, 1])
    turn = rng.uniform(-0.1, 1.0) if view != "behind" else rng.uniform(0.55, 0.9)
    low = 0.25 if animal == "wolf" else 0.0
    return Stance(
        kind, view, float(azimuth),
        yaw=float(np.clip(azimuth * turn, -1.35, 1.35)),
        nod=rng.uniform(-0.30, 0.10),
        neck=rng.uniform(-0.45 - low, 0.18) if kind != "sit" else rng.uniform(-0.2, 0.25),
        stride=rng.uniform(0.18, 0.36) if kind == "walk" else rng.uniform(0, 0.07),
        phase=rng.uniform(0, 2 * np.pi),
        tail=rng.uniform(-0.2, 0.55) if animal == "wolf" else rng.uniform(-0.25, 0.3),
        wag=rng.uniform(-0.5, 0.5),
        lean=rng.uniform(-0.06, 0.06),
    )  # fmt: skip
