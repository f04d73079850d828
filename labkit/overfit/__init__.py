"""Overfitting: networks that learn labels by heart, and fits with more features than data.

`variant` makes the controls of Zhang et al. (2017), `learn` trains a small network (`mlp`) and
keeps errors and losses of each epoch. `descent` gives the double descent of Belkin et al. (2019)
for random ReLU features; `min_norm` and `condition` say why it peaks.
"""

import lazy_loader

_HOME = {
    "labels": ["VARIANTS", "noisy_labels", "random_labels", "variant"],
    "training": ["Curves", "learn", "mlp", "zero_epoch"],
    "fits": ["condition", "directions", "min_norm", "relu_features", "ridge_fit", "targets"],
    "descents": ["Descent", "descent", "pixels"],
    "shipped": ["load_widths", "measured", "some"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
