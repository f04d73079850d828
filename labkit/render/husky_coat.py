"""A husky's hair: dark cape with a clean edge, white legs, belly and face with a mask."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.render.noise import colour, mix, smoothstep
from labkit.render.traits import Coat

WHITE = (0.74, 0.725, 0.70)
CAPES = {  # from, to
    "black": ((0.018, 0.018, 0.021), (0.055, 0.054, 0.058)),
    "grey": ((0.10, 0.105, 0.115), (0.24, 0.24, 0.245)),
    "red": ((0.24, 0.105, 0.045), (0.40, 0.215, 0.115)),
}


def hair(surface, coat: Coat) -> Tensor:
    """Colour (M, 3) of the hair at each point of a `coats.Surface`."""
    low, high = (colour(*c) for c in CAPES[coat.kind])
    cape = low + (high - low) * coat.shade
    white = colour(*WHITE) * (0.92 + 0.14 * coat.warmth)
    body = _body(surface, coat, cape, white)
    legs = surface.region["foreleg"] + surface.region["hindleg"]
    body = mix(body, _legs(surface, cape, white), legs.clamp(0, 1))
    body = mix(body, _tail(surface, cape, white), surface.region["tail"].clamp(0, 1))
    onhead = surface.region["head"] + surface.region["muzzle"]
    body = mix(body, _face(surface, coat, cape, white), onhead.clamp(0, 1))
    return mix(body, _ears(surface, cape, white), surface.region["ear"].clamp(0, 1))


def _under(cape: Tensor) -> Tensor:
    """Colour of the undercoat that shows where the cape ends."""
    return cape * 1.5 + 0.10 * colour(1.0, 0.97, 0.92)


def _body(surface, coat, cape, white) -> Tensor:
    x, y, _ = surface.place.unbind(1)
    edge = 0.555 + 0.03 * torch.sin(x * 9 + coat.offset) + 0.05 * surface.blotch[:, 0]
    edge = edge + 0.14 * smoothstep(0.20, 0.34, x)
    above = y - edge + 0.012 * surface.grain[:, 0]
    out = mix(white, _under(cape), smoothstep(-0.02, 0.012, above))
    out = mix(out, cape, smoothstep(0.005, 0.06, above + 0.06 * surface.blotch[:, 1]))
    flecks = smoothstep(0.1, 0.5, surface.strand)
    out = mix(out, _under(cape), flecks * 0.4 * smoothstep(0.0, 0.05, above))
    front = smoothstep(0.10, 0.45, surface.normal[:, 0] + 0.5 * surface.blotch[:, 1])
    throat = front * smoothstep(0.10, 0.22, x) * smoothstep(0.86, 0.78, y)
    return mix(out, white, throat)


def _legs(surface, cape, white) -> Tensor:
    y = surface.place[:, 1] + 0.05 * surface.blotch[:, 0]
    start = torch.where(surface.region["hindleg"] > surface.region["foreleg"], 0.46, 0.50)
    return mix(white, cape, smoothstep(0.0, 0.05, y - start))


def _tail(surface, cape, white) -> Tensor:
    """Dark along the outside of the curl, white within and at the tip."""
    x, y, _ = surface.place.unbind(1)
    out_x, out_y = x + 0.36, y - 0.80
    r = (out_x**2 + out_y**2).sqrt().clamp_min(1e-3)
    outward = (surface.normal[:, 0] * out_x + surface.normal[:, 1] * out_y) / r
    dark = smoothstep(-0.35, 0.15, outward + surface.blotch[:, 0])
    tip = smoothstep(-0.30, -0.24, x) * smoothstep(0.72, 0.78, y)
    return mix(white, cape, dark * (1 - 0.9 * tip))


def _face(surface, coat, cape, white) -> Tensor:
    x, y, z = surface.face.unbind(1)
    rough = 0.010 * surface.blotch[:, 0] + 0.006 * surface.grain[:, 1]
    out = mix(cape, _under(cape), smoothstep(0.1, 0.3, surface.grain[:, 0]) * 0.35)
    cheek = smoothstep(0.006, -0.006, y - 0.024 - 0.62 * (z - 0.062).clamp_min(-0.02) + rough)
    cheek = torch.maximum(cheek, smoothstep(-0.05, 0.05, -y - 0.02) * smoothstep(0.0, 0.03, x))
    out = mix(out, white, cheek)
    bridge = smoothstep(0.100, 0.118, x)
    stripe = smoothstep(0.016, 0.008, z) * smoothstep(0.012, 0.024, y) * (1 - max(coat.blaze, 0))
    out = mix(out, white, bridge * (1 - 0.8 * stripe))
    brow = ((x - 0.100) / 0.040) ** 2 + ((y - 0.071) / 0.013) ** 2
    brow = brow + ((z - 0.030) / (0.0145 * coat.spot)) ** 2
    out = mix(out, white, smoothstep(1.25, 0.8, brow))
    blaze = smoothstep(0.010, 0.005, z + rough) * smoothstep(0.05, 0.08, x)
    out = mix(out, white, blaze * smoothstep(0.12, 0.10, y) * max(coat.blaze, 0.0))
    under = smoothstep(0.010, 0.003, (y - 0.036 + 0.4 * (x - 0.10)).abs())
    return mix(out, cape, under * smoothstep(0.056, 0.064, z) * smoothstep(0.03, 0.07, x) * 0.8)


def _ears(surface, cape, white) -> Tensor:
    z, y = surface.face[:, 2], surface.face[:, 1]
    inside = smoothstep(0.25, 0.6, surface.normal[:, 0]) * smoothstep(0.185, 0.165, y)
    rim = smoothstep(0.012, 0.026, (z - 0.048 - 0.16 * (y - 0.08)).abs())
    return mix(cape, white * colour(1.0, 0.94, 0.90) * 0.9, inside * (1 - rim))
