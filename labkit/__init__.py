"""labkit: the helper package of the course labs.

Submodules load when first used (PEP 562), so `import labkit` costs next to nothing:

>>> import labkit
>>> photo = labkit.data.load_photo("cat")  # labkit.data is imported here

What notebooks use every day has a short name: `from labkit import models` is `labkit.nets.models`.
It does not import torch, matplotlib or ipywidgets; the submodules that need them do.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

# PyTorch then asks Linux for memory in large pages: forward passes on a CPU take a third less time,
# and half of it or less where all layers' outputs are kept. Read at torch's first allocations.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
# Threads that wait for others sleep, else a busy machine spends its time on waiting. Read when
# torch is first imported, so labs import labkit before it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
_SHORT = {  # wing -> modules that may be named without it
    "course": ["progress", "projector"],
    "gan": ["frechet"],
    "nets": ["features", "hooks", "models", "patches", "probe", "train"],
    "siamese": ["fewshot"],
    "words": ["models_text", "text"],
}
_WING = {module: wing for wing, modules in _SHORT.items() for module in modules}
_FUNCTIONS = dict.fromkeys(["predict", "my_predictions"], "labkit.course.prediction")
_FUNCTIONS["my_page"] = "labkit.course.page"


def __getattr__(name: str):
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    if name in _WING:
        return import_module(f"{__name__}.{_WING[name]}.{name}")
    if not name.startswith("_") and find_spec(f"{__name__}.{name}"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell) -> None:
    """What `%load_ext labkit` calls: the magic %reveal of the live edition."""
    import_module("labkit.course.live").load_ipython_extension(shell)


def __dir__() -> list[str]:
    modules = {module.name for module in iter_modules(__path__)}
    public = {name for name in modules if not name.startswith("_")}
    return sorted({*globals(), *_FUNCTIONS, *_WING, *public})


import_module("labkit.course.memory").give_back_after_each_cell()
