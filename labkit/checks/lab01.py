"""Checks of lab 01: derivatives by nudging, by paths, of pixels, along a path, as a promise.

`central`, `path_sums`, `along_path` and `first_order` are what the lab uses until a check is green.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.checks.core import CheckFailed, call, compare, exercise

SHAPES = [(2, 3, 1), (3, 4, 2), (4, 2, 5), (1, 1, 1)]  # inputs, hidden, outputs


@exercise
def nudge(answer: Callable[..., tuple[float, float]]) -> str:
    """nudge(f, x, y, h) -> (df/dx, df/dy), each by a central difference of size h."""
    generator = torch.Generator().manual_seed(1)
    for h, sign in ((0.5, 1), (0.1, -1), (0.25, 1)):  # so large that float32 will do
        a, b, c, x, y = (2 * torch.rand(5, generator=generator, dtype=torch.float64) + 0.5).tolist()

        def f(x: float, y: float, a: float = a, b: float = b, c: float = c, s: int = sign) -> float:
            return s * (a * x**3 + b * x * y + c * y**3 + y)

        got = call(answer, f, x, y, h)
        what = f"nudge(f, {x:.2f}, {y:.2f}, h={h:g})"
        want, mistakes = central(f, x, y, h), _nudge_mistakes(f, x, y, h)
        compare(got, want, mistakes=mistakes, what=what, rtol=1e-4)
    compare(
        call(answer, lambda x, y: x**2 + x * y, 0.0, 0.5, 1e-3),
        torch.tensor([0.5, 0.0]),
        what="nudge of the slide's x² + xy at (0, 0.5)",
    )
    return "nudge is right: both derivatives, each with the other variable held still."


@exercise
def path_influence(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """path_influence(w1 (H, I), w2 (O, H), hidden (H,)) -> (O, I), the sum over all paths."""
    generator = torch.Generator().manual_seed(2)
    for inputs, hidden, outputs in SHAPES:
        w1 = torch.randn(hidden, inputs, generator=generator).double()  # as the lab's network
        w2 = torch.randn(outputs, hidden, generator=generator).double()
        for share_on in (1.0, 0.5, 0.0):
            values = 0.01 + torch.rand(hidden, generator=generator).double() ** 3  # however little
            values[: hidden - round(share_on * hidden)] = 0
            what = (
                f"path_influence with {inputs} inputs, {hidden} hidden "
                f"({int((values > 0).sum())} on), {outputs} outputs"
            )
            got, want = call(answer, w1, w2, values), path_sums(w1, w2, values)
            compare(got, want, mistakes=_path_mistakes(w1, w2, values), what=what)
    return (
        "path_influence is right: every path counted once, and none through a neuron that is off."
    )


@exercise
def saliency(answer: Callable[[nn.Module, Tensor, int], Tensor]) -> str:
    """saliency(model, image (3, H, W), target) -> (H, W), the largest |derivative| of 3 colours."""
    for seed, (height, width, target) in enumerate([(6, 6, 2), (5, 8, 0), (9, 4, 1), (7, 5, 2)]):
        model, image = _small_network(seed), _image(seed, height, width)
        slope = _slope(model, image, lambda out, k=target: out[:, k])
        mistakes = _saliency_mistakes(model, image, slope, target)
        try:
            got = call(answer, model, image, target, seconds=20)
        except CheckFailed as failed:
            if "IndexError" not in str(failed) and "scalar outputs" not in str(failed):
                raise
            said = " The logits are (1, K), for a batch of one: pick one number, logits[0, target]."
            raise CheckFailed(f"{failed}{said}") from None
        what = f"saliency of an image {tuple(image.shape)}, target={target}"
        compare(got, slope.abs().amax(0), mistakes=mistakes, what=what, atol=1e-7)
    return "saliency is right: for each pixel the colour to which the logit reacts most."


@exercise
def integrated(answer: Callable[..., Tensor]) -> str:
    """integrated(model, image, baseline, target, steps) -> (3, H, W), gradients along the path."""
    for seed, (steps, target) in enumerate([(4, 1), (1, 0), (7, 2)]):
        model, image = _small_network(seed), _image(seed, 5 + seed, 6)
        baseline = _image(seed + 10, 5 + seed, 6)
        want, mistakes = _integrated_answers(model, image, baseline, target, steps)
        got = call(answer, model, image, baseline, target, steps, seconds=20)
        what = f"integrated with {steps} step{'s' * (steps > 1)}, target={target}"
        compare(got, want, mistakes=mistakes, what=what, atol=1e-7)
    model, image = _Bowl(), torch.tensor([1.0, 2.0], dtype=torch.float64)
    try:
        got = call(answer, model, image, -image / 2, 1, 3)
    except CheckFailed as failed:
        said = "Photos go well, but the lab also needs vectors such as (2,). There "
        raise CheckFailed(f"{said}{failed}") from None
    want = along_path(model, image, -image / 2, 1, 3)
    compare(got, want, what="integrated of two numbers, a vector (2,) in float64")
    return "integrated is right: the way times the mean slope on the way, for every pixel."


@exercise
def promised(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """promised(slope, before, after), each (3, H, W) -> (H, W), the first-order change."""
    for seed, (height, width) in enumerate([(4, 6), (7, 3), (1, 1)]):
        generator = torch.Generator().manual_seed(seed)
        slope, before, after = torch.randn(3, 3, height, width, generator=generator)
        got = call(answer, slope, before, after)
        want, mistakes = first_order(slope, before, after), _promise_mistakes(slope, before, after)
        compare(got, want, mistakes=mistakes, what=f"promised for {(3, height, width)}")
    return "promised is right: slope times step, summed over the colours."


def central(f: Callable, x: float, y: float, h: float) -> Tensor:
    """Both derivatives (2,) of f at (x, y), by central differences."""
    dx, dy = f(x + h, y) - f(x - h, y), f(x, y + h) - f(x, y - h)
    return torch.tensor([dx, dy], dtype=torch.float64) / (2 * h)


def path_sums(w1: Tensor, w2: Tensor, hidden: Tensor) -> Tensor:
    """The derivatives (O, I) of outputs by inputs, through the hidden neurons that are on."""
    return (w2 * (hidden > 0)) @ w1


def along_path(
    model: nn.Module, image: Tensor, baseline: Tensor, target: int, steps: int
) -> Tensor:
    """Integrated gradients by midpoints, for inputs of any shape, not summed."""
    shares = [(k + 0.5) / steps for k in range(steps)]
    points = [baseline + share * (image - baseline) for share in shares]
    slopes = [_slope(model, point, lambda out: out[:, target]) for point in points]
    return (image - baseline) * torch.stack(slopes).mean(0)


def first_order(slope: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """What the slopes (3, H, W) promise on the way from before to after: (H, W)."""
    return (slope * (after - before)).sum(0)


def _nudge_mistakes(f: Callable, x: float, y: float, h: float) -> dict[str, Tensor]:
    right = central(f, x, y, h)
    here = f(x, y)
    ahead = torch.tensor([f(x + h, y), f(x, y + h)], dtype=torch.float64) - here
    back = here - torch.tensor([f(x - h, y), f(x, y - h)], dtype=torch.float64)
    both = (f(x + h, y + h) - f(x - h, y - h)) / (2 * h)
    return {
        "this is the change of f, not yet a derivative. Divide by the nudge: 2 * h.": right * 2 * h,
        "this is the change of f after one nudge, not yet a derivative. Nudge both ways and divide "
        "by 2 * h.": ahead,
        "this is twice too much. From x - h to x + h are 2 * h: divide by that.": right * 2,
        "this nudges only upwards (the forward difference). Central means both ways: f(x + h, y) - "
        "f(x - h, y), divided by 2 * h.": ahead / h,
        "this nudges only downwards (the backward difference). Central means both ways.": back / h,
        "the signs are lost. A derivative is negative where f falls: no abs().": right.abs(),
        "the sign is the wrong way round: it is f(x + h) minus f(x - h).": -right,
        "these are two times df/dx. For df/dy nudge y, and hold x still.": right[[0, 0]],
        "these are two times df/dy. For df/dx nudge x, and hold y still.": right[[1, 1]],
        "x and y have changed places: return (df/dx, df/dy) in this order.": right.flip(0),
        "x and y are nudged at the same time. Hold one still while the other is nudged.": (
            torch.tensor([both, both])
        ),
        "/ 2 * h divides by 2 and multiplies by h. Write brackets: / (2 * h).": right * h * h,
        "these are the derivatives of the slide's function alone, 2x + y and x. Nudge the f that "
        "came in: it is another one each time.": torch.tensor([2 * x + y, x]),
    }


def _path_mistakes(w1: Tensor, w2: Tensor, values: Tensor) -> dict[str, Tensor]:
    on = (values > 0).float()
    paths = w2[:, :, None] * on[None, :, None] * w1[None]  # (O, H, I)
    right, last = paths.sum(1), paths[:, values > 0][:, -1:].sum(1)
    only = "only the last neuron's paths are counted: was `=` written for `+=`? Add them up."
    return {
        only: paths[:, -1],
        only + " (It is the last one that is on.)": last,
        "paths through a neuron that the ReLU switched off are counted too. Leave them out: "
        "hidden > 0 says which are on.": w2 @ w1,
        "the hidden values are multiplied in. A ReLU's derivative is a switch, 1 or 0, not the "
        "value itself.": (w2 * values) @ w1,
        "rows and columns are swapped: a row for each output, a column for each input.": right.T,
        "the paths are multiplied with each other. Multiply along a path, add the paths.": (
            paths.prod(1)
        ),
        "only the strongest path is counted. Add all of them.": paths.abs().amax(1),
        "the sizes of the paths are added. Paths have signs and may cancel: no abs().": (
            paths.abs().sum(1)
        ),
        "the signs are lost. A derivative is negative where the output falls: no "
        "abs().": right.abs(),
        "the paths are averaged. Add them.": paths.mean(1),
        "these are the single paths (outputs, hidden, inputs). Add them over the hidden "
        "neurons.": paths,
    }


def _promise_mistakes(slope: Tensor, before: Tensor, after: Tensor) -> dict[str, Tensor]:
    product = slope * (after - before)
    positive = "this is positive everywhere. A promise has a sign: no abs()."
    return {
        "the step is the wrong way round: it goes from before to after, so after - before.": (
            -product.sum(0)
        ),
        positive: product.abs().sum(0),
        positive + " Sizes only hide who pushes up and who down.": product.sum(0).abs(),
        "the colours are averaged. Each colour's change counts in full: sum them.": product.mean(0),
        "the colours are still apart. Sum over them: dimension 0.": product,
        "this is one number for the whole image. Sum over the colours only.": product.sum(),
        "the slope is multiplied by the new value. It is the step that counts: after - before.": (
            (slope * after).sum(0)
        ),
        "the slope is multiplied by the old value. It is the step that counts: after - before.": (
            (slope * before).sum(0)
        ),
        "the colours are summed too early. Multiply first, then sum: (slope * step).sum(0).": (
            slope.sum(0) * (after - before).sum(0)
        ),
        "this is the step alone. Multiply it by the slope.": (after - before).sum(0),
    }


def _small_network(seed: int) -> nn.Sequential:
    """Smooth, three classes, images of any size; weights that could collect `.grad`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Conv2d(3, 5, 3, padding=1), nn.Tanh(), nn.Conv2d(5, 4, 3), nn.Softplus()]
        model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    return model.eval()


