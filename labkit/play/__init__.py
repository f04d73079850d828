"""Learning to play: a pole on a cart by reward alone, Connect Four by search and self-play.

`push` moves the cart, `balance` lets a policy steer it, `returns` says which reward an action gets.
`Board` knows Connect Four on small boards, `solve` solves one exactly, so that `share_optimal` and
`saved` score any player against perfect play. `search` looks ahead, led by a network (`TwoHeads`),
`fit` trains one on games against itself (Silver and others, 2017).
"""

import lazy_loader

_HOME = {
    "pole": ["FALLEN", "balance", "push", "returns"],
    "boards": ["Board"],
    "solver": ["FULL", "Solved", "solve"],
    "nets": ["TwoHeads", "blind", "judge", "priors", "rollouts", "undirected"],
    "search": ["Found", "backup", "puct", "search"],
    "training": ["Games", "fit", "reward_alone", "self_play"],
    "scoring": [
        "alone",
        "at_random",
        "decisive",
        "looking_ahead",
        "perfect",
        "saved",
        "share_optimal",
    ],
    "measuring": ["ablated", "measured", "scored"],
    "shipped": ["load_games", "load_player"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
