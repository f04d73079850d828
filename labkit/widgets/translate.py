"""Widgets of lab 10: a translation beside its truth, one that is learning, a hidden message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit import augment, translate
from labkit.data import Seasons
from labkit.widgets.core import Still, live, slider

TILE, GAP, HEAD = 176, 8, 24
WORST = 0.5  # the difference that is painted brightest


class Translations:
    """Input, translation, truth and error of a place: `draw(by=..., place=...)`.

    translated: by name, what each translator made of `places.summer`, (N, 3, H, W).
    """

    def __init__(self, translated: Mapping[str, Tensor], places: Seasons):
        self.translated, self.places = dict(translated), places

    def draw(self, by: str, place: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and both errors in words."""
        made, truth = self.translated[by][place].clamp(0, 1), self.places.winter[place]
        tiles = {"summer": self.places.summer[place], by: made, "the true winter": truth}
        found = translate.errors(made[None], truth[None], self.places.covers[place][None])
        text = (
            f"<b>error on the ground {float(found.ground):.3f}, on the animal "
            f"{float(found.animal):.3f}</b> (0 is perfect; the error map is dark at 0, brightest "
            f"from {WORST:g} on)"
        )
        return strip(tiles | {"error": _heat(made, truth)}), text


def translations(translated: Mapping[str, Tensor], places: Seasons) -> ipywidgets.VBox:
    """A choice of translator and of place above the picture of `Translations`."""
    return live(
        Translations(translated, places).draw,
        alt="A place in summer, a translation, the true winter, and where the two differ.",
        by=ipywidgets.Dropdown(options=[*translated][::-1], description="by"),
        place=slider("place", 0, len(places.summer) - 1),
    )


class LiveTranslation:
    """What a translator makes of some places while it learns, in the output of its cell.

    Hand it to `fit_pairs` or `fit_piles` as `watch`: every `every` steps it draws anew. `steps`
    and `errors` (ground, animal) keep what it measured. The last picture stays.
    """

    def __init__(self, places: Seasons, rows: Sequence[int], *, every: int = 50):
        self.places, self.rows, self.every = places, list(rows), every
        self.steps: list[int] = []
        self.errors: list[tuple[float, float]] = []
        self.handle = None

    def __call__(self, step: int, nets: torch.nn.Module | translate.Both) -> None:
        if step % self.every:
            return
        from IPython.display import display

        shown = Still(self.draw(step, nets), alt=f"Translations after {step} steps.")
        if self.handle is None:
            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)

    @torch.no_grad()
    def draw(self, step: int, nets: torch.nn.Module | translate.Both) -> np.ndarray:
        """The picture (H, W, 3), uint8; keeps step and errors."""
        both = isinstance(nets, translate.Both)
        summer, winter, covers = (part[self.rows] for part in self.places[:3])
        made = (nets.there if both else nets)(summer).clamp(0, 1)
        found = [float(part.mean()) for part in translate.errors(made, winter, covers)]
        self.steps.append(step)
        self.errors.append(tuple(found))
        lines = {"summer": summer, "translated": made}
        lines |= {"and back": nets.back(made).clamp(0, 1)} if both else {}
        head = f"step {step}: error on the ground {found[0]:.3f}, on the animal {found[1]:.3f}"
        return _page(lines | {"the truth": winter}, head)


class HiddenMessage:
    """The way back from a fake winter with noise or blur: `draw(place=, noise=, blur=)`."""

    def __init__(self, both: translate.Both, places: Seasons):
        self.both, self.places = both, places

    @torch.no_grad()
    def draw(self, place: int, noise: float, blur: bool) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and how far the way back is from the summer."""
        summer, winter = (part[place][None] for part in self.places[:2])
        sent = self.both.there(summer).clamp(0, 1)
        sent = translate.blurred(sent) if blur else sent
        sent = augment.noise(sent, noise, seed=place)
        again, plain = (self.both.back(x).clamp(0, 1) for x in (sent, winter))
        names = ("the fake winter", "back from it", "the summer", "back from true winter")
        tiles = dict(zip(names, (sent[0], again[0], summer[0], plain[0]), strict=True))
        far = [float(translate.distance(x, summer)) for x in (again, plain)]
        text = (
            f"<b>back from this fake: {far[0]:.3f} away from the summer</b>; back from the true "
            f"winter: {far[1]:.3f}"
        )
        return strip(tiles), text


def hidden_message(both: translate.Both, places: Seasons) -> ipywidgets.VBox:
    """Sliders for place and noise, a box for blur, above the picture of `HiddenMessage`."""
    return live(
        HiddenMessage(both, places).draw,
        alt="A fake winter, the way back from it, the summer, and the way back from true winter.",
        place=slider("place", 0, len(places.summer) - 1),
        noise=slider("noise", 0.0, 0.1, value=0.0, step=0.01),
        blur=ipywidgets.Checkbox(value=False, description="blur (3 x 3)"),
    )


def strip(tiles: Mapping[str, Tensor], *, side: int = TILE) -> np.ndarray:
    """Pictures (3, H, W) beside each other, each under its name: (height, width, 3), uint8."""
    page = Image.new("RGB", (len(tiles) * (side + GAP) - GAP, side + HEAD), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
    for i, (name, tile) in enumerate(tiles.items()):
        x = i * (side + GAP)
        pen.text((x, 2), name, fill="black", font=font)
        page.paste(_picture(tile, side), (x, HEAD))
    return np.asarray(page)


def _page(lines: Mapping[str, Tensor], head: str, *, side: int = 96) -> np.ndarray:
    """Rows of pictures (N, 3, H, W), each row behind its name, under a headline."""
    count, left = len(next(iter(lines.values()))), 88
    page = Image.new("RGB", (left + count * (side + 4), HEAD + len(lines) * (side + 4)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
    pen.text((0, 2), head, fill="black", font=font)
    for row, (name, pictures) in enumerate(lines.items()):
        y = HEAD + row * (side + 4)
        pen.text((0, y + side // 2 - 8), name, fill="black", font=font)
        for column, one in enumerate(pictures):
            page.paste(_picture(one, side), (left + column * (side + 4), y))
    return np.asarray(page)


def _picture(tile: Tensor, side: int) -> Image.Image:
    codes = tile.detach().clamp(0, 1).mul(255).byte().permute(1, 2, 0).numpy()
    return Image.fromarray(codes).resize((side, side), Image.Resampling.BICUBIC)


def _heat(made: Tensor, truth: Tensor) -> Tensor:
    """Mean difference of the channels as a colour (3, H, W), from 0 to `WORST`."""
    share = ((made - truth).abs().mean(0) / WORST).clamp(0, 1)
    return torch.from_numpy(colormaps["viridis"](share.numpy())[..., :3]).movedim(2, 0).float()
