"""Look inside a network while it runs: activations, influence of neuron on neuron, switching off.

Everything is done with forward hooks that are gone when the function returns, also after an
error. Weights, mode (train or eval), `.grad` and the images are as before.

A **layer** goes by its dotted name as in `model.named_modules()`; its second call in one forward
pass is "name_1", the third "name_2". A **neuron** is written

    ("block5", 12)          channel 12 of a layer: the mean over its map
    ("block5", 12, 3, 4)    channel 12 at row 3, column 4
    ("logits", 281)         one output
    "input"                 all pixels of the image; ("input", c, row, col) is one of them
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

import torch
from torch import Tensor, nn

from labkit.nets.layers import layer_names as layer_names
from labkit.nets.layers import module_of, resolve, resolve_one

Neuron = str | tuple


def activations(
    model: nn.Module, images: Tensor, layers: str | Sequence[str] | None = None
) -> dict[str, Tensor]:
    """What each layer puts out for these images: a dict name -> tensor (B, ...), detached.

    `layers` are names or patterns ("block*"); None means every layer without further layers
    inside, in the order in which they run. The tensors are in the dtype of the network, and their
    memory is their own: writing into one changes nothing else.
    Raises ValueError for a name the model does not have (with the nearest ones it has), or for a
    layer that did not run.

    >>> acts = activations(LeNet(), torch.rand(2, 1, 28, 28), ["conv1", "logits"])
    >>> acts["conv1"].shape
    torch.Size([2, 8, 28, 28])
    """
    known = dict(model.named_modules())
    if layers is None:
        wanted = [name for name, module in known.items() if name and not module._modules]
        watched = {name: known[name] for name in wanted}
    else:
        wanted = resolve(model, layers)
        watched = {name: known[name] for name in (module_of(model, name) for name in wanted)}
    in_place = any(vars(module).get("inplace", False) for module in known.values())
    copied = in_place or model.training or torch.is_inference_mode_enabled()
    found = None if copied else _outputs(model, images, watched, _held(known.values()))
    if found is None:
        found = _outputs(model, images, watched)
    missing = [name for name in wanted if name not in found]
    if missing and layers is not None:
        raise ValueError(f"these layers did not run, or put out no tensor: {missing}")
    return found if layers is None else {name: found[name] for name in wanted}


def influence(
    model: nn.Module, images: Tensor, *, of: Neuron, on: Neuron, nudge: float | None = None
) -> Tensor:
    """How much neuron `on` moves when neuron `of` is nudged, for each image.

    With `nudge=None` the derivative d on / d of at these images, exact, by automatic
    differentiation. With `nudge=h` the experiment itself: add h to `of`, run the rest of the
    network, and divide the change of `on` by h (several values of `of` are all nudged together).
    Returns (B, ...) with the shape of what `of` selects: (B,) for one neuron, (B, 3, H, W) for
    "input"; always (B,) for an experiment. A neuron that comes after `on` has influence 0.
    A map named in `on` counts by its mean. Raises ValueError for unknown layers or positions.

    >>> model, digits = LeNet(), torch.rand(2, 1, 28, 28)
    >>> influence(model, digits, of=("conv1", 3, 10, 10), on=("logits", 7)).shape
    torch.Size([2])
    """
    if nudge is None:
        return _derivative(model, images, of, on)
    if nudge == 0:
        raise ValueError("nudge must not be 0: the change is divided by it")
    change = value_of(model, images, on, nudged=(of, nudge)) - value_of(model, images, on)
    return change / nudge


def output_and_slope(
    model: nn.Module, images: Tensor, layer: str, value: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """What a layer puts out, and the derivative by it of value(model(images)) summed: one pass.

    Both have the shape of the layer's output, (B, ...), and are detached. Nothing is recorded
    before the layer, so it costs a forward pass and the way back to the layer only.

    >>> maps, slopes = output_and_slope(LeNet(), torch.rand(2, 1, 28, 28), "pool2", torch.sum)
    >>> maps.shape == slopes.shape
    True
    """
    seen: dict[str, Tensor] = {}

    def cut(name: str, output: Tensor) -> Tensor:
        torch.set_grad_enabled(True)  # until no_grad below is left
        seen[layer] = output.detach().requires_grad_()
        return seen[layer].clone()  # an in-place layer after it cannot spoil what is kept

    with torch.no_grad(), watch_one(model, layer, cut):
        outputs = model(images)
        with torch.enable_grad():  # the model may have switched it off again
            end = value(outputs).sum()
        start = _found(seen, layer)
        slope = None
        if end.requires_grad:
            (slope,) = torch.autograd.grad(end, start, allow_unused=True)
    return start.detach(), torch.zeros_like(start) if slope is None else slope


def value_of(
    model: nn.Module, images: Tensor, neuron: Neuron, *, nudged: tuple[Neuron, float] | None = None
) -> Tensor:
    """The value of a neuron for each image, (B,), detached; another one nudged if given."""
    seen: dict[str, Tensor] = {}
    with torch.no_grad(), ExitStack() as stack:
        if nudged is not None:
            images = _nudge(stack, model, images, *nudged)
        _keep(stack, model, neuron, seen)
        seen["input"] = images
        model(images)
        return _per_image(_select(_found(seen, neuron), neuron)).clone()


@contextmanager
def switched_off(model: nn.Module, layer: str, channel: int | Sequence[int]) -> Iterator[nn.Module]:
    """Within the block, these channels (or units) of a layer put out 0: an ablation.

    >>> with switched_off(model, "block5", [3, 7]):
    ...     logits = model(images)
    """
    channels = [channel] if isinstance(channel, int) else list(channel)

    def zero(name: str, output: Tensor) -> Tensor:
        for c in channels:
            _check_index(output, (layer, c))
        output = output.clone()
        output[:, channels] = 0
        return output

    with watch_one(model, layer, zero):
        yield model


def _outputs(
    model: nn.Module,
    images: Tensor,
    watched: dict[str, nn.Module],
    held: Sequence[Tensor] | None = None,
) -> dict[str, Tensor] | None:
    """What these modules put out, none of it in memory that something else uses.

    All of it is copied, which costs as much as many a layer; or, given the tensors that the model
    holds, only what shares memory is: then None if a later step wrote into one of the outputs.
    """
    ran: list[tuple[str, Tensor, int | None]] = []

    def keep(name: str, output: Tensor) -> None:
        if isinstance(output, Tensor):
            if held is None or output.is_inference():  # inference tensors count no writes
                ran.append((name, output.clone(), None))
            else:
                ran.append((name, output, output._version))

    with torch.no_grad(), watch(model, watched, keep):
        model(images)
    taken = {tensor.untyped_storage().data_ptr() for tensor in [images, *(held or ())]}
    found: dict[str, Tensor] = {}
    for name, output, version in ran:
        if version is not None and output._version != version:
            return None
        place = output.untyped_storage().data_ptr()
        found[name] = (output.clone() if place in taken else output).detach()
        taken.add(place)
    return found


def _held(modules: Iterable[nn.Module]) -> list[Tensor]:
    """Parameters and buffers; `parameters()` would take three times as long."""
    stores = [store for m in modules for store in (m._parameters, m._buffers)]
    return [tensor for store in stores for tensor in store.values() if tensor is not None]


def _derivative(model: nn.Module, images: Tensor, of: Neuron, on: Neuron) -> Tensor:
    seen: dict[str, Tensor] = {}
    with torch.enable_grad(), ExitStack() as stack:
        pixels = images.detach().clone().requires_grad_()
        _keep(stack, model, of, seen)
        _keep(stack, model, on, seen)
        seen["input"] = pixels
        model(pixels)
        start, end = _found(seen, of), _per_image(_select(_found(seen, on), on))
        (slope,) = torch.autograd.grad(end.sum(), start, allow_unused=True)
    slope = torch.zeros_like(start) if slope is None else slope
    return _select(slope, of).detach().clone()


def _nudge(stack: ExitStack, model: nn.Module, images: Tensor, of: Neuron, by: float) -> Tensor:
    """The images, nudged if `of` is a pixel; else a hook on the stack nudges its layer."""

    def push(name: str, output: Tensor) -> Tensor:
        output = output.clone()
        _select(output, of).add_(by)
        return output

    if _layer(of) == "input":
        return push("input", images)
    stack.enter_context(watch_one(model, _layer(of), push))
    return images


def _keep(stack: ExitStack, model: nn.Module, neuron: Neuron, seen: dict[str, Tensor]) -> None:
    """While the stack is open, put this neuron's layer output (in the graph) into `seen`."""
    if _layer(neuron) == "input":
        return

    def remember(name: str, output: Tensor) -> Tensor:
        # The copy goes on into the network: an in-place layer after it cannot spoil what is kept.
        seen[name] = output
        return output.clone()

    stack.enter_context(watch_one(model, _layer(neuron), remember))


