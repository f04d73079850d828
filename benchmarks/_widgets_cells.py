"""The cells of `benchmarks.widgets`: two pictures, each by labkit, interact and ipympl.

The first is lab 01's: a point on a function, drawn by matplotlib. interact draws it anew each time,
ipympl moves its artists. The second is lab 04's: a forward pass of the pretrained network for each
picture. There the pixels are the same for all three; the others show them with `imshow`.
"""

from functools import cache

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import HTML, display

from labkit import data, plot, widgets
from labkit.nets import models
from labkit.plot.derivatives import MINUS, PLUS
from labkit.widgets.augmentation import Playground

CATS = ("tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat")
SIZE = (8.4, 2.88)  # inches of the second picture, at 100 pixels an inch


def slopes_labkit(*, ahead: bool = True) -> ipywidgets.VBox:
    """The widget of lab 01, from the left end of x."""
    return _shown(widgets.slopes(function, derivatives, x=-2.0, name="f"), ahead)


def slopes_interact() -> None:
    """A figure for each change."""

    def show(x: float, y: float) -> None:
        move = slopes_artists(plt.figure(figsize=(9, 4), layout="constrained"))
        text = move(x, y)
        plt.show()
        display(HTML(text))

    ipywidgets.interact(show, **slopes_controls())


def slopes_ipympl() -> None:
    """One figure, of which the artists move."""
    figure = plt.figure(figsize=(9, 4), layout="constrained")
    move = slopes_artists(figure)

    note = ipywidgets.HTML()

    def show(x: float, y: float) -> None:
        note.value = move(x, y)
        figure.canvas.draw_idle()

    ipywidgets.interact(show, **slopes_controls())
    display(note)


def network_labkit(*, ahead: bool = True) -> ipywidgets.VBox:
    """The widget of lab 04, from the left end of the angle."""
    board = playground()
    panel = widgets.playground(board.model, board.photo[0], board.group, name="cat")
    panel.children[1].value = -180
    return _shown(panel, ahead)


def network_interact() -> None:
    """A figure for each change; of the widget's sliders only the one that is pressed."""
    board = playground()

    def show(angle: float) -> None:
        pixels, text = board.draw(angle=angle)
        plt.figure(figsize=SIZE).add_axes((0, 0, 1, 1)).imshow(pixels)
        plt.axis("off")
        plt.show()
        display(HTML(text))

    ipywidgets.interact(show, angle=angle_control())


def network_ipympl() -> None:
    """One figure, of which the pixels change."""
    board = playground()
    axes = plt.figure(figsize=SIZE).add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    image, note = axes.imshow(board.draw(angle=-180)[0]), ipywidgets.HTML()

    def show(angle: float) -> None:
        pixels, note.value = board.draw(angle=angle)
        image.set_data(pixels)
        axes.figure.canvas.draw_idle()

    ipywidgets.interact(show, angle=angle_control())
    display(note)


def function(x, y):
    """Lab 01's function of two numbers."""
    return x**2 + x * y


def derivatives(x: float, y: float) -> tuple[float, float]:
    """Its derivatives by x and by y."""
    return 2 * x + y, x


def slopes_artists(figure):
    """Draw lab 01's picture as its widget does; the function that moves it to (x, y)."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    plot.landscape(function, ax=left, title="f, arrow = derivatives / 2")
    (dot,) = left.plot([0], [0], "o", color="#E69F00", markeredgecolor="black", markersize=9)
    style = {"angles": "xy", "scale_units": "xy", "scale": 2, "width": 0.012}
    arrow = left.quiver([0], [0], [1], [1], color="#E69F00", edgecolor="black", **style)
    bars = right.barh([1, 0], [1, 1], color=[PLUS, MINUS], height=0.5)
    right.set_yticks([1, 0], labels=["|df/dx|", "|df/dy|"], fontsize=12)
    right.set(xlim=(0, 6), ylim=(-0.6, 1.6), title="how much f depends on each")
    right.set_xlabel("change of f for a small nudge, per unit")

    def move(x: float, y: float) -> str:
        slopes = derivatives(x, y)
        dot.set_data([x], [y])
        arrow.set_offsets([[x, y]])
        arrow.set_UVC(*([slope] for slope in slopes))
        for bar, slope in zip(bars, slopes, strict=True):
            bar.set_width(abs(slope))
        return f"f({x:.2f}, {y:.2f}) = {function(x, y):.2f}"

    return move


def slopes_controls() -> dict[str, ipywidgets.FloatSlider]:
    """The sliders of lab 01's widget."""
    values = {"x": -2.0, "y": 0.5}
    return {n: widgets.slider(n, -2.0, 2.0, value=v, step=0.05) for n, v in values.items()}


def angle_control() -> ipywidgets.IntSlider:
    """The slider for the angle of lab 04's widget."""
    return widgets.slider("angle, degrees", -180, 180, value=-180, step=5)


@cache
def playground() -> Playground:
    """What draws the picture of lab 04's widget."""
    network = models.load_pretrained(size=128)
    group = [network.category(name) for name in CATS]
    return Playground(network, data.load_photo("cat", size=128), group, name="cat")


def _shown(panel: ipywidgets.VBox, ahead: bool) -> ipywidgets.VBox:
    if not ahead:
        panel.children[-1]._look_ahead = lambda *_: None
    return panel
