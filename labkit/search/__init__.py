"""Lab 16's search for settings: drawing them, trying them, choosing, and how the choice flatters.

`draw_settings` and `log_uniform` draw, `train_trial` tries a setting, `load_table` holds 200 that
were tried. `optimism` says by how much a winner looks too good, `halving` saves training,
`guesses` are players without any skill.
"""

import lazy_loader

_HOME = {
    "knobs": ["DEFAULT", "RANGES", "Setting", "draw_settings", "log_uniform"],
    "measuring": ["COUNTS", "measured", "ways_to_search"],
    "shipped": ["Table", "load_searches", "load_table"],
    "trials": ["EPOCHS", "Trial", "learned_and_not", "train_trial", "trial_seed"],
    "winners": ["Race", "guesses", "halving", "optimism", "optimism_by_trials"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
