"""Pictures of all that the labs compute: `plot_function(data, *, ax=None) -> Axes`.

Every function draws into the given Axes, or into a new figure, and returns the Axes; none calls
`show()`. Maps of sizes are "viridis", maps with a sign "RdBu_r" centred on 0: both can be told
apart by colour-blind readers. `labkit.plot.basic` serves all labs, the other modules one each.
"""

import sys

import lazy_loader

from labkit.course import projector

_HOME = {
    "basic": ["bars", "curves", "grid", "heat", "history", "image", "interval"],
    "derivatives": ["heats", "landscape", "matrix", "network"],
    "activations": ["layer_maps", "table"],
    "explanations": ["dots", "heats_over"],
    "finetuning": ["learning_curves", "stacked_shares"],
    "words": ["closest", "ratings", "scores"],
    "augmentation": ["confusions", "opinions", "over_angles"],
    "siamese": ["embedding", "embeddings", "pair_distances", "trade_off"],
    "gan": ["digits", "distances", "sheet"],
    "lifelong": ["old_and_new", "task_curves"],
    "sound": ["spectrogram", "wave"],
    "translate": ["rows", "two_errors"],
    "play": ["position"],
    "overfit": ["errors_and_losses", "over_features"],
    "search": ["answers", "winner"],
    "detective": ["batches", "hours", "reliability", "values"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)

if projector.is_on():
    projector.enlarge_figures()

if "IPython" in sys.modules:  # figures get an alternative text
    from labkit.plot.described import install

    install()
    del install
