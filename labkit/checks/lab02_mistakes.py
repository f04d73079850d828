"""Lab 02: for each exercise the wrong answers that usual mistakes give.

The mistakes are {message: wrong answer}; `labkit.checks.lab02` compares.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from labkit.nets import features


def peek_mistakes(images: Tensor, seen: dict[str, Tensor], final: Tensor, layer: str) -> dict:
    """Wrong outputs of a layer, from what all layers put out: `seen`, in their order."""
    names, want = list(seen), seen[layer]
    place = names.index(layer)
    return {
        "this is the layer's input, not its output: a forward hook gets (module, inputs, output), "
        "and you want the third.": seen[names[place - 1]] if place else images,
        "this is the output of the whole model, not of the layer: store what the hook gets.": final,
        "the values changed after the hook saw them, since the next layer (a ReLU with "
        "inplace=True) writes into the same tensor: store output.clone(), and let the hook return "
        "nothing (what it returns goes on to the next layer).": want.clamp_min(0),
        "this is the mean over the images: return them all.": want.mean(0),
        "this is the first image only: return them all.": want[0],
    }


def step_mistakes(image: Tensor, slope: Tensor, rate: float) -> dict[str, Tensor]:
    """Wrong images after one step of gradient ascent."""
    size = slope.pow(2).mean().sqrt()
    step = rate * slope / size

    def moved(by: Tensor) -> Tensor:
        return (image + by).clamp(0, 1)

    def divided(by: Tensor) -> Tensor:
        return moved(rate * slope / by.clamp_min(1e-8))

    free, own = image + step, slope.pow(2).mean((1, 2), keepdim=True).sqrt()
    return {
        "the step goes downhill. Training lowers a loss; here the value should rise, so add the "
        "gradient.": moved(-step),
        "pixels leave the range from 0 to 1, and no photo looks like that: .clamp(0, 1) at the "
        "end.": free,
        "the image was stretched to the range from 0 to 1, which changes every pixel: .clamp(0, 1) "
        "only cuts off what is outside.": (free - free.min()) / (free.max() - free.min() + 1e-8),
        "the step was clipped, so that no pixel gets darker: clip the new image instead.": (
            image + step.clamp(0, 1)
        ),
        "`rate` is not used: the step is rate times the rescaled gradient.": moved(slope / size),
        "the gradient isn't rescaled: divide it by the root of the mean of its squares, or deep "
        "channels hardly move.": moved(rate * slope),
        "the gradient is multiplied by its size; divide by it.": moved(rate * slope * size),
        "the gradient is divided by the root of the sum of its squares, so that larger images get "
        "smaller steps: take the mean.": divided(slope.norm()),
        "the gradient is divided by the mean of its squares; the root is missing.": (
            divided(size**2)
        ),
        "the gradient is divided by the mean of its absolute values; take the root of the mean of "
        "its squares.": divided(slope.abs().mean()),
        "the mean was taken before the square, so that plus and minus cancel: square first.": (
            divided(slope.mean().abs())
        ),
        "each colour is rescaled by itself; divide all three by one number.": divided(own),
        "the gradient is divided by its standard deviation, which takes the mean off first. Divide "
        "by the root of the mean of its squares.": divided(slope.std()),
        "the gradient is divided by its largest value; divide by the root of the mean of its "
        "squares.": divided(slope.abs().max()),
        "only the sign of the gradient was used: every pixel then moves as far as the best.": (
            moved(rate * slope.sign())
        ),
        "this is the gradient, not the image after the step.": slope,
        "this is the step alone: add it to the image.": step,
        "the image has not moved.": image,
    }


def by_class(values: Tensor, labels: Tensor) -> Tensor:
    """The mean of values (N,) for each of the ten classes."""
    return torch.stack([values[labels == k].double().mean() for k in range(10)])


def loss_mistakes(whole: Tensor, without: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Wrong losses by class, from the logits (N, 10) with the channel on and off."""
    answers, others = whole.argmax(1), without.argmax(1)
    before, after = answers == labels, others == labels
    change = before.double() - after.double()
    lost, count = by_class(change, labels), torch.bincount(labels, minlength=10)
    entropies = [nn.functional.cross_entropy(x, labels, reduction="none") for x in (without, whole)]
    entropy = by_class(entropies[0] - entropies[1], labels)
    return {
        "the sign is the wrong way round: a loss is positive, accuracy before minus accuracy "
        "after.": -lost,
        "this is one number for all digits together; return one for each digit.": change.mean(),
        "these are counts of images, not shares: divide by how many images the digit has.": lost
        * count,
        "divided by the number of all images: divide by those of the digit.": lost
        * count
        / len(labels),
        "this is the accuracy without the channel, not what was lost.": by_class(after, labels),
        "this is the accuracy with the channel on: switch it off and subtract.": by_class(
            before, labels
        ),
        "this is the share of what was right before; return the plain difference.": lost
        / by_class(before, labels).clamp_min(1e-12),
        "digits that gain without the channel count as 0 here. A gain is a negative loss.": (
            lost.clamp_min(0)
        ),
        "the sign is gone: no abs(), no ^. A gain is a negative loss.": lost.abs(),
        "images that are right only without the channel are left out. They are a gain, and count "
        "-1.": by_class(before & ~after, labels),
        "this is the loss of training (cross-entropy). What counts here is accuracy: argmax.": (
            entropy
        ),
        "this is the loss of training (cross-entropy) with a minus. What counts here is accuracy: "
        "argmax.": -entropy,
        "the images are grouped by what the network says; group them by the digit, labels == k.": (
            by_class(change, answers)
        ),
        "this is how often the network is right when it says k (precision). Group the images by "
        "the digit, labels == k.": by_class(before, answers) - by_class(after, others),
        "nothing was lost: is the model run inside the `with` block? Is it argmax(1)?": (
            torch.zeros(10)
        ),
    }


