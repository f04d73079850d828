"""labkit: the helper package of the course labs.

Submodules load when first used (PEP 562), so `import labkit` costs next to nothing:

>>> import labkit
>>> photo = labkit.data.load_photo("cat")  # labkit.data is imported here

It does not import torch, matplotlib or ipywidgets; the submodules that need them do.
"""

from importlib import import_module

__version__ = "0.1.0"

_SUBMODULES = {
    "checks",
    "cli",
    "copies",
    "data",
    "doctor",
    "editions",
    "explain",
    "hooks",
    "images",
    "models",
    "paths",
    "plot",
    "train",
    "widgets",
}


def __getattr__(name: str):
    if name in _SUBMODULES:
        return import_module(f"labkit.{name}")
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | _SUBMODULES)
