"""Widget of lab 02: walk through photos, layers and channels of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit import images
from labkit.nets import hooks
from labkit.widgets.core import live

SIDE, GAP, HEAD, BAR = 240, 12, 26, 54  # pixels: a panel, between panels, above, the colour bar


class ChannelWalk:
    """Photo, map of one channel, and both together: `draw(photo=..., layer=..., ...)`.

    Everything is computed once, at the start, and kept as bytes (about 1.5 MB a photo); a picture
    is then a table look-up and takes a few milliseconds. `photos` is (B, 3, H, W) in [0, 1].
    """

    def __init__(
        self, model: nn.Module, photos: Tensor, names: Sequence[str], layers: Sequence[str]
    ):
        if len(names) != len(photos):
            raise ValueError(f"{len(names)} names for {len(photos)} photos")
        self.names, self.layers = list(names), list(layers)
        outputs = _in_batches(model, photos, self.layers)
        self.tops = {n: _tops(out) for n, out in outputs.items()}  # (C,), one scale for all photos
        self.means = {n: out.flatten(2).mean(2).numpy() for n, out in outputs.items()}
        self.maps = {n: _to_bytes(out, self.tops[n]) for n, out in outputs.items()}
        self.order = {n: (-mean).argsort(1, kind="stable") for n, mean in self.means.items()}
        self.pictures = [_resized(images.to_uint8(photo)) for photo in photos]
        self.viridis = (matplotlib.colormaps["viridis"](np.arange(256))[:, :3] * 255).astype(
            np.uint8
        )
        self.frame = self._frame()

    def channels(self, layer: str) -> int:
        """How many channels a layer has."""
        return len(self.tops[layer])

    def draw(
        self, photo: str, layer: str, channel: int, strongest_first: bool = False
    ) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text. ValueError for what does not exist.

        With `strongest_first`, channel 0 is the one with the largest mean for this photo.
        """
        row, unit = self._find(photo, layer, channel, strongest_first)
        codes = _resized(self.maps[layer][row, unit])
        colours, picture = self.viridis[codes], self.pictures[row]
        weight = (0.25 + 0.75 * (codes / 255.0))[..., None]  # dark where the channel is silent
        canvas = self.frame.copy()
        for i, panel in enumerate((picture, colours, (picture * weight).astype(np.uint8))):
            left = i * (SIDE + GAP)
            canvas[HEAD : HEAD + SIDE, left : left + SIDE] = panel
        self._scale(canvas, self.tops[layer][unit])
        return canvas, self._text(row, layer, unit)

    def _find(self, photo, layer, channel, strongest_first) -> tuple[int, int]:
        if photo not in self.names or layer not in self.maps:
            raise ValueError(f"no photo {photo!r} or no layer {layer!r} in this walk")
        if not 0 <= channel < self.channels(layer):
            raise ValueError(f"{layer} has channels 0 to {self.channels(layer) - 1}, not {channel}")
        row = self.names.index(photo)
        return row, int(self.order[layer][row, channel]) if strongest_first else channel

    def _text(self, row: int, layer: str, unit: int) -> str:
        means, side = self.means[layer][:, unit], self.maps[layer].shape[-1]
        best = self.names[int(means.argmax())]
        return (
            f"<b>{layer}, channel {unit}</b> of {self.channels(layer)}, {side} x {side} positions: "
            f"mean {means[row]:.3f} on <i>{self.names[row]}</i>; of all photos it likes "
            f"<i>{best}</i> most ({means.max():.3f})"
        )

    def _frame(self) -> np.ndarray:
        width = 3 * SIDE + 3 * GAP + BAR
        page = Image.new("RGB", (width, HEAD + SIDE + 6), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=15)
        for i, text in enumerate(("photo", "the channel's map", "the photo where it is active")):
            pen.text((i * (SIDE + GAP), 4), text, fill="black", font=font)
        pixels = np.array(page)
        left = 3 * (SIDE + GAP)
        ramp = self.viridis[np.linspace(255, 0, SIDE).astype(int)]
        pixels[HEAD : HEAD + SIDE, left : left + 12] = ramp[:, None]
        return pixels

    def _scale(self, canvas: np.ndarray, top: float) -> None:
        left = 3 * (SIDE + GAP) + 15
        strip = Image.fromarray(canvas[:, left:])
        pen, font = ImageDraw.Draw(strip), ImageFont.load_default(size=13)
        pen.text((0, HEAD - 4), f"{top:.3g}", fill="black", font=font)
        pen.text((0, HEAD + SIDE - 12), "0", fill="black", font=font)
        canvas[:, left:] = np.asarray(strip)


def channel_walk(
    model: nn.Module, photos: Tensor, names: Sequence[str], layers: Sequence[str]
) -> ipywidgets.VBox:
    """Controls for photo, layer and channel above the pictures of `ChannelWalk`.

    >>> widget = channel_walk(model, photos, ["cat", "coffee"], ["stem", "head"])
    """
    walk = ChannelWalk(model, photos, names, layers)
    style = {"style": {"description_width": "120px"}, "layout": {"width": "480px"}}
    photo = ipywidgets.Dropdown(options=walk.names, description="photo", **style)
    layer = ipywidgets.Dropdown(options=walk.layers, description="layer", **style)
    last = walk.channels(walk.layers[0]) - 1
    channel = ipywidgets.IntSlider(max=last, description="channel", **style)
    first = ipywidgets.Checkbox(description="strongest first", indent=True, **style)

    def fit_slider(
        change: dict,
    ) -> None:  # runs before the picture is drawn: it is registered first
        channel.max = walk.channels(change["new"]) - 1

    layer.observe(fit_slider, names="value")
    alt = "Side by side: a photo, one channel's map for it, the photo where the channel is active."
    controls = {"photo": photo, "layer": layer, "channel": channel, "strongest_first": first}
    return live(walk.draw, alt=alt, **controls)


def _in_batches(model: nn.Module, photos: Tensor, layers: Sequence[str]) -> Mapping[str, Tensor]:
    parts = [hooks.activations(model, part, layers) for part in photos.split(8)]
    return {name: torch.cat([part[name] for part in parts]) for name in layers}


def _tops(output: Tensor) -> np.ndarray:
    """The largest value of each channel over all photos, (C,); a dead channel's is 0."""
    return output.transpose(0, 1).flatten(1).amax(1).clamp_min(0).numpy()


def _to_bytes(output: Tensor, tops: np.ndarray) -> np.ndarray:
    scale = 255 / torch.from_numpy(tops).clamp_min(1e-12).view(-1, 1, 1)
    return (output * scale).clamp(0, 255).round().to(torch.uint8).numpy()


def _resized(pixels: np.ndarray) -> np.ndarray:
    """Bytes (h, w) or (h, w, 3) at SIDE x SIDE: the nearest pixel for maps, smooth for photos."""
    how = Image.Resampling.NEAREST if pixels.ndim == 2 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), how))
