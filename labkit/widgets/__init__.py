"""Widgets of the labs: ipywidgets around plain functions that draw.

A widget is `live(draw, ...)`: `draw(**values)` returns a picture as an array (H, W, 3), uint8, and
is tested by itself. `labkit.widgets.core` serves all labs, the other modules one each.
"""

from importlib import import_module

_HOME = {
    "core": ["Canvas", "live", "slider", "to_pixels", "to_png"],
    "derivatives": ["slopes", "slopes_picture", "tiny_network", "tiny_network_picture"],
    "activations": ["ChannelWalk", "channel_walk"],
    "explanations": ["SceneExplorer", "scene_explorer", "vote"],
}


def __getattr__(name: str):
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"labkit.widgets.{module}"), name)
    raise AttributeError(f"module 'labkit.widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(name for names in _HOME.values() for name in names)
