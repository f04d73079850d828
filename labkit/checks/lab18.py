"""Checks of lab 18: a residual block, gradient norms, a convolution's cost, answers that stay."""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.checks import lab18_mistakes as mistakes
from labkit.checks import words
from labkit.checks.core import CheckFailed, as_tensor, call, compare, exercise, one_number
from labkit.checks.networks import AsItWas
from labkit.fads.nets import DeepNet
from labkit.fads.nets import residual as residual_block
from labkit.fads.signals import conv_weights

SHARES_SEED = 1826  # with which no two wrong shares are alike
CONVS = [  # side, channels in and out, kernel, stride, padding
    (13, 4, 7, 3, 1, 3),
    (32, 5, 6, 3, 2, 3),
    (16, 3, 4, 3, 3, 3),
    (28, 1, 8, 3, 2, 1),
    (28, 1, 8, 3, 1, 1),
    (15, 3, 4, 5, 2, 2),
    (13, 6, 5, 3, 3, 0),
    (32, 2, 7, 4, 4, 0),
    (9, 4, 3, 7, 5, 3),
    (3, 2, 2, 3, 2, 0),
    (224, 3, 32, 3, 2, 1),
]


@exercise
def residual(answer: Callable[[Tensor, Callable, Callable], Tensor]) -> str:
    """residual(x (B, C, H, W), first, second) -> relu(x + second(relu(first(x))))."""
    generator = torch.Generator().manual_seed(1801)
    for batch, width, side in ((2, 4, 5), (1, 3, 7), (3, 1, 2), (5, 6, 1)):
        layers = [_conv(width, generator) for _ in range(2)]
        x = torch.randn(batch, width, side, side, generator=generator)
        with torch.no_grad():
            right, wrong = mistakes.residual(x, *layers)
        what = f"The block's output for x of shape {tuple(x.shape)}"
        compare(call(answer, x, *layers), right, mistakes=wrong, what=what)
    _check_learns(answer, generator)
    return "residual is right: the branch adds to its input, and needn't hand it on."


