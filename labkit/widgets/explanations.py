"""The widget of lab 03: a scene on each ground with its heats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit.images import to_uint8
from labkit.plot.basic import SIGNED
from labkit.widgets.core import live, slider

GAP, HEAD = 12, 26  # pixels between panels and above them


class SceneExplorer:
    """Scene, heat, and what the hottest share of it covers: `draw(scene=..., ground=..., ...)`.

    images: {ground: (B, 3, H, W)}; masks: bool (B, H, W), the animals; heats: {method: {ground:
    (B, H, W)}}; answers: {ground: (B,)}, the probability of "wolf". All is computed before; a
    picture is a look-up and takes a few milliseconds.
    """

    def __init__(
        self,
        images: Mapping[str, Tensor],
        masks: Tensor,
        heats: Mapping[str, Mapping[str, Tensor]],
        answers: Mapping[str, Tensor],
    ):
        self.grounds, self.methods = list(images), list(heats)
        self.images = {g: [to_uint8(image) for image in images[g]] for g in images}
        self.masks, self.answers = masks.cpu().numpy(), answers
        self.colours = (colormaps[SIGNED](np.arange(256))[:, :3] * 255).astype(np.uint8)
        self.heats = {m: {g: _scaled(h) for g, h in by.items()} for m, by in heats.items()}
        self.ranks = {m: {g: _ranks(h) for g, h in by.items()} for m, by in heats.items()}

    def draw(self, scene: int, ground: str, method: str, share: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; `share` in percent of the pixels."""
        image, mask = self.images[ground][scene - 1], self.masks[scene - 1]
        heat = self.colours[self.heats[method][ground][scene - 1]]
        chosen = self.ranks[method][ground][scene - 1] < share / 100
        panels = [image, _outlined(heat, mask), _lit(image, chosen)]
        on_ground = float((chosen & ~mask).sum() / max(chosen.sum(), 1))
        wolf = float(self.answers[ground][scene - 1])
        text = (
            f"<b>wolf: {wolf:.0%}</b>, husky: {1 - wolf:.0%}. Of the hottest {share} % by "
            f"<i>{method}</i>, {on_ground:.0%} lies on the ground (the ground is "
            f"{(~mask).mean():.0%} of the picture)"
        )
        titles = (f"scene {scene} on {ground}", method, f"the hottest {share} %")
        return _side_by_side(panels, titles), text


def scene_explorer(images, masks, heats, answers) -> ipywidgets.VBox:
    """Sliders for scene, ground, method and share above the pictures of `SceneExplorer`."""
    explorer = SceneExplorer(images, masks, heats, answers)
    alt = (
        "Side by side: a scene, a method's heat for 'wolf' (red for, blue against) with the "
        "animal's outline, and the hottest pixels."
    )
    return live(
        explorer.draw,
        alt=alt,
        scene=slider("scene", 1, len(masks)),
        ground=_choice("ground", explorer.grounds),
        method=_choice("method", explorer.methods),
        share=slider("hottest share, %", 5, 50, value=10, step=5),
    )


def _choice(description: str, options: Sequence[str]) -> ipywidgets.SelectionSlider:
    style = {"style": {"description_width": "initial"}, "layout": {"width": "420px"}}
    return ipywidgets.SelectionSlider(options=list(options), description=description, **style)


def _scaled(heats: Tensor) -> np.ndarray:
    """Heats (B, H, W) as bytes, 128 for 0, each image on its own scale."""
    sizes = heats.abs().flatten(1)
    top = sizes.quantile(0.99, dim=1).clamp_min(1e-12).view(-1, 1, 1)
    return ((heats / top).clamp(-1, 1) * 127 + 128).round().to(torch.uint8).cpu().numpy()


def _ranks(heats: Tensor) -> np.ndarray:
    """Each pixel's place from the hottest, 0 to 1, as half floats."""
    order = heats.flatten(1).argsort(dim=1, descending=True, stable=True)
    rank = order.argsort(1).float() / order.shape[1]
    return rank.view(heats.shape).half().cpu().numpy()


def _lit(image: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    faint = (image // 5 + 180).astype(np.uint8)
    return np.where(chosen[..., None], image, faint)


def _outlined(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    edge = np.zeros_like(mask)
    edge[1:] |= mask[1:] != mask[:-1]
    edge[:, 1:] |= mask[:, 1:] != mask[:, :-1]
    return np.where(edge[..., None], np.uint8(0), pixels)


def _side_by_side(panels: Sequence[np.ndarray], titles: Sequence[str]) -> np.ndarray:
    height, width = panels[0].shape[:2]
    page = Image.new("RGB", (len(panels) * (width + GAP) - GAP, HEAD + height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=15)
    for i, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        page.paste(Image.fromarray(panel), (i * (width + GAP), HEAD))
        pen.text((i * (width + GAP), 4), title, fill="black", font=font)
    return np.asarray(page)
