"""Learning one task after another without forgetting: tasks, methods, measures, a baseline.

`split_digits` and `rotated_digits` make the tasks, `run` learns them in a row by a method (`Naive`,
`EWC`, `Replay`), `forgetting` says what was lost, `RunningMeans` can lose nothing.
"""

import lazy_loader

_HOME = {
    "tasks": ["QUESTIONS", "Examples", "Task", "rotated_digits", "split_digits", "together"],
    "nets": ["Asked", "Net", "weights_of"],
    "pieces": ["ewc_penalty", "fisher", "forgetting", "reservoir"],
    "methods": ["EWC", "L2", "Naive", "Replay"],
    "running": ["Run", "accuracy", "alone", "run"],
    "means": ["RunningMeans", "random_features", "unmask"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