@contextmanager
def watch(
    model: nn.Module, watched: dict[str, nn.Module], do: Callable, *, only: str | None = None
) -> Iterator[None]:
    """After each call of these modules do(name, output); what it returns replaces the output."""
    calls: dict[str, int] = {}

    def hook_for(module_name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, output: Tensor) -> Tensor | None:
            count = calls[module_name] = calls.get(module_name, -1) + 1
            name = f"{module_name}_{count}" if count else module_name
            return do(name, output) if only in (None, name) else None

        return hook

    for name, module in watched.items():
        if isinstance(module, torch.jit.ScriptModule):
            raise TypeError(
                f"layer {name!r} is scripted or traced and calls no hooks: take the original"
            )
    key = object()  # straight into torch's own store: `register_forward_hook` takes 4 us a layer
    for name, module in watched.items():
        module._forward_hooks[key] = hook_for(name)
    # A further forward pass counts the calls from the start again.
    model._forward_pre_hooks[key] = lambda *_: calls.clear()
    try:
        yield
    finally:
        for module in watched.values():
            module._forward_hooks.pop(key, None)
        model._forward_pre_hooks.pop(key, None)


def watch_one(model: nn.Module, layer: str, do: Callable) -> AbstractContextManager[None]:
    """The same for one call of one layer; ValueError if the name means none or several."""
    name = resolve_one(model, layer)
    module = module_of(model, name)
    return watch(model, {module: model.get_submodule(module)}, do, only=name)


