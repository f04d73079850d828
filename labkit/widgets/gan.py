"""Widgets of lab 07: pairs to tell apart, the game on a line, a walk through latent space.

`LiveGame` shows a running training in the output of its cell.
"""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit import gan
from labkit.plot.basic import COLOURS
from labkit.plot.gan import sheet
from labkit.widgets.core import Canvas, Still, grey, live, slider

REAL, FAKE, COP = COLOURS[0], COLOURS[1], "black"


class Lineup:
    """Pairs of images (N, 1, 28, 28) above each other, one real and one forged: which?

    `widget()` asks, `picks` are the answers so far ("upper", "lower" or None), `missed()` are the
    pairs answered wrongly, `reveal()` is the picture with the forgeries framed once all pairs are
    answered.
    """

    SIDE, GAP, WHAT = 56, 14, "digits"
    ASKED = "Pairs, one of each pair forged; nothing is framed before all are answered."

    def __init__(self, written: Tensor, forged: Tensor, *, seed: int = 0):
        up = torch.rand(len(written), 1, 1, 1, generator=torch.Generator().manual_seed(seed)) < 0.5
        self.forged = ["upper" if one else "lower" for one in up]
        self.rows = torch.where(up, forged, written), torch.where(up, written, forged)
        self.picks: dict[str, str | None] = {f"pair{i}": None for i in range(len(written))}

    def widget(self) -> ipywidgets.VBox:
        """Under each pair two buttons: the upper or the lower one is the forgery."""
        width = f"{self.SIDE + self.GAP}px"
        buttons = {
            name: ipywidgets.ToggleButtons(
                options=[("▲", "upper"), ("▼", "lower")],
                value=pick,
                tooltips=[f"the {row} one of {name} is forged" for row in ("upper", "lower")],
                style={"button_width": f"{self.SIDE}px"},
                layout={"width": width, "flex": f"0 0 {width}", "margin": "0"},
            )
            for name, pick in self.picks.items()
        }
        box = live(
            self.draw, alt=f"Pairs of {self.WHAT}; a frame is round each one picked.", **buttons
        )
        for name, button in buttons.items():
            button.observe(lambda change, n=name: self.picks.update({n: change["new"]}), "value")
        below = {"margin": f"0 0 0 {self.GAP - 2}px"}  # under the pictures
        box.children = (box.children[-1], ipywidgets.HBox(list(buttons.values()), layout=below))
        return box

    def missed(self) -> list[int] | None:
        """The numbers of the pairs answered wrongly; None while a pair has no answer."""
        wrong = [i for i, pick in enumerate(self.picks.values()) if pick != self.forged[i]]
        return None if None in self.picks.values() else wrong

    def reveal(self) -> Still:
        """The pairs with the forgeries framed; without frames while a pair has no answer."""
        if self.missed() is None:
            return Still(self.draw(**dict.fromkeys(self.picks)), alt=self.ASKED)
        shown = self.draw(**dict(zip(self.picks, self.forged, strict=True)))
        return Still(shown, alt=f"Pairs; framed are the forgeries: {', '.join(self.forged)}.")

    def draw(self, **picks: str | None) -> np.ndarray:
        """The picture (H, W, 3), uint8, with a frame round the picked one of each pair."""
        step = self.SIDE + self.GAP
        page = Image.new("RGB", (step * len(picks) + self.GAP, 2 * step + self.GAP), "white")
        pen = ImageDraw.Draw(page)
        for column, pick in enumerate(picks.values()):
            for row, name in enumerate(("upper", "lower")):
                x, y = self.GAP + step * column, self.GAP + step * row
                if pick == name:
                    pen.rectangle((x - 4, y - 4, x + self.SIDE + 3, y + self.SIDE + 3), FAKE)
                page.paste(self.thumb(self.rows[row][column]), (x, y))
        return np.asarray(page)

    def thumb(self, image: Tensor) -> Image.Image:
        """A picture as it stands on the page."""
        return grey(image, self.SIDE)


class LineGame:
    """Movies of the game on a line, by name: `draw(game=..., frame=...)`, picture and numbers."""

    def __init__(self, movies: Mapping[str, gan.Movie]):
        if len({len(movie.step) for movie in movies.values()}) != 1:
            raise ValueError("give one movie or more, all with the same number of frames")
        self.movies = dict(movies)
        self.first = next(iter(self.movies.values()))
        self.edges = np.linspace(float(self.first.grid[0]), float(self.first.grid[-1]), 41)
        self.canvas = self._make_canvas()

    def draw(self, game: str, frame: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        movie = self.movies[game]
        fakes = movie.fakes[frame]
        for bars, numbers in ((self.real, movie.real), (self.fake, fakes)):
            bars.set_data(self._heights(numbers))
        self.curve.set_data(movie.grid, movie.belief[frame])
        text = (
            f"<b>step {int(movie.step[frame])}</b>: the fakes have mean {fakes.mean():.2f} and "
            f"standard deviation {fakes.std():.2f}, the real numbers {movie.real.mean():.2f} and "
            f"{movie.real.std():.2f}"
        )
        return self.canvas.pixels(), text

    def _heights(self, numbers: Tensor) -> np.ndarray:
        inside = numbers.clamp(self.edges[0], self.edges[-1]).numpy()
        return np.histogram(inside, self.edges)[0] / len(numbers)

    def _make_canvas(self) -> Canvas:
        figure = Figure(figsize=(7, 3.8), layout="constrained")
        ax = figure.subplots()
        blank = np.zeros(len(self.edges) - 1)
        self.real, self.fake = (
            ax.stairs(blank, self.edges, color=colour, fill=True, alpha=0.45, label=name)
            for colour, name in ((REAL, "real numbers"), (FAKE, "fake numbers"))
        )
        (self.curve,) = ax.plot([], [], color=COP, label='cop: probability of "real"')
        ax.axhline(0.5, color="grey", linestyle=":", linewidth=1)
        low, high = self.edges[0], self.edges[-1]
        label = f"number (those below {low:g} or above {high:g} are drawn at the edge)"
        ax.set(xlim=(self.edges[0], self.edges[-1]), ylim=(0, 1.02), xlabel=label)
        ax.set_ylabel("share of the numbers; probability")
        above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3}
        ax.legend(frameon=False, fontsize=10, **above)
        ax.spines[["top", "right"]].set_visible(False)
        return Canvas(figure, moving=[self.real, self.fake, self.curve])


