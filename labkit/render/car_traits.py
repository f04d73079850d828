"""What varies from car to car: body, paint, wheels, and the face by which the two makes differ.

Everything but the face is drawn from the seed alone, so that it says nothing about the make, and
the same seed as the other make is the same car in the same place with another face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAKES = ("smooth", "grille")  # as on a Tesla, as on a Toyota
PAINTS = {  # linear colour, and how often it is seen on the road
    "white": ((0.62, 0.62, 0.60), 0.21), "silver": ((0.36, 0.37, 0.38), 0.14),
    "grey": ((0.10, 0.105, 0.11), 0.16), "black": ((0.012, 0.012, 0.014), 0.15),
    "blue": ((0.015, 0.05, 0.20), 0.12), "red": ((0.33, 0.012, 0.015), 0.10),
    "green": ((0.02, 0.09, 0.06), 0.05), "beige": ((0.38, 0.31, 0.22), 0.04),
    "orange": ((0.48, 0.12, 0.01), 0.03),
}  # fmt: skip
STYLES = {  # wheelbase, rear overhang, roof, cowl, nose, deck (heights), where roof and deck end
    "saloon": (2.78, 1.02, 1.45, 1.00, 0.76, 1.06, 2.35, 3.05),
    "hatch": (2.62, 0.78, 1.49, 1.02, 0.78, 1.00, 2.75, 3.28),
    "fastback": (2.85, 0.98, 1.43, 0.98, 0.74, 1.02, 2.10, 3.45),
    "crossover": (2.68, 0.88, 1.66, 1.14, 0.92, 1.12, 2.95, 3.42),
}
STYLE_ODDS = (0.35, 0.25, 0.2, 0.2)


@dataclass
class Shape:
    """A body; lengths in metres, x forward from the front axle, y up from the road.

    base: wheelbase; ahead, behind: overhangs; cowl_x, roof_x: where the windscreen begins and
    ends; half: half width; belt: where the side windows begin; lean: how they lean inwards.
    """

    style: str
    base: float
    ahead: float
    behind: float
    nose: float
    cowl: float
    roof: float
    deck: float
    cowl_x: float
    roof_x: float
    rear_x: float
    deck_x: float
    half: float
    belt: float
    lean: float
    tyre: float
    floor: float


@dataclass
class Finish:
    """Colours and details that any make may have."""

    paint: tuple[float, float, float]
    metallic: float
    trim: bool  # bright line round the side windows
    dark_roof: bool
    spokes: int
    rim: float
    plate: str  # "none", "white", "yellow"
    plate_y: float
    lights_on: bool
    tint: float
    dirt: float


@dataclass
class Face:
    """What tells the make, on the front (y, z) and on the side.

    grille: None, or (low, high, half width above, half width below); lamp: (inner z, y, height,
    slope); intake: (low, high, half width); badge: (y, size, "ring" or "shield").
    """

    make: str
    grille: tuple[float, float, float, float] | None
    slats: int
    chrome: float
    lamp: tuple[float, float, float, float]
    strip: bool
    intake: tuple[float, float, float]
    badge: tuple[float, float, str]
    crease: float  # height of the body line, 0: none
    handles: bool


@dataclass
class CarTraits:
    """One car of one make."""

    shape: Shape
    finish: Finish
    face: Face
    other: Face  # the face that the other make has in its place


def draw_traits(make: str, seed: int) -> CarTraits:
    """Draw a car; only `face` and `other` depend on the make."""
    rng = np.random.default_rng([seed, 71])
    shape, finish = _shape(rng), _finish(rng)
    faces = {
        "smooth": _smooth(np.random.default_rng([seed, 72]), shape),
        "grille": _grille(np.random.default_rng([seed, 73]), shape),
    }
    other = MAKES[1 - MAKES.index(make)]
    return CarTraits(shape, finish, faces[make], faces[other])


def _shape(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(list(STYLES), p=STYLE_ODDS))
    base, behind, roof, cowl, nose, deck, rear, end = STYLES[style]
    size = rng.uniform(0.95, 1.05)
    high = rng.uniform(-0.03, 0.03)
    return Shape(
        style, base * size, rng.uniform(0.80, 0.95), behind * size,
        nose=nose + high + rng.uniform(-0.04, 0.04), cowl=cowl + high, roof=roof + 1.5 * high,
        deck=deck + high, cowl_x=-rng.uniform(0.36, 0.56), roof_x=-rng.uniform(1.12, 1.32),
        rear_x=-rear * size, deck_x=-end * size, half=rng.uniform(0.87, 0.95),
        belt=cowl + high - rng.uniform(0.02, 0.07), lean=rng.uniform(0.34, 0.50),
        tyre=rng.uniform(0.32, 0.345) + 0.02 * (style == "crossover"),
        floor=rng.uniform(0.17, 0.21) + 0.05 * (style == "crossover"),
    )  # fmt: skip


def _finish(rng: np.random.Generator) -> Finish:
    colours, odds = zip(*PAINTS.values(), strict=True)
    base = np.array(colours[rng.choice(len(colours), p=odds)])
    paint = np.clip(base * rng.uniform(0.8, 1.25) * rng.uniform(0.9, 1.1, 3), 0.006, 0.7)
    return Finish(
        tuple(paint.tolist()), metallic=rng.uniform(0, 1), trim=bool(rng.random() < 0.5),
        dark_roof=bool(rng.random() < 0.15), spokes=int(rng.integers(5, 11)),
        rim=float(rng.choice([0.05, 0.25, 0.5], p=[0.3, 0.2, 0.5])),
        plate=str(rng.choice(["none", "white", "yellow"], p=[0.35, 0.5, 0.15])),
        plate_y=rng.uniform(0.36, 0.48), lights_on=bool(rng.random() < 0.25),
        tint=rng.uniform(0.3, 1.0), dirt=rng.beta(1, 4),
    )  # fmt: skip


def _smooth(rng: np.random.Generator, shape: Shape) -> Face:
    """No grille, slim lamps, a small shield, a slit to breathe, smooth sides."""
    lamp = shape.nose - rng.uniform(0.06, 0.12)
    tall = rng.uniform(0.07, 0.12)
    low = shape.floor + rng.uniform(0.05, 0.10)
    return Face(
        "smooth", None, 0, rng.uniform(0, 1),
        (rng.uniform(0.40, 0.52), lamp, tall, rng.uniform(0.05, 0.22)), bool(rng.random() < 0.5),
        (low, low + rng.uniform(0.05, 0.13), rng.uniform(0.40, 0.68)),
        (lamp + rng.uniform(-0.01, 0.02), rng.uniform(0.045, 0.06), "shield"), 0.0, False,
    )  # fmt: skip


def _grille(rng: np.random.Generator, shape: Shape) -> Face:
    """A grille between taller lamps with a ring on it, a wide mouth, a line along the sides."""
    lamp = shape.nose - rng.uniform(0.08, 0.13)
    tall = rng.uniform(0.09, 0.16)
    high = lamp + rng.uniform(0.2, 0.6) * tall
    deep = rng.uniform(0.12, 0.24)
    wide = rng.uniform(0.36, 0.50)
    low = shape.floor + rng.uniform(0.04, 0.08)
    return Face(
        "grille", (high - deep, high, wide, wide * rng.uniform(0.72, 1.08)),
        int(rng.integers(2, 6)), float(rng.choice([0.0, 0.4, 1.0])),
        (wide + rng.uniform(0.0, 0.05), lamp, tall, rng.uniform(-0.02, 0.14)),
        bool(rng.random() < 0.5), (low, low + rng.uniform(0.08, 0.17), rng.uniform(0.45, 0.72)),
        (high - rng.uniform(0.3, 0.5) * deep, rng.uniform(0.065, 0.085), "ring"),
        crease=rng.uniform(0.70, 0.80) + shape.cowl - 1.0, handles=True,
    )  # fmt: skip
