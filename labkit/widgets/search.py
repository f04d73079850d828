"""Widgets of lab 16: a string that gets longer, and winners among guessers and networks."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit import plot, programs, search
from labkit.widgets.core import Canvas, live, slider

LENGTHS, STRINGS, COUNT = range(10, 201, 10), 10, 300
TRIALS = (1, 2, 5, 10, 20, 50, 100, 200)
DIGITS = (100, 300, 900)


class LongString:
    """A string that a learned loop reads, by its task: `draw(task, length, string)`.

    nets: by task ("parity", "majority"), each bits (B, L) -> logits (B, L).
    """

    def __init__(self, nets: Mapping[str, torch.nn.Module], *, seed: int = 0):
        self.nets = dict(nets)
        self.bits = programs.random_bits(COUNT, LENGTHS[-1], seed=seed)
        with torch.no_grad():
            self.says = {task: net(self.bits) > 0 for task, net in self.nets.items()}
        self.right = {task: programs.TASKS[task](self.bits).bool() for task in self.nets}

    def draw(self, task: str, length: int, string: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        bits, right, says = (
            rows[string, :length] for rows in (self.bits, self.right[task], self.says[task])
        )
        figure = Figure(figsize=(7.6, 2.0), layout="constrained")
        plot.answers(bits, right, says, ax=figure.subplots())
        wrong = (right != says).nonzero()
        first = f"first wrong after bit {int(wrong[0]) + 1}" if len(wrong) else "never wrong"
        kept = (self.right[task] == self.says[task])[:, length - 1].float().mean()
        text = f"{task}, {length} bits: {first}; <b>the last answer is "
        text += "right" if right[-1] == says[-1] else "wrong"
        return Canvas(figure, moving=[]).pixels(), f"{text}</b>; in {COUNT} strings: {kept:.0%}"


def long_string(nets: Mapping[str, torch.nn.Module], *, seed: int = 0) -> ipywidgets.VBox:
    """Which task, how many bits of a string are read, and which string: above `LongString`."""
    return live(
        LongString(nets, seed=seed).draw,
        alt="A string of bits, the right answer after each bit, what the network says, its errors.",
        task=ipywidgets.Dropdown(options=list(nets), description="task"),
        length=slider("bits read", LENGTHS[0], LENGTHS[-1], step=10),
        string=slider("which string", 0, STRINGS - 1),
    )


class Winners:
    """Trials, their winner and its worth: `draw(who, trials, digits, again)`.

    `who` is "guessers" (one of ten at random) or "networks" (those of the table); `digits` are as
    many as a validation set has, `again` is which of ten draws.
    """

    def __init__(self, table: search.Table):
        self.tables = {
            "guessers": [
                search.guesses(TRIALS[-1], table.last.shape[1], seed=draw) for draw in range(10)
            ],
            "networks": [table.last] * 10,
        }

    def scores(self, who: str, trials: int, digits: int, again: int) -> tuple[Tensor, Tensor]:
        """Validation and test scores (N,) of as many trials."""
        generator = torch.Generator().manual_seed(again)
        some = torch.randperm(TRIALS[-1], generator=generator)[:trials]
        digit = torch.randperm(self.tables[who][again].shape[1], generator=generator)
        right = self.tables[who][again][some].float()[:, digit]
        return right[:, :digits].mean(1), right[:, digits:].mean(1)

    def draw(self, who: str, trials: int, digits: int, again: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text."""
        valid, test = self.scores(who, trials, digits, again)
        figure = Figure(figsize=(7.6, 3.2), layout="constrained")
        plot.winner(valid, test, ax=figure.subplots())
        best = int(valid.argmax())
        text = f"the winner of {trials}: {valid[best]:.1%} of {digits} digits; of all others "
        text += f"{test[best]:.1%}: <b>{100 * (valid[best] - test[best]):+.1f} points</b>"
        return Canvas(figure, moving=[]).pixels(), text


def winners(table: search.Table) -> ipywidgets.VBox:
    """Who plays, how many, on how many digits, and another draw: above `Winners`."""
    return live(
        Winners(table).draw,
        alt="Scores of trials on a validation set; the winner, and what it's worth on others.",
        who=ipywidgets.Dropdown(options=["guessers", "networks"], description="who"),
        trials=_choice("trials", TRIALS),
        digits=_choice("digits in the validation set", DIGITS),
        again=slider("draw again", 0, 9),
    )


def _choice(description: str, options: tuple) -> ipywidgets.SelectionSlider:
    style = {"style": {"description_width": "initial"}, "layout": {"width": "420px"}}
    return ipywidgets.SelectionSlider(options=options, description=description, **style)
