"""A wolf's hair: agouti bands with a dark saddle, pale cheeks and legs, no sharp mask."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.render.noise import colour, mix, smoothstep
from labkit.render.traits import Coat

# pale (belly, cheeks, legs), middle, dark (guard hairs of the saddle), warm (ears, muzzle)
PALETTES = {
    "grey": ((0.56, 0.51, 0.44), (0.30, 0.285, 0.26), (0.050, 0.046, 0.044), (0.30, 0.20, 0.12)),
    "brown": ((0.50, 0.40, 0.29), (0.255, 0.19, 0.13), (0.042, 0.032, 0.026), (0.28, 0.155, 0.08)),
    "tawny": ((0.60, 0.49, 0.35), (0.39, 0.28, 0.165), (0.075, 0.055, 0.04), (0.38, 0.21, 0.10)),
    "white": ((0.74, 0.71, 0.65), (0.64, 0.60, 0.53), (0.36, 0.33, 0.29), (0.60, 0.50, 0.38)),
    "black": (
        (0.13, 0.12, 0.112),
        (0.048, 0.045, 0.044),
        (0.016, 0.015, 0.016),
        (0.06, 0.05, 0.04),
    ),
}


def hair(surface, coat: Coat) -> Tensor:
    """Colour (M, 3) of the hair at each point of a `coats.Surface`."""
    tone = 0.85 + 0.3 * coat.shade
    tint = colour(1 + 0.10 * (coat.warmth - 0.5), 1, 1 - 0.14 * (coat.warmth - 0.5))
    pale, middle, dark, warm = (colour(*c) * tone * tint for c in PALETTES[coat.kind])
    body = _body(surface, coat, pale, middle, dark)
    body = mix(body, _legs(surface, pale, middle, warm, dark), _legness(surface))
    body = mix(body, _tail(surface, middle, dark, pale), surface.region["tail"].clamp(0, 1))
    onhead = surface.region["head"] + surface.region["muzzle"]
    body = mix(body, _face(surface, pale, middle, dark, warm), onhead.clamp(0, 1))
    return mix(body, _ears(surface, pale, middle, dark, warm), surface.region["ear"].clamp(0, 1))


def _body(surface, coat, pale, middle, dark) -> Tensor:
    x, y, _ = surface.place.unbind(1)
    blotch, grain = surface.blotch, surface.grain
    height = y + 0.07 * blotch[:, 0] + 0.03 * grain[:, 0]
    out = mix(pale, middle, smoothstep(0.47, 0.58, height))
    saddle = smoothstep(
        0.585, 0.70, height + 0.06 * blotch[:, 1] - 0.05 * surface.strand
    ) * smoothstep(-0.45, -0.1, x)
    out = mix(out, dark, saddle * coat.contrast * 0.85)
    band = smoothstep(0.10, -0.35, surface.strand + 0.25 * blotch[:, 2])
    out = mix(out, dark * 1.2, band * smoothstep(0.46, 0.60, height) * 0.62)
    shoulder = smoothstep(0.12, 0.0, (x - 0.12 + 0.3 * (y - 0.6)).abs()) * smoothstep(0.68, 0.6, y)
    out = mix(out, pale, shoulder * 0.35 * coat.contrast)
    ruff = surface.region["neck"] * smoothstep(0.02, 0.2, blotch[:, 3] + 0.12)
    return mix(out, dark * 1.4, ruff * 0.35 * smoothstep(0.55, 0.75, y))


def _legness(surface) -> Tensor:
    legs = surface.region["foreleg"] + surface.region["hindleg"]
    return (legs * smoothstep(0.58, 0.44, surface.place[:, 1])).clamp(0, 1)


def _legs(surface, pale, middle, warm, dark) -> Tensor:
    x, y, _ = surface.place.unbind(1)
    back = smoothstep(0.0, 0.10, surface.blotch[:, 0] + 0.25 * (y - 0.3))
    out = mix(0.5 * pale + 0.3 * warm + 0.15 * middle, middle, 0.7 * back)
    stripe = smoothstep(0.35, 0.8, surface.normal[:, 0]) * surface.region["foreleg"]
    return mix(out, dark, 0.45 * stripe * smoothstep(0.10, 0.2, y))


def _tail(surface, middle, dark, pale) -> Tensor:
    y = surface.place[:, 1]
    under = smoothstep(0.0, -0.6, surface.normal[:, 0] * -1) * 0.5
    out = mix(mix(middle, pale, under), dark, smoothstep(-0.05, 0.12, surface.blotch[:, 1]) * 0.5)
    return mix(out, dark * 0.8, smoothstep(0.36, 0.29, y))


def _face(surface, pale, middle, dark, warm) -> Tensor:
    x, y, z = surface.face.unbind(1)
    blotch, grain = surface.blotch, surface.grain
    rough = 0.02 * blotch[:, 0] + 0.012 * grain[:, 1]
    out = mix(middle, dark, smoothstep(-0.05, 0.25, grain[:, 0] + blotch[:, 0]) * 0.6)
    out = mix(out, dark, smoothstep(0.045, 0.095, y + rough - 0.03 * surface.strand) * 0.5)
    cheek = smoothstep(0.012, -0.012, y - 0.30 * (z - 0.04) + rough)
    out = mix(out, pale * 1.08, cheek * 0.95)
    fringe = smoothstep(0.018, 0.0, (y + 0.03 - 0.9 * (z - 0.085)).abs()) * smoothstep(0.05, 0.0, x)
    out = mix(out, dark * 1.3, fringe * 0.5)
    bridge = smoothstep(0.095, 0.125, x)
    muzzle = mix(
        0.55 * middle + 0.45 * warm, pale * 1.08, smoothstep(0.012, -0.010, y + rough * 0.6)
    )
    muzzle = mix(muzzle, dark, smoothstep(0.030, 0.012, z) * smoothstep(-0.005, 0.015, y) * 0.45)
    out = mix(out, muzzle, bridge)
    below = ((x - 0.112) / 0.028) ** 2 + ((y - 0.018) / 0.013) ** 2 + ((z - 0.052) / 0.020) ** 2
    out = mix(out, pale, torch.exp(-below) * 0.75)
    brow = ((x - 0.098) / 0.026) ** 2 + ((y - 0.072) / 0.011) ** 2 + ((z - 0.034) / 0.014) ** 2
    out = mix(out, pale, torch.exp(-brow) * 0.6)
    line = smoothstep(0.010, 0.003, (y - 0.047 + 0.45 * (x - 0.10)).abs())
    out = mix(out, dark, line * smoothstep(0.050, 0.060, z) * smoothstep(0.035, 0.07, x) * 0.6)
    furrow = smoothstep(0.010, 0.003, z) * smoothstep(0.045, 0.06, y) * smoothstep(0.06, 0.09, x)
    return mix(out, dark, furrow * 0.4)


def _ears(surface, pale, middle, dark, warm) -> Tensor:
    y = surface.face[:, 1]
    inside = smoothstep(0.25, 0.65, surface.normal[:, 0])
    back = mix(0.5 * warm + 0.3 * middle, dark, smoothstep(0.13, 0.17, y) * 0.6)
    return mix(back, 0.6 * pale + 0.25 * warm, inside * smoothstep(0.172, 0.15, y))
