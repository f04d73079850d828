"""What a student's function did, written down in one process and played back in another.

`recorder` wraps the function where it runs: each call leaves its result, the derivatives of this
by the inputs that ask for them and by the weights of toy networks, and what it changed in the
networks it was given. `player` stands in for the function where the answer is judged: call by call
it gives the same results and makes the same changes, without running a line of it.
"""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from labkit.grading.values import DEEPEST, MOST_ITEMS, packed, unpacked

FEW_WEIGHTS = 100  # by which derivatives are noted, too
MOST_SLOPES, _ROW = 100_000, 1000  # numbers sent for a call; what finding a row of them counts


class Torn(ValueError):
    """A record that does not fit the check: calls are missing, or it is no record."""


def recorder(function: Any, kept: list[dict]) -> Any:
    """The function, with a note in `kept` for every call; what cannot be called, as it is."""
    if not callable(function):
        return function

    def recorded(*args: Any, **options: Any) -> Any:
        given = [*args, *options.values()]
        before = {i: _Before(network) for i, network in _networks(given)}
        try:
            result = function(*args, **options)
        except BaseException as error:
            kept.append({"raised": type(error).__name__})
            raise
        note = {"result": _pack_result(result, given), "changes": _changes(given, before)}
        kept.append({**note, "slopes": _slopes(result, given)})
        return result

    try:
        return functools.wraps(function)(recorded)
    except Exception:  # an object whose attributes misbehave
        return recorded


def player(notes: Any, *, name: str) -> Callable:
    """A function of that name that does again what was noted; Torn where that makes no sense."""
    if not isinstance(notes, list):
        raise Torn("this is no record")
    left: Iterator = iter(notes)

    def played(*args: Any, **options: Any) -> Any:
        note, given = next(left, None), [*args, *options.values()]
        if not isinstance(note, dict) or "result" not in note:
            raise Torn("the record ends before the check does")
        try:
            _change(given, note.get("changes") or [])
            result = _unpack_result(note["result"], given)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as e:
            raise Torn(f"the record cannot be read: {e}") from None
        except MemoryError:  # labkit's, not the submission's
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from None
        return _with_slopes(result, note.get("slopes"), given)

    played.__name__ = name
    return played


def _networks(given: list) -> list[tuple[int, nn.Module]]:
    return [(i, value) for i, value in enumerate(given) if isinstance(value, nn.Module)]


def _pack_result(result: Any, given: list) -> Any:
    """A list may hold weights of a network that was given: these go by their names."""
    names = {id(p): [i, n] for i, net in _networks(given) for n, p in net.named_parameters()}
    if not names or not isinstance(result, list | tuple):
        return packed(result)
    items = [{"weight": names[id(r)]} if id(r) in names else packed(r) for r in result]
    return {"list" if isinstance(result, list) else "tuple": items}


def _unpack_result(stored: Any, given: list) -> Any:
    for name, kind in (("list", list), ("tuple", tuple)):
        if isinstance(stored, dict) and isinstance(stored.get(name), list):
            return kind(_item(item, given) for item in stored[name])
    return unpacked(stored)


def _item(stored: Any, given: list) -> Any:
    if isinstance(stored, dict) and "weight" in stored:
        index, name = stored["weight"]
        return given[index].get_parameter(name)
    return unpacked(stored, 1)


class _Before:
    """The layers and values of a network before a call."""

    def __init__(self, network: nn.Module):
        self.layers = dict(network.named_modules())
        self.values = {n: v.detach().clone() for n, v in network.state_dict().items()}


def _changes(given: list, before: dict[int, _Before]) -> list[dict]:
    """For each network: new linear layers, other values, which weights learn, the slopes left."""
    changes = []
    for index, network in _networks(given):
        old = before[index]
        new = [(n, m) for n, m in network.named_modules() if m is not old.layers.get(n)]
        linear = {n: _pack_linear(m) for n, m in new if type(m) is nn.Linear}
        values = {n: packed(v) for n, v in network.state_dict().items() if _differs(n, v, old)}
        weights = dict(network.named_parameters())
        learns = {n: bool(p.requires_grad) for n, p in weights.items()}
        grads = {n: packed(p.grad) for n, p in weights.items()}
        note = {"network": index, "linear": linear, "values": values}
        changes.append({**note, "learns": learns, "grads": grads})
    return changes


def _differs(name: str, value: Tensor, old: _Before) -> bool:
    was = old.values.get(name)
    return was is not None and was.shape == value.shape and not torch.equal(was, value)


