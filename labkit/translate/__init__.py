"""Image to image: summer to winter, learned from pairs or from two piles, scored against truth.

`fit_pairs` is pix2pix (Isola et al. 2017), `fit_piles` CycleGAN (Zhu et al. 2017), both at the
size of a laptop. labkit draws every place in both seasons, so `errors` can say how far a
translation is from the truth, and `way_back` what it hides.
"""

import lazy_loader

_HOME = {
    "nets": ["PatchCritic", "Translator"],
    "losses": ["cycle_loss", "distance", "lsgan_losses"],
    "training": ["Both", "fit_pairs", "fit_piles", "piles"],
    "scoring": ["Errors", "errors", "sharpness"],
    "colour": ["AffineColour", "colour_statistics", "match_colour", "match_histogram"],
    "hiding": ["blurred", "way_back"],
    "shipped": ["load_translations", "load_translators", "load_wolf_to_husky"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
