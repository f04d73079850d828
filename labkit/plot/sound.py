"""Plots of lab 09: waves, spectrograms, how loud each frequency is."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from labkit import sound as sounds
from labkit.plot.basic import COLOURS, SIZES, new_axes, tidy


def wave(
    sound: Tensor,
    *,
    rate: int = sounds.RATE,
    first: float = 0.0,
    ax: Axes | None = None,
    title: str | None = None,
    dots: bool = False,
) -> Axes:
    """A sound (T,) against time in milliseconds; `first` is the time of its first sample.

    `dots` marks the single samples.
    """
    ax = new_axes(ax, figsize=(7.4, 2.2))
    time = first + 1000 * np.arange(len(sound)) / rate
    style = {"marker": "o", "markersize": 3} if dots else {}
    ax.plot(time, sound.numpy(), color=COLOURS[0], linewidth=1, **style)
    ax.set(xlabel="time (ms)", ylabel="pressure", xlim=(time[0], time[-1]), title=title or "")
    return tidy(ax)


def spectrogram(
    sound: Tensor,
    *,
    rate: int = sounds.RATE,
    ax: Axes | None = None,
    title: str | None = None,
    bar: bool = True,
) -> Axes:
    """Loudness of each frequency at each time, in decibels below the loudest place; sound (T,).

    Without its colour `bar` where several stand side by side: all go from -60 to 0 dB.
    """
    ax = new_axes(ax, figsize=(7.4, 2.6))
    loud = sounds.spectrogram(sound).numpy()
    extent = (0, 1000 * len(sound) / rate, 0, rate / 2)
    style = {"origin": "lower", "aspect": "auto", "cmap": SIZES, "vmin": -60, "vmax": 0}
    shown = ax.imshow(loud, extent=extent, **style)
    if bar:
        ax.figure.colorbar(shown, ax=ax, label="dB")
    ax.set(xlabel="time (ms)", ylabel="frequency (Hz)", title=title or "")
    return ax
