"""Widgets of lab 11's deepfakes: a training, a film, a detector, a signature, faces to vote on."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from labkit import augment, deepfake
from labkit.data import Film, Portraits
from labkit.data.portraits import HEAD
from labkit.images import to_uint8
from labkit.widgets.core import Still, live, slider, to_pixels
from labkit.widgets.gan import Lineup

WHITE, GAP = 1.0, 6  # between pictures


class LiveSwap:
    """Fakes of a running training, drawn anew in the output of its cell: hand it in as `watch`.

    faces (N, 4, 64, 64) are the wolf's, `truth` the husky in the same poses; a picture every
    `every` steps. The last one stays in the notebook; it needs no widget.
    """

    def __init__(self, net: deepfake.Forger, faces: Tensor, truth: Portraits, *, every: int = 20):
        self.net, self.faces, self.truth, self.every = net, faces, truth, every
        self.handle, self.shown = None, slice(0, 7)

    def __call__(self, step: int) -> None:
        if step % self.every:
            return
        from IPython.display import display

        shown = Still(self.draw(step), alt=f"Wolves, their fakes and the truth, step {step}.")
        if self.handle is None:
            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)

    @torch.no_grad()
    def draw(self, step: int) -> np.ndarray:
        """The picture (H, W, 3), uint8: wolves, fakes and truth below each other."""
        fakes = deepfake.swap(self.net, self.faces, deepfake.WOLF, deepfake.HUSKY)
        error = deepfake.head_error(fakes, self.truth)
        rows = self.faces[self.shown, :3], fakes[self.shown, :3], self.truth.images[self.shown]
        sheet = torch.cat([_row(row) for row in rows], 1)
        pixels = to_pixels(sheet, width=round(1.5 * sheet.shape[2]))
        page = Image.new("RGB", (pixels.shape[1], pixels.shape[0] + 26), "white")
        page.paste(Image.fromarray(pixels), (0, 26))
        text = f"step {step}: wolf, fake, truth; error of the fakes {error:.3f}"
        font = ImageFont.load_default(size=14)
        ImageDraw.Draw(page).text((4, 4), text, fill="black", font=font)
        return np.asarray(page)


class SwappedFilm:
    """A film before and after: `draw(frame, border, detail)`, the scene, the forged one, the truth.

    The heads are swapped by `net` and pasted by `blend`, a function like `deepfake.blend`; with
    `detail` they get fine detail of the most similar face (4, 64, 64) in `known`.
    """

    def __init__(self, net: deepfake.Forger, film: Film, known: Tensor, *, swap=None, blend=None):
        self.film, self.blend = film, blend or deepfake.blend
        faces = deepfake.film_faces(film)
        with torch.no_grad():
            swapped = (swap or deepfake.swap)(net, faces, deepfake.WOLF, deepfake.HUSKY)
        sharper = swapped.clone()
        sources = deepfake.nearest(known, swapped)[:, :3]
        sharper[:, :3] = deepfake.detailed(swapped[:, :3], sources)
        kinds = {False: swapped, True: sharper}
        self.heads = {k: deepfake.heads_to_paste(film, faces, made) for k, made in kinds.items()}

    def forged(self, border: int, detail: bool = False) -> Tensor:
        """All scenes with the fakes in place, (N, 3, 160, 160); `border`: how wide a soft one."""
        corner = HEAD.start, HEAD.start
        return self.blend(self.film.wolf, *self.heads[detail], *corner, border)

    def draw(self, frame: int, border: int, detail: bool) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        forged = self.forged(border, detail)[frame]
        row = _row(torch.stack([self.film.wolf[frame], forged, self.film.husky[frame]]))
        text = f"frame {frame}: the scene, the fake, the truth (the husky itself in this pose)"
        return to_pixels(row, width=2 * row.shape[2]), text


def swapped_film(net: deepfake.Forger, film: Film, known: Tensor, **functions) -> ipywidgets.VBox:
    """Play, pause and step through `SwappedFilm`; how soft the border is, and a box for detail."""
    shown, last = SwappedFilm(net, film, known, **functions), len(film.wolf) - 1
    frame = slider("frame", 0, last)
    player = ipywidgets.Play(value=0, min=0, max=last, interval=150, description="play")
    player.repeat = True
    ipywidgets.jslink((player, "value"), (frame, "value"))
    widget = live(
        shown.draw,
        alt="The wolf in the forest, the scene with a forged husky's head, and with the husky.",
        frame=frame,
        border=slider("width of the border", 0, 6, value=2),
        detail=ipywidgets.Checkbox(description="fine detail of a real frame"),
    )
    widget.children = (player, *widget.children)
    return widget


class Suspects:
    """Pictures for a detector to judge: `draw(which, frame, blur, grain, detail)`.

    fakes, real (N, 3, 64, 64): the same poses; a fake gets fine detail of its picture in
    `sources`, a real one its own.
    """

    def __init__(self, detector: nn.Module, fakes: Tensor, real: Tensor, sources: Tensor):
        self.detector, self.sources = detector, sources
        self.kinds = {"fake": fakes, "real": real}

    def touched(self, which: str, frame: int, blur: float, grain: float, detail: float) -> Tensor:
        """The picture (1, 3, 64, 64) with detail, blur and grain put on, in this order."""
        here = slice(frame, frame + 1)
        image = self.kinds[which][here]
        source = self.sources[here] if which == "fake" else image
        image = deepfake.detailed(image, source, detail)
        return augment.noise(deepfake.blurred(image, blur), grain, seed=frame)

    def draw(
        self, which: str, frame: int, blur: float, grain: float, detail: float
    ) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and what the detector says."""
        image = self.touched(which, frame, blur, grain, detail)
        sure = float(deepfake.fake_probability(self.detector, image))
        says = (
            f"fake, and is {sure:.0%} sure" if sure > 0.5 else f"real, and is {1 - sure:.0%} sure"
        )
        right = (sure > 0.5) == (which == "fake")
        text = f"this one is {which}; <b>the detector says {says}</b>"
        return to_pixels(image[0], width=256), text + ("" if right else ": wrong")


