"""Lab 01: right answers, and for each exercise the wrong ones that usual mistakes give.

The right ones also stand in for an exercise until it is solved. The mistakes are {message: wrong
answer}; `labkit.checks.lab01` compares.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


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
    middles = [(k + 0.5) / steps for k in range(steps)]
    slopes = _slopes(model, image, baseline, middles, lambda out: out[:, target])
    return (image - baseline) * slopes.mean(0)


def first_order(slope: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """What the slopes (3, H, W) promise on the way from before to after: (H, W)."""
    return (slope * (after - before)).sum(0)


def nudge_mistakes(f: Callable, x: float, y: float, h: float) -> dict[str, Tensor]:
    """Wrong pairs (2,) of derivatives of f at (x, y)."""
    right = central(f, x, y, h)
    here = f(x, y)
    ahead = torch.tensor([f(x + h, y), f(x, y + h)], dtype=torch.float64) - here
    back = here - torch.tensor([f(x - h, y), f(x, y - h)], dtype=torch.float64)
    both = (f(x + h, y + h) - f(x - h, y - h)) / (2 * h)
    up, down = ahead + here, here - back
    each = {
        "this is the change of f, not yet a derivative. Divide by the nudge: 2 * h.": right * 2 * h,
        "this is the change of f after one nudge, not yet a derivative. Nudge both ways and divide "
        "by 2 * h.": ahead,
        "this is twice too much. From x - h to x + h are 2 * h: divide by that.": right * 2,
        "this is the change after one nudge, divided by 2 * h. Nudge both ways: f(x + h, y) - "
        "f(x - h, y).": ahead / (2 * h),
        "this divides by 2 alone. From x - h to x + h are 2 * h: divide by that.": right * h,
        "the two values are added. Take their difference: f(x + h, y) - f(x - h, y).": (
            (up + down) / (2 * h)
        ),
        "only the second value is divided. Put brackets around the difference.": (
            up - down / (2 * h)
        ),
        "the two points differ in x and in y. Hold one variable still in both.": (
            (up - down.flip(0)) / (2 * h)
        ),
        "this nudges only upwards (the forward difference). Central means both ways: f(x + h, y) - "
        "f(x - h, y), divided by 2 * h.": ahead / h,
        "this nudges only downwards (the backward difference). Central means both ways.": back / h,
        "the signs are lost. A derivative is negative where f falls: no abs().": right.abs(),
        "the sign is the wrong way round: it is f(x + h) minus f(x - h).": -right,
        "x and y are nudged at the same time. Hold one still while the other is nudged.": (
            torch.tensor([both, both])
        ),
        "/ 2 * h divides by 2 and multiplies by h. Write brackets: / (2 * h).": right * h * h,
    }
    pairs = {
        "these are two times df/dx. For df/dy nudge y, and hold x still.": right[[0, 0]],
        "these are two times df/dy. For df/dx nudge x, and hold y still.": right[[1, 1]],
        "x and y have changed places: return (df/dx, df/dy) in this order.": right.flip(0),
        "the nudge is h / 2 to each side. Go up by h and down by h.": central(f, x, y, h / 2),
        "`h` is not used: this is the derivative itself, or nearly. The estimate from x - h to "
        "x + h is asked for, however large h is.": central(f, x, y, 1e-4),
        "these are the derivatives of the slide's function alone, 2x + y and x. Nudge the f that "
        "came in: it is another one each time.": torch.tensor([2 * x + y, x]),
    }
    return each | pairs | _in_one_only(right, each)


def _in_one_only(right: Tensor, mistakes: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mistakes made in one of two derivatives (2,), the other one being right."""
    second = torch.tensor([False, True])
    found = {}
    for message, wrong in mistakes.items():
        found[f"df/dx is right; df/dy: {message}"] = wrong.where(second, right)
        found[f"df/dy is right; df/dx: {message}"] = right.where(second, wrong)
    return found