def auc_mistakes(scores: Tensor, labels: Tensor) -> dict[str, Tensor | float]:
    """Wrong AUCs."""
    pairs = scores[labels][:, None] - scores[~labels][None]
    won, tied, n = (pairs > 0).double().sum(), (pairs == 0).double().sum(), pairs.numel()
    lost, want, points = n - won - tied, features.auc(scores, labels), won + tied / 2
    n_pos, n_neg = pairs.shape
    every = scores[labels][:, None] - scores[None]
    ranks = (scores.argsort().argsort().double() + 1)[labels].sum() - n_pos * (n_pos + 1) / 2
    return {
        "an AUC below 0.5 was turned round. It says that the unit falls for the digit; keep it.": (
            max(want, 1 - want)
        ),
        "the direction is reversed: the digit should outscore the others.": 1 - want,
        "ties count as lost; a tie is worth one half.": won / n,
        "ties count as won; a tie is worth one half.": (won + tied) / n,
        "ties are left out; they count one half each.": won / (won + lost)
        if tied < n
        else float("nan"),
        "a lost pair counts -1 here, so that chance is 0. A lost pair counts 0.": (won - lost) / n,
        "this is the mean difference: count which of the two is higher, not by how much.": (
            pairs.double().mean()
        ),
        "the digit's images are compared with all images, also with each other: the others are "
        "scores[~is_digit].": ((every > 0).double() + (every == 0) / 2).mean(),
        "the digit's images are compared with each other alone: the others are "
        "scores[~is_digit].": torch.tensor(0.5),
        "each score is compared with the mean of the others: take every pair.": (
            (scores[labels] > scores[~labels].mean()).double().mean()
        ),
        "tied scores have different ranks here: give each the mean of their ranks, so that a tie "
        "counts one half.": ranks / n,
        "this is the number of won pairs: divide by how many pairs there are.": points,
        "divided by the square of the number of images: the pairs are those of a digit with "
        "another, n_digit * n_rest.": points / len(labels) ** 2,
        "divided by the number of the digit's images alone: the pairs are n_digit * n_rest.": (
            points / n_pos
        ),
        "divided by the number of the other images alone: the pairs are n_digit * n_rest.": (
            points / n_neg
        ),
    }
