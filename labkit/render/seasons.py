"""The same place in summer and in winter.

Only drawn worlds have a true counterpart for every picture: `season` keeps animal, light, sky,
hills and trees of a scene and changes what the season changes.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from labkit.nets.threads import one_each
from labkit.render.develop import known
from labkit.render.ground import draw_site
from labkit.render.landscape import draw_landscape
from labkit.render.scenes import painted, setting_of

SEASONS = {"summer": "grass", "winter": "snow"}  # and the ground it brings


@torch.no_grad()
def season(animal: str, name: str, *, seed: int, size: int = 224) -> Tensor:
    """Draw what stands behind an animal in "summer" or "winter": (3, H, W) in [0, 1].

    Hills and trees keep their places and shapes; grass and leaves give way to snow. The animal
    itself is `render.cutout(animal, seed=seed, size=size)`. ValueError for anything unknown.

    >>> july, january = (season("wolf", name, seed=3) for name in ("summer", "winter"))
    """
    ground = SEASONS[known("season", name, tuple(SEASONS))]
    with one_each():
        setting = setting_of(animal, seed, size)
        site, trees = (np.random.default_rng([*setting.seed, 7, i]) for i in range(2))
        behind = draw_landscape(ground, setting.camera, setting.light, trees, like="grass")
        return painted(setting, draw_site(ground, site), behind, blur=trees.uniform(0.2, 1.2))
