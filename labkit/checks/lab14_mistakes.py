"""Lab 14: for each exercise the right answer, and the wrong ones that usual mistakes give."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INF = math.inf
LEVELS = [  # label, spans of levels in which the answer is another one, levels to be tried
    (0, [(0.7, 1.5), (1.95, 2.1), (2.5, INF), (-8.5, -7.5)], [2, 4, 5, 8, 9]),
    (0, [(5.0, INF)], [1, 40]),
    (0, [(0.2, 0.26), (0.7, 20.0)], [0.3, 0.4, 2, 4, 8, 9]),
    (1, [(0.35, 0.45), (0.9, INF)], [0.4, 2, 4]),
    (0, [(0.7, INF)], [0.25, 1, 2, 4, 8]),
    (1, [(0.1, 0.3), (1.3, INF)], [0.3, 0.4, 1, 3, 4]),
    (2, [(0.9, 1.2), (3.1, INF)], [1, 1.7, 3, 8]),
    (0, [(0.4, 0.6), (2.7, INF)], [1, 2, 4, 6, 8]),
    (1, [(2.3, INF)], [0.6, 3, 4, 5]),
    (1, [], [1, 2, 4]),
    (2, [(-1.0, INF)], [2, 4]),
]


def still(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """An image (2, 4, 5) and a direction in which its second channel can't move any farther."""
    image = torch.randint(40, 216, (2, 4, 5), generator=generator) / 255
    direction = (torch.arange(40) % 2 * 2.0 - 1).view(2, 4, 5)
    image[1] = torch.where(direction[1] > 0, 1.0, 0.0)
    direction[0, 0, :2] = 0.0
    return image, direction