def path_mistakes(w1: Tensor, w2: Tensor, values: Tensor) -> dict[str, Tensor]:
    """Wrong sums over paths; weights (H, I) and (O, H), hidden values (H,)."""
    on = (values > 0).float()
    paths = w2[:, :, None] * on[None, :, None] * w1[None]  # (O, H, I)
    right, last = paths.sum(1), paths[:, values > 0][:, -1:].sum(1)
    first_row = torch.zeros_like(right)
    first_row[0] = right[0]
    only = "only the last neuron's paths are counted: was `=` written for `+=`? Add them up."
    corner = torch.zeros_like(right)
    corner[:, 0] = right[:, 0]
    mistakes = {
        only: paths[:, -1],
        only + " (It is the last one that is on.)": last,
        "paths through a neuron that the ReLU switched off are counted too. Leave them out: "
        "hidden > 0 says which are on.": w2 @ w1,
        "the hidden values are multiplied in. A ReLU's derivative is a switch, 1 or 0, not the "
        "value itself.": (w2 * values) @ w1,
        "rows and columns are swapped: a row for each output, a column for each input.": right.T,
        "the weights along a path are added. Multiply them; add the paths.": (
            (w2[:, :, None] + w1[None]) * on[None, :, None]
        ).sum(1),
        "the first hidden neuron is left out. range(H) counts all, from 0 on.": paths[:, 1:].sum(1),
        "the last hidden neuron is left out. range(H) counts all, from 0 on.": paths[:, :-1].sum(1),
        "only the first output has its row: does `return` stand inside the loop? Move it "
        "out.": first_row,
        "only the first input has its number: does the inner loop end too soon? Move `return` or "
        "`break` out of it.": corner,
        "the sum goes on from one pair to the next. Set it to 0 for each output and "
        "input.": right.flatten().cumsum(0).view_as(right),
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
    if on.all():
        said = "all is 0, though every hidden neuron is on. Is the switch turned round, or another "
        mistakes[said + "than hidden > 0? Or does a ReLU cut off sums below 0?"] = 0 * right
        said = "the paths are multiplied with each other. Multiply along a path, add the paths."
        mistakes[said] = paths.prod(1)
    else:
        said = (
            "all is 0, though some hidden neurons are on. Does the loop stop at the first that is "
        )
        mistakes[said + "off? Leave it out and go on: `continue`, not `break`."] = 0 * right
    return mistakes


def promise_mistakes(slope: Tensor, before: Tensor, after: Tensor) -> dict[str, Tensor]:
    """Wrong promises; all three (3, H, W)."""
    product = slope * (after - before)
    positive = "this is positive everywhere. A promise has a sign: no abs()."
    return {
        "the step is the wrong way round: it goes from before to after, so after - before.": (
            -product.sum(0)
        ),
        positive: product.abs().sum(0),
        positive + " Sizes only hide who pushes up and who down.": product.sum(0).abs(),
        "the step has lost its sign. Whether a pixel gets brighter or darker counts: no abs().": (
            slope * (after - before).abs()
        ).sum(0),
        "the slope has lost its sign. Whether the logit rises or falls counts: no abs().": (
            slope.abs() * (after - before)
        ).sum(0),
        "slope * after - before multiplies first. Write brackets: slope * (after - before).": (
            (slope * after - before).sum(0)
        ),
        "before and after are added. The step is their difference: after - before.": (
            (slope * (after + before)).sum(0)
        ),
        "the colours are averaged. Each colour's change counts in full: sum them.": product.mean(0),
        "this is the largest of the three colours. All of them count: sum them.": product.amax(0),
        "it still has a colour dimension of size 1: (H, W) is asked for.": product.sum(0)[None],
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
        "this is the slope alone. Multiply it by the step, after - before.": slope.sum(0),
    }


def slope_of(model: nn.Module, image: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
    """d choose(logits (1, K)) / d image, of the image's shape."""
    pixels = image.clone().requires_grad_()
    (slope,) = torch.autograd.grad(choose(model(pixels[None])).sum(), pixels)
    return slope


def saliency_mistakes(
    model: nn.Module, image: Tensor, slope: Tensor, target: int
) -> dict[str, Tensor]:
    """Wrong maps of an image (3, H, W), given its slope."""
    prob = slope_of(model, image, lambda out: out.softmax(1)[:, target])
    log = slope_of(model, image, lambda out: out.log_softmax(1)[:, target])
    every = slope_of(model, image, lambda out: out)
    others = {
        k: slope_of(model, image, lambda out, k=k: out[:, k]) for k in range(3) if k != target
    }
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
        "the colours are averaged first, and may cancel. Take absolute values, then the "
        "largest.": slope.mean(0).abs(),
        "the slopes are squared. Take absolute values.": (slope**2).amax(0),
        "this is the root of the squares' sum. Take the largest of the three.": slope.norm(dim=0),
        "slopes below 0 count as 0. Take absolute values.": slope.clamp(min=0).amax(0),
        "these are the places of the largest, 0 to 2. Take its value: `.amax(0)`.": (
            slope.abs().argmax(0)
        ),
        "this is the largest in each column. The colours are dimension 0.": slope.abs().amax(1),
        "this is the largest in each row. The colours are dimension 0.": slope.abs().amax(2),
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


def integrated_answers(
    model: nn.Module, image: Tensor, baseline: Tensor, target: int, steps: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """Integrated gradients, and the mistakes by which they miss."""
    way, middles = image - baseline, [(k + 0.5) / steps for k in range(steps)]
    each = _slopes(model, image, baseline, middles, lambda out: out[:, target])
    mean = each.mean(0)
    mistakes = {
        "this is the mean slope. Multiply it by the way: image - baseline.": mean,
        "the slopes are summed. Take their mean: divide by steps.": way * mean * steps,
        "the way is the wrong one round: image - baseline.": -way * mean,
        "the mean slope is multiplied by the image. The way is image - baseline.": image * mean,
        "the signs are lost. Without them the sum is not complete: no abs().": (way * mean).abs(),
        "the slopes have lost their signs. Pixels may speak against a class: no abs().": (
            way * each.abs().mean(0)
        ),
        "the way has lost its sign: image - baseline, without abs().": way.abs() * mean,
        "the slopes' mean is divided by steps once more.": way * mean / steps,
        "the colours are summed already. Keep (3, H, W).": (way * mean).sum(0),
        "only the first point counts: does `return` stand inside the loop? Move it out.": (
            way * each[0] / steps
        ),
        "only the last point counts: was `=` written for `+=`? Add the slopes up.": (
            way * each[-1] / steps
        ),
        "the slope is taken with respect to the image. Take it with respect to the point on the "
        "path.": way * torch.stack([s * one for s, one in zip(middles, each, strict=True)]).mean(0),
    }
    mistakes |= _other_points(model, image, baseline, target, steps)
    for k in {0, 1, 2} - {target}:
        said = f"this explains class {k}, whatever the target. Use logits[0, target]."
        other = _slopes(model, image, baseline, middles, lambda out, k=k: out[:, k])
        mistakes[said] = way * other.mean(0)
    return way * mean, mistakes


def _other_points(
    model: nn.Module, image: Tensor, baseline: Tensor, target: int, steps: int
) -> dict[str, Tensor]:
    """The mistakes in where the slopes are taken, and of what."""
    way, black = image - baseline, 0 * image

    def mean(shares: list[float], start: Tensor = baseline, of=lambda out: out[:, target]):
        return _slopes(model, image, start, shares, of).mean(0)

    middles = [(k + 0.5) / steps for k in range(steps)]
    mistakes = {
        "the baseline is missing in the point: baseline + share * (image - baseline).": (
            way * _slopes(model, way, black, middles, lambda out: out[:, target]).mean(0)
        ),
        "the path starts at black. It starts at the baseline.": way * mean(middles, black),
        "the baseline is not used: path and way start at black. Both start at the baseline.": (
            image * mean(middles, black)
        ),
        "this uses the slope at the image alone. Average it over the points of the path.": (
            way * mean([1.0])
        ),
        "this uses the slope at the baseline alone. Average it over the points of the path.": (
            way * mean([0.0])
        ),
        "k + 0.5 / steps leaves the path. Write brackets: (k + 0.5) / steps.": (
            way * mean([k + 0.5 / steps for k in range(steps)])
        ),
        "these are shares of the probability. Leave out the softmax: the logit is explained.": (
            way * mean(middles, of=lambda out: out.softmax(1)[:, target])
        ),
    }
    mistakes |= {
        "k + 0.5 leaves the path. Divide it by steps.": way * mean([k + 0.5 for k in range(steps)]),
        "k runs from 1 to steps. It starts at 0: range(steps).": (
            way * mean([(k + 1.5) / steps for k in range(steps)])
        ),
        "this is the derivative of all logits together. Pick one: logits[0, target].": (
            way * mean(middles, of=lambda out: out)
        ),
    }
    for taken, other in {"only one is": 1, "many more are": 50}.items():
        said = f"`steps` is not used: {taken} taken."
        mistakes[said] = way * mean([(k + 0.5) / other for k in range(other)])
    if steps > 1:  # else the left and right ends are the baseline and the image themselves
        for side, shift in {"left": 0, "right": 1}.items():
            said = f"these are the {side} ends of the steps. Take the midpoints: (k + 0.5) / steps."
            mistakes[said] = way * mean([(k + shift) / steps for k in range(steps)])
        said = "the points run from 0 to 1, as in linspace(0, 1, steps). Take the midpoints: "
        ends = [k / (steps - 1) for k in range(steps)]
        mistakes[said + "(k + 0.5) / steps."] = way * mean(ends)
        said = "point is missing: k runs over range(steps), from 0 on."
        mistakes["the first " + said] = way * mean(middles[1:]) * (steps - 1) / steps
        mistakes["the last " + said] = way * mean(middles[:-1]) * (steps - 1) / steps
    return mistakes


def _slopes(
    model: nn.Module, image: Tensor, start: Tensor, shares: list[float], of: Callable
) -> Tensor:
    """The slopes of `of` the logits at these shares of the way from start to image."""
    points = [start + share * (image - start) for share in shares]
    return torch.stack([slope_of(model, point, of) for point in points])
