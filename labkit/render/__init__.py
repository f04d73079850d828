"""Wolves, huskies, cars and a bus, drawn by ray marching, with exact masks; seeds vary the scene.

>>> from labkit import render
>>> image, mask = render.scene("husky", "grass", seed=0)

The shapes are signed-distance fields on the CPU; see `scene` (animals), `season`, `car` and
`bus` for what varies and what stays.
"""

from labkit.render.buses import BUS_GROUNDS, BusScene, bus
from labkit.render.cars import MAKES, CarScene, car
from labkit.render.portraits import Pose, draw_pose, portrait, stage, turning
from labkit.render.scenes import ANIMALS, GROUNDS, Cutout, Scene, backdrop, cutout, scene
from labkit.render.seasons import SEASONS, season

__all__ = [
    "ANIMALS",
    "BUS_GROUNDS",
    "GROUNDS",
    "MAKES",
    "SEASONS",
    "BusScene",
    "CarScene",
    "Cutout",
    "Pose",
    "Scene",
    "backdrop",
    "bus",
    "car",
    "cutout",
    "draw_pose",
    "portrait",
    "scene",
    "season",
    "stage",
    "turning",
]
