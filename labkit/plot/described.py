"""Figures for readers who do not see them: an <img> with an alternative text, made from the figure.

JupyterLab shows a plain image/png without one. `install` adds text/html beside it, which
JupyterLab prefers; nothing is drawn twice, and the image/png stays for everything else.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12  # panels that are told one by one


def describe(figure: Figure) -> str:
    """What a figure shows, in words: its panels' titles, axes, and the names of what is drawn.

    >>> import matplotlib.pyplot as plt
    >>> ax = plt.subplots()[1]
    >>> _ = ax.plot([1, 2], label="loss"), ax.set(title="Training", xlabel="epoch")
    >>> describe(ax.figure)
    'Figure: Training: a line (loss), over epoch.'
    """
    panels = [_panel(ax) for ax in figure.axes if ax.get_label() != "<colorbar>"]
    panels = [words for words in panels if words]
    head = (figure.get_suptitle() or "").strip()
    count = f"Figure of {len(panels)} panels" if len(panels) > 1 else "Figure"
    shown = panels[:MOST] + [f"and {len(panels) - MOST} more"] * (len(panels) > MOST)
    return " ".join(f"{count}: {'; '.join([head, *shown] if head else shown)}.".split())


def install() -> None:
    """Let the running IPython show figures with their description; does nothing without one.

    Whoever turns inline figures on takes every formatter of figures away, so it is put back after
    each cell, before the cell's figures are shown.
    """
    from IPython import get_ipython

    if shell := get_ipython():
        _register()
        shell.events.register("post_execute", _register)


def _register() -> None:
    from IPython import get_ipython

    formatter = get_ipython().display_formatter.formatters["text/html"]
    formatter.for_type_by_name("matplotlib.figure", "Figure", _as_html)


def as_html(png: str, alt: str, *, width: int | None = None, height: int | None = None) -> str:
    """An <img> of base64 PNG data with its alternative text."""
    size = "".join(
        f' {name}="{value}"' for name, value in (("width", width), ("height", height)) if value
    )
    words, data = html.escape(alt, quote=True), "".join(png.split())
    return f'<img alt="{words}"{size} src="data:image/png;base64,{data}">'


class _Once:
    """A formatter that hands out what was drawn for the HTML a moment ago."""

    def __init__(self, draw):
        self.draw, self.drawn = draw, WeakKeyDictionary()

    def __call__(self, figure):
        return self.drawn.pop(figure, None) or self.draw(figure)


def _as_html(figure: Figure) -> str | None:
    from IPython import get_ipython

    png = get_ipython().display_formatter.formatters["image/png"]
    try:
        draw = png.lookup_by_type(type(figure))
    except KeyError:  # figures are not shown as PNG here
        return None
    if not isinstance(draw, _Once):
        draw = _Once(draw)
        png.for_type(type(figure), draw)
    made = draw.drawn[figure] = draw.draw(figure)
    data, size = made if isinstance(made, tuple) else (made, {})
    return as_html(data, describe(figure), **size) if isinstance(data, str) else None


def _panel(ax: Axes) -> str:
    title = " ".join(filter(None, (ax.get_title(loc) for loc in ("left", "center", "right"))))
    drawn = _drawn(ax) if ax.get_visible() else ""
    over = ax.get_xlabel() if ax.axison else ""
    of = ax.get_ylabel() if ax.axison else ""
    axes = ", ".join(filter(None, (of, f"over {over}" if over else "")))
    return ": ".join(filter(None, (_plain(title), _plain(", ".join(filter(None, (drawn, axes)))))))


def _drawn(ax: Axes) -> str:
    names = [name for name in ax.get_legend_handles_labels()[1] if name]
    kinds = ("an image", ax.images), ("a line", ax.lines), ("bars", ax.patches)
    kinds = *kinds, ("marks", ax.collections)
    kind = next((word for word, artists in kinds if len(artists)), "")
    if kind == "a line" and len(ax.lines) > 1:
        kind = "lines"
    return f"{kind} ({', '.join(names)})" if kind and names else kind


def _plain(text: str) -> str:
    return text.replace("$", "").replace("\n", " ").strip()
