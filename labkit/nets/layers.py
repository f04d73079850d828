"""Names of a network's layers: which there are, and which one a pattern or a counted name means."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn


def layer_names(model: nn.Module) -> list[str]:
    """Names of all layers that contain no further layers, in the order they were defined."""
    return [name for name, module in model.named_modules() if name and not module._modules]


def resolve(model: nn.Module, layers: str | Sequence[str]) -> list[str]:
    """Names and patterns -> names, each known to the model; ValueError otherwise."""
    known = [name for name, _ in model.named_modules() if name]
    names: list[str] = []
    for given in [layers] if isinstance(layers, str) else layers:
        matches = [n for n in known if fnmatchcase(n, given)]
        if not matches and module_of(model, given) not in known:
            near = difflib.get_close_matches(given, known, n=4, cutoff=0.4) or known[:8]
            raise ValueError(f"the model has no layer {given!r}; it has for instance {near}")
        names += matches or [given]
    return list(dict.fromkeys(names))


def resolve_one(model: nn.Module, layer: str) -> str:
    """The one layer that a name or a pattern means; ValueError if none or several."""
    names = resolve(model, layer)
    if len(names) > 1:
        raise ValueError(f"{layer!r} means {len(names)} layers, {names[:4]} ...: name one of them")
    return names[0]


def module_of(model: nn.Module, name: str) -> str:
    """The module behind a name that may count calls: "relu_1" -> "relu", unless "relu_1" exists."""
    modules = dict(model.named_modules())
    stem, _, count = name.rpartition("_")
    return stem if name not in modules and count.isdigit() and stem in modules else name
