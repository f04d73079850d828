"""Bones: turn the parts of a body about its joints, and find the way back.

A body is modelled once, standing. Each part hangs on a bone; a pose is a rotation per bone.
Coats are painted on the standing body, so a posed point is carried back before it is coloured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Bone:
    """A joint: its parent's name and the point it turns about, on the standing body."""

    parent: str | None
    pivot: tuple[float, float, float]


@dataclass
class Pose:
    """turns: rotation (3, 3) per bone; drops: how far a bone is moved straight up (metres)."""

    turns: dict[str, np.ndarray] = field(default_factory=dict)
    drops: dict[str, float] = field(default_factory=dict)


def about_z(angle: float) -> np.ndarray:
    """Rotation in the body's plane: positive lifts the front."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def about_y(angle: float) -> np.ndarray:
    """Rotation about the vertical: positive turns the front towards +z."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, -s], [0, 1.0, 0], [s, 0, c]])


def about_x(angle: float) -> np.ndarray:
    """Rotation about the body's long axis: positive lifts +z."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0, 0], [0, c, s], [0, -s, c]])


def transforms(bones: dict[str, Bone], pose: Pose) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per bone R (3, 3), t (3,): a standing point p comes to lie at R p + t. Parents first."""
    placed: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, bone in bones.items():
        above, shift = placed[bone.parent] if bone.parent else (np.eye(3), np.zeros(3))
        pivot = np.array(bone.pivot, float)
        turn = pose.turns.get(name, np.eye(3))
        lift = np.array([0, pose.drops.get(name, 0.0), 0])
        placed[name] = above @ turn, above @ (pivot - turn @ pivot) + shift + lift
    return placed
