"""Lab 14's adversarial examples: attacks, what files do to them, defences, and their table.

`fgsm`, `targeted` and `pgd` move pixels to mislead a network, `coin_flips` is their control.
`rounded` and `jpeg` are what a file keeps. `practice` makes `train.fit` train on attacked images,
`Loud` only looks like a defence.
"""

import lazy_loader

_HOME = {
    "attacks": [
        "coin_flips",
        "fgsm",
        "largest_shift",
        "pgd",
        "shaken",
        "smallest_level",
        "targeted",
        "uphill",
    ],
    "defending": ["Loud", "noise_practice", "offer", "practice"],
    "files": ["jpeg", "rounded"],
    "measuring": ["measured", "share_right", "trained", "under_attack"],
    "shipped": ["load_defences"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
