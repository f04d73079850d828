"""Projector mode: figures and widgets larger, for a room that reads from the last row.

`labkit start --projector` sets LABKIT_PROJECTOR, which `labkit.plot` and `labkit.widgets` obey;
`labkit.projector.on()` does the same in a kernel that runs already. JupyterLab itself (larger text,
no sidebar, Ctrl+Enter scrolls to the figure) is changed by `labkit start --projector` only.
"""

import os

VARIABLE = "LABKIT_PROJECTOR"
SCALE = 1.4  # a figure of the usual width fills the page of a projector with 1280 pixels


def scale() -> float:
    """How much larger than usual pictures are; 1.0 without projector.

    Raises ValueError if LABKIT_PROJECTOR is neither empty nor a number from 1 to 3.
    """
    return _checked(os.environ.get(VARIABLE, "").strip() or "1")


def is_on() -> bool:
    """Whether pictures are to be larger than usual."""
    return scale() > 1


def on(scale: float = SCALE) -> None:
    """Make the figures and widgets that are drawn from now on `scale` times as large.

    Raises ValueError unless `scale` is a number from 1 to 3.

    >>> on(1.5)
    >>> on(1)  # as usual again
    """
    os.environ[VARIABLE] = str(_checked(str(scale)))
    enlarge_figures()


def enlarge_figures() -> None:
    """Give matplotlib's figures the resolution that the projector asks for.

    Everything in a figure grows alike, so nothing overlaps that did not before.
    """
    import matplotlib as mpl

    mpl.rcParams["figure.dpi"] = mpl.rcParamsDefault["figure.dpi"] * scale()


def _checked(text: str) -> float:
    try:
        wanted = float(text)
    except ValueError:
        wanted = 0.0
    if not 1 <= wanted <= 3:
        raise ValueError(f"{VARIABLE} is {text!r}; give a number from 1 to 3, such as {SCALE}")
    return wanted
