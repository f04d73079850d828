"""Widgets of the labs: ipywidgets around plain functions that draw.

A widget is `live(draw, ...)`: `draw(**values)` returns a picture as an array (H, W, 3), uint8, and
is tested by itself. `labkit.widgets.core` serves all labs, the other modules one each.
"""

import lazy_loader

_HOME = {
    "core": ["Canvas", "Still", "live", "slider", "to_pixels", "to_png"],
    "derivatives": ["slopes", "slopes_picture", "tiny_network", "tiny_network_picture"],
    "activations": ["ChannelWalk", "channel_walk"],
    "explanations": ["HidePieces", "hide_pieces"],
    "finetuning": ["CarExplorer", "car_explorer"],
    "words": ["SentenceReader", "WordNeighbours", "sentence_reader", "word_neighbours"],
    "adversarial": ["TurnedBus", "UnseenChange", "turned_bus", "unseen_change"],
    "augmentation": ["Playground", "playground"],
    "search": ["LongString", "Winners", "long_string", "winners"],
    "siamese": [
        "DigitPair",
        "EmbeddingMovie",
        "LiveEmbedding",
        "Neighbours",
        "digit_pair",
        "embedding_movie",
        "neighbours",
    ],
    "detective": ["InProgress", "Inspector", "in_progress", "inspector"],
    "deepfake": [
        "FaceLineup",
        "FlipByte",
        "LiveSwap",
        "Suspects",
        "SwappedFilm",
        "flip_byte",
        "suspects",
        "swapped_film",
    ],
    "density": [
        "Completions",
        "LatentMap",
        "Seen",
        "completions",
        "latent_map",
        "what_it_sees",
    ],
    "lifelong": ["ForgettingFilm", "StrengthDial", "forgetting_film", "strength_dial"],
    "fads": ["ShiftWalk", "SignalsByDepth", "shift_walk", "signals_by_depth"],
    "labeller": ["Labeller"],
    "labels": ["CrowdGame", "TwoViews", "crowd_game", "two_views"],
    "sound": ["Imitator", "Tree", "SayWords", "imitator", "say_words", "tree"],
    "translate": [
        "HiddenMessage",
        "LiveTranslation",
        "Translations",
        "hidden_message",
        "translations",
    ],
    "play": ["Match", "Thinking", "match", "thinking"],
    "pole": ["PoleFilm", "pole_film"],
    "style": ["StyleStrength", "style_strength"],
    "overfit": ["ByHeart", "DescentCurve", "by_heart", "descent_curve"],
    "gan": ["LatentWalk", "LineGame", "Lineup", "LiveGame", "latent_walk", "line_game"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
