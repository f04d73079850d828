"""The forger: what a face does goes through one encoder, who does it comes from a decoder each.

Trained to rebuild the faces of two actors, with one encoder for both and a decoder for each, it
can `swap`: take a face's code to the other's decoder. That's the recipe behind the word "deepfake"
(an anonymous user of Reddit, 2017). A face here is a picture and its cover, (4, 64, 64).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WOLF, HUSKY = 0, 1  # actors by number
SIDE, TEXTURES, CHANNELS = 64, 3, 32


class Forger(nn.Module):
    """Two actors, `shared` one encoder or one each, and a decoder each.

    faces: for each actor (N, 4, 64, 64), from which its decoder takes its first textures. code:
    how many numbers are left of a face: few, so that they say what it does and not whose it is.
    For the same reason each actor's codes are brought to mean 0 and deviation 1. `seed` draws the
    weights; the global state is left alone.

    >>> net = Forger((torch.rand(6, 4, 64, 64), torch.rand(6, 4, 64, 64))).eval()
    >>> net.encode(torch.rand(5, 4, 64, 64), WOLF).shape
    torch.Size([5, 12])
    """

    def __init__(self, faces, *, code: int = 12, shared: bool = True, seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            first = _encoder(code)
            self.encoders = nn.ModuleList([first, first if shared else _encoder(code)])
            self.levels = nn.ModuleList([nn.BatchNorm1d(code, affine=False) for _ in faces])
            self.decoders = nn.ModuleList([Decoder(extremes(own), code) for own in faces])
        colours = [own[:, :3].mean((0, 2, 3)) for own in faces]
        self.register_buffer("colours", torch.stack(colours)[..., None, None])

    def encode(self, faces: Tensor, actor: int) -> Tensor:
        """Codes (B, code) of the actor's faces (B, 4, 64, 64), each at the same contrast."""
        plain = faces[:, :3] - self.colours[actor]
        plain = plain / plain.std((1, 2, 3), keepdim=True).clamp_min(1e-3)
        return self.levels[actor](self.encoders[actor](torch.cat([plain, faces[:, 3:]], 1)))

    def decode(self, codes: Tensor, actor: int) -> Tensor:
        """Faces of the actor (B, 4, 64, 64) in [0, 1] from codes."""
        return self.decoders[actor](codes)


class Decoder(nn.Module):
    """Bends an actor's textures as a code says, mixes them and retouches: (B, 4, 64, 64).

    The textures (K, 4, 64, 64) are learned, too. Bending keeps edges sharp, where a network that
    paints each pixel anew blurs them (Shu and others, Deforming Autoencoders, 2018).
    """

    def __init__(self, textures: Tensor, code: int):
        super().__init__()
        self.textures = nn.Parameter(textures.clamp(0.02, 0.98).logit())
        kinds, wide = len(textures), CHANNELS
        self.coarse = nn.Sequential(
            nn.Linear(code, 48 * 16), nn.Unflatten(1, (48, 4, 4)), nn.LeakyReLU(0.1),
            nn.Conv2d(48, 4 * wide, 3, 1, 1), nn.PixelShuffle(2), nn.LeakyReLU(0.1),
            nn.Conv2d(wide, 4 * wide, 3, 1, 1), nn.PixelShuffle(2), nn.LeakyReLU(0.1),
            nn.Conv2d(wide, 3 * kinds + 4, 3, 1, 1),
        )  # fmt: skip
        nn.init.normal_(self.coarse[-1].weight, std=0.01)
        nn.init.zeros_(self.coarse[-1].bias)
        still = F.affine_grid(torch.eye(2, 3)[None], [1, 4, SIDE, SIDE], align_corners=False)
        self.register_buffer("still", still, persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        kinds, count = len(self.textures), len(codes)
        said = F.interpolate(self.coarse(codes), size=SIDE, mode="bilinear", align_corners=False)
        mix, moves, retouch = said.split([kinds, 2 * kinds, 4], 1)
        moves = moves.reshape(count * kinds, 2, SIDE, SIDE).permute(0, 2, 3, 1)
        textures = self.textures.repeat(count, 1, 1, 1)
        options = {"align_corners": False, "padding_mode": "border"}
        bent = F.grid_sample(textures, self.still + 0.5 * moves, **options)
        mixed = (4 * mix).softmax(1)[:, :, None] * bent.unflatten(0, (count, kinds))
        return torch.sigmoid(mixed.sum(1) + retouch)


def swap(net: Forger, faces: Tensor, actor: int, other: int) -> Tensor:
    """The other actor doing what this one does: faces of `other`, (B, 4, 64, 64).

    faces (B, 4, 64, 64) are of `actor`, on plain grey, with their covers.
    """
    return net.decode(net.encode(faces, actor), other)


def extremes(faces: Tensor, count: int = TEXTURES) -> Tensor:
    """Faces (count, 4, H, W) spread along the direction in which the (N, 4, H, W) vary most."""
    apart = (faces - faces.mean(0)).flatten(1)
    along = torch.linalg.eigh(apart @ apart.T).eigenvectors[:, -1]
    places = (torch.arange(count) + 0.5) / count * len(faces)
    return faces[along.argsort()[places.long()]]


def _encoder(code: int) -> nn.Sequential:
    """(B, 4, 64, 64) to (B, code): half the size, then three convolutions that halve it again."""
    layers = [nn.AvgPool2d(2)]
    for before, after in ((4, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 16, code))
