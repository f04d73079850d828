"""What all explanations share: the number that is explained, eval mode, and what hides a pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.folding import folded

Target = int | Sequence[int] | Tensor | Callable[..., Tensor]


def target_values(outputs, target: Target, *, count: int | None = None) -> Tensor:
    """The number that is explained, for each image (B,): a column of the outputs, or a function.

    A class needs outputs (B, K); a function gets whatever the model returns. Raises ValueError for
    a class that does not exist or a function that gives another shape, TypeError for a target that
    is neither or for outputs that are no tensor. `count` is the number of images, where known.

    >>> target_values(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 1])
    tensor([1., 4.])
    """
    if _is_function(target):
        known = len(outputs) if count is None and isinstance(outputs, Tensor) else count
        return _numbers(target(outputs), known)
    _check_outputs(outputs)
    index = _classes(target).to(outputs.device)
    _check_count(index, len(outputs))
    if index.min() < 0 or index.max() >= outputs.shape[1]:
        raise ValueError(f"target must be a class from 0 to {outputs.shape[1] - 1}, not {target}")
    return outputs.gather(1, index.expand(len(outputs)).view(-1, 1))[:, 0]


def with_slope(values: Tensor) -> Tensor:
    """The explained numbers; ValueError where no derivative leads back from them to the image."""
    if not values.requires_grad:
        raise ValueError(
            "the target has no derivative: somewhere between image and target the model or the "
            "target function runs under torch.no_grad, detaches, or chooses (argmax, a threshold). "
            "Explain a number that changes smoothly, or use lime or occlusion"
        )
    return values


def target_part(target: Target, first: int, size: int, total: int) -> Target:
    """The target of `size` images from number `first` on, out of `total` images."""
    return target_of(target, torch.arange(first, min(first + size, total)), total)


def target_of(target: Target, numbers: Tensor, total: int) -> Target:
    """The target of the images with these numbers (N,), out of `total` images."""
    if isinstance(target, int) or _is_function(target):
        return target
    index = _classes(target)
    _check_count(index, total)
    return index[numbers.to(index.device)].tolist() if len(index) > 1 else index.item()


def answers(model: nn.Module, batches: Iterable[Tensor], targets: Sequence[Target]) -> Tensor:
    """The explained numbers of each image of the batches: (B, T) for T targets, no gradients.

    The targets are the same for all batches: classes or functions.
    """
    with torch.no_grad(), evaluating(model):
        quick = folded(model)
        rows = []
        for batch in batches:
            outputs, count = quick(batch), len(batch)
            rows.append(torch.stack([target_values(outputs, t, count=count) for t in targets], 1))
        return torch.cat(rows)


def steps(items, label: str, progress: bool):
    """The items one by one, with a progress bar above them if wanted."""
    if not progress:
        return items
    from tqdm.auto import tqdm

    return tqdm(items, desc=label, leave=False)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in eval mode within the block, every module in its own mode again after it.

    An explanation is of one image: in train mode the answer would depend on the others in its
    batch, dropout would draw random numbers, and batch norm would learn from the images.
    """
    modules = model.modules() if isinstance(model, nn.Module) else []
    modes = [(module, module.training) for module in modules]
    try:
        for module, _ in modes:
            module.training = False
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def filled(images: Tensor, fill: str | float) -> Tensor:
    """What stands in for hidden pixels, of the images' shape (B, C, H, W).

    "mean" is each image's mean colour, "blur" a copy that shows nothing smaller than squares of
    16 pixels, a number in [0, 1] that brightness everywhere.
    """
    if fill == "mean":
        return images.mean((2, 3), keepdim=True).expand_as(images)
    if fill == "blur":
        side = max(images.shape[-1] // 16, 1)
        small = F.adaptive_avg_pool2d(images, (side, side))
        return F.interpolate(small, images.shape[-2:], mode="bilinear").clamp(0, 1)
    if isinstance(fill, int | float) and 0 <= fill <= 1:
        return torch.full_like(images, fill)
    raise ValueError(f'fill must be "blur" or "mean", or a number from 0 to 1, not {fill!r}')


def check_images(images: Tensor, model: nn.Module | None = None) -> None:
    """ValueError unless the images are (B, C, H, W) floats, at least one, fit for the model."""
    if not isinstance(images, Tensor) or images.dim() != 4:
        shape = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a tensor (B, C, H, W), not {shape}")
    if len(images) == 0 or not images.is_floating_point():
        what = "no image at all" if len(images) == 0 else images.dtype
        raise ValueError(f"images must be floats in [0, 1], at least one image, not {what}")
    bad = (~images.detach().isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
    if bad:
        raise ValueError(f"these images hold values that are not finite numbers: {bad}")
    if isinstance(model, nn.Module):
        _check_fit(images, model)


def _check_fit(images: Tensor, model: nn.Module) -> None:
    """ValueError where no weight of the model has the images' dtype, or is on their device."""
    weights = [p for p in model.parameters() if p.is_floating_point()]
    if not weights:
        return
    for name, mine in (("dtype", images.dtype), ("device", images.device)):
        theirs = [getattr(weight, name) for weight in weights]
        mixed = name == "dtype" and torch.is_autocast_enabled(images.device.type)
        if mine not in theirs and not mixed:
            raise ValueError(
                f"the images are {mine}, the model's weights {theirs[0]}: "
                "pass images.to(weight) with weight = next(model.parameters())"
            )


def check_counts(**numbers: int) -> None:
    """ValueError for the first of these options that is not a whole number of 1 or more."""
    for name, number in numbers.items():
        if not isinstance(number, Integral) or number < 1:
            raise ValueError(f"{name} must be 1 or more, a whole number, not {number!r}")


def _is_function(target: Target) -> bool:
    return callable(target) and not isinstance(target, Tensor)


def _check_count(index: Tensor, total: int) -> None:
    if len(index) not in (1, total):
        raise ValueError(f"{len(index)} targets for {total} images: give one, or as many")


def _classes(target: Target) -> Tensor:
    """The classes as whole numbers (N,); TypeError or ValueError where they are none."""
    try:
        index = torch.as_tensor(target).reshape(-1)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            "target must be the number of a class, one for each image, or a function, not "
            f"{target!r}"
        ) from None
    if index.is_complex() or (index != index.long()).any():
        raise ValueError(f"target must be whole numbers, the numbers of classes, not {target}")
    return index.long()


def _numbers(values, count: int | None) -> Tensor:
    """What a target function gave, as floats; ValueError unless one number an image."""
    if not isinstance(values, Tensor) or values.dim() != 1 or len(values) != (count or len(values)):
        shape = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        wanted = "(B,)" if count is None else f"({count},)"
        raise ValueError(
            f"the target function must give one number an image, {wanted}, not {shape}"
        )
    return values if values.is_floating_point() else values.float()


def _check_outputs(outputs) -> None:
    """Raise, saying which function to write, unless the outputs are one number a class, (B, K)."""
    if isinstance(outputs, Tensor) and outputs.dim() == 2:
        return
    if not isinstance(outputs, Tensor):
        error, came, such = TypeError, f"a {type(outputs).__name__}", "outputs[0][:, 1]"
        if isinstance(outputs, Mapping):
            came = f"{came} with {list(outputs)}"
            such = f"outputs[{next(iter(outputs), None)!r}][:, 1]"
    else:
        error, came, such = ValueError, f"numbers of shape {tuple(outputs.shape)}", "outputs"
        if outputs.dim() > 2:
            such = "outputs[:, 1].flatten(1).mean(1)"
    raise error(
        f"the model returns {came}, not one number a class (B, K): say what to explain by a "
        f"function, such as target=lambda outputs: {such}"
    )
