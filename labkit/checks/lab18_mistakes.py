"""Wrong answers to lab 18's exercises, by the sentence that names each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Wrong = dict[str, Tensor | float]


def residual(x: Tensor, first: Callable, second: Callable) -> tuple[Tensor, Wrong]:
    """The right output of a residual block, and wrong ones."""
    inner = first(x).relu()
    branch = second(inner)
    return (x + branch).relu(), {
        "the skip is missing: add x before the last ReLU.": branch.relu(),
        "the skip is missing, and so is the last ReLU.": branch,
        "the ReLU between the two layers is missing.": (x + second(first(x))).relu(),
        "both ReLUs are missing.": x + second(first(x)),
        "the last ReLU is missing.": x + branch,
        "the last ReLU comes before the addition: add x first.": x + branch.relu(),
        "x is added after a ReLU of the branch, and a further ReLU follows: add x to what the "
        "second layer puts out.": (x + branch.relu()).relu(),
        "x goes through a ReLU before it's added: add it as it came.": (x.relu() + branch).relu(),
        "the branch begins with a ReLU: the first layer gets x as it came.": (
            x + second(first(x.relu()).relu())
        ).relu(),
        "the ReLUs come before the layers: first layer, ReLU, second layer, add x, ReLU.": (
            x + second(first(x.relu()).relu())
        ),
        "the skip begins behind the first layer: add x, the block's input.": (
            inner + branch
        ).relu(),
        "the skip begins behind the first layer's convolution: add x, the block's input.": (
            first(x) + branch
        ).relu(),
        "x is added before the second layer, too early: add it behind it.": second(
            (x + first(x)).relu()
        ).relu(),
        "x is added behind both layers: only behind the second.": (
            x + second((x + first(x)).relu())
        ).relu(),
        "x is subtracted: add it.": (branch - x).relu(),
        "the branch is subtracted: add it.": (x - branch).relu(),
        "x is multiplied with the branch: add it.": (x * branch).relu(),
        "the sum is halved: add, don't average.": ((x + branch) / 2).relu(),
        "x is added twice.": (2 * x + branch).relu(),
        "the branch is added twice.": (x + 2 * branch).relu(),
        "the first layer is used twice: the branch is second(relu(first(x))).": (
            x + first(inner)
        ).relu(),
        "the second layer is used twice: the branch is second(relu(first(x))).": (
            x + second(second(x).relu())
        ).relu(),
        "the two layers are swapped: the first comes first.": (x + first(second(x).relu())).relu(),
        "the second layer gets x, not what the first one made of it.": (x + second(x)).relu(),
        "the second layer is missing.": (x + first(x)).relu(),
        "the second layer is missing, and so is the last ReLU.": x + inner,
        "the block is x alone: the branch is missing.": x.clone(),
        "the block is relu(x): the branch is missing.": x.relu(),
        "x and the branch are put one behind the other: add them.": torch.cat([x, branch], 1),
        "that, after a ReLU: x and the branch stand one behind the other. Add them.": torch.cat(
            [x, branch], 1
        ).relu(),
    }


def gradient_norms(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Wrong]:
    """The right norms, one a convolution, and wrong ones."""
    convs = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    weights, everything = [conv.weight for conv in convs], list(model.parameters())

    def of(loss: Tensor, by: list) -> list[Tensor]:
        return torch.autograd.grad(loss, by, retain_graph=True)

    logits = model(images)
    losses = F.cross_entropy(logits, labels, reduction="none")
    mean = losses.mean()
    grads, sizes = of(mean, weights), [w.detach().norm() for w in weights]
    right = _each(grads, torch.linalg.vector_norm)
    matrices = [w for w in everything if w.dim() > 1]
    wrong: Wrong = {
        "these are the sums of each gradient, in which plus and minus cancel. Take the norm.": (
            _each(grads, torch.sum)
        ),
        "these are the means of each gradient, in which plus and minus cancel. Take the norm.": (
            _each(grads, torch.mean)
        ),
        "these are the sums of the sizes: take the root of the sum of squares, .norm().": _each(
            grads, lambda g: g.abs().sum()
        ),
        "these are the means of the sizes: take the root of the sum of squares, .norm().": _each(
            grads, lambda g: g.abs().mean()
        ),
        "these are the largest entries: take the root of the sum of squares, .norm().": _each(
            grads, lambda g: g.abs().max()
        ),
        "the root is missing: these are squared norms.": right**2,
        "these are root mean squares: take the sum of the squares, .norm().": _each(
            grads, lambda g: g.square().mean().sqrt()
        ),
        "these are standard deviations: take the norm, .norm().": _each(grads, torch.std),
        "these are the norms of the weights, not of the loss's gradient by them.": torch.stack(
            sizes
        ),
        "they are divided by the norms of the weights: only the gradients are asked for.": (
            right / torch.stack(sizes)
        ),
        "these are the gradients of the summed loss: take the mean (F.cross_entropy's default).": (
            len(images) * right
        ),
        "these are norms of each image's own gradient, averaged. Take one loss, the mean over the "
        "batch, and the norms of its gradient.": torch.stack(
            [_each(of(one, weights), torch.linalg.vector_norm) for one in losses]
        ).mean(0),
        "one norm of all gradients together came: one for each convolution.": right.norm(),
        "the norms are added up: keep one for each convolution.": right.sum(),
        "they come from the last layer to the first: turn them round.": right.flip(0),
        "they are divided by the largest: give the norms as they are.": right / right.max(),
        "these are logarithms of the norms.": right.log(),
        "biases are among them: only the weights of the convolutions.": _each(
            of(mean, everything), torch.linalg.vector_norm
        ),
        "the linear layer is among them: only the convolutions.": _each(
            of(mean, matrices), torch.linalg.vector_norm
        ),
        "these are the gradients of the labels' logits, without log-softmax: use "
        "F.cross_entropy(model(images), labels).": _each(
            of(logits.gather(1, labels[:, None]).mean(), weights), torch.linalg.vector_norm
        ),
        "these are the gradients of all logits, not of the loss.": _each(
            of(logits.sum(), weights), torch.linalg.vector_norm
        ),
        "the softmax was taken twice: F.cross_entropy wants the logits.": _each(
            of(F.cross_entropy(logits.softmax(1), labels), weights), torch.linalg.vector_norm
        ),
        "the logarithm is missing: use F.cross_entropy.": _each(
            of(F.nll_loss(logits.softmax(1), labels), weights), torch.linalg.vector_norm
        ),
        "the first convolution is missing.": right[1:],
        "the last convolution is missing.": right[:-1],
    }
    if all(conv.bias is not None for conv in convs):
        biased = of(mean, [conv.bias for conv in convs])
        together = [(g.norm() ** 2 + b.norm() ** 2).sqrt() for g, b in zip(grads, biased, strict=1)]
        wrong |= {
            "these are the norms by the biases: by the weights.": _each(
                biased, torch.linalg.vector_norm
            ),
            "each holds the bias, too: only the weights.": torch.stack(together),
        }
    return right, wrong


def conv_cost(
    side: int, c_in: int, c_out: int, kernel: int, stride: int, padding: int
) -> tuple[Tensor, dict[str, tuple[float, float]]]:
    """The right (side, multiply-adds), and wrong pairs."""
    space = side + 2 * padding - kernel
    out, square = space // stride + 1, kernel * kernel
    each = c_in * c_out * square

    def pair(size: float, a_place: float = each) -> tuple[float, float]:
        return size, size * size * a_place

    one, floor = side + padding - kernel, space / stride
    return torch.tensor(pair(out), dtype=torch.float64), {
        "the side has no + 1 behind the division: a kernel as large as the image fits once.": pair(
            space // stride
        ),
        "the side isn't a whole number: round down, //.": pair(floor + 1),
        "the side is rounded up: a kernel that sticks out doesn't count.": pair(
            -(-space // stride) + 1
        ),
        "the padding counts on one side only: 2 * padding.": pair(one // stride + 1),
        "the padding is missing in the side.": pair((side - kernel) // stride + 1),
        "the padding is subtracted.": pair((side - 2 * padding - kernel) // stride + 1),
        "the stride doesn't divide the side of the output.": pair(space + 1),
        "the image's side, over the stride, stands for the output's: kernel and padding count, "
        "too.": pair(side // stride),
        "the kernel isn't subtracted.": pair((side + 2 * padding) // stride + 1),
        "brackets are missing: // comes before + and -.": pair(
            side + 2 * padding - kernel // stride + 1
        ),
        "the image's side stands for the output's: kernel, stride and padding count, too.": pair(
            side
        ),
        "the multiply-adds count the places of the input, not of the output.": (
            out,
            side * side * each,
        ),
        "the multiply-adds count the places of the padded input, not of the output.": (
            out,
            (side + 2 * padding) ** 2 * each,
        ),
        "the multiply-adds are those at stride 1: count the places of the output.": (
            out,
            (space + 1) ** 2 * each,
        ),
        "the multiply-adds count one side only: the output has side * side places.": (
            out,
            out * each,
        ),
        "these are the weights: each of them is used at every place.": (out, each),
        "kernel stands for kernel * kernel in the multiply-adds.": pair(out, c_in * c_out * kernel),
        "the kernel is missing in the multiply-adds.": pair(out, c_in * c_out),
        "the input channels are missing in the multiply-adds.": pair(out, c_out * square),
        "the output channels are missing in the multiply-adds.": pair(out, c_in * square),
        "the channels are missing in the multiply-adds.": pair(out, square),
        "the channels are added, not multiplied.": pair(out, (c_in + c_out) * square),
        "a multiply-add counts as two: count it once.": pair(out, 2 * each),
        "the biases are counted, too: only multiply-adds.": pair(out, each + c_out),
        "a bias for each output channel is counted, too: only multiply-adds.": (
            out,
            out * out * each + c_out,
        ),
        "additions are counted beside the multiplications: a multiply-add is one.": pair(
            out, c_out * (2 * c_in * square - 1)
        ),
        "the first number counts the places, side * side: give the side.": (
            out * out,
            out * out * each,
        ),
        "the multiply-adds are divided by the stride again: fewer places did that already.": (
            out,
            out * out * each / stride,
        ),
        "the multiply-adds are divided by the squared stride again: fewer places did that "
        "already.": (out, out * out * each / stride**2),
        "the two numbers are swapped: the side comes first.": pair(out)[::-1],
    }


@torch.no_grad()
def same_answer(
    model: nn.Module, images: Tensor, step: int, labels: Tensor
) -> tuple[float, dict[str, float]]:
    """The right share, and wrong ones."""
    width = images.shape[-1]

    def said(some: Tensor) -> Tensor:
        return model(some).argmax(1)

    def share(some: Tensor) -> float:
        return (said(some) == before).float().mean().item()

    right_moved = F.pad(images, (step, 0))[..., :width]
    before, after = said(images), said(right_moved)
    logits = model(images), model(right_moved)
    probabilities = [one.softmax(1) for one in logits]
    right = (before == after).float().mean().item()
    several = range(1, step + 1)
    return right, {
        "what leaves on the right comes in again on the left (torch.roll). Let zeros come in.": (
            share(images.roll(step, -1))
        ),
        "the images move to the left: to the right.": share(F.pad(images, (0, step))[..., step:]),
        "the images move down, not to the right: the last dimension is the width.": share(
            F.pad(images, (0, 0, step, 0))[..., : images.shape[-2], :]
        ),
        "the images move to the right and down: only to the right.": share(
            F.pad(images, (step, 0, step, 0))[..., : images.shape[-2], :width]
        ),
        "the images move up, not to the right: the last dimension is the width.": share(
            F.pad(images, (0, 0, 0, step))[..., step:, :]
        ),
        "the images don't move.": share(images),
        "zeros cover the first columns, but the rest doesn't move.": share(
            torch.cat([torch.zeros_like(images[..., :step]), images[..., step:]], -1)
        ),
        "ones come in on the left: let zeros come in.": share(
            F.pad(images, (step, 0), value=1.0)[..., :width]
        ),
        "the images move one pixel too few.": share(
            F.pad(images, (step - 1, 0))[..., :width] if step else images
        ),
        "the images move one pixel too many.": share(F.pad(images, (step + 1, 0))[..., :width]),
        "the images move by one pixel, whatever `step` says.": share(
            F.pad(images, (1, 0))[..., :width]
        ),
        "the images move by twice the step.": share(F.pad(images, (2 * step, 0))[..., :width]),
        "the first column is repeated: let zeros come in.": share(
            F.pad(images, (step, 0, 0, 0), mode="replicate")[..., :width]
        ),
        "this is the share of answers that change: those that stay.": 1 - right,
        "this is how many stay: divide by the number of images.": right * len(images),
        "this is a percentage: a share, 0 to 1.": 100 * right,
        "no answer stays. Logits never do, argmax() and argmax(0) look over the whole batch: "
        "compare the most probable classes, argmax(1).": (
            (logits[0] == logits[1]).float().mean().item()
        ),
        "this is the share of moved images that are right. Labels play no role.": (
            (after == labels).float().mean().item()
        ),
        "this counts the share that is right both before and after. Labels play no role.": (
            ((after == labels) & (before == labels)).float().mean().item()
        ),
        "this is the mean change of probability: compare the most probable classes.": (
            (probabilities[0] - probabilities[1]).abs().mean().item()
        ),
        "the least probable classes are compared: argmax(1).": (
            (logits[0].argmin(1) == logits[1].argmin(1)).float().mean().item()
        ),
        "neighbouring images of the batch are compared.": (
            (before == before.roll(1)).float().mean().item()
        ),
        "all steps up to this one must keep the answer; only this one counts.": (
            torch.stack(
                [said(F.pad(images, (s, 0))[..., :width]) == before for s in several]
                or [before == before]
            )
            .all(0)
            .float()
            .mean()
            .item()
        ),
    }


def _each(gradients, size: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([size(gradient.detach()) for gradient in gradients])
