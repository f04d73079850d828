"""Lab 05, part 2, freeze: which weights stopped learning, and which list came back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, ValuesView
from typing import Any

import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, call, describe

NAME_AS_LAYER = (
    "has no attribute 'layer'",
    "'str' object has no attribute",
    "is not subscriptable",
    "'str' object cannot be interpreted as an integer",
)


def check_frozen(answer: Callable, model: nn.Module, layer: str, before: tuple) -> None:
    """CheckFailed unless `layer` alone stops learning and what still learns comes back."""
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    modes = [module.training for module in model.modules()]
    result = _called(answer, model, layer)
    now = dict(model.named_parameters())
    if set(now) != set(weights):
        raise CheckFailed("The model's layers have changed. Keep them all; only stop one of them.")
    _refuse_still_learning(model, layer, modes)
    for name, parameter in now.items():
        other = name.split(".")[0]
        if parameter.requires_grad != (other not in (layer, *before)):
            _refuse_other_layer(other, layer, parameter.requires_grad)
        if parameter.shape != weights[name].shape or not torch.equal(parameter, weights[name]):
            raise CheckFailed(f"The weights of {name} have changed. Freezing keeps them as is.")
    if [module.training for module in model.modules()] != modes:
        raise CheckFailed(
            "The mode (train or eval) has changed. eval() concerns dropout and batch "
            "normalisation; it freezes no weight."
        )
    _check_list(result, now)


def _called(answer: Callable, model: nn.Module, layer: str) -> Any:
    try:
        return call(answer, model, layer, changing=True)
    except CheckFailed as error:
        if any(sign in str(error) for sign in NAME_AS_LAYER):
            raise CheckFailed(
                f"layer is a text here, the name {layer!r}. model.get_submodule(layer) is the "
                "layer itself; model.layer and model[layer] aren't."
            ) from None
        raise


def _refuse_still_learning(model: nn.Module, layer: str, modes: list[bool]) -> None:
    module = model.get_submodule(layer)
    left = [name for name, p in module.named_parameters() if p.requires_grad]
    if not left:
        return
    if module.__dict__.get("requires_grad") is False:
        raise CheckFailed(
            f"{layer} still learns. `module.requires_grad = False` makes a new attribute that "
            "PyTorch never looks at. Call module.requires_grad_(False), with the underscore and "
            "brackets, or set it for each of module.parameters()."
        )
    if len(left) < len(list(module.parameters())):
        raise CheckFailed(
            f"Only a part of {layer} is frozen: its {left[0]} still learns. Freeze all its "
            "parameters, not its weight alone: module.requires_grad_(False)."
        )
    if [m.training for m in model.modules()] != modes:
        raise CheckFailed(
            f"{layer} still learns. eval() changes what dropout and batch normalisation do; it "
            "freezes no weight. Use requires_grad_(False)."
        )
    raise CheckFailed(
        f"{layer} still learns: requires_grad is True for its parameters. Call "
        f"model.get_submodule({layer!r}).requires_grad_(False), on the model that came in, not on "
        "a copy. (`==` sets nothing, and detach() gives a new tensor.)"
    )


def _refuse_other_layer(other: str, layer: str, learns: bool) -> None:
    if learns:
        raise CheckFailed(
            f"{other} was frozen before, and now it learns again. Change {layer} alone."
        )
    raise CheckFailed(
        f"{other} is frozen too, but only {layer} should be. Freeze the one layer, not the model."
    )


def _check_list(result: Any, now: dict[str, nn.Parameter]) -> None:
    want = {name: p for name, p in now.items() if p.requires_grad}
    if result is None:
        raise CheckFailed(
            "freeze returns nothing (None). Return the list of parameters that still learn, for "
            "the optimizer."
        )
    once = isinstance(result, Iterator | ValuesView)
    if isinstance(result, Tensor) or not (once or isinstance(result, list | tuple)):
        raise CheckFailed(
            f"freeze should return a list of parameters, but returned {describe(result)}."
        )
    found = list(result)
    names = {id(p): name for name, p in now.items()}
    if any(isinstance(p, tuple | str) for p in found):
        raise CheckFailed("These are names. Return the parameters: model.parameters().")
    if not all(isinstance(p, Tensor) for p in found):
        raise CheckFailed(f"The list should hold parameters, but it holds {describe(found[0])}.")
    if any(id(p) not in names for p in found):
        raise CheckFailed(
            "The list holds a tensor that is none of the model's parameters: a copy, or its .data "
            "or .detach()? An optimizer needs the parameters themselves."
        )
    got = [names[id(p)] for p in found]
    if extra := [name for name in got if name not in want]:
        raise CheckFailed(f"The list holds {extra[0]}, which is frozen. Leave it out.")
    if lacking := [name for name in want if name not in got]:
        raise CheckFailed(f"The list lacks {lacking[0]}, which still learns.")
    if len(got) != len(want):
        raise CheckFailed("The list holds a parameter twice.")
