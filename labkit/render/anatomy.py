"""The standing body of a wolf or husky as round cones: trunk, legs, tail; the head is in `head`.

x runs to the nose, y up, z to the left side, metres; an average wolf's shoulder is 0.75 high.
Only form and lie of the fur are set here; colours are in `coats`.
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.render.skeleton import Bone
from labkit.render.traits import Build

SIDES = {"left": 1, "right": -1}


@dataclass
class Part:
    """A round cone on a bone. fur: its length (m); flow: where hairs point; region: for coats;
    axis, flat: the direction it is squeezed along, and how much."""

    bone: str
    region: str
    a: tuple
    b: tuple
    ra: float
    rb: float
    fur: float
    flow: tuple
    axis: tuple = (0, 0, 1)
    flat: float = 1.0


def body(build: Build, animal: str) -> tuple[dict[str, Bone], list[Part]]:
    """Bones (parents first) and parts of everything but the head."""
    bones = {
        "trunk": Bone(None, (-0.30, 0.60, 0)),
        "neck": Bone("trunk", (0.25, 0.62, 0)),
        "head": Bone("neck", (0.44, 0.80, 0)),
    }
    parts = _trunk(build) + _neck(build)
    for side, z in SIDES.items():
        bones |= _leg_bones(side, z, build)
        parts += _foreleg(side, z, build) + _hindleg(side, z, build)
    tail_bones, tail = _curled_tail(build) if animal == "husky" else _hanging_tail(build)
    return bones | tail_bones, parts + tail


def _trunk(build: Build) -> list[Part]:
    w, f = build.bulk, 0.030 * build.fur
    narrow = 1.32 / build.chest

    def part(a, b, ra, rb, flow, flat=1.2, fur=f):
        return Part("trunk", "trunk", a, b, ra * w, rb * w, fur, flow, flat=flat)

    return [
        part((0.25, 0.575, 0), (0.08, 0.585, 0), 0.150, 0.145, (-1, -0.4, 0), narrow),
        part((0.20, 0.505, 0), (0.00, 0.535, 0), 0.112, 0.106, (-1, -0.5, 0), narrow),
        part((0.08, 0.59, 0), (-0.24, 0.625, 0), 0.132, 0.102, (-1, -0.3, 0)),
        part((-0.02, 0.545, 0), (-0.22, 0.595, 0), 0.095, 0.085, (-1, -0.4, 0)),
        part((-0.24, 0.625, 0), (-0.36, 0.60, 0), 0.114, 0.088, (-1, -0.7, 0), 1.1),
        part((0.22, 0.675, 0), (-0.02, 0.675, 0), 0.075, 0.066, (-1, -0.1, 0), 1.1, f * 1.25),
        part((-0.02, 0.68, 0), (-0.30, 0.67, 0), 0.056, 0.050, (-1, -0.1, 0), 1.0),
    ]


def _neck(build: Build) -> list[Part]:
    w, f = build.bulk * (0.94 + 0.06 * build.ruff), 0.042 * build.fur * build.ruff

    def part(bone, a, b, ra, rb, flow):
        return Part(bone, "neck", a, b, ra * w, rb * w, f, flow, flat=1.08)

    return [
        part("neck", (0.22, 0.63, 0), (0.42, 0.79, 0), 0.124, 0.092, (-0.8, -0.5, 0)),
        part("neck", (0.29, 0.56, 0), (0.43, 0.72, 0), 0.104, 0.080, (-0.3, -1, 0)),
        part("trunk", (0.30, 0.53, 0), (0.29, 0.60, 0), 0.098, 0.10, (-0.2, -1, 0)),
    ]


def _leg_bones(side: str, z: int, build: Build) -> dict[str, Bone]:
    fore, hind = 0.085 * z * build.chest, 0.076 * z

    def at(x, y, across):
        return (x, _low(y, build), across)

    return {
        f"{side} shoulder": Bone("trunk", at(0.235, 0.54, fore)),
        f"{side} elbow": Bone(f"{side} shoulder", at(0.165, 0.395, fore)),
        f"{side} wrist": Bone(f"{side} elbow", at(0.185, 0.185, fore)),
        f"{side} fore paw": Bone(f"{side} wrist", at(0.195, 0.055, fore)),
        f"{side} hip": Bone("trunk", at(-0.30, 0.585, hind)),
        f"{side} knee": Bone(f"{side} hip", at(-0.205, 0.385, hind)),
        f"{side} hock": Bone(f"{side} knee", at(-0.375, 0.215, hind)),
        f"{side} hind paw": Bone(f"{side} hock", at(-0.345, 0.055, hind)),
    }


def _low(y: float, build: Build) -> float:
    """Height of a point of the leg: longer legs reach deeper, below 0."""
    return y - max(0.0, 0.52 - y) * (build.leg - 1) * 1.35


def _leg(points, build: Build, region: str) -> list[Part]:
    """Parts from rows (bone, a, b, ra, rb, fur, flow), heights stretched to the build's leg."""
    parts = []
    for bone, a, b, ra, rb, fur, flow in points:
        a, b = ((x, _low(y, build), z) for x, y, z in (a, b))
        flat = 1.25 if ra > 0.07 else 1.0
        parts.append(Part(bone, region, a, b, ra, rb, fur * build.fur, flow, flat=flat))
    return parts


