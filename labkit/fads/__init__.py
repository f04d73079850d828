"""Fads: deep networks with and without skips and batch norms, pooling and strides, their costs.

`DeepNet` and `shrinking` make small networks for digits, `signals` watches what goes forward and
back, `multiply_adds` counts, `same_answer` moves the images, `cut_logits` opens up the pretrained
network of the other labs.
"""

import lazy_loader

_HOME = {
    "costs": ["conv_cost", "multiply_adds"],
    "cutting": ["CUTS", "cut_logits", "skipping"],
    "measuring": ["KINDS", "WAYS", "deep", "learned", "measured_depth", "measured_shrink"],
    "nets": ["Blur", "DeepNet", "plain", "residual", "shrinking"],
    "shifts": ["moved", "same_answer"],
    "shipped": ["load_depths", "load_shrinks"],
    "signals": ["Signals", "conv_weights", "gradient_norms", "signals"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
