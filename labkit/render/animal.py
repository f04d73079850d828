"""One posed animal as a distance field that also knows its fur and where it was when standing.

Joins the parts of `anatomy` and `head` by the pose of `poses`. Pixels are drawn in `layer`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from labkit.render import anatomy, head, poses
from labkit.render.noise import noise, unit
from labkit.render.primitives import RoundCones, Views, smooth_union
from labkit.render.skeleton import transforms
from labkit.render.traits import Traits

REGIONS = ("trunk", "neck", "head", "muzzle", "nose", "ear", "foreleg", "hindleg", "tail")
FILLET, FINE = 0.024, 0.009  # width of the fillets between parts: body, head and feet (m)
TUFT = (30.0, 75.0)  # tufts of fur per metre, coarse and fine


class Animal:
    """The distance field of a posed animal.

    parts: which cones count; `near(index)` gives a cheaper animal of a few of them;
    reach: metres around in which it keeps light from the ground.
    """

    reach = 1.1

    def __init__(self, traits: Traits):
        bones, parts = anatomy.body(traits.build, traits.animal)
        parts += head.head(traits.build, traits.animal)
        placed = transforms(bones, poses.pose_of(traits, bones, parts))
        self.traits = traits
        self._place(parts, placed)
        names = list(placed)
        self._bone = torch.tensor([names.index(part.bone) for part in parts])
        self._turns = _tensor([placed[name][0] for name in names])  # (bones, 3, 3)
        self._shifts = _tensor([placed[name][1] for name in names])
        index = [REGIONS.index(part.region) for part in parts]
        self._regions = torch.eye(len(REGIONS))[index]
        self._bones = torch.eye(len(names))[self._bone]
        middle = _tensor(head.JOINT) + torch.tensor([0.11, 0.02, 0.0])
        joint = self._turns[names.index("head")] @ middle
        self.skull = joint + self._shifts[names.index("head")]
        self.offset = traits.coat.offset

    def _place(self, parts, placed) -> None:
        """Carry every part to its place in the pose."""
        turns = np.array([placed[part.bone][0] for part in parts])
        shifts = np.array([placed[part.bone][1] for part in parts])

        def moved(values, shift=0.0):
            return _tensor(np.einsum("kij,kj->ki", turns, np.array(values, float)) + shift)

        self.cones = RoundCones(
            moved([p.a for p in parts], shifts), moved([p.b for p in parts], shifts),
            _tensor([p.ra for p in parts]), _tensor([p.rb for p in parts]),
            unit(moved([p.axis for p in parts])), _tensor([p.flat for p in parts]),
        )  # fmt: skip
        self.fur = _tensor([p.fur for p in parts])
        self.flow = unit(moved([p.flow for p in parts]))

    def near(self, index: Tensor) -> Animal:
        """The same animal made of these parts alone, for rays that meet no other."""
        some = object.__new__(Animal)
        some.__dict__.update(self.__dict__)
        some.cones = self.cones.pick(index)
        for name in ("fur", "flow", "_regions", "_bones"):
            setattr(some, name, getattr(self, name)[index])
        return some

    def only(self, regions: tuple[str, ...]) -> Animal:
        """The same animal made of the parts of these regions, some of `REGIONS`."""
        index = [REGIONS.index(name) for name in regions]
        return self.near(self._regions[:, index].any(1).nonzero()[:, 0])

    def seen_by(self, parts: list[Tensor], animals: list[Animal]) -> Animal:
        """The animal as several views see it; parts: which each sees, animals: `near` of them."""
        index = torch.cat(parts).unique()
        some = self.near(index)
        places = [torch.searchsorted(index, part) for part in parts]
        some.cones = Views(some.cones, places, [animal.cones for animal in animals])
        return some

    def skin(self, points: Tensor, view: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Distance (M,) of (M, 3) points to the body without fur, and each part's share (M, K).

        view: (M,) through which view, for an animal from `seen_by`.
        """
        apart = (points - self.skull).square().sum(1)
        far = apart.sub_(0.17**2).div_(0.30**2 - 0.17**2).clamp_(0, 1)
        high = points[:, 1].sub(0.06).div_(0.29).clamp_(0, 1)
        softness = far.mul_(high).mul_(FILLET - FINE).add_(FINE)
        return smooth_union(self.cones.distance(points, view), softness)

    def solid(self, points: Tensor) -> Tensor:
        """Distance (M,) to the body with its fur laid flat: what casts shadows."""
        distance, share = self.skin(points)
        return distance - 0.45 * (share @ self.fur)

    def tips(self, points: Tensor, view: Tensor | None = None) -> Tensor:
        """Distance (M,) to the tips of the fur."""
        distance, share = self.skin(points, view)
        return distance - share @ self.fur

    def coated(self, points: Tensor, view: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Distance (M,) to the tips of the fur, and to the outside of all fur."""
        distance, share = self.skin(points, view)
        length = share @ self.fur
        tips = distance - length
        inside = (tips < 0.006).nonzero()[:, 0]
        if len(inside):
            d, size = distance[inside], length[inside]
            lie = unit(share[inside] @ self.flow)
            root = points[inside] - lie * d.clamp_min(0)[:, None] * 1.6
            distance = distance.index_put((inside,), d - size * self._tufts(root, lie))
        return distance, tips

    def _tufts(self, root: Tensor, lie: Tensor) -> Tensor:
        """Height of the fur (M,) as a share of its length: tufts drawn out along the lie."""
        still = root + self.offset
        along = lie * 0.018
        ahead, behind = noise(torch.cat([still + along, still - along]) * TUFT[0], 0).chunk(2)
        coarse, fine = (ahead + behind).sub_(0.5), noise(still * TUFT[1], 1).sub_(0.2)
        return coarse.mul_(0.75).add_(0.05).add_(fine.mul_(0.5)).clamp_(0.03, 1.0)

    def belonging(self, share: Tensor) -> tuple[Tensor, Tensor]:
        """Shares (M, B) of each bone and (M, R) of each region in points with these shares of
        parts (M, K)."""
        return share @ self._bones, share @ self._regions

    def standing(self, points: Tensor, bones: Tensor) -> Tensor:
        """Where (M, 3) points of the posed animal lie on the standing one, for its coat."""
        backward = self._turns.transpose(1, 2)
        shift = torch.einsum("bij,bj->bi", backward, self._shifts)
        every = torch.einsum("bij,mj->mbi", backward, points) - shift
        return (bones[..., None] * every).sum(1)

    def standing_vectors(self, vectors: Tensor, bones: Tensor) -> Tensor:
        """Directions (M, 3) turned back to the standing animal."""
        every = torch.einsum("bji,mj->mbi", self._turns, vectors)
        return (bones[..., None] * every).sum(1)


def _tensor(values) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
