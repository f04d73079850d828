"""The one mechanism behind every widget: controls, a plain function that draws, a picture.

Pictures are image files in a `Picture`, most of them drawn ahead of the key that asks for them;
matplotlib redraws nothing but the artists that move (`Canvas`).
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Iterable

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from labkit.course import projector
from labkit.plot.described import as_html
from labkit.widgets.picture import Picture

Draw = Callable[..., np.ndarray]


def live(
    draw: Draw, *, alt: str, width: int | None = None, **controls: ipywidgets.Widget
) -> ipywidgets.VBox:
    """Controls above a picture that follows them: `draw(**values)` is called at each change.

    `controls` are ipywidgets with a `value`, named as draw's arguments. `draw` returns (H, W, 3)
    uint8, or a pair (picture, text): the text stands under the picture. It is also called for
    values that have not come yet, so it answers by its arguments alone. `alt` says in words what
    the picture shows, for readers who do not see it. `width` in pixels, default the picture's own.
    If `draw` raises, the message stands under the picture and the last picture stays. The last of
    the box's `children` is the `Picture`: `.value`, `.note`, `.alt`.

    >>> grey = lambda level: np.full((64, 64, 3), level, np.uint8)
    >>> widget = live(grey, alt="a grey square", level=slider("level", 0, 255))
    """
    picture = Picture(draw, controls, alt=alt, width=width)
    return ipywidgets.VBox([*controls.values(), picture])


def slider(
    description: str, low: float, high: float, *, value: float | None = None, step: float = 1
) -> ipywidgets.IntSlider | ipywidgets.FloatSlider:
    """A slider with room for its description; whole numbers give whole numbers."""
    whole = all(isinstance(number, int) for number in (low, high, step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        value=low if value is None else value,
        min=low,
        max=high,
        step=step,
        description=description,
        style={"description_width": "initial"},
        layout={"width": "420px"},
    )


def to_pixels(image: Tensor, *, width: int = 224) -> np.ndarray:
    """An image (3, H, W) in [0, 1] -> (height, width, 3) uint8, enlarged without smoothing."""
    height = round(image.shape[-2] * width / image.shape[-1])
    larger = F.interpolate(image.detach()[None].float(), (height, width), mode="nearest")[0]
    return (larger.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()


def grey(image: Tensor, width: int) -> Image.Image:
    """An image (1, H, W) in [0, 1] in grey, `width` pixels wide, enlarged without smoothing."""
    codes = (image[0].detach().clamp(0, 1) * 255).byte().cpu().numpy()
    size = (width, round(width * codes.shape[0] / codes.shape[1]))
    return Image.fromarray(codes).resize(size, Image.Resampling.NEAREST).convert("RGB")


def to_png(pixels: np.ndarray) -> bytes:
    """(H, W, 3) or (H, W), uint8 -> PNG bytes, lightly compressed because that is quick."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "png", compress_level=1)
    return file.getvalue()


class Still:
    """A picture for `display`, with its alternative text: `data` is the PNG.

    >>> shown = Still(np.zeros((8, 8, 3), np.uint8), alt="a black square")
    """

    def __init__(self, pixels: np.ndarray, *, alt: str):
        self.data, self.alt = to_png(pixels), alt
        self.width = round(pixels.shape[1] * projector.scale())

    def _repr_mimebundle_(self, **_) -> dict[str, str]:
        png = b64encode(self.data).decode()
        shown = as_html(png, self.alt, width=self.width)
        return {"image/png": png, "text/html": shown, "text/plain": self.alt}


class Canvas:
    """A figure of which only some artists move: the rest is drawn once and kept as a background.

    Make the figure with `Figure(...)` (not pyplot), draw what stays, name the artists that move.
    Change those, then ask for `pixels()`: (H, W, 3) uint8.

    >>> fig = Figure(figsize=(4, 3)); (dot,) = fig.subplots().plot([0], [0], "o")
    >>> canvas = Canvas(fig, moving=[dot])
    >>> dot.set_data([0.5], [0.5]); pixels = canvas.pixels()
    """

    def __init__(self, figure: Figure, *, moving: Iterable[Artist], dpi: int = 100):
        figure.set_dpi(dpi)
        self.agg, self.moving = FigureCanvasAgg(figure), list(moving)
        for artist in self.moving:
            artist.set_animated(True)
        self.agg.draw()
        self.background = self.agg.copy_from_bbox(figure.bbox)

    def pixels(self) -> np.ndarray:
        self.agg.restore_region(self.background)
        for artist in self.moving:
            artist.axes.draw_artist(artist)
        return np.asarray(self.agg.buffer_rgba())[..., :3].copy()