def slope(net: nn.Module, images: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
    """The derivative of loss(logits) by the images."""
    images = images.detach().clone().requires_grad_(True)
    return torch.autograd.grad(loss(net(images)), images)[0]


def surprise(labels: Tensor) -> Callable[[Tensor], Tensor]:
    """The loss of labels (B,): cross-entropy, summed over the batch."""
    return lambda logits: F.cross_entropy(logits, labels, reduction="sum")


def twice_softmax(labels: Tensor) -> Callable[[Tensor], Tensor]:
    """The loss of probabilities taken for logits."""
    return lambda logits: F.cross_entropy(logits.softmax(1), labels, reduction="sum")


def own_logit(labels: Tensor) -> Callable[[Tensor], Tensor]:
    """The labels' own logits."""
    return lambda logits: logits.gather(1, labels[:, None]).sum()


def fgsm(net: nn.Module, images: Tensor, labels: Tensor, eps: float) -> tuple[Tensor, dict]:
    """The right images, and wrong ones."""
    grown = slope(net, images, surprise(labels))
    signs, mean = grown.sign(), grown / len(images)
    guess = net(images).argmax(1)
    logit = slope(net, images, own_logit(labels)).sign()
    length = grown.flatten(1).norm(dim=1).view(-1, 1, 1, 1)

    def moved(by: Tensor, *, size: float = eps) -> Tensor:
        return (images + size * by).clamp(0, 1)

    right = moved(signs)
    return right, {
        "it goes downhill, and the network gets surer. Add where you subtract.": moved(-signs),
        "the pictures leave the range from 0 to 1: .clamp(0, 1) at the end.": images + eps * signs,
        "it goes downhill, and the pictures leave the range from 0 to 1.": images - eps * signs,
        "the step is the derivative itself, not its sign: most pixels hardly move.": moved(grown),
        "the step is the derivative itself (of the mean loss), not its sign.": moved(mean),
        "the derivative is divided by its length. Take its sign: every pixel may use all of "
        "eps.": moved(grown / length),
        "the derivative is divided by the length of the whole batch's. Take its sign.": moved(
            grown / grown.norm()
        ),
        "the derivative is divided by its largest value. Take its sign.": moved(
            grown / grown.abs().max()
        ),
        "only the change is there: add it to the images.": eps * signs,
        "this is the sign of the derivative. Multiply by eps and add it to the images.": signs,
        "this is the derivative. Take its sign, multiply by eps, add it to the images.": grown,
        "this is the derivative (of the mean loss). Take its sign, multiply, add.": mean,
        "it raises the label's own logit, so the network gets surer. Raise the loss.": moved(logit),
        "it lowers the label's own logit and forgets the others. Raise the loss, "
        "F.cross_entropy(model(images), labels).": moved(-logit),
        "the labels aren't used: it takes the loss of the network's own first guess.": moved(
            slope(net, images, surprise(guess)).sign()
        ),
        "F.cross_entropy takes logits: leave the softmax out.": moved(
            slope(net, images, twice_softmax(labels)).sign()
        ),
        "eps is divided by 255. It's on the scale from 0 to 1 already.": moved(
            signs, size=eps / 255
        ),
        "eps is multiplied by 255. It's on the scale from 0 to 1 already.": moved(
            signs, size=eps * 255
        ),
        "all images move alike, by the batch's mean derivative: each has its own.": moved(
            grown.mean(0, keepdim=True).sign()
        ),
        "all channels move alike: each value has its own derivative.": moved(
            grown.sum(1, keepdim=True).sign()
        ),
        "all pixels get brighter: the sign is lost (abs?).": moved(signs.abs()),
        "pixels whose derivative is 0 move, too: .sign() leaves them where they are.": moved(
            torch.where(grown > 0, 1.0, -1.0)
        ),
        "pixels whose derivative is 0 move, too: .sign() leaves them where they are (>=).": moved(
            torch.where(grown >= 0, 1.0, -1.0)
        ),
        "the images come back as they were.": images,
        "only the first image is there. Keep the whole batch.": right[:1],
        "it's rounded to 256 levels. Leave that to the file.": right.mul(255).round().div(255),
        "the pixels end between -1 and 1: pictures are from 0 to 1.": (images + eps * signs).clamp(
            -1, 1
        ),
        "the step is half as long as eps.": moved(signs, size=eps / 2),
        "the step is twice as long as eps.": moved(signs, size=2 * eps),
    }


def targeted(net, images: Tensor, targets: Tensor, eps: float, step: float, steps: int):
    """The right images, and wrong ones."""
    low, high = images - eps, images + eps

    def walk(
        *, count=steps, size=step, sign=-1, loss=None, direct=Tensor.sign, near=True, inside=True
    ) -> Tensor:
        now = images
        for _ in range(count):
            by = direct(slope(net, now, loss or surprise(targets)))
            now = now + sign * size * by
            now = torch.clamp(now, low, high) if near else now
            now = now.clamp(0, 1) if inside else now
        return now

    def kept(now: Tensor) -> Tensor:
        return torch.clamp(now, low, high).clamp(0, 1)

    right, first = walk(), slope(net, images, surprise(targets)).sign()
    free, guess = walk(near=False, inside=False), net(images).argmax(1)
    change = walk(near=False) - images
    length = change.flatten(1).norm(dim=1).view(-1, 1, 1, 1).clamp_min(1e-12)
    straight = images
    for _ in range(steps):
        straight = kept(straight - step * first)
    return right, {
        "it goes away from the targets. A target is to become likely: its loss must fall.": walk(
            sign=1
        ),
        "it goes farther than eps from the images given. After each step, clamp to images - eps "
        "and images + eps.": walk(near=False),
        "the pictures leave the range from 0 to 1: .clamp(0, 1) after each step.": walk(
            inside=False
        ),
        "nothing is clamped: after each step, keep within eps of the images, and from 0 to "
        "1.": free,
        "it's clamped to eps only at the end. Do it after each step.": kept(walk(near=False)),
        "it's clamped to 0 and 1 only at the end. Each step should begin at a picture.": kept(
            walk(inside=False)
        ),
        "it's clamped only at the end. Do it after each step.": kept(free),
        "it's one step only. Repeat it `steps` times, from where the last one ended.": walk(
            count=1
        ),
        "it's one step of eps. Make `steps` small ones, and look again after each.": walk(
            count=1, size=eps
        ),
        "one step is missing.": walk(count=steps - 1),
        "it makes a step too many.": walk(count=steps + 1),
        "the derivative is taken once, at the start. Take it anew after each step.": straight,
        "each step is eps long. Use `step`.": walk(size=eps),
        "each step is eps / steps long. Use `step`.": walk(size=eps / steps),
        "the step is the derivative itself, not its sign.": walk(direct=lambda g: g),
        "the step is the derivative itself (of the mean loss), not its sign.": walk(
            direct=lambda g: g / len(g)
        ),
        "the derivative is divided by its length. Take its sign.": walk(
            direct=lambda g: g / g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        ),
        "only the change is there: give the images.": right - images,
        "the targets aren't used: it goes away from the network's first guess.": walk(
            sign=1, loss=surprise(guess)
        ),
        "the targets aren't used: it makes the network's first guess surer.": walk(
            loss=surprise(guess)
        ),
        "it raises the target's own logit and forgets the others. Lower the loss, "
        "F.cross_entropy(model(images), targets).": walk(sign=1, loss=own_logit(targets)),
        "it lowers the target's own logit.": walk(loss=own_logit(targets)),
        "F.cross_entropy takes logits: leave the softmax out.": walk(loss=twice_softmax(targets)),
        "eps is divided by 255. It's on the scale from 0 to 1 already.": torch.clamp(
            right, images - eps / 255, images + eps / 255
        ),
        "the length of the whole change is kept to eps. Here each pixel may move by eps: clamp.": (
            images + change * (eps / length).clamp(max=1)
        ).clamp(0, 1),
        "it's rounded to 256 levels. Leave that to the file.": right.mul(255).round().div(255),
        "the images come back as they were.": images,
        "only the first image is there. Keep the whole batch.": right[:1],
    }


@torch.no_grad()
def smallest_level(net, image: Tensor, label: int, direction: Tensor, levels: Sequence[float]):
    """The right level, and wrong ones."""

    def filed(values: Tensor) -> Tensor:
        return values.clamp(0, 1).mul(255).round().div(255)

    def flips(how: Callable[[float], Tensor]) -> list[bool]:
        return [int(net(how(level)[None]).argmax()) != label for level in levels]

    def first(found: Sequence[bool], names: Sequence[float] = tuple(levels)) -> float:
        return next((float(n) for n, yes in zip(names, found, strict=True) if yes), INF)

    def moved(level: float) -> Tensor:
        return image + level / 255 * direction

    found = flips(lambda level: filed(moved(level)))
    right = first(found)
    backwards = first(found[::-1], tuple(levels)[::-1])
    before = [float(level) for level, yes in zip(levels, found, strict=True) if not yes]
    return right, {
        "the picture isn't rounded: a file can't hold it. Round to 256 levels after adding.": (
            first(flips(lambda level: moved(level).clamp(0, 1)))
        ),
        "it's rounded down (.int(), .byte(), floor?): use .round().": first(
            flips(lambda level: moved(level).clamp(0, 1).mul(255).add(1e-4).floor().div(255))
        ),
        "it's rounded, but not kept between 0 and 1: .clamp(0, 1) first.": first(
            flips(lambda level: moved(level).mul(255).round().div(255))
        ),
        "neither rounded nor kept between 0 and 1: a file can't hold it.": first(flips(moved)),
        "a level is 1/255: multiply the direction by level / 255.": first(
            flips(lambda level: filed(image + level * direction))
        ),
        'it\'s infinite: does the loop end too early? `return float("inf")` belongs after it.': INF,
        "the change is subtracted: go along the direction.": first(
            flips(lambda level: filed(image - level / 255 * direction))
        ),
        "this is the level divided by 255. Give the level itself.": right / 255,
        "this is the level's place in the list. Give the level itself.": first(
            found, range(len(levels))
        ),
        "this is how many levels were tried. Give the level itself.": first(
            found, range(1, len(levels) + 1)
        ),
        "this is the last level that changes the answer, not the first.": backwards,
        "this is the largest level that leaves the answer as it was.": max(before, default=INF),
        "this is the first level that leaves the answer as it was: != and == are swapped.": (
            first([not yes for yes in found])
        ),
        "this is how many levels change the answer. Give the first of them.": float(sum(found)),
        "this is the class that the picture gets. Give the level.": 6.0,
    }


def largest_shift(weights: Tensor, eps: float) -> tuple[Tensor, dict]:
    """The right shift, and wrong ones."""
    flat = weights.flatten()
    right = eps * flat.abs().sum()
    positive = flat.clamp_min(0).sum()
    return right, {
        "weights of both signs are added up and cancel. A pixel with a negative weight moves down: "
        "add their sizes, .abs().": eps * flat.sum(),
        "weights of both signs are added up before .abs(). Take .abs() first.": (
            eps * flat.sum().abs()
        ),
        "this is eps times the length, the root of the summed squares. Each pixel may move by eps "
        "here: add the sizes.": eps * flat.norm(),
        "the squares are added up. Add the sizes, .abs().": eps * flat.square().sum(),
        "this is the mean of the sizes. Shifts add up: .sum().": eps * flat.abs().mean(),
        "only the largest weight counts here. All pixels move: add up.": eps * flat.abs().max(),
        "only positive weights count. Pixels with negative ones move down.": eps * positive,
        "only negative weights count. All pixels move.": eps * flat.clamp_max(0).abs().sum(),
        "eps is missing.": flat.abs().sum(),
        "it's divided by eps. Multiply.": flat.abs().sum() / eps,
        "eps is divided by 255. It's on the scale from 0 to 1 already.": right / 255,
        "eps is multiplied by 255. It's on the scale from 0 to 1 already.": right * 255,
        "it has a minus sign. How far is a size.": -right,
        "it's twice as much: the score moves from where it is, not from one end to the other.": (
            2 * right
        ),
        "it's eps times the number of pixels: the weights count.": torch.as_tensor(
            eps * flat.numel(), dtype=flat.dtype
        ),
        "the weights aren't added up: one number for all pixels.": eps * weights.abs(),
        "these are the moves of the pixels. Multiply by the weights and add up.": (
            eps * weights.sign()
        ),
        "only one row, or one channel, is added up: add all weights.": (
            eps * weights.abs().sum(-1)
        ),
        "eps is squared.": eps * right,
        "it's divided by the length of the weights.": right / flat.norm(),
    }
