"""Checks of lab 02: `peek`, `ascent_step`, `loss_by_class`, `auc`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.checks.lab02_mistakes import (
    auc_mistakes,
    by_class,
    loss_mistakes,
    peek_mistakes,
    step_mistakes,
)
from labkit.nets import features, hooks

EMPTY = {
    "IndexError": "Nothing was stored: the hook must be on the layer when model(images) runs; "
    "remove it after that."
}
NO_LEAF = {
    "'NoneType'": "No gradient was stored: only a leaf keeps one. Copy first, then ask: "
    "image.detach().clone().requires_grad_()."
}
BOOLS = {
    "two bool tensors": "Turn both into numbers first, by .float(): with ^ a gain would count as "
    "a loss."
}


@exercise
def peek(answer: Callable) -> str:
    """peek(model, images, layer): a layer's output, by a forward hook that is then gone."""
    for seed, layer in enumerate(["conv", "block.relu", "logits", "block.mix"]):
        model, images = _Net(seed), torch.rand(2 + seed, 1, 6, 6, generator=_rng(seed))
        result = _called(answer, model, images, layer, why=EMPTY)
        _refuse_no_output(result, layer)
        _compare_output(result, _Net(seed), images, layer)
        if isinstance(result, Tensor) and result.requires_grad:
            raise CheckFailed(
                "The output is still attached to the computation graph (requires_grad is True), "
                "which keeps all earlier layers in memory: use .detach(), or torch.no_grad()."
            )
    return "peek sees what the layer puts out, and leaves nothing behind."


@exercise
def ascent_step(answer: Callable) -> str:
    """ascent_step(excite, image, rate): one step uphill, in pixels between 0 and 1."""
    for seed, shape in enumerate([(3, 5, 5), (1, 8, 6), (3, 4, 4)]):
        generator = _rng(seed)
        weights = torch.randn(shape, generator=generator)
        image = 0.2 + 0.6 * torch.rand(shape, generator=generator)
        _check_step(answer, image, _bowl(weights), rate=(0.02, 0.05, 0.6)[seed])
    flat = torch.full((1, 3, 3), 0.5)
    result = call(answer, lambda image: (image * 0).sum(), flat, 0.1)
    if as_tensor(result, what="The image").isnan().any():
        raise CheckFailed(
            "Where the slope is 0 (a dead unit) the image is nan: 0 was divided by 0. Add a tiny "
            "number to what you divide by, as in `/ (size + 1e-8)`."
        )
    compare(result, flat, what="The image where the slope is 0 (a dead unit)")
    return "ascent_step goes uphill by the given rate and stays between 0 and 1."


@exercise
def loss_by_class(answer: Callable) -> str:
    """loss_by_class(model, images, labels, layer, channel): accuracy lost per class, (10,)."""
    for seed in range(3):
        layer, channel = ("see", "eye.see", "first.eye.see")[seed], (3, 0, 8)[seed]
        model, images, labels = _planted(seed, layer)
        with torch.no_grad():
            whole = model(images)
            with hooks.switched_off(model, layer, channel):
                without = model(images)
        result = _called(answer, model, images, labels, layer, channel, why=BOOLS)
        _compare_loss(result, whole, without, labels)
    return "loss_by_class says which digits need the channel, as shares of their images."


@exercise
def auc(answer: Callable) -> str:
    """auc(scores, is_digit): the chance that a digit outscores another, ties one half."""
    sizes = [(30, None, 0.4), (41, 6, 0.4), (24, 3, -0.4), (1000, None, 0.2)]
    for seed, (count, levels, shift) in enumerate(sizes):
        generator = _rng(seed)
        labels = torch.rand(count, generator=generator) < 0.3
        labels[:2] = torch.tensor([True, False])
        scores = torch.rand(count, generator=generator) + shift * labels
        scores = scores if levels is None else (scores * levels).floor()
        _compare_auc(call(answer, scores, labels), scores, labels, "The AUC")
    labels = torch.tensor([True, False, False, True, False])
    silent = torch.zeros(5)
    _compare_auc(call(answer, silent, labels), silent, labels, "The AUC of a dead unit (always 0)")
    return "auc is right, also with ties and for a dead unit."


def _compare_output(result: Tensor, model: nn.Module, images: Tensor, layer: str) -> None:
    seen = hooks.activations(model, images, [*hooks.layer_names(model)])
    with torch.no_grad():
        final = model(images)
    mistakes = _other(peek_mistakes(images, seen, final, layer), seen[layer])
    compare(result, seen[layer], what=f'peek(model, images, "{layer}")', mistakes=mistakes)


def _called(answer: Callable, *args, why: dict[str, str]):
    """`call`, with a word on what usually ends in an error that has {these words: the word}."""
    try:
        return call(answer, *args)
    except CheckFailed as failed:
        said = [text for words, text in why.items() if words in str(failed)]
        if not said:
            raise
        raise CheckFailed(" ".join([str(failed), *said])) from None


