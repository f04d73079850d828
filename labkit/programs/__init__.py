"""Lab 16's learned programs: loops over strings of bits, and a step that has no slope.

`parity` and `majority` are what a loop shall compute, `train_loop` trains a small recurrent network
to do it, `zeros_needed` tests its counter. `straight_through` rounds, and lets derivatives pass;
`train_codes` trains a network that has to squeeze a digit through such a step.
"""

import lazy_loader

_HOME = {
    "codes": ["Squeeze", "code_error", "cut_off", "straight_through", "train_codes"],
    "loops": ["Loop", "right_by_length", "train_loop", "zeros_needed"],
    "strings": ["TASKS", "majority", "parity", "random_bits"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
