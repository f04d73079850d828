"""Fine-tuning: a pretrained network, a new last layer, and what is trained of the two.

`new_last_layer` makes the network, `features` runs the frozen part once, `fit_layer` trains the
new layer on that, `fine_tune` trains everything with a smaller rate for the old weights.
`from_scratch` trains `models.SmallCNN` without any pretraining, to compare with. `car_features` and
`load_table` bring what was computed beforehand for lab 05. Ordinary training is in
`labkit.nets.train`, probes of single layers in `labkit.nets.probe`.
"""

import lazy_loader

_HOME = {
    "training": [
        "balanced_accuracy",
        "features",
        "fine_tune",
        "fit_layer",
        "from_scratch",
        "mirror_some",
        "new_last_layer",
        "predict",
        "rates",
        "split",
    ],
    "cached_cars": ["car_features"],
    "table": ["load_table", "measure"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