def _pack_linear(layer: nn.Linear) -> dict:
    return {name: packed(weight) for name, weight in layer.named_parameters()}


def _change(given: list, changes: list[dict]) -> None:
    for change in changes:
        network = given[change["network"]]
        for name, weights in change["linear"].items():
            parent, _, last = name.rpartition(".")
            setattr(network.get_submodule(parent), last, _linear(weights))
        for name, value in change["values"].items():
            network.state_dict()[name].copy_(unpacked(value))
        for name, learns in change["learns"].items():
            network.get_parameter(name).requires_grad_(bool(learns))
        for name, slope in change["grads"].items():
            network.get_parameter(name).grad = unpacked(slope)


def _linear(weights: dict) -> nn.Linear:
    weight, bias = unpacked(weights["weight"]).detach(), weights.get("bias")
    layer = nn.Linear(1, 1, bias=bias is not None)
    layer.out_features, layer.in_features = weight.shape
    layer.weight = nn.Parameter(weight)
    if bias is not None:
        layer.bias = nn.Parameter(unpacked(bias).detach())
    return layer


def _slopes(result: Any, given: list) -> Any:
    """d / d each given tensor that asks for it, of all numbers in the result, shaped as it is.

    None where there is no graph, and where they are too many to send.
    """
    asking, left = _asking(given), MOST_SLOPES

    def slopes(value: Any, depth: int = 0) -> Any:
        nonlocal left
        if isinstance(value, Tensor) and value.grad_fn and asking and value.numel():
            left -= value.numel() * (sum(t.numel() for t in asking) + _ROW)
            return _jacobians(value, asking) if left >= 0 else None
        if type(value) in (list, tuple, dict) and len(value) <= MOST_ITEMS and depth < DEEPEST:
            items = list(value.values() if isinstance(value, dict) else value)
            return [slopes(item, depth + 1) for item in items]
        return None

    return slopes(result)


def _asking(given: list) -> list[Tensor]:
    """The given tensors that ask for derivatives, and the weights of networks as small as toys."""
    tensors = [t for t in given if isinstance(t, Tensor) and t.requires_grad]
    weights = [p for _, net in _networks(given) for p in net.parameters() if p.requires_grad]
    return tensors + (weights if sum(p.numel() for p in weights) <= FEW_WEIGHTS else [])


def _jacobians(value: Tensor, asking: list[Tensor]) -> dict | None:
    """For each tensor that asks, (number of values, *its shape); None if there is none."""
    options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
    try:
        rows = [torch.autograd.grad(one, asking, **options) for one in value.reshape(-1)]
    except RuntimeError:
        return None
    return {"by": [packed(torch.stack(column)) for column in zip(*rows, strict=True)]}


def _with_slopes(result: Any, stored: Any, given: list) -> Any:
    """The result, hung on the given tensors with the slopes that were noted."""
    if isinstance(stored, dict) and isinstance(result, Tensor):
        return _hung(result, stored.get("by"), _asking(given))
    if isinstance(stored, list) and type(result) in (list, tuple, dict):
        if len(stored) != len(result):
            raise Torn("the record holds slopes of another result")
        if isinstance(result, dict):
            pairs = zip(result.items(), stored, strict=True)
            return {key: _with_slopes(item, s, given) for (key, item), s in pairs}
        pairs = zip(result, stored, strict=True)
        return type(result)(_with_slopes(item, s, given) for item, s in pairs)
    return result


def _hung(value: Tensor, stored: Any, asking: list[Tensor]) -> Tensor:
    try:
        slopes = [unpacked(slope) for slope in stored]
        pairs = list(zip(slopes, asking, strict=True))
        fits = all(s.shape == (value.numel(), *t.shape) and s.dtype == t.dtype for s, t in pairs)
    except (ValueError, TypeError, AttributeError):
        fits = False
    if not (fits and asking and value.is_floating_point()):
        raise Torn("the record holds slopes of another shape")
    return _Recorded.apply(value.detach(), slopes, *asking)


class _Recorded(torch.autograd.Function):
    """Numbers whose derivatives are known, in place of the function that gave them."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, slopes: list[Tensor], *inputs: Tensor) -> Tensor:
        ctx.slopes = slopes
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple:
        row = grad.reshape(-1)
        return None, None, *(torch.tensordot(row.to(s.dtype), s, 1) for s in ctx.slopes)