def _foreleg(side: str, sign: int, build: Build) -> list[Part]:
    z, w = 0.085 * sign * build.chest, build.bulk
    down = (-0.1, -1, 0)
    toes = [
        (f"{side} fore paw", (0.225, 0.028, z + dz), (0.258, 0.020, z + dz * 1.5), 0.021, 0.018,
         0.003, (1, -0.3, 0))
        for dz in (-0.014, 0.014)
    ]  # fmt: skip
    return _leg([
        (f"{side} shoulder", (0.25, 0.53, z * 0.85), (0.17, 0.41, z), 0.088 * w, 0.052 * w, 0.022,
         down),
        (f"{side} elbow", (0.165, 0.40, z), (0.185, 0.20, z), 0.047 * w, 0.029, 0.013, down),
        (f"{side} wrist", (0.185, 0.195, z), (0.195, 0.06, z), 0.028, 0.024, 0.007, down),
        (f"{side} fore paw", (0.193, 0.055, z), (0.232, 0.028, z), 0.027, 0.027, 0.005,
         (1, -0.5, 0)),
        *toes,
    ], build, "foreleg")  # fmt: skip


def _hindleg(side: str, sign: int, build: Build) -> list[Part]:
    z, w = 0.076 * sign, build.bulk
    toes = [
        (f"{side} hind paw", (-0.312, 0.027, z + dz), (-0.282, 0.019, z + dz * 1.5), 0.020, 0.017,
         0.003, (1, -0.3, 0))
        for dz in (-0.013, 0.013)
    ]  # fmt: skip
    return _leg([
        (f"{side} hip", (-0.30, 0.575, z * 0.9), (-0.225, 0.42, z), 0.108 * w, 0.070 * w, 0.024,
         (-0.4, -1, 0)),
        (f"{side} hip", (-0.35, 0.55, z * 0.8), (-0.29, 0.38, z), 0.070 * w, 0.042 * w, 0.028,
         (-0.6, -1, 0)),
        (f"{side} knee", (-0.21, 0.395, z), (-0.365, 0.225, z), 0.060 * w, 0.029, 0.018,
         (-0.7, -1, 0)),
        (f"{side} hock", (-0.375, 0.225, z), (-0.348, 0.06, z), 0.026, 0.0235, 0.008,
         (-0.1, -1, 0)),
        (f"{side} hind paw", (-0.347, 0.055, z), (-0.307, 0.026, z), 0.026, 0.025, 0.005,
         (1, -0.5, 0)),
        *toes,
    ], build, "hindleg")  # fmt: skip


def _tail(points, radii, fur: float) -> tuple[dict[str, Bone], list[Part]]:
    """A chain of bones along these points, one part each."""
    bones, parts, parent = {}, [], "trunk"
    for i, (a, b) in enumerate(zip(points[:-1], points[1:], strict=True)):
        name = f"tail {i + 1}"
        bones[name] = Bone(parent, a)
        flow = tuple(q - p for p, q in zip(a, b, strict=True))
        parts.append(Part(name, "tail", a, b, radii[i], radii[i + 1], fur, flow))
        parent = name
    return bones, parts


def _hanging_tail(build: Build) -> tuple[dict[str, Bone], list[Part]]:
    """A wolf's: straight down to the hocks, bushy, dark at the tip."""
    s = build.tail
    points = [(-0.41, 0.63, 0), (-0.475, 0.63 - 0.11 * s, 0), (-0.505, 0.63 - 0.24 * s, 0),
              (-0.52, 0.63 - 0.39 * s, 0)]  # fmt: skip
    return _tail(points, (0.040, 0.044, 0.052, 0.020), 0.040 * build.fur)


def _curled_tail(build: Build) -> tuple[dict[str, Bone], list[Part]]:
    """A husky's: a sickle carried over the back, bushy to the end."""
    s = build.tail
    rise = [(0, 0), (-0.07, 0.085), (-0.065, 0.19), (0.015, 0.265), (0.115, 0.25), (0.16, 0.18)]
    points = [(-0.395 + x * s, 0.665 + y * s, 0) for x, y in rise]
    return _tail(points, (0.038, 0.044, 0.050, 0.052, 0.046, 0.022), 0.046 * build.fur)