class _Bowl(nn.Module):
    """Vectors (B, 2) -> two outputs, curved."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2 + 3 * x[:, 1] ** 3], 1)


def _image(seed: int, height: int, width: int) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def _slope(model: nn.Module, image: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
    pixels = image.clone().requires_grad_()
    (slope,) = torch.autograd.grad(choose(model(pixels[None])).sum(), pixels)
    return slope


def _saliency_mistakes(
    model: nn.Module, image: Tensor, slope: Tensor, target: int
) -> dict[str, Tensor]:
    prob = _slope(model, image, lambda out: out.softmax(1)[:, target])
    log = _slope(model, image, lambda out: out.log_softmax(1)[:, target])
    every = _slope(model, image, lambda out: out)
    others = {k: _slope(model, image, lambda out, k=k: out[:, k]) for k in range(3) if k != target}
    return {
        f"this explains class {k}, whatever the target. Use logits[0, target].": other.abs().amax(0)
        for k, other in others.items()
    } | {
        "the sign is still there. Take the absolute value before the maximum.": slope.amax(0),
        "the absolute value comes too late: take it before the maximum over the "
        "colours.": slope.amax(0).abs(),
        "the colours are summed with their signs. Take absolute values, then the "
        "largest.": slope.sum(0),
        "the colours are summed first, and may cancel. Take absolute values, then the "
        "largest.": slope.sum(0).abs(),
        "the colours are summed. Take the largest of the three.": slope.abs().sum(0),
        "the colours are averaged. Take the largest of the three.": slope.abs().mean(0),
        "the colours are still apart, (3, H, W). Take the largest over dimension 0.": slope,
        "the colours are still apart, (3, H, W). Take the largest of the three: "
        "dimension 0.": slope.abs(),
        "it still has the batch or colour dimension of size 1: (H, W) is asked for.": (
            slope.abs().amax(0)[None]
        ),
        "this is the derivative of the probability. Leave out the softmax: the logit is "
        "explained.": prob.abs().amax(0),
        "this is the derivative of the log-probability. The logit is explained: no "
        "log_softmax.": log.abs().amax(0),
        "this is the derivative of all logits together. Pick one: logits[0, target].": (
            every.abs().amax(0)
        ),
        "`.max(0)` gives two things, the values and their places. Take `.max(0).values` or "
        "`.amax(0)`.": torch.stack([slope.abs().amax(0), slope.abs().argmax(0)]),
        "the slope is multiplied by the image. The slope alone is asked for.": (
            (slope * image).abs().amax(0)
        ),
        "the slopes were divided by the largest one. Keep their unit: logit per unit of "
        "brightness.": slope.abs().amax(0) / slope.abs().max(),
    }


def _integrated_answers(
    model: nn.Module, image: Tensor, baseline: Tensor, target: int, steps: int
) -> tuple[Tensor, dict[str, Tensor]]:
    way = image - baseline

    def slopes(shares: list[float], of: int = target, start: Tensor = baseline) -> Tensor:
        points = [start + share * (image - start) for share in shares]
        return torch.stack([_slope(model, p, lambda out: out[:, of]) for p in points])

    def mean_slope(shift: float, start: Tensor = baseline, of: int = target) -> Tensor:
        return slopes([(k + shift) / steps for k in range(steps)], of, start).mean(0)

    middle = [(k + 0.5) / steps for k in range(steps)]
    each, points = slopes(middle), [baseline + share * way for share in middle]
    prob = torch.stack([_slope(model, p, lambda out: out.softmax(1)[:, target]) for p in points])
    by_image = torch.stack([share * one for share, one in zip(middle, each, strict=True)]).mean(0)
    unbracketed = slopes([k + 0.5 / steps for k in range(steps)]).mean(0)
    mean, here = mean_slope(0.5), _slope(model, image, lambda out: out[:, target])
    mistakes = {
        "this is the mean slope. Multiply it by the way: image - baseline.": mean,
        "the slopes are summed. Take their mean: divide by steps.": way * mean * steps,
        "the way is the wrong one round: image - baseline.": -way * mean,
        "the mean slope is multiplied by the image. The way is image - baseline.": image * mean,
        "the path starts at black. It starts at the baseline.": way * mean_slope(0.5, 0 * image),
        "the baseline is not used: path and way start at black. Both start at the baseline.": (
            image * mean_slope(0.5, 0 * image)
        ),
        "this uses the slope at the image alone. Average it over the points of the path.": way
        * here,
        "these are the left ends of the steps. Take the midpoints: (k + 0.5) / steps.": (
            way * mean_slope(0.0)
        ),
        "these are the right ends of the steps. Take the midpoints: (k + 0.5) / steps.": (
            way * mean_slope(1.0)
        ),
        "the signs are lost. Without them the sum is not complete: no abs().": (way * mean).abs(),
        "the colours are summed already. Keep (3, H, W).": (way * mean).sum(0),
        "only the first point counts: does `return` stand inside the loop? Move it out.": (
            way * each[0] / steps
        ),
        "only the last point counts: was `=` written for `+=`? Add the slopes up.": (
            way * each[-1] / steps
        ),
        "k + 0.5 / steps leaves the path. Write brackets: (k + 0.5) / steps.": way * unbracketed,
        "these are shares of the probability. Leave out the softmax: the logit is explained.": (
            way * prob.mean(0)
        ),
        "the slope is taken with respect to the image. Take it with respect to the point on the "
        "path.": way * by_image,
    }
    for k in {0, 1, 2} - {target}:
        said = f"this explains class {k}, whatever the target. Use logits[0, target]."
        mistakes[said] = way * mean_slope(0.5, of=k)
    if steps == 1:  # the left and right ends are the baseline and the image themselves
        mistakes = {m: w for m, w in mistakes.items() if "ends" not in m}
    return way * mean, mistakes