def line_game(movies: Mapping[str, gan.Movie], *, interval: int = 120) -> ipywidgets.VBox:
    """Play, pause and step buttons over the frames of `LineGame`; `interval` ms a frame."""
    board = LineGame(movies)
    names, last = list(movies), len(board.first.step) - 1
    frame = slider("frame", 0, last)
    player = ipywidgets.Play(value=0, min=0, max=last, interval=interval, description="play")
    ipywidgets.jslink((player, "value"), (frame, "value"))
    choice = ipywidgets.Dropdown(options=names, description="game", layout={"width": "420px"})
    alt = "Histograms of real and fake numbers, and the cop's curve above them, frame by frame."
    widget = live(board.draw, alt=alt, game=choice, frame=frame)
    widget.children = (player, *widget.children)
    return widget


class LatentWalk:
    """From one fake to another in small steps: `draw(digit, start, end, share)`.

    The noise is turned from that of seed `start` into that of seed `end`; `share` runs from 0 to 1.
    """

    def __init__(self, generator: gan.Generator):
        self.generator = generator.eval()

    def noise(self, start: int, end: int, share: float) -> Tensor:
        """Noise (z_dim,) on the arc between two noises, as long as noise usually is."""
        a, b = (self._noise(seed) for seed in (start, end))
        angle = torch.tensor(share * torch.pi / 2)
        mixed = angle.cos() * a + angle.sin() * b
        length = a.norm() * (1 - share) + b.norm() * share
        return mixed / mixed.norm().clamp_min(1e-9) * length

    def draw(self, digit: int, start: int, end: int, share: float) -> np.ndarray:
        """The picture (H, W, 3), uint8: the path in nine steps, and the chosen place enlarged."""
        stops = [*np.linspace(0, 1, 9), share]
        z = torch.stack([self.noise(start, end, float(s)) for s in stops])
        with torch.no_grad():
            fakes = self.generator(z, torch.full((len(z),), digit))
        page = Image.new("RGB", (9 * 60 + 10, 290), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
        for i, fake in enumerate(fakes[:9]):
            page.paste(grey(fake, 56), (10 + 60 * i, 4))
        pen.text((10, 66), f"the path from noise {start} to noise {end}", fill="black", font=font)
        page.paste(grey(fakes[9], 196), (10, 90))
        pen.text((220, 92), f"digit {digit}, {share:.0%} of the way", fill="black", font=font)
        return np.asarray(page)

    def _noise(self, seed: int) -> Tensor:
        return torch.randn(self.generator.z_dim, generator=torch.Generator().manual_seed(seed))


def latent_walk(generator: gan.Generator) -> ipywidgets.VBox:
    """Sliders for the digit, the two ends and the place between them above `LatentWalk`."""
    alt = "Nine fakes on the way from one noise to another, and the chosen one enlarged."
    return live(
        LatentWalk(generator).draw,
        alt=alt,
        digit=slider("digit", 0, 9, value=3),
        start=slider("noise at the start", 0, 20),
        end=slider("noise at the end", 0, 20, value=1),
        share=slider("share of the way", 0.0, 1.0, value=0.5, step=0.05),
    )


class LiveGame:
    """Fakes and numbers of a running game, drawn anew in the output of its cell.

    Hand it to `Game.play` as `watch`. The fakes are always made from the same noise, one column a
    digit. The last picture stays in the notebook; it needs no widget.
    """

    def __init__(self, *, rows: int = 4, seed: int = 0):
        self.labels, self.seed, self.handle = torch.arange(10).repeat(rows), seed, None

    def __call__(self, game: gan.Game) -> None:
        from IPython.display import display

        row = game.record.rows[-1]
        alt = f"Sheet of fakes after {row.step} steps; {_caught(game)}"
        shown = Still(self.draw(game), alt=alt)
        if self.handle is None:
            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)

    def draw(self, game: gan.Game) -> np.ndarray:
        """The picture (H, W, 3), uint8."""
        fakes = grey(sheet(gan.forge(game.forger, self.labels, seed=self.seed)), 604)
        row = game.record.rows[-1]
        page = Image.new("RGB", (fakes.width, fakes.height + 69), "white")
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=14)
        numbers = (
            f"step {row.step}: loss of the cop {row.cop_loss:.2f}, of the counterfeiter "
            f"{row.forger_loss:.2f}",
            f"mean score of real {row.real_score:.2f}, of fakes {row.fake_score:.2f}",
            _caught(game),
        )
        for i, text in enumerate(numbers):
            pen.text((4, 3 + 21 * i), text, fill="black", font=font)
        page.paste(fakes, (0, 69))
        return np.asarray(page)


def _caught(game: gan.Game) -> str:
    share = f"{game.record.rows[-1].caught:.0%} of the fakes it was shown"
    return f"in the last {game.every} steps the cop caught {share}"