@exercise
def gradient_norms(answer: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> str:
    """gradient_norms(model, images (B, C, H, W), labels (B,)) -> one norm a convolution, (L,)."""
    generator = torch.Generator().manual_seed(1803)
    nets = {"of 4 + 1 convolutions": DeepNet(4, width=5, seed=7)}
    nets["of 3 convolutions"] = _small(generator)
    for name, net in nets.items():
        channels, classes = conv_weights(net)[0].shape[1], net.logits.out_features
        images = torch.rand(6, channels, 28, 28, generator=generator)
        labels = torch.randint(classes, (6,), generator=generator)
        right, wrong = mistakes.gradient_norms(copy.deepcopy(net), images, labels)
        what = f"The gradient norms of a network {name}"
        compare(_norms(answer, net, images, labels), right, mistakes=wrong, what=what)
        again = _norms(answer, net, images, labels)
        said = {
            "a second call gives twice as much: backward() adds to .grad. Begin with "
            "model.zero_grad(), or use torch.autograd.grad.": 2 * right
        }
        compare(again, right, mistakes=said, what=f"{what}, called again")
    return "gradient_norms is right: one number for each convolution."


@exercise
def conv_cost(answer: Callable[..., tuple[int, int]]) -> str:
    """conv_cost(side, c_in, c_out, kernel, stride, padding) -> (side, multiply-adds)."""
    for side, c_in, c_out, kernel, stride, padding in CONVS:
        got = call(answer, side, c_in, c_out, kernel, stride, padding)
        what = (
            f"Side and multiply-adds of {c_in} -> {c_out} channels, image side {side}, kernel "
            f"{kernel}, stride {stride}, padding {padding}"
        )
        right, wrong = mistakes.conv_cost(side, c_in, c_out, kernel, stride, padding)
        if as_tensor(got, what=what).numel() != 2:
            raise CheckFailed(
                f"{what}: two numbers are asked for, the side of the output and the multiply-adds."
            )
        compare(got, right, mistakes=wrong, what=what, rtol=1e-9, atol=1e-9)
    return "conv_cost is right: places of the output, times what each of them costs."


@exercise
def same_answer(answer: Callable[[nn.Module, Tensor, int], float]) -> str:
    """same_answer(model, images (B, C, H, W), step) -> share of answers that stay."""
    generator = torch.Generator().manual_seed(SHARES_SEED)
    for *shape, step in ((397, 1, 9, 9, 3), (311, 3, 7, 10, 2)):
        model, images, labels = _judged(shape, generator)
        for by in (step, 1, 0):
            right, wrong = mistakes.same_answer(model, images, by, labels)
            what = f"The share of {len(images)} answers that stay at step {by}"
            got = one_number(_called_at(answer, model, images, by), what=what)
            compare(got, right, mistakes=wrong, what=what)
    return "same_answer is right: it asks whether the answer stays, not whether it's right."


def _norms(answer: Callable, net: nn.Module, images: Tensor, labels: Tensor):
    """What the answer gives; it may leave gradients behind, but must not change the network."""
    before, weights = AsItWas(net), [weight.detach().clone() for weight in net.parameters()]
    got = call(answer, net, images, labels, changing=True)
    if change := before.change(learner=True):
        raise CheckFailed(f"{words.name_of(answer)} {change}")
    if not all(torch.equal(one, was) for one, was in zip(net.parameters(), weights, strict=True)):
        name = words.name_of(answer)
        raise CheckFailed(f"{name} changes the network's weights: measure, and take no step.")
    return got


def _called_at(answer: Callable, model: nn.Module, images: Tensor, step: int):
    try:
        return call(answer, model, images, step)
    except CheckFailed as failed:
        if step == 0 and "RuntimeError" in str(failed):
            raise CheckFailed(
                f"At step 0 the images stay where they are, but: {failed} With step 0 a slice "
                "[..., :-step] is empty: write [..., :width - step]."
            ) from None
        raise


def _check_learns(answer: Callable, generator: torch.Generator) -> None:
    """All of the gradient comes back: to both layers, and to what made x."""
    below, first, second = layers = [
        _conv(2, generator) for _ in range(3)
    ]  # grading notes few slopes
    x = torch.randn(2, 2, 4, 4, generator=generator)
    parameters = [p for layer in layers for p in layer.parameters()]
    want = torch.autograd.grad(residual_block(below(x), first, second).sum(), parameters)
    out, slopes = call(lambda x: answer(below(x), first, second), x), [None] * len(parameters)
    if isinstance(out, Tensor) and out.requires_grad:
        slopes = torch.autograd.grad(out.sum(), parameters, allow_unused=True)
    for slope, right in zip(slopes, want, strict=True):
        if slope is None or not torch.allclose(slope, right, rtol=1e-3, atol=1e-4):
            raise CheckFailed(
                "The numbers are right, but not all of the gradient comes back, to both layers "
                "and, by both ways, to x: no .detach(), no .numpy(), no torch.no_grad()."
            )


def _conv(width: int, generator: torch.Generator) -> nn.Conv2d:
    conv = nn.Conv2d(width, width, 3, padding=1)
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return conv


def _small(generator: torch.Generator) -> nn.Sequential:
    """Three convolutions, nested and unlike each other, and linear layers before and behind."""
    inner = nn.Sequential(nn.Conv2d(6, 4, 3, stride=3), nn.Tanh(), nn.Conv2d(4, 4, 2))
    net = nn.Sequential(
        OrderedDict(
            enter=nn.Conv2d(2, 6, 5, stride=3),
            inner=inner,
            flatten=nn.Flatten(),
            logits=nn.Linear(4, 4),
        )
    )
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator))
    return net


def _judged(shape: list[int], generator: torch.Generator) -> tuple[nn.Module, Tensor, Tensor]:
    """A network of random weights, whose answer changes at nearly every step; images, labels."""
    batch, *one = shape
    net = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(one), 5))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    images = torch.rand(shape, generator=generator)
    return net.eval(), images, torch.randint(5, (batch,), generator=generator)
