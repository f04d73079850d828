"""Checks of lab 09: mu-law, a causal dilated layer, its receptive field, what a layer remembers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from labkit.checks import lab09_mistakes as mistakes
from labkit.checks import words
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise

EDGE = 0.59146  # just below the upper end of its step
CUT = "Leave out .detach(), torch.no_grad() and NumPy on the way."


@exercise
def mu_law(answer: Callable[[Tensor, int], Tensor]) -> str:
    """mu_law(sound (...) in [-1, 1], levels) -> levels (...), whole numbers from 0 on."""
    for levels, shape in ((64, (30,)), (16, (4, 6)), (256, (40,))):
        sound = _sound(levels, shape)
        what = f"The levels (of {levels}) of a sound"
        right, wrong = mistakes.mu_law(sound.double(), levels)
        got = call(answer, sound, levels)
        _refuse_no_numbers(got, what)
        compare(got, right, mistakes=wrong, what=what)
        _refuse_fractions(got, what)
    ends = torch.tensor([1.0, -1.0, 0.999, 0.0, EDGE])
    right, wrong = mistakes.ends(64)
    what = f"The levels of 1, -1, 0.999, 0 and {EDGE}"
    got = call(answer, ends, 64)
    _refuse_no_numbers(got, what)
    compare(got, right, mistakes=wrong, what=what)
    return "mu_law is right: fine steps for what is soft, coarse ones for what is loud."


@exercise
def causal_layer(answer: Callable[[Tensor, Tensor, int], Tensor]) -> str:
    """causal_layer(x (B, C, T), weight (O, C, 2), dilation) -> (B, O, T)."""
    generator = torch.Generator().manual_seed(900)
    for dilation, (batch, inputs, outputs, time) in (
        (2, (2, 3, 4, 12)),
        (1, (1, 2, 2, 7)),
        (4, (3, 2, 1, 9)),
        (8, (1, 1, 2, 11)),
    ):
        x = torch.randn(batch, inputs, time, generator=generator)
        weight = torch.randn(outputs, inputs, 2, generator=generator)
        right, wrong = mistakes.causal_layer(x.double(), weight.double(), dilation)
        what = f"The layer with dilation {dilation}"
        got = call(answer, x, weight, dilation)
        compare(got, right, mistakes=wrong, what=what, atol=1e-4)
    _check_path(answer, generator)
    return "causal_layer is right: by its derivative, no output looks at a later sample."


@exercise
def receptive_field(answer: Callable[[int, Sequence[int]], int]) -> str:
    """receptive_field(kernel, dilations) -> the number of samples that a guess depends on."""
    # in none of these stacks is a sample between skipped
    stacks = [[2, 5, 1, 3], [1, 2, 4, 8], [1, 1, 1], [1, 2, 4, 1, 2, 4], [1], [1, 2, 3, 5, 8]]
    for kernel in (2, 3, 5):
        for dilations in stacks:
            what = f"The receptive field for kernels of {kernel} and dilations {dilations}"
            right, wrong = mistakes.receptive_field(kernel, dilations)
            compare(call(answer, kernel, dilations), right, mistakes=wrong, what=what)
    return "receptive_field is right: each layer adds (kernel - 1) x its dilation, to 1."


@exercise
def recall(answer: Callable[[Tensor, Tensor, int], Tensor]) -> str:
    """recall(memory (D, B, C), now (B, C), step) -> (B, C), `now` of D steps ago."""
    generator = torch.Generator().manual_seed(901)
    for size in (4, 3, 1, 7):
        came = torch.randn(3 * size + 2, 2, 3, generator=generator)
        got = as_tensor(call(_told(answer, size), came), what="What was recalled")
        right, wrong = mistakes.recall(came.double(), size)
        said = f"What was recalled with a memory of {size} row{'s' * (size > 1)}"
        compare(got, right, mistakes=wrong, what=said)
    return "recall is right: each layer gets what it saw D steps ago, and forgets no more."


def _sound(levels: int, shape: tuple[int, ...]) -> Tensor:
    """Samples of all loudnesses, none of them close to the end of a step."""
    count = torch.Size(shape).numel()
    codes = torch.linspace(0, levels - 1, count).round()
    part = torch.where(torch.arange(count) % 2 == 0, 0.3, 0.7)
    squeezed = (codes + part) / levels * 2 - 1
    sound = squeezed.sign() * (256 ** squeezed.abs() - 1) / 255
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    return sound[order].view(shape)


def _refuse_no_numbers(got, what: str) -> None:
    values = as_tensor(got, what=what)
    if values.isnan().any() or (values < -1e6).any():  # nan turned into a whole number
        raise CheckFailed(
            f"{what}: some are nan. The logarithm of a negative number doesn't exist: take that of "
            "1 + 255 |x|, and put the sign in front afterwards."
        )


def _refuse_fractions(got, what: str) -> None:
    """Levels go into a table, so their type counts, too."""
    kind = getattr(got, "dtype", None)
    if kind is not None and str(kind).removeprefix("torch.") != "int64":
        raise CheckFailed(f"{what} are right, but of type {kind}: end with .long(), for int64.")


def _check_path(answer: Callable, generator: torch.Generator) -> None:
    """Gradients reach the input and the weight, and none comes from a later sample."""
    x = torch.randn(1, 2, 6, generator=generator).requires_grad_()
    weight = torch.randn(2, 2, 2, generator=generator).requires_grad_()

    def slopes(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        result = answer(x, weight, 2)
        if not isinstance(result, Tensor) or not result.requires_grad:
            raise CheckFailed(f"Nothing can learn from this layer: it has no gradient. {CUT}")
        options = {"allow_unused": True, "materialize_grads": True}
        return torch.autograd.grad(result.sum(), (x, weight), **options)

    by_x, by_weight = call(slopes, x, weight)
    for name, got in (("its input", by_x), ("its weight", by_weight)):
        if not got.any():
            raise CheckFailed(f"No gradient of the layer reaches {name}: it was cut off. {CUT}")
    with torch.enable_grad():
        right = mistakes.layer(x, weight, 2).sum()
        wanted = torch.autograd.grad(right, (x, weight))
    compare(by_x, wanted[0], what="The slope of the layer by its input", atol=1e-4)
    compare(by_weight, wanted[1], what="The slope of the layer by its weight", atol=1e-4)


def _told(answer: Callable, size: int) -> Callable[[Tensor], Tensor]:
    """What the answer gives if samples (N, B, C) come one after the other, as one tensor."""

    def run(came: Tensor) -> Tensor:
        memory, kept = torch.zeros(size, *came.shape[1:]), []
        for step, now in enumerate(came):
            past = answer(memory, now.clone(), step)
            if past is None:
                raise CheckFailed("What was recalled is None: does the function end with `return`?")
            kept.append(as_tensor(past, what="What was recalled").clone())
            if kept[-1].shape != now.shape:
                raise CheckFailed(
                    f"What was recalled should be of shape {tuple(now.shape)}, one row of the "
                    f"memory, but is of shape {tuple(kept[-1].shape)}."
                )
        return torch.stack(kept)

    run.__name__ = words.name_of(answer)
    return run
