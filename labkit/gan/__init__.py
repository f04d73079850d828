"""Two networks that compete: a generator forges digits, a discriminator tells real from fake.

The counterfeiter and the cop (Goodfellow et al. 2014). `Generator` and `Discriminator` are the
networks, `hinge`, `logistic` and `saturating` the losses, `update_discriminator` and
`update_generator` one step of each, `Game` the training loop with its history and checkpoints,
`QUICK` and `TUTORIAL` two recipes. `play_line` is the same game with numbers instead of digits. How
good the forgeries are is measured in `labkit.gan.frechet`.
"""

import lazy_loader

_HOME = {
    "nets": ["Discriminator", "Generator", "forge", "weight_scale"],
    "losses": ["LOSSES", "Loss", "hinge", "logistic", "saturating"],
    "updates": ["Verdict", "average_weights", "update_discriminator", "update_generator"],
    "recipes": ["QUICK", "TUTORIAL", "Recipe", "ablations"],
    "game": ["Game", "Record", "Round"],
    "line": ["Movie", "bumps", "play_line"],
    "shipped": ["load_generator", "load_judge", "load_runs"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