def _refuse_no_output(result, layer: str) -> None:
    if result is None:
        raise CheckFailed(
            "peek returns nothing (None): store the output inside the hook, run model(images), "
            "remove the hook, then return what was stored."
        )
    if isinstance(result, list | tuple | dict) and not result:
        raise CheckFailed(f"peek returns {describe(result)}. {EMPTY['IndexError']}")
    if isinstance(result, list | tuple | dict):
        raise CheckFailed(
            f"peek should return the tensor of layer {layer!r} itself, but returns "
            f"{describe(result)[:80]}. Take the one entry out: outputs[0]."
        )
    if not isinstance(result, Tensor | np.ndarray):
        raise CheckFailed(f"peek should return a tensor, but returns {describe(result)}.")


def _check_step(answer: Callable, image: Tensor, excite: Callable, *, rate: float) -> None:
    pixels = image.clone().requires_grad_()
    (slope,) = torch.autograd.grad(excite(pixels), pixels)
    size = slope.pow(2).mean().sqrt()
    result = _called(answer, excite, image, rate, why=NO_LEAF)
    want = (image + rate * slope / size).clamp(0, 1)
    mistakes = step_mistakes(image, slope, rate)
    compare(result, want, what="The image after one step", mistakes=_other(mistakes, want))
    if isinstance(result, Tensor) and result.requires_grad:
        raise CheckFailed(
            "The new image is still attached to the computation graph of this step (requires_grad "
            "is True), so memory grows with every step: return it with .detach()."
        )


def _compare_loss(result, whole: Tensor, without: Tensor, labels: Tensor) -> None:
    before, after = (logits.argmax(1) == labels for logits in (whole, without))
    lost = by_class(before, labels) - by_class(after, labels)
    value = as_tensor(result, what="The loss by class")
    if value.shape == lost.shape and value.isnan().any():
        raise CheckFailed(
            "The loss by class is nan for some digit: 0 was divided by 0. Every digit has images "
            "here: group them by the digit, labels == k, not by what the network says."
        )
    mistakes = _other(loss_mistakes(whole, without, labels), lost)
    compare(result, lost, what="The loss by class", mistakes=mistakes)


def _compare_auc(result, scores: Tensor, labels: Tensor, what: str) -> None:
    want = features.auc(scores, labels)
    compare(result, want, what=what, mistakes=_other(auc_mistakes(scores, labels), want))


def _other(mistakes: dict, want: Tensor) -> dict:
    """The mistakes that differ here from the right answer: only these can be told from it."""

    def same(wrong) -> bool:
        wrong = torch.as_tensor(wrong, dtype=torch.float64)
        return wrong.shape == want.shape and torch.allclose(
            wrong, want.double(), rtol=1e-3, atol=1e-5
        )

    return {message: wrong for message, wrong in mistakes.items() if not same(wrong)}


class _Net(nn.Module):
    """A layer within a block, a branch, a ReLU that works in place, train mode: traps for hooks."""

    def __init__(self, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.conv, self.block = nn.Conv2d(1, 4, 3), nn.Sequential()
            self.block.add_module("relu", nn.ReLU(inplace=True))
            self.block.add_module("mix", nn.Conv2d(4, 4, 1))
            self.logits, self.short = nn.Linear(64, 5), nn.Linear(36, 5)
        self.train(seed != 1)

    def forward(self, images: Tensor) -> Tensor:
        seen = self.conv(images)
        seen = self.block(seen) + seen
        return self.logits(seen.flatten(1)) + self.short(images.flatten(1))


def _bowl(weights: Tensor) -> Callable[[Tensor], Tensor]:
    """A function of an image with another slope at each pixel, and in each place."""
    return lambda image: (weights * image).sum() + 0.3 * (image**2).sum()


def _planted(seed: int, layer: str) -> tuple[nn.Module, Tensor, Tensor]:
    """A model whose channel k sees mostly class k, noisy images, classes of different sizes."""
    generator = _rng(seed)
    labels = torch.repeat_interleave(
        torch.arange(10), torch.randint(6, 15, (10,), generator=generator)
    )
    images = torch.rand(len(labels), 10, 3, 3, generator=generator)
    images += 0.55 * nn.functional.one_hot(labels, 10)[:, :, None, None]
    see = part = nn.Conv2d(10, 10, 1, bias=False)
    mixed = torch.eye(10) + 0.25 * torch.rand(10, 10, generator=generator)
    see.weight.data = mixed.view(10, 10, 1, 1)
    for name in reversed(layer.split(".")):  # "eye.see" is a layer within a layer
        model = nn.Sequential()
        model.add_module(name, part)
        part = model
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("logits", nn.Flatten())
    return model.eval(), images, labels


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(1000 + seed)