def suspects(detector: nn.Module, fakes: Tensor, real: Tensor, sources: Tensor) -> ipywidgets.VBox:
    """A fake or the real picture, with sliders for blur, grain and detail, above `Suspects`."""
    return live(
        Suspects(detector, fakes, real, sources).draw,
        alt="One picture of a husky's head, real or forged.",
        which=ipywidgets.ToggleButtons(options=["fake", "real"], description="show"),
        frame=slider("frame", 0, len(fakes) - 1),
        blur=slider("blur", 0.0, 1.5, value=0.0, step=0.5),
        grain=slider("grain", 0.0, 0.1, value=0.0, step=0.02),
        detail=slider("fine detail of a real frame", 0.0, 1.5, value=0.0, step=0.25),
    )


class FlipByte:
    """A signed picture of which one byte can be changed: `draw(row, column, by)`.

    image (3, H, W). The signature is made once; `verify` is a function like `deepfake.verify`.
    """

    def __init__(self, image: Tensor, *, verify=None):
        self.pixels, self.verify = to_uint8(image), verify or deepfake.verify
        secret, self.public = deepfake.new_keys()
        self.signature = deepfake.sign(self.pixels.tobytes(), secret)

    def changed(self, row: int, column: int, by: int) -> np.ndarray:
        """The picture (H, W, 3), uint8, with `by` added to the red of one of its pixels."""
        picture = self.pixels.copy()
        picture[row, column, 0] = (int(picture[row, column, 0]) + by) % 256
        return picture

    def draw(self, row: int, column: int, by: int) -> tuple[np.ndarray, str]:
        """The picture, four times as large, the pixel framed; and what the verifier says."""
        picture = self.changed(row, column, by)
        content = picture.tobytes()
        good = self.verify(content, self.signature, self.public)
        before, after = (deepfake.bits(c) for c in (self.pixels.tobytes(), content))
        same = sum(a == b for a, b in zip(before, after, strict=True))
        says = "signed, and as it was" if good else "not what was signed"
        text = f"one byte changed by {by}: <b>{says}</b>; {same} of the hash's 256 bits agree"
        page = Image.fromarray(np.repeat(np.repeat(picture, 4, 0), 4, 1))
        x, y = 4 * column, 4 * row
        ImageDraw.Draw(page).rectangle((x - 3, y - 3, x + 6, y + 6), outline="yellow", width=2)
        return np.asarray(page), text


def flip_byte(image: Tensor, *, verify=None) -> ipywidgets.VBox:
    """Sliders for which pixel of a signed picture changes its red, and by how much."""
    height, width = image.shape[1:]
    return live(
        FlipByte(image, verify=verify).draw,
        alt="A signed picture of which one byte was changed.",
        row=slider("row", 0, height - 1, value=height // 2),
        column=slider("column", 0, width - 1, value=width // 2),
        by=slider("change by", 0, 255, value=0),
    )


class FaceLineup(Lineup):
    """`Lineup` for pictures in colour, (N, 3, 64, 64)."""

    SIDE, WHAT = 64, "faces"

    def thumb(self, image: Tensor) -> Image.Image:
        """A picture as it stands on the page."""
        return Image.fromarray(to_pixels(image, width=self.SIDE))

    def suspected(self, detector: nn.Module) -> list[str]:
        """For each pair the picture ("upper" or "lower") that a detector takes for the fake."""
        upper, lower = (deepfake.fake_probability(detector, row) for row in self.rows)
        return ["upper" if a > b else "lower" for a, b in zip(upper, lower, strict=True)]


def _row(images: Sequence[Tensor]) -> Tensor:
    """Pictures (N, 3, H, W) beside each other, white between them: (3, H, W')."""
    gap = torch.full((3, images[0].shape[1] + GAP, GAP), WHITE)
    parts = []
    for image in images:
        below = torch.full((3, GAP, image.shape[2]), WHITE)
        parts += [torch.cat([image, below], 1).clamp(0, 1), gap]
    return torch.cat(parts[:-1], 2)
