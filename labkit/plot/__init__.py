"""Pictures of all that the labs compute: `plot_function(data, *, ax=None) -> Axes`.

Every function draws into the given Axes, or into a new figure, and returns the Axes; none calls
`show()`. Maps of sizes are "viridis", maps with a sign "RdBu_r" centred on 0: both can be told
apart by colour-blind readers. `labkit.plot.basic` serves all labs, the other modules one each.
"""

from importlib import import_module

_HOME = {
    "basic": ["bars", "curves", "grid", "heat", "history", "image"],
    "derivatives": ["errors", "heats", "landscape", "matrix", "network"],
    "activations": ["histograms", "layer_maps", "mosaic", "scatter", "table"],
    "explanations": ["dots", "heats_over", "interval"],
}


def __getattr__(name: str):
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"labkit.plot.{module}"), name)
    raise AttributeError(f"module 'labkit.plot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(name for names in _HOME.values() for name in names)
