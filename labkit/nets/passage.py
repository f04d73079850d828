"""Which layers all of a network's answer passes through, read from the graph of derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit.nets.hooks import watch


class Station(NamedTuple):
    """One call of a module: its name as in `hooks`, what it puts out, whether it has weights."""

    name: str
    shape: torch.Size
    edge: tuple | None  # (node of the graph, number of its output) that the output comes from
    weighs: bool


def passed_by_all(
    model: nn.Module, image: Tensor, value: Callable[[object], Tensor]
) -> tuple[list[Station], list[bool]]:
    """Every call of a module in the order of completion, and whether all of the answer passes it.

    `value` makes the answer of what the model returns. One forward pass with derivatives: if the
    graph, without a module's output, leads from the answer back to the image no more, there is no
    way around it: no skip connection, no other branch. Where nothing is recorded (a model under
    no_grad) nothing can be told, and every module counts as passed.

    >>> stations, passed = passed_by_all(LeNet(), torch.rand(1, 1, 28, 28), torch.sum)
    >>> stations[0].name, passed[0]
    ('conv1', True)
    """
    modules = {name: module for name, module in model.named_modules() if name}
    stations: list[Station] = []

    def note(name: str, output) -> None:
        if isinstance(output, Tensor):
            module = modules[name] if name in modules else modules[name.rpartition("_")[0]]
            weighs = any(True for _ in module.parameters(recurse=False))
            stations.append(Station(name, output.shape, _edge(output), weighs))

    with torch.inference_mode(False), watch(model, modules, note):
        pixels = image.detach().clone().requires_grad_()
        end = _edge(value(model(pixels)))
        start = _edge(pixels)
    return stations, [_is_passed(station.edge, start, end) for station in stations]


def _edge(tensor: Tensor) -> tuple | None:
    if not tensor.requires_grad:
        return None
    edge = torch.autograd.graph.get_gradient_edge(tensor)
    return edge.node, edge.output_nr


def _is_passed(edge: tuple | None, start: tuple, end: tuple | None) -> bool:
    """Whether no way leads from the end of the graph to its start without this edge."""
    if end is None:
        return True
    seen, waiting = set(), [end]
    while waiting:
        here = waiting.pop()
        if here == edge or here in seen or here[0] is None:
            continue
        if here[0] is start[0]:
            return False
        seen.add(here)
        waiting += here[0].next_functions
    return edge is not None
