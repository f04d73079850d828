"""Heads close up: two actors in any pose, under one light, so that each swap has a true answer.

An actor is an animal and the seed of its build and coat; a pose turns camera and head. The same
pose of another actor is the same picture but for who is in it. See `labkit.data.portraits`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from labkit.nets.threads import one_each
from labkit.render.animal import Animal
from labkit.render.camera import frame, look_at
from labkit.render.develop import known, whole_numbers
from labkit.render.layer import draw_layer
from labkit.render.light import WEATHER, Light, ShadowMap, colour
from labkit.render.scenes import ANIMALS, GROUNDS, Cutout, Setting, behind, developed
from labkit.render.traits import Stance, draw_traits

SIZES = (32, 512)
RADIUS, RAISED, FILL = 0.15, 0.022, 0.72  # metres around and above the skull; share of the picture
BUST = ("trunk", "neck", "head", "muzzle", "nose", "ear")


class Pose(NamedTuple):
    """Angles in radians. azimuth: of the camera, 0 in front of the animal; yaw, nod: of the head
    to the camera's right and up."""

    azimuth: float
    yaw: float
    nod: float


def draw_pose(seed: int) -> Pose:
    """A pose at random: the camera up to 50 degrees aside, the head turned halfway to it."""
    rng = np.random.default_rng([seed, 77])
    azimuth = float(np.radians(rng.uniform(-50, 50)))
    yaw = azimuth / 2 + float(rng.uniform(-0.5, 0.5))
    return Pose(azimuth, yaw, float(rng.uniform(-0.35, 0.2)))


def turning(frames: int = 24, azimuth: float = 0.3) -> list[Pose]:
    """The poses of a short film: the head looks from side to side and nods once, and back."""
    turns = [2 * math.pi * i / frames for i in range(frames)]
    return [Pose(azimuth, 0.2 + 0.55 * math.sin(t), -0.1 - 0.15 * math.sin(2 * t)) for t in turns]


@torch.no_grad()
def portrait(animal: str, pose: Pose, *, seed: int, size: int = 64, view: float = 1.0) -> Cutout:
    """Draw an actor's head: image (3, size, size) in [0, 1] and its cover (size, size).

    view: how many times as wide the camera sees; `view=2.5, size=160` holds `size=64` in its
    middle, pixel for pixel but for grain. ValueError for an unknown animal, size or view.

    >>> wolf = portrait("wolf", draw_pose(0), seed=3)
    >>> husky = portrait("husky", draw_pose(0), seed=4)  # the same pose, light and camera
    """
    setting = _setting(animal, pose, seed, size, view)
    body = setting.animal.only(BUST) if view == 1 else setting.animal
    linear, alpha = draw_layer(body, setting.camera, setting.light, setting.shadow)
    with one_each():
        return Cutout(developed(linear, setting), (2 * alpha).clamp(max=1))


def stage(animal: str, pose: Pose, ground: str, *, seed: int, size: int, view: float) -> Tensor:
    """What lies behind a portrait seen from farther away, on a ground: (3, size, size)."""
    with one_each():
        setting = _setting(animal, pose, seed, size, view)
        return behind(setting, known("ground", ground, GROUNDS))


def _setting(animal: str, pose: Pose, seed: int, size: int, view: float) -> Setting:
    known("animal", animal, ANIMALS)
    seed, size = whole_numbers(seed, size, SIZES)
    if not 1 <= view <= 4:
        raise ValueError(f"view must be from 1 to 4, not {view}")
    body = Animal(replace(draw_traits(animal, seed), stance=_stance(pose)))
    light, middle = _light(pose.azimuth), body.skull
    box = RADIUS * torch.cat([torch.eye(3), -torch.eye(3)])
    box = box + middle + torch.tensor([0.0, RAISED, 0.0])
    eye = {"azimuth": pose.azimuth, "height": float(middle[1]) + 0.1, "distance": 2.2}
    camera = look_at(middle, **eye)
    camera = frame(camera, box, box, fill=FILL / view, place=(0.0, 0.0), size=size)
    shadow = ShadowMap(body.solid, middle, 0.55, light.direction)
    return Setting(body, camera, light, shadow, (seed, ANIMALS.index(animal)), 0.004)


def _stance(pose: Pose) -> Stance:
    still = {"neck": -0.1, "stride": 0.0, "phase": 0.0, "tail": 0.0, "wag": 0.0, "lean": 0.0}
    return Stance("stand", "quarter", **pose._asdict(), **still)


def _light(azimuth: float) -> Light:
    """Haze, and a sun high behind the camera's shoulder: the same for every picture."""
    sun, sky, zenith, horizon, _, mist = WEATHER["haze"]
    up, around = 0.9, azimuth + 0.7
    level = math.cos(up)
    direction = torch.tensor([level * math.cos(around), math.sin(up), level * math.sin(around)])
    colours = [colour(*part) for part in (sun, sky, zenith, horizon)]
    return Light("haze", *colours, direction, mist[0], 1.0)
