"""Poses: turn bones for standing, walking or sitting, and set every paw on the ground."""

from __future__ import annotations

import math

import numpy as np

from labkit.render.anatomy import SIDES, Part
from labkit.render.skeleton import Bone, Pose, about_x, about_y, about_z, transforms
from labkit.render.traits import Stance, Traits

GAIT = {"left fore": 0.0, "right hind": 0.5, "right fore": 1.0, "left hind": 1.5}  # of pi


def pose_of(traits: Traits, bones: dict[str, Bone], parts: list[Part]) -> Pose:
    """The pose that these traits ask for; its lowest paws lie at height 0."""
    stance = traits.stance
    turns = {"trunk": about_x(stance.lean)}
    _legs(turns, stance)
    if stance.kind == "sit":
        _sit(turns)
    _neck(turns, stance)
    _tail(turns, traits)
    pose = Pose(turns)
    _stand(pose, bones, parts, stance)
    return pose


def _neck(turns: dict, stance: Stance) -> None:
    """Share the turn of the head between neck and head; keep the eyes level when sitting."""
    up = stance.neck - (0.62 if stance.kind == "sit" else 0)
    turns["neck"] = about_y(0.35 * stance.yaw) @ about_z(up)
    level = -0.75 * stance.neck - (0.05 if stance.kind == "sit" else 0)
    turns["head"] = about_y(0.65 * stance.yaw) @ about_z(stance.nod + level)


def _legs(turns: dict, stance: Stance) -> None:
    """Swing the legs of a four-beat walk, bending those that come forward."""
    for leg, beat in GAIT.items():
        side, end = leg.split()
        swing = stance.stride * math.sin(stance.phase + beat * math.pi)
        lift = max(0.0, math.cos(stance.phase + beat * math.pi)) * stance.stride
        if end == "fore":
            turns[f"{side} shoulder"] = about_z(swing)
            turns[f"{side} elbow"] = about_z(0.9 * lift)
            turns[f"{side} wrist"] = about_z(-1.6 * lift)
            turns[f"{side} fore paw"] = about_z(0.7 * lift - swing)
        else:
            turns[f"{side} hip"] = about_z(0.9 * swing + 0.3 * lift)
            turns[f"{side} knee"] = about_z(-0.7 * lift)
            turns[f"{side} hock"] = about_z(0.7 * lift)
            turns[f"{side} hind paw"] = about_z(-0.9 * swing - 0.4 * lift)


def _sit(turns: dict) -> None:
    """Raise the trunk, fold the hind legs, keep the forelegs upright."""
    rise = 0.78
    turns["trunk"] = about_z(rise) @ turns["trunk"]
    for side in SIDES:
        turns[f"{side} shoulder"] = about_z(-rise - 0.02)
        turns[f"{side} elbow"] = about_z(0.05)
        turns[f"{side} wrist"] = turns[f"{side} fore paw"] = np.eye(3)
        turns[f"{side} hip"] = about_y(0.22 * SIDES[side]) @ about_z(0.50)
        turns[f"{side} knee"] = about_z(-1.10)
        turns[f"{side} hock"] = about_z(1.10)
        turns[f"{side} hind paw"] = about_z(-1.25)


def _tail(turns: dict, traits: Traits) -> None:
    """Swing the tail; lay it on the ground behind a sitting animal."""
    stance = traits.stance
    if stance.kind == "sit":
        _lay_tail(turns, traits)
    elif traits.animal == "wolf":
        turns["tail 1"] = about_y(0.4 * stance.wag) @ about_z(-0.6 * stance.tail)
        turns["tail 2"] = about_y(0.3 * stance.wag) @ about_z(-0.4 * stance.tail)
    else:
        turns["tail 1"] = about_x(-0.35 * stance.wag) @ about_z(-0.5 * stance.tail)
        turns["tail 2"] = about_y(0.3 * stance.wag) @ about_z(-0.4 * stance.tail)
        turns["tail 3"] = about_x(-0.3 * stance.wag)


def _lay_tail(turns: dict, traits: Traits) -> None:
    wag = about_y(0.5 * traits.stance.wag)
    if traits.animal == "wolf":
        turns["tail 1"] = wag @ about_z(-1.85)
        turns["tail 2"] = turns["tail 3"] = about_y(0.3 * traits.stance.wag) @ about_z(-0.12)
        return
    turns["tail 1"] = wag @ about_z(0.75)  # lets go of the curl
    for i in (2, 3, 4, 5):
        turns[f"tail {i}"] = about_z(0.30)


def _stand(pose: Pose, bones: dict[str, Bone], parts: list[Part], stance: Stance) -> None:
    """Move the trunk and then each leg up or down until the paws touch height 0."""
    feet = {f"{side} {end}": _lowest(pose, bones, parts, f"{side} {end} paw")
            for side in SIDES for end in ("fore", "hind")}  # fmt: skip
    if stance.kind == "sit":
        base = min(_lowest(pose, bones, parts, f"{side} hip") for side in SIDES)
        pose.drops["trunk"] = -base - 0.02
        tail = min(_lowest(pose, bones, parts, name) for name in bones if "tail" in name)
        pose.drops["tail 1"] = max(0.0, -tail - 0.02)
    else:
        pose.drops["trunk"] = -float(np.mean(list(feet.values())))
    for leg, low in feet.items():
        side, end = leg.split()
        gap = low + pose.drops["trunk"]
        beat = math.cos(stance.phase + GAIT[leg] * math.pi)
        if stance.kind == "walk" and beat > 0.75:  # the one leg in the air
            gap -= 0.10 * stance.stride
        limit = 0.16 if stance.kind == "sit" else 0.09
        root = f"{side} shoulder" if end == "fore" else f"{side} hip"
        joint = f"{side} knee" if end == "hind" and stance.kind == "sit" else root
        pose.drops[joint] = float(np.clip(-gap, -limit, limit))


def _lowest(pose: Pose, bones: dict[str, Bone], parts: list[Part], bone: str) -> float:
    """Height of the lowest point of a bone's parts."""
    turn, shift = transforms(bones, pose)[bone]
    return min(
        float((turn @ np.array(end))[1] + shift[1]) - radius
        for part in parts
        if part.bone == bone
        for end, radius in ((part.a, part.ra), (part.b, part.rb))
    )
