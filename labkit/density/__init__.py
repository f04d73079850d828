"""Models that give every image a probability: variational autoencoders, and pixel by pixel.

`VAE` makes an image from a few random numbers (Kingma & Welling 2014), `PixelCNN` and `RowRNN` make
it pixel by pixel, each given those before (van den Oord et al. 2016). All are for black and white
digits (`binary`), all are scored in one unit, bits per pixel (`bits`), and `fit` trains them.
"""

import lazy_loader

_HOME = {
    "bits": ["bits_per_pixel", "compressed", "constant", "independent", "neighbours"],
    "training": ["binary", "fit", "mean_nats", "nats"],
    "vae": [
        "VAE",
        "fitted_codes",
        "importance_nats",
        "kl_divergence",
        "negative_elbo",
        "reconstruction",
        "reparametrise",
    ],
    "pixels": ["MaskedConv2d", "PixelCNN", "RowRNN", "causal_mask", "seen_by"],
    "sampling": ["sample", "sample_naive"],
    "races": ["race"],
    "shipped": ["load_race", "load_row_rnn"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
