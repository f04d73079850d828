"""Sound as numbers, drawn voices, and a WaveNet that learns to imitate them, sample by sample.

`clips` and `word` draw voices from pulses and resonances, so what is true of them is known.
`WaveNet` (van den Oord and others 2016) guesses each sample from those before, `speak` lets it go
on by itself, and `pitch`, `Listener` and `bits` measure how near its fakes come.
"""

import lazy_loader

_HOME = {
    "levels": ["from_mu_law", "mu_law"],
    "voices": ["LETTERS", "RATE", "VOICES", "VOWELS", "Clips", "Spoken", "clips", "vowel", "word"],
    "wavenet": ["WaveNet", "causal_layer", "receptive_field", "seen_by"],
    "speaking": ["recall", "speak"],
    "training": ["bits", "fit"],
    "measures": [
        "Listener",
        "histogram_bits",
        "pitch",
        "predictor_bits",
        "previous_bits",
        "spectrogram",
        "voiced_share",
    ],
    "playing": ["audio", "player", "wav"],
    "imitating": ["Measured", "fakes", "imitation", "measured", "quantised"],
    "shipped": ["load_imitations", "load_people", "load_speaker"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
