"""Fake art: a photo in another style, and how near it comes, by a network and without one.

`strokes`, `glass` and `dots` draw three styles, `paint` puts one on a photo (Gatys, Ecker & Bethge
2016), `style_distance` and `edge_correlation` measure what came of it.
"""

import lazy_loader

_HOME = {
    "drawn": ["STYLES", "dots", "glass", "strokes"],
    "measures": [
        "LAYERS",
        "OTHERS",
        "Style",
        "edge_correlation",
        "edges",
        "gram",
        "look",
        "recolour",
        "style_distance",
    ],
    "painting": ["KEPT", "Painting", "build", "paint", "pyramid"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
