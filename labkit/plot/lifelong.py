"""Plots of lab 15: each task's accuracy while others are learned, old against new, memory sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from labkit.plot.basic import COLOURS, new_axes, tidy

MARKERS = "osD^vPX*"


def task_curves(
    steps: Sequence[int],
    accuracy: Tensor,
    *,
    names: Sequence[str],
    starts: Sequence[int],
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Accuracy (F, T) of each task over the steps (F,) of training, a line a task.

    `starts` says at which step each task begins; its name stands there. A line begins with its
    task, and before that is thin.
    """
    ax = new_axes(ax, figsize=(8.2, 3.4))
    steps, accuracy = torch.as_tensor(steps), torch.as_tensor(accuracy)
    for i, (name, start) in enumerate(zip(names, starts, strict=True)):
        colour, since = COLOURS[i % len(COLOURS)], steps >= start
        ax.plot(steps, accuracy[:, i], color=colour, linewidth=0.5, alpha=0.5)
        ax.plot(steps[since], accuracy[since, i], color=colour, linewidth=2.2, label=name)
        ax.axvline(start, color="0.8", linewidth=0.8, zorder=0)
        ax.text(start, 1.04, f" learns {name}", color=colour, fontsize=9)
    ax.set(xlabel="training step", ylabel="share of right answers", ylim=(-0.02, 1.12))
    ax.set_title(title or "")
    ax.legend(frameon=False, title="test digits", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return tidy(ax)


def old_and_new(
    pairs: Mapping[str, Tensor], *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Accuracies (N, 2) on an old and a new task as dots, joined in a line a name.

    >>> ax = old_and_new({"EWC": torch.tensor([[0.3, 0.9], [0.8, 0.7], [0.9, 0.4]])})
    """
    ax = new_axes(ax, figsize=(5.4, 4.4))
    for i, (name, points) in enumerate(pairs.items()):
        x, y = torch.as_tensor(points).T
        style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        ax.plot(x, y, alpha=0.8, markersize=6, label=name, **style)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), title=title or "")
    ax.set(xlabel="right answers on the old task", ylabel="right answers on the new task")
    ax.legend(frameon=False, loc="lower left")
    return tidy(ax)
