"""The head: skull, stop, tapered muzzle, jaw, cheek ruffs, brows, ears, nose.

Built in its own frame (origin between the jaw joints, x to the nose, y up) and set on the neck.
A canid's head is a wedge: long muzzle, a low stop, ruffs that widen the face behind the eyes.
"""

from __future__ import annotations

from labkit.render.anatomy import Part
from labkit.render.traits import Build

JOINT = (0.44, 0.80, 0.0)  # where the head sits on the standing body
SCALE = 1.10
EYE = (0.1065, 0.0455, 0.0440)  # in head units, left eye (right one mirrored)


def nose_tip(build: Build) -> tuple[float, float, float]:
    """Centre of the nose pad in head units."""
    return (0.100 + 0.158 * build.muzzle, -0.006, 0.0)


def head(build: Build, animal: str) -> list[Part]:
    """All parts of the head, on the standing body."""
    rows = _skull(build) + _muzzle(build, animal)
    for z in (1, -1):
        rows += _side(build, z, animal)
    return [_place(row, build) for row in rows]


def units(build: Build) -> float:
    """Metres per head unit."""
    return SCALE * build.head


def _place(row, build: Build) -> Part:
    """Turn (region, a, b, ra, rb, fur, flow[, axis, flat]) in head units into a part."""
    region, a, b, ra, rb, fur, flow, *squeeze = row
    s = units(build)
    a, b = (tuple(j + s * v for j, v in zip(JOINT, p, strict=True)) for p in (a, b))
    return Part("head", region, a, b, ra * s, rb * s, fur * s, flow, *squeeze)


def _skull(build: Build) -> list[tuple]:
    f = 0.012 * build.fur
    return [
        ("head", (0.00, 0.022, 0), (0.062, 0.034, 0), 0.086, 0.070, f, (-1, 0, 0)),
        ("head", (0.060, 0.058, 0), (0.086, 0.051, 0), 0.050, 0.045, f * 0.6, (-1, 0.2, 0)),
        ("neck", (-0.05, -0.01, 0), (0.00, 0.00, 0), 0.090, 0.086, 0.03 * build.fur, (-1, -0.4, 0)),
    ]


def _muzzle(build: Build, animal: str) -> list[tuple]:
    tip, y, _ = nose_tip(build)
    w = 1.0 if animal == "wolf" else 1.06
    back = (-1, 0, 0)
    return [
        ("muzzle", (0.088, 0.006, 0), (tip - 0.026, -0.012, 0), 0.054 * w, 0.0300 * w, 0.004, back),
        ("muzzle", (0.085, 0.030, 0), (tip - 0.018, 0.001, 0), 0.031, 0.0225, 0.003, back),
        ("muzzle", (0.050, -0.036, 0), (tip - 0.045, -0.034, 0), 0.047, 0.0215, 0.005, back),
        ("nose", (tip - 0.010, y, 0), (tip, y - 0.001, 0), 0.0205, 0.0165, 0.0, back,
         (0, 0, 1), 0.85),
    ]  # fmt: skip


def _side(build: Build, z: int, animal: str) -> list[tuple]:
    """Brow, cheek, ruff and ear of one side."""
    r, f = build.ruff, 0.030 * build.fur * build.ruff
    out = (-0.8, -0.5, 0.7 * z)
    e, w = build.ear, build.ear_width
    root = (0.005, 0.080, 0.052 * z * w)
    apex = (-0.006, 0.088 + 0.084 * e, (0.052 * w + 0.014 + 0.008 * w) * z)
    return [
        ("head", (0.088, 0.062, 0.034 * z), (0.066, 0.066, 0.050 * z), 0.020, 0.020, 0.004,
         (-1, 0.3, 0)),
        ("head", (0.075, 0.006, 0.036 * z), (0.030, 0.000, 0.056 * z), 0.040, 0.048, f * 0.5, out),
        ("head", (0.028, -0.016, 0.060 * z), (-0.018, -0.040, 0.060 * z + 0.028 * z * r), 0.048,
         0.026, f, out),
        ("ear", root, apex, 0.052 + 0.003 * w, build.ear_tip, 0.005, (-0.2, 1, 0.2 * z),
         (0.88, 0.1, 0.46 * z), 2.9),
        ("head", (0.0, 0.070, 0.045 * z * w), (-0.012, 0.098, 0.056 * z * w), 0.036, 0.022, 0.010,
         (-0.6, 0.8, 0.1 * z)),
    ]  # fmt: skip