def _layer(neuron: Neuron) -> str:
    name = neuron[0] if isinstance(neuron, tuple) and neuron else neuron
    if not isinstance(name, str):
        raise TypeError(f'a neuron is a layer name or ("layer", unit, ...), not {neuron!r}')
    return name


def _select(output: Tensor, neuron: Neuron) -> Tensor:
    """The part of a layer's output (B, ...) that a neuron names: a view (B, ...)."""
    if isinstance(neuron, str):
        return output
    _check_index(output, neuron)
    return output[(slice(None), *neuron[1:])]


def _check_index(output: Tensor, neuron: tuple) -> None:
    sizes, index = tuple(output.shape[1:]), neuron[1:]
    if not all(isinstance(i, int) for i in index):
        raise TypeError(f"unit and position must be whole numbers: {neuron!r}")
    fits = len(index) <= len(sizes)
    if not fits or not all(-n <= i < n for i, n in zip(index, sizes, strict=False)):
        raise ValueError(f"{neuron!r} does not exist: layer {neuron[0]!r} puts out {sizes}")


def _per_image(values: Tensor) -> Tensor:
    return values.flatten(1).mean(1) if values.dim() > 1 else values


def _found(seen: dict[str, Tensor], neuron: Neuron) -> Tensor:
    if _layer(neuron) not in seen:
        raise ValueError(f"layer {_layer(neuron)!r} did not run for these images")
    return seen[_layer(neuron)]
