"""Checks of lab 02: `peek`, `ascent_step`, `loss_by_class`, `auc`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, as_tensor, call, compare, describe, exercise
from labkit.nets import features, hooks


@exercise
def peek(answer: Callable) -> str:
    """peek(model, images, layer): a layer's output, by a forward hook that is then gone."""
    for seed, layer in enumerate(["conv", "block.relu", "logits", "block.mix"]):
        model, images = _Net(seed), torch.rand(2 + seed, 1, 6, 6, generator=_rng(seed))
        result = call(answer, model, images, layer)
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
            before = model(images).argmax(1) == labels
            with hooks.switched_off(model, layer, channel):
                after = model(images).argmax(1) == labels
        result = call(answer, model, images, labels, layer, channel)
        _compare_loss(result, before, after, labels)
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
    names, want = list(seen), seen[layer]
    place = names.index(layer)
    with torch.no_grad():
        final = model(images)
    mistakes = {
        "this is the layer's input, not its output: a forward hook gets (module, inputs, output), "
        "and you want the third.": seen[names[place - 1]] if place else images,
        "this is the output of the whole model, not of the layer: store what the hook gets.": final,
        "the values changed after the hook saw them, since the next layer (a ReLU with "
        "inplace=True) writes into the same tensor: store output.clone().": want.clamp_min(0),
        "this is the mean over the images: return them all.": want.mean(0),
        "this is the first image only: return them all.": want[0],
    }
    what = f'peek(model, images, "{layer}")'
    compare(result, want, what=what, mistakes=_other(mistakes, want))


def _refuse_no_output(result, layer: str) -> None:
    if result is None:
        raise CheckFailed(
            "peek returns nothing (None): store the output inside the hook, run model(images), "
            "remove the hook, then return what was stored."
        )
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
    step = rate * slope / size
    result = call(answer, excite, image, rate)
    want = (image + step).clamp(0, 1)
    mistakes = {
        "the step goes downhill. Training lowers a loss; here the value should rise, so add the "
        "gradient.": (image - step).clamp(0, 1),
        "pixels leave the range from 0 to 1, and no photo looks like that: .clamp(0, 1) at the "
        "end.": image + step,
        "the gradient isn't rescaled: divide it by the root of the mean of its squares, or deep "
        "channels hardly move.": (image + rate * slope).clamp(0, 1),
        "the gradient is divided by the root of the sum of its squares, so that larger images get "
        "smaller steps: take the mean.": (image + rate * slope / slope.norm()).clamp(0, 1),
        "the gradient is divided by the mean of its squares; the root is missing.": (
            image + rate * slope / size**2
        ).clamp(0, 1),
        "the gradient is divided by its standard deviation, which takes the mean off first. Divide "
        "by the root of the mean of its squares.": (image + rate * slope / slope.std()).clamp(0, 1),
        "the gradient is divided by its largest value; divide by the root of the mean of its "
        "squares.": (image + rate * slope / slope.abs().max()).clamp(0, 1),
        "only the sign of the gradient was used: every pixel then moves as far as the best.": (
            image + rate * slope.sign()
        ).clamp(0, 1),
        "this is the gradient, not the image after the step.": slope,
        "this is the step alone: add it to the image.": step,
        "the image has not moved.": image,
    }
    compare(result, want, what="The image after one step", mistakes=_other(mistakes, want))
    if isinstance(result, Tensor) and result.requires_grad:
        raise CheckFailed(
            "The new image is still attached to the computation graph of this step (requires_grad "
            "is True), so memory grows with every step: return it with .detach()."
        )


def _compare_loss(result, before: Tensor, after: Tensor, labels: Tensor) -> None:
    def share(right: Tensor) -> Tensor:
        return torch.stack([right[labels == k].double().mean() for k in range(10)])

    lost = share(before) - share(after)
    count = torch.bincount(labels, minlength=10)
    every = before.double().mean() - after.double().mean()
    mistakes = {
        "the sign is the wrong way round: a loss is positive, accuracy before minus accuracy "
        "after.": -lost,
        "this is one number for all digits together; return one for each digit.": every,
        "these are counts of images, not shares: divide by how many images the digit has.": lost
        * count,
        "divided by the number of all images: divide by those of the digit.": lost
        * count
        / len(labels),
        "this is the accuracy without the channel, not what was lost.": share(after),
        "this is the accuracy with the channel on: switch it off and subtract.": share(before),
        "this is the share of what was right before; return the plain difference.": lost
        / share(before).clamp_min(1e-12),
        "digits that gain without the channel count as 0 here. A gain is a negative loss.": (
            lost.clamp_min(0)
        ),
        "images that are right only without the channel are left out. They are a gain, and count "
        "-1.": share(before & ~after),
        "nothing was lost: was the model run inside the `with` block?": torch.zeros(10),
    }
    compare(result, lost, what="The loss by class", mistakes=_other(mistakes, lost))


def _compare_auc(result, scores: Tensor, labels: Tensor, what: str) -> None:
    pairs = scores[labels][:, None] - scores[~labels][None]
    won, tied, n = (pairs > 0).double().sum(), (pairs == 0).double().sum(), pairs.numel()
    want = features.auc(scores, labels)
    n_pos = int(labels.sum())
    mistakes = {
        "an AUC below 0.5 was turned round. It says that the unit falls for the digit; keep it.": (
            max(want, 1 - want)
        ),
        "the direction is reversed: the digit should outscore the others.": 1 - want,
        "ties count as lost; a tie is worth one half.": won / n,
        "ties count as won; a tie is worth one half.": (won + tied) / n,
        "ties are left out; they count one half each.": won / (won + (pairs < 0).sum())
        if tied < n
        else float("nan"),
        "this is the number of won pairs: divide by how many pairs there are.": won + tied / 2,
        "divided by the square of the number of images: the pairs are those of a digit with "
        "another, n_digit * n_rest.": (won + tied / 2) / len(labels) ** 2,
        "divided by the number of the digit's images alone: the pairs are n_digit * n_rest.": (
            won + tied / 2
        )
        / n_pos,
    }
    compare(result, want, what=what, mistakes=_other(mistakes, want))


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
