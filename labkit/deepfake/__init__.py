"""Deepfakes of two drawn actors whose true answer is known, what tells them, and signatures.

`Forger` has an encoder for both and a decoder for each, `fit` trains it, `swap` makes the fakes,
`head_error` and `pose_found` score them. `blend` pastes them into a scene, `fit_detector` tries to
tell them from real pictures, `sign` and `verify` do without looking (Lamport 1979).
"""

import lazy_loader

_HOME = {
    "nets": ["HUSKY", "WOLF", "Forger", "swap"],
    "training": ["faces", "fit"],
    "scoring": ["head_error", "match_colour", "nearest", "pose_found", "rivals", "sharpness"],
    "pasting": ["blend", "film_faces", "heads_to_paste"],
    "detecting": [
        "blurred",
        "detailed",
        "fake_probability",
        "fit_detector",
        "caught",
        "suspects",
    ],
    "signing": ["bits", "new_keys", "sha256", "sign", "verify"],
    "measuring": ["fakes_of", "measured"],
    "shipped": ["load_forger", "load_swaps"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
