"""What all explanations share: the number that is explained, eval mode, and what hides a pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.folding import folded

Target = int | Sequence[int] | Tensor | Callable[[Tensor], Tensor]


def target_values(outputs: Tensor, target: Target) -> Tensor:
    """The number that is explained, for each image (B,): a column of the outputs, or a function.

    Raises ValueError for a class that does not exist or a function that gives another shape.
    """
    if _is_function(target):
        values = target(outputs)
        if not isinstance(values, Tensor) or values.shape != outputs.shape[:1]:
            shape = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
            raise ValueError(
                f"the target function must give one number an image, ({len(outputs)},), not {shape}"
            )
        return values
    index = torch.as_tensor(target, device=outputs.device).long().reshape(-1)
    _check_count(index, len(outputs))
    if index.min() < 0 or index.max() >= outputs.shape[1]:
        raise ValueError(f"target must be a class from 0 to {outputs.shape[1] - 1}, not {target}")
    return outputs.gather(1, index.expand(len(outputs)).view(-1, 1))[:, 0]


def target_part(target: Target, first: int, size: int, total: int) -> Target:
    """The target of `size` images from number `first` on, out of `total` images."""
    return target_of(target, torch.arange(first, min(first + size, total)), total)


def target_of(target: Target, numbers: Tensor, total: int) -> Target:
    """The target of the images with these numbers (N,), out of `total` images."""
    if isinstance(target, int) or _is_function(target):
        return target
    index = torch.as_tensor(target).reshape(-1)
    _check_count(index, total)
    return index[numbers.to(index.device)].tolist() if len(index) > 1 else index.item()


def answers(model: nn.Module, batches: Iterable[Tensor], targets: Sequence[Target]) -> Tensor:
    """The explained numbers of each image of the batches: (B, T) for T targets, no gradients.

    The targets are the same for all batches: classes or functions.
    """
    with torch.no_grad(), evaluating(model):
        quick = folded(model)
        outputs = (quick(batch) for batch in batches)
        return torch.cat([torch.stack([target_values(o, t) for t in targets], 1) for o in outputs])


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


def check_images(images: Tensor) -> None:
    """ValueError unless the images are (B, C, H, W) floats, at least one of them."""
    if not isinstance(images, Tensor) or images.dim() != 4:
        shape = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a tensor (B, C, H, W), not {shape}")
    if len(images) == 0 or not images.is_floating_point():
        what = "no image at all" if len(images) == 0 else images.dtype
        raise ValueError(f"images must be floats in [0, 1], at least one image, not {what}")


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
